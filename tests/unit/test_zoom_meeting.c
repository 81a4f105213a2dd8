#include "zoom/meeting.h"

#include "tests/lib/zoomtest.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TIME_LIMIT_S 20

#define MEETING                                                                \
 "{\"uuid\":\"AbCdEf/12345+ghIJKLmno==\",\"id\":85550001111,"                  \
 "\"host_id\":\"hOsT0000000000000000AA\","                                     \
 "\"host_email\":\"ada@example.com\",\"topic\":\"Zoom Meeting\","              \
 "\"type\":1,\"status\":\"waiting\",\"duration\":60,"                          \
 "\"start_url\":\"https://us05web.zoom.us/s/85550001111?zak=secret\","         \
 "\"join_url\":\"https://us05web.zoom.us/j/85550001111?pwd=s1mPwd.1\","        \
 "\"password\":\"7tQ2xA\",\"settings\":{\"use_pmi\":false}}"

static struct zoomtest t;
static struct zoom_meeting meeting;

static void set_up(void)
{
	zoomtest_start_api(&t);
}

static void tear_down(void)
{
	zoomtest_stop(&t);
}

static bool creates(struct str topic)
{
	err_clear(&t.err);
	return zoom_meeting_create(
	    &t.call, S("ada+x@example.com"), topic, &meeting, &t.err);
}

START_TEST(a_meeting_is_created_with_topic_and_type_only)
{
	https_answers(t.zoom, 201, "", MEETING);
	ck_assert_msg(creates(S("Caf\xc3\xa9 \"now\"")), "%s", t.err.text);
	const char *request = https_request(t.zoom, 0);
	ck_assert_ptr_nonnull(
	    strstr(request, "POST /users/ada+x@example.com/meetings HTTP"));
	ck_assert_ptr_nonnull(
	    strstr(request, "\r\nContent-Type: application/json\r\n"));
	ck_assert_str_eq(strstr(request, "\r\n\r\n") + 4,
	    "{\"topic\":\"Caf\xc3\xa9 \\\"now\\\"\",\"type\":1}");
	ck_assert_int_eq(meeting.id, 85550001111);
	ck_assert_str_eq(str_c(meeting.uuid), "AbCdEf/12345+ghIJKLmno==");
	ck_assert_str_eq(str_c(meeting.topic), "Zoom Meeting");
	ck_assert_str_eq(str_c(meeting.join_url),
	    "https://us05web.zoom.us/j/85550001111?pwd=s1mPwd.1");
	ck_assert_str_eq(str_c(meeting.password), "7tQ2xA");
	ck_assert_str_eq(str_c(meeting.host_id), "hOsT0000000000000000AA");
	ck_assert_str_eq(str_c(meeting.host_email), "ada@example.com");
	ck_assert_str_eq(str_c(meeting.status), "waiting");
	ck_assert_int_eq(meeting.type, 1);
	ck_assert_int_eq(meeting.pmi, 0);
	ck_assert_int_eq(meeting.start_ms, 0);
}
END_TEST

START_TEST(only_201_is_a_created_meeting)
{
	https_answers(t.zoom, 200, "", MEETING);
	ck_assert(!creates(S("x")));
	ck_assert_int_eq(t.err.code, ERR_REMOTE);
	ck_assert_int_eq(meeting.id, 0);
}
END_TEST

START_TEST(a_topic_must_be_utf_8)
{
	ck_assert(!creates(S("\xff\xfe")));
	ck_assert_int_eq(t.err.code, ERR_INVALID);
	ck_assert_int_eq(https_n_requests(t.zoom), 0);
}
END_TEST

START_TEST(an_empty_topic_is_sent_as_it_is)
{
	https_answers(t.zoom, 201, "", MEETING);
	ck_assert(creates((struct str){ NULL, 0 }));
	ck_assert_ptr_nonnull(
	    strstr(https_request(t.zoom, 0), "{\"topic\":\"\",\"type\":1}"));
}
END_TEST

START_TEST(a_created_meeting_without_id_has_an_unknown_outcome)
{
	https_answers(t.zoom, 201, "", "{\"id\":null}");
	ck_assert(!creates(S("x")));
	ck_assert_int_eq(t.err.code, ERR_PROTOCOL);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNKNOWN);
}
END_TEST

START_TEST(missing_scopes_are_named)
{
	https_answers(t.zoom, 400, "",
	    "{\"code\":4711,\"message\":\"Invalid access token, does not "
	    "contain scopes:[meeting:write:meeting].\"}");
	ck_assert(!creates(S("x")));
	ck_assert_int_eq(t.err.code, ERR_DENIED);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_SCOPES_MISSING);
	ck_assert_str_eq(t.call.answer.scopes, "meeting:write:meeting");
}
END_TEST

START_TEST(a_meeting_is_fetched_by_its_id)
{
	https_answers(t.zoom, 200, "",
	    "{\"id\":\"85550001111\",\"type\":4,\"pmi\":\"5551234567\","
	    "\"start_time\":\"2025-10-09T08:53:20Z\",\"status\":\"started\"}");
	ck_assert_msg(
	    zoom_meeting_fetch(&t.call, 85550001111, &meeting, &t.err), "%s",
	    t.err.text);
	ck_assert_ptr_nonnull(
	    strstr(https_request(t.zoom, 0), "GET /meetings/85550001111 HTTP"));
	ck_assert_int_eq(meeting.id, 85550001111);
	ck_assert_int_eq(meeting.pmi, 5551234567);
	ck_assert_int_eq(meeting.start_ms, 1760000000000);
	ck_assert_str_eq(str_c(meeting.status), "started");
}
END_TEST

START_TEST(a_personal_id_may_be_a_number)
{
	https_answers(t.zoom, 200, "", "{\"id\":1,\"pmi\":5551234567}");
	ck_assert(zoom_meeting_fetch(&t.call, 1, &meeting, &t.err));
	ck_assert_int_eq(meeting.pmi, 5551234567);
}
END_TEST

START_TEST(a_meeting_that_is_gone_is_not_found)
{
	https_answers(t.zoom, 404, "",
	    "{\"code\":3001,\"message\":\"Meeting does not exist: 1.\"}");
	ck_assert(!zoom_meeting_fetch(&t.call, 1, &meeting, &t.err));
	ck_assert_int_eq(t.err.code, ERR_NOT_FOUND);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_NOT_FOUND);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_meeting");
	TCase *tests = tcase_create("meeting");
	tcase_set_timeout(tests, TIME_LIMIT_S);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_meeting_is_created_with_topic_and_type_only);
	tcase_add_test(tests, only_201_is_a_created_meeting);
	tcase_add_test(tests, a_topic_must_be_utf_8);
	tcase_add_test(tests, an_empty_topic_is_sent_as_it_is);
	tcase_add_test(
	    tests, a_created_meeting_without_id_has_an_unknown_outcome);
	tcase_add_test(tests, missing_scopes_are_named);
	tcase_add_test(tests, a_meeting_is_fetched_by_its_id);
	tcase_add_test(tests, a_personal_id_may_be_a_number);
	tcase_add_test(tests, a_meeting_that_is_gone_is_not_found);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
