#include "zoom/user.h"

#include "tests/lib/zoomtest.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TIME_LIMIT_S 20

static struct zoomtest t;
static struct zoom_user user;

static void set_up(void)
{
	zoomtest_start_api(&t);
}

static void tear_down(void)
{
	zoomtest_stop(&t);
}

static bool fetches(const char *who)
{
	err_clear(&t.err);
	return zoom_user_fetch(&t.call, str_from(who), &user, &t.err);
}

START_TEST(a_user_is_read)
{
	https_answers(t.zoom, 200, "",
	    "{\"id\":\"hOsT0000000000000000AA\",\"first_name\":\"Ada\","
	    "\"last_name\":\"Vega\",\"display_name\":\"Ada Vega\","
	    "\"email\":\"ada@example.com\",\"type\":2,\"pmi\":5551234567,"
	    "\"personal_meeting_url\":\"https://us05web.zoom.us/j/5551234567\","
	    "\"timezone\":\"Europe/Paris\",\"status\":\"active\","
	    "\"account_id\":\"acc0000000000000000001\",\"group_ids\":[]}");
	ck_assert_msg(fetches("me"), "%s", t.err.text);
	ck_assert_str_eq(str_c(user.id), "hOsT0000000000000000AA");
	ck_assert_str_eq(str_c(user.first_name), "Ada");
	ck_assert_str_eq(str_c(user.last_name), "Vega");
	ck_assert_str_eq(str_c(user.display_name), "Ada Vega");
	ck_assert_str_eq(str_c(user.email), "ada@example.com");
	ck_assert_str_eq(str_c(user.account_id), "acc0000000000000000001");
	ck_assert_str_eq(str_c(user.status), "active");
	ck_assert_str_eq(str_c(user.timezone), "Europe/Paris");
	ck_assert_str_eq(str_c(user.personal_meeting_url),
	    "https://us05web.zoom.us/j/5551234567");
	ck_assert_int_eq(user.type, 2);
	ck_assert_int_eq(user.pmi, 5551234567);
	ck_assert_ptr_nonnull(
	    strstr(https_request(t.zoom, 0), "GET /users/me HTTP"));
}
END_TEST

START_TEST(a_pending_user_has_an_id_only)
{
	https_answers(t.zoom, 200, "",
	    "{\"id\":\"u1\",\"created_at\":\"2026-10-01T00:00:00Z\"}");
	ck_assert(fetches("ada@example.com"));
	ck_assert_str_eq(str_c(user.id), "u1");
	ck_assert_uint_eq(user.email.len, 0);
	ck_assert_uint_eq(user.status.len, 0);
	ck_assert_int_eq(user.pmi, 0);
}
END_TEST

START_TEST(fields_of_other_types_are_passed_over)
{
	https_answers(t.zoom, 200, "",
	    "{\"id\":\"u1\",\"email\":null,\"first_name\":7,\"status\":{},"
	    "\"type\":\"2\",\"pmi\":null,\"timezone\":[]}");
	ck_assert(fetches("me"));
	ck_assert_uint_eq(user.first_name.len, 0);
	ck_assert_int_eq(user.type, 2);
	ck_assert_int_eq(user.pmi, 0);
}
END_TEST

START_TEST(an_e_mail_is_escaped_as_go_does)
{
	https_answers(t.zoom, 200, "", "{\"id\":\"u1\"}");
	ck_assert(fetches("a+b=c/d?e f@example.com"));
	ck_assert_ptr_nonnull(strstr(https_request(t.zoom, 0),
	    "GET /users/a+b=c%2Fd%3Fe%20f@example.com HTTP"));
}
END_TEST

START_TEST(nobody_is_not_asked_for)
{
	ck_assert(!fetches(""));
	ck_assert_int_eq(t.err.code, ERR_INVALID);
	ck_assert(!fetches(".."));
	ck_assert(!fetches("."));
	ck_assert_int_eq(https_n_requests(t.zoom), 0);
}
END_TEST

static const struct {
	const char *body;
	bool on;
} settings_rows[] = {
	{ "{\"schedule_meeting\":{\"personal_meeting\":false}}", false },
	{ "{\"schedule_meeting\":{\"personal_meeting\":true}}", true },
	{ "{\"schedule_meeting\":{}}", true },
	{ "{\"schedule_meeting\":null}", true },
	{ "{}", true },
};

START_TEST(a_personal_meeting_may_be_switched_off)
{
	struct zoom_user_settings now;
	https_answers(t.zoom, 200, "", settings_rows[_i].body);
	ck_assert(zoom_user_fetch_settings(
	    &t.call, S("ada@example.com"), &now, &t.err));
	ck_assert(now.personal_meeting == settings_rows[_i].on);
	ck_assert_ptr_nonnull(strstr(https_request(t.zoom, 0),
	    "GET /users/ada@example.com/settings HTTP"));
}
END_TEST

START_TEST(an_unknown_user_is_not_found)
{
	https_answers(t.zoom, 404, "",
	    "{\"code\":1001,\"message\":\"User does not exist: x@y.\"}");
	ck_assert(!fetches("x@y"));
	ck_assert_int_eq(t.err.code, ERR_NOT_FOUND);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_NOT_FOUND);
	ck_assert_int_eq(t.call.answer.code, 1001);
}
END_TEST

START_TEST(a_refused_token_is_told)
{
	https_answers(t.zoom, 401, "",
	    "{\"code\":124,\"message\":\"Invalid access token.\"}");
	ck_assert(!fetches("me"));
	ck_assert_int_eq(t.err.code, ERR_DENIED);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_TOKEN_REFUSED);
	ck_assert_int_eq(t.call.answer.code, 124);
	ck_assert_int_eq(https_n_requests(t.zoom), 1);
}
END_TEST

START_TEST(a_user_without_id_is_an_error)
{
	https_answers(t.zoom, 200, "", "{\"id\":null,\"email\":\"a@b\"}");
	ck_assert(!fetches("me"));
	ck_assert_int_eq(t.err.code, ERR_PROTOCOL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_user");
	TCase *tests = tcase_create("user");
	tcase_set_timeout(tests, TIME_LIMIT_S);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_user_is_read);
	tcase_add_test(tests, a_pending_user_has_an_id_only);
	tcase_add_test(tests, fields_of_other_types_are_passed_over);
	tcase_add_test(tests, an_e_mail_is_escaped_as_go_does);
	tcase_add_test(tests, nobody_is_not_asked_for);
	tcase_add_test(tests, an_unknown_user_is_not_found);
	tcase_add_loop_test(tests, a_personal_meeting_may_be_switched_off, 0,
	    (int)(sizeof(settings_rows) / sizeof(settings_rows[0])));
	tcase_add_test(tests, a_refused_token_is_told);
	tcase_add_test(tests, a_user_without_id_is_an_error);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
