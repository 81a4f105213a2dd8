#include "zoom/webhook.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET S("sim_secret_token_0001")
#define NOW_S  1760000000
#define BODY                                                                   \
 "{\"event\":\"meeting.started\",\"event_ts\":1760000000123,"                  \
 "\"payload\":{\"account_id\":\"acc0000000000000000001\","                     \
 "\"object\":{\"id\":\"85550001111\",\"uuid\":"                                \
 "\"AbCdEf/12345+ghIJKLmno==\",\"host_id\":\"hOsT0000000000000000AA\","        \
 "\"topic\":\"Caf\xc3\xa9\",\"type\":1,\"start_time\":"                        \
 "\"2025-10-09T08:53:20Z\",\"timezone\":\"Europe/Paris\","                     \
 "\"duration\":0}}}"

static struct arena arena;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	arena_init(&arena, 1024 * 1024);
}

static void tear_down(void)
{
	arena_fini(&arena);
}

/* The delivery of the test vector in FACTS 5.2. */
static struct zoom_delivery delivery(void)
{
	return (struct zoom_delivery){
		.timestamp = S("1760000000"),
		.signature =
		    S("v0=d88bc868d294299b2f575cf2848ab10ec51c88a6a2146"
		      "e15e8732cc29f0b7722"),
		.body = S(BODY),
	};
}

static bool verifies(struct zoom_delivery d, int64_t now_s)
{
	err_clear(&err);
	return zoom_webhook_verify(SECRET, &d, now_s, &err);
}

START_TEST(zooms_own_signature_is_accepted)
{
	ck_assert_uint_eq(delivery().body.len, 301);
	ck_assert_msg(verifies(delivery(), NOW_S), "%s", err.text);
}
END_TEST

START_TEST(five_minutes_either_way_are_accepted)
{
	ck_assert(verifies(delivery(), NOW_S + 300));
	ck_assert(verifies(delivery(), NOW_S - 300));
	ck_assert(!verifies(delivery(), NOW_S + 301));
	ck_assert_int_eq(err.code, ERR_DENIED);
	ck_assert(!verifies(delivery(), NOW_S - 301));
	ck_assert_int_eq(err.code, ERR_DENIED);
}
END_TEST

START_TEST(a_timestamp_in_milliseconds_is_signed_as_it_is)
{
	struct zoom_delivery d = {
		.timestamp = S("1760000000123"),
		.body = S("{}"),
		.signature =
		    S("v0=60e0af1fdb4aecb66aecae9f7a0544251a7772a1b5a20"
		      "2390a112bfd253a5c70"),
	};
	ck_assert_msg(verifies(d, NOW_S), "%s", err.text);
	ck_assert(!verifies(d, NOW_S + 302));
}
END_TEST

static const struct row {
	const char *text;
} bad_timestamps[] = {
	{ "" },
	{ "-1760000000" },
	{ "+1760000000" },
	{ " 1760000000" },
	{ "1760000000 " },
	{ "1760000000.0" },
	{ "17600000000000" },
	{ "99999999999999999999999" },
	{ "now" },
	{ "0" },
};

START_TEST(other_timestamps_are_refused)
{
	const struct row *row = &bad_timestamps[_i];
	struct zoom_delivery d = delivery();
	d.timestamp = str_from(row->text);
	ck_assert(!verifies(d, NOW_S));
	ck_assert_int_eq(err.code, ERR_DENIED);
}
END_TEST

START_TEST(any_changed_byte_of_the_body_is_noticed)
{
	struct zoom_delivery d = delivery();
	char body[512];
	for (size_t i = 0; i < d.body.len; i++) {
		memcpy(body, d.body.data, d.body.len);
		body[i] ^= 1;
		struct zoom_delivery changed = d;
		changed.body = str_n(body, d.body.len);
		ck_assert(!verifies(changed, NOW_S));
	}
}
END_TEST

START_TEST(any_changed_byte_of_the_signature_is_noticed)
{
	struct zoom_delivery d = delivery();
	char signature[128];
	for (size_t i = 0; i < d.signature.len; i++) {
		memcpy(signature, d.signature.data, d.signature.len);
		signature[i] ^= 1;
		struct zoom_delivery changed = d;
		changed.signature = str_n(signature, d.signature.len);
		ck_assert(!verifies(changed, NOW_S));
	}
}
END_TEST

START_TEST(a_missing_or_cut_signature_is_refused)
{
	struct zoom_delivery d = delivery();
	size_t whole = d.signature.len;
	for (d.signature.len = 0; d.signature.len < whole; d.signature.len++)
		ck_assert(!verifies(d, NOW_S));
	d.signature = (struct str){ NULL, 0 };
	ck_assert(!verifies(d, NOW_S));
}
END_TEST

START_TEST(an_empty_secret_verifies_nothing)
{
	struct zoom_delivery d = delivery();
	/* the signature that an empty key would give */
	d.signature = S("v0=08f61be45de7a533e457189d4f1c3d1c27b815d6b26834af8de"
	                "1b6e93a81e40d");
	ck_assert(!zoom_webhook_verify(S(""), &d, NOW_S, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

START_TEST(a_started_meeting_is_read)
{
	struct zoom_event e;
	ck_assert_msg(zoom_webhook_parse(&arena, S(BODY), NULL, &e, &err), "%s",
	    err.text);
	ck_assert_str_eq(str_c(e.event), "meeting.started");
	ck_assert_int_eq(e.event_ms, 1760000000123);
	ck_assert_str_eq(str_c(e.account_id), "acc0000000000000000001");
	ck_assert_int_eq(e.meeting_id, 85550001111);
	ck_assert_str_eq(str_c(e.uuid), "AbCdEf/12345+ghIJKLmno==");
	ck_assert_str_eq(str_c(e.host_id), "hOsT0000000000000000AA");
	ck_assert_str_eq(str_c(e.topic), "Caf\xc3\xa9");
	ck_assert_str_eq(str_c(e.timezone), "Europe/Paris");
	ck_assert_int_eq(e.type, 1);
	ck_assert_int_eq(e.duration_min, 0);
	ck_assert_int_eq(e.start_ms, 1760000000000);
	ck_assert_int_eq(e.end_ms, 0);
	ck_assert_uint_eq(e.host_email.len, 0);
	ck_assert_uint_eq(e.plain_token.len, 0);
}
END_TEST

START_TEST(an_ended_meeting_with_a_numeric_id_is_read)
{
	struct zoom_event e;
	ck_assert(zoom_webhook_parse(&arena,
	    S("{\"event\":\"meeting.ended\",\"payload\":{\"object\":{\"id\":"
	      "85550001111,\"host_email\":\"ada@example.com\",\"duration\":60,"
	      "\"end_time\":\"2025-10-09T09:53:20Z\"}}}"),
	    NULL, &e, &err));
	ck_assert_int_eq(e.meeting_id, 85550001111);
	ck_assert_str_eq(str_c(e.host_email), "ada@example.com");
	ck_assert_int_eq(e.duration_min, 60);
	ck_assert_int_eq(e.end_ms, 1760003600000);
}
END_TEST

START_TEST(a_deauthorization_is_read)
{
	struct zoom_event e;
	ck_assert(zoom_webhook_parse(&arena,
	    S("{\"event\":\"app_deauthorized\",\"payload\":{"
	      "\"user_data_retention\":\"false\",\"account_id\":\"acc1\","
	      "\"user_id\":\"user1\",\"client_id\":\"client1\"}}"),
	    NULL, &e, &err));
	ck_assert_str_eq(str_c(e.user_id), "user1");
	ck_assert_str_eq(str_c(e.client_id), "client1");
	ck_assert_str_eq(str_c(e.account_id), "acc1");
	ck_assert_str_eq(str_c(e.user_data_retention), "false");
}
END_TEST

#define RECORDING                                                              \
 "{\"event\":\"recording.completed\",\"download_token\":\"eyJ.sig\","          \
 "\"payload\":{\"object\":{\"uuid\":\"AbCdEf/12345+ghIJKLmno==\",\"id\":"      \
 "85550001111,\"start_time\":\"2025-10-09T08:53:20Z\",\"password\":"           \
 "\"a!B2\",\"recording_files\":[{\"id\":\"f1\",\"recording_start\":"           \
 "\"2025-10-09T08:54:00Z\",\"recording_end\":\"\",\"file_type\":\"MP4\","      \
 "\"file_size\":6442450944,\"play_url\":\"https://zoom.us/rec/play/1\","       \
 "\"download_url\":\"https://zoom.us/rec/webhook_download/1\","                \
 "\"status\":\"completed\",\"recording_type\":\"gallery_view\"},"              \
 "{\"recording_start\":\"2025-10-09T08:54:00Z\",\"file_type\":"                \
 "\"TIMELINE\"},null,{\"id\":7,\"status\":null,\"recording_start\":\"\"}]}}}"

START_TEST(a_recording_is_read)
{
	struct zoom_event e;
	ck_assert_msg(zoom_webhook_parse(&arena, S(RECORDING), NULL, &e, &err),
	    "%s", err.text);
	ck_assert_str_eq(str_c(e.download_token), "eyJ.sig");
	ck_assert_str_eq(str_c(e.password), "a!B2");
	ck_assert_int_eq(e.meeting_id, 85550001111);
	ck_assert_uint_eq(e.n_files, 3);
	const struct zoom_recording_file *f = e.files;
	ck_assert_str_eq(str_c(f->id), "f1");
	ck_assert_int_eq(f->start_ms, 1760000040000);
	ck_assert_str_eq(str_c(f->file_type), "MP4");
	ck_assert_str_eq(str_c(f->recording_type), "gallery_view");
	ck_assert_str_eq(str_c(f->status), "completed");
	ck_assert_str_eq(str_c(f->play_url), "https://zoom.us/rec/play/1");
	ck_assert_str_eq(
	    str_c(f->download_url), "https://zoom.us/rec/webhook_download/1");
	ck_assert_str_eq(str_c(f[1].file_type), "TIMELINE");
	ck_assert_uint_eq(f[1].id.len, 0);
	ck_assert_uint_eq(f[1].status.len, 0);
	ck_assert_uint_eq(f[2].id.len, 0);
	ck_assert_int_eq(f[2].start_ms, 0);
}
END_TEST

START_TEST(a_recording_cut_anywhere_is_refused)
{
	struct zoom_event e;
	struct str body = S(RECORDING);
	for (size_t n = 0; n < body.len; n++) {
		err_clear(&err);
		ck_assert(!zoom_webhook_parse(
		    &arena, str_sub(body, 0, n), NULL, &e, &err));
		ck_assert_int_eq(err.code, ERR_PROTOCOL);
	}
}
END_TEST

START_TEST(the_token_of_a_challenge_must_be_a_text)
{
	struct zoom_event e;
	ck_assert(zoom_webhook_parse(&arena,
	    S("{\"payload\":{\"plainToken\":\"q9ibPhGeRZ6ayx5WTrXjAA\"},"
	      "\"event\":\"endpoint.url_validation\"}"),
	    NULL, &e, &err));
	ck_assert_str_eq(str_c(e.plain_token), "q9ibPhGeRZ6ayx5WTrXjAA");
	ck_assert(zoom_webhook_parse(&arena,
	    S("{\"payload\":{\"plainToken\":12345},"
	      "\"event\":\"endpoint.url_validation\"}"),
	    NULL, &e, &err));
	ck_assert_uint_eq(e.plain_token.len, 0);
}
END_TEST

START_TEST(an_unknown_event_is_no_error)
{
	struct zoom_event e;
	ck_assert(zoom_webhook_parse(&arena,
	    S("{\"event\":\"user.presence_status_updated\",\"payload\":"
	      "{\"object\":{\"id\":\"hOsT0000000000000000AA\"}}}"),
	    NULL, &e, &err));
	ck_assert_int_eq(e.meeting_id, 0);
}
END_TEST

static bool no_meeting(struct str name)
{
	return !str_has_prefix(name, S("meeting."));
}

#define UNREAD "\"payload\":{\"account_id\":\"acc1\",tru"

START_TEST(an_event_that_nobody_wants_is_read_up_to_its_time)
{
	struct zoom_event e;
	ck_assert(zoom_webhook_parse(&arena,
	    S("{\"event\":\"meeting.started\",\"event_ts\":5," UNREAD),
	    no_meeting, &e, &err));
	ck_assert_str_eq(str_c(e.event), "meeting.started");
	ck_assert_int_eq(e.event_ms, 5);
	ck_assert_uint_eq(e.account_id.len, 0);
	/* the name and the time may come last */
	ck_assert(zoom_webhook_parse(&arena,
	    S("{\"payload\":{},\"event_ts\":5,\"event\":\"meeting.ended\"}"),
	    no_meeting, &e, &err));
	ck_assert_str_eq(str_c(e.event), "meeting.ended");
}
END_TEST

static const char *const wholes[] = {
	"{\"event\":\"app_deauthorized\",\"event_ts\":5," UNREAD,
	"{\"event\":\"meeting.started\"," UNREAD,
	"{\"event_ts\":5," UNREAD,
};

START_TEST(all_else_is_read_whole)
{
	struct zoom_event e;
	ck_assert(!zoom_webhook_parse(
	    &arena, str_from(wholes[_i]), no_meeting, &e, &err));
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
}
END_TEST

START_TEST(a_body_without_event_name_is_refused)
{
	struct zoom_event e;
	ck_assert(!zoom_webhook_parse(&arena, S("{}"), NULL, &e, &err));
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
	err_clear(&err);
	ck_assert(
	    !zoom_webhook_parse(&arena, S("{\"event\":7}"), NULL, &e, &err));
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
}
END_TEST

START_TEST(a_body_cut_anywhere_is_refused)
{
	struct zoom_event e;
	struct str body = S(BODY);
	for (size_t n = 0; n < body.len; n++) {
		err_clear(&err);
		ck_assert(!zoom_webhook_parse(
		    &arena, str_sub(body, 0, n), NULL, &e, &err));
		ck_assert_int_eq(err.code, ERR_PROTOCOL);
	}
}
END_TEST

START_TEST(a_challenge_is_answered_as_zoom_expects)
{
	struct str json;
	ck_assert(zoom_webhook_answer_challenge(
	    &arena, SECRET, S("q9ibPhGeRZ6ayx5WTrXjAA"), &json, &err));
	ck_assert_str_eq(str_c(json),
	    "{\"plainToken\":\"q9ibPhGeRZ6ayx5WTrXjAA\",\"encryptedToken\":"
	    "\"a74ba999944d335bfb70e8162592bba1105117212d71641628b1b88463bd7a43"
	    "\"}");
}
END_TEST

static const struct row forged[] = {
	{ "" },
	{ "v0:1760000000:{}" },
	{ "with space" },
	{ "quote\"" },
	{ "back\\slash" },
	{ "line\nbreak" },
	{ "dot." },
	{ "caf\xc3\xa9" },
};

START_TEST(a_forged_challenge_is_not_signed)
{
	const struct row *row = &forged[_i];
	struct str json;
	ck_assert(!zoom_webhook_answer_challenge(
	    &arena, SECRET, str_from(row->text), &json, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_uint_eq(json.len, 0);
}
END_TEST

START_TEST(a_challenge_has_at_most_128_characters)
{
	char token[129];
	struct str json;
	memset(token, 'A', sizeof(token));
	ck_assert(zoom_webhook_answer_challenge(
	    &arena, SECRET, str_n(token, 128), &json, &err));
	ck_assert(!zoom_webhook_answer_challenge(
	    &arena, SECRET, str_n(token, 129), &json, &err));
	err_clear(&err);
	ck_assert(!zoom_webhook_answer_challenge(
	    &arena, SECRET, S("null\0byte"), &json, &err));
	err_clear(&err);
	ck_assert(!zoom_webhook_answer_challenge(
	    &arena, S(""), S("token"), &json, &err));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_webhook");
	TCase *tests = tcase_create("webhook");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, zooms_own_signature_is_accepted);
	tcase_add_test(tests, five_minutes_either_way_are_accepted);
	tcase_add_test(tests, a_timestamp_in_milliseconds_is_signed_as_it_is);
	tcase_add_loop_test(tests, other_timestamps_are_refused, 0,
	    (int)(sizeof(bad_timestamps) / sizeof(bad_timestamps[0])));
	tcase_add_test(tests, any_changed_byte_of_the_body_is_noticed);
	tcase_add_test(tests, any_changed_byte_of_the_signature_is_noticed);
	tcase_add_test(tests, a_missing_or_cut_signature_is_refused);
	tcase_add_test(tests, an_empty_secret_verifies_nothing);
	tcase_add_test(tests, a_started_meeting_is_read);
	tcase_add_test(tests, an_ended_meeting_with_a_numeric_id_is_read);
	tcase_add_test(tests, a_deauthorization_is_read);
	tcase_add_test(tests, a_recording_is_read);
	tcase_add_test(tests, a_recording_cut_anywhere_is_refused);
	tcase_add_test(tests, the_token_of_a_challenge_must_be_a_text);
	tcase_add_test(tests, an_unknown_event_is_no_error);
	tcase_add_test(
	    tests, an_event_that_nobody_wants_is_read_up_to_its_time);
	tcase_add_loop_test(tests, all_else_is_read_whole, 0,
	    (int)(sizeof(wholes) / sizeof(wholes[0])));
	tcase_add_test(tests, a_body_without_event_name_is_refused);
	tcase_add_test(tests, a_body_cut_anywhere_is_refused);
	tcase_add_test(tests, a_challenge_is_answered_as_zoom_expects);
	tcase_add_loop_test(tests, a_forged_challenge_is_not_signed, 0,
	    (int)(sizeof(forged) / sizeof(forged[0])));
	tcase_add_test(tests, a_challenge_has_at_most_128_characters);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
