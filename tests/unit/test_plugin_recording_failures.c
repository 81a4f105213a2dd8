/* Recordings: what Zoom or the server cannot do, or does not want to. */
#include "plugin/claim.h"
#include "tests/lib/tape.h"

#include <check.h>
#include <stdlib.h>

static struct tape t;

static void set_up(void)
{
	tape_start(&t);
}

static void tear_down(void)
{
	tape_stop(&t);
}

static const struct {
	int status;
	const char *headers, *body;
} refusals[] = {
	{ 401, "", "{}" },
	{ 403, "", "{}" },
	{ 404, "", "{}" },
	{ 200, "Content-Type: text/html", "<html>sign in" },
	{ 302, "Location: https://evil.test/", "" },
	{ 302, "Location: http://localhost/", "" },
};

START_TEST(a_file_that_zoom_refuses_is_logged_and_left_out)
{
	for (int i = 0; i < 2; i++)
		https_answers(t.w.zoom, refusals[_i].status,
		    refusals[_i].headers, refusals[_i].body);
	ck_assert_int_eq(tape_delivers(&t, tape_chat(&t, START),
	                     tape_video(&t, START, "/rec/play/1"), NULL),
	    200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	tape_expect_message(&t, 0, tape_watch(&t, "/rec/play/1"));
	ck_assert_uint_eq(tape_reply(&t, 0)->type.len, 0);
	ck_assert(host_logged(
	    &t.w.host, "A file of a recording could not be posted"));
	ck_assert(!host_logged(&t.w.host, TOKEN));
	ck_assert_int_eq(
	    tape_delivers_transcript(&t, tape_transcript(&t, START), NULL),
	    200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	/* the copy of the event has a token that works */
	https_answers(t.w.zoom, 200, TEXT, "WEBVTT\n");
	ck_assert_int_eq(
	    tape_delivers_transcript(&t, tape_transcript(&t, START), NULL),
	    200);
	ck_assert_uint_eq(tape_n_replies(&t), 2);
}
END_TEST

START_TEST(a_file_that_may_come_later_is_to_be_sent_again)
{
	https_answers(t.w.zoom, 503, "", "");
	ck_assert_int_eq(tape_delivers(&t, tape_chat(&t, START),
	                     tape_video(&t, START, "/rec/play/1"), NULL),
	    500);
	ck_assert_uint_eq(tape_n_replies(&t), 0);
	https_answers(t.w.zoom, 200, TEXT, "00:00:01\thi\n");
	ck_assert_int_eq(tape_delivers(&t, tape_chat(&t, START),
	                     tape_video(&t, START, "/rec/play/1"), NULL),
	    200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	tape_expect_file(tape_reply(&t, 0), "custom_zoom_chat");
}
END_TEST

START_TEST(in_the_end_the_link_is_posted_without_the_file)
{
	t.last_attempt = true;
	https_answers(t.w.zoom, 503, "", "");
	ck_assert_int_eq(tape_delivers(&t, tape_chat(&t, START),
	                     tape_video(&t, START, "/rec/play/1"), NULL),
	    200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	tape_expect_message(&t, 0, tape_watch(&t, "/rec/play/1"));
	ck_assert(host_logged(
	    &t.w.host, "A file of a recording could not be posted"));
}
END_TEST

static const struct {
	int status;
	const char *headers;
	int64_t retry_ms;
} limits[] = {
	{ 429, "Retry-After: 120", 120 * 1000 },
	{ 429, "", 0 },
	{ 408, "", 0 },
	{ 503, "Retry-After: 9", 9 * 1000 },
};

START_TEST(a_file_that_zoom_gives_to_nobody_now_is_a_failed_attempt)
{
	https_answers(t.w.zoom, limits[_i].status, limits[_i].headers, "");
	ck_assert_int_eq(
	    tape_delivers_transcript(&t, tape_transcript(&t, START), NULL),
	    500);
	ck_assert_int_eq(t.why.code, ERR_REMOTE);
	ck_assert(!t.elsewhere);
	ck_assert_int_eq(t.retry_ms, limits[_i].retry_ms);
	ck_assert_uint_eq(tape_n_replies(&t), 0);
}
END_TEST

START_TEST(a_part_that_fails_counts_beside_one_that_is_being_posted)
{
	struct ctx c = world_ctx(&t.w);
	struct claim claim;
	ck_assert(claim_take(&c, S(CLAIM "1760000040000"), &claim, &t.w.err));
	https_answers(t.w.zoom, 503, "", "");
	ck_assert_int_eq(tape_delivers(&t, tape_video(&t, START, "/rec/play/1"),
	                     tape_chat(&t, LATER), NULL),
	    500);
	ck_assert(!t.elsewhere);
	ctx_end(&c);
}
END_TEST

START_TEST(one_part_that_fails_does_not_hold_up_the_others)
{
	https_answers(t.w.zoom, 503, "", "");
	ck_assert_int_eq(tape_delivers(&t, tape_chat(&t, START),
	                     tape_video(&t, LATER, "/rec/play/2"), NULL),
	    500);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	tape_expect_message(&t, 0, tape_watch(&t, "/rec/play/2"));
}
END_TEST

static const enum mm_api_method used[] = { MM_API_KV_GET, MM_API_GET_POST,
	MM_API_KV_SET_WITH_OPTIONS, MM_API_UPLOAD_FILE, MM_API_CREATE_POST };

START_TEST(what_the_server_could_not_do_is_to_be_sent_again)
{
	https_answers(t.w.zoom, 200, TEXT, "00:00:01\thi\n");
	https_answers(t.w.zoom, 200, TEXT, "00:00:01\thi\n");
	host_fails(&t.w.host, used[_i], 500);
	ck_assert_int_eq(
	    tape_delivers(&t, tape_chat(&t, START), NULL, NULL), 500);
	ck_assert_uint_eq(tape_n_replies(&t), 0);
	host_obeys(&t.w.host, used[_i]);
	ck_assert_int_eq(
	    tape_delivers(&t, tape_chat(&t, START), NULL, NULL), 200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
}
END_TEST

START_TEST(what_the_server_refuses_is_logged_and_done)
{
	https_answers(t.w.zoom, 200, TEXT, "00:00:01\thi\n");
	host_fails(&t.w.host, MM_API_UPLOAD_FILE, 501);
	ck_assert_int_eq(tape_delivers(&t, tape_chat(&t, START),
	                     tape_video(&t, START, "/rec/play/1"), NULL),
	    200);
	tape_expect_message(&t, 0, tape_watch(&t, "/rec/play/1"));
	host_fails(&t.w.host, MM_API_CREATE_POST, 400);
	ck_assert_int_eq(tape_delivers_video(&t, LATER, "/rec/play/1"), 200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	ck_assert(host_logged(&t.w.host, "A recording could not be posted"));
}
END_TEST

START_TEST(a_reply_whose_end_could_not_be_noted_is_not_made_twice)
{
	/* the claim is taken, its end is not stored, nor that it is free */
	host_fails_after(&t.w.host, MM_API_KV_SET_WITH_OPTIONS, 1, 500);
	ck_assert_int_eq(tape_delivers_video(&t, START, "/rec/play/1"), 500);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	host_obeys(&t.w.host, MM_API_KV_SET_WITH_OPTIONS);
	host_stores(&t.w.host, CLAIM "1760000040000", S("{\"until\":1}"));
	ck_assert_int_eq(tape_delivers_video(&t, START, "/rec/play/1"), 200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin recording: failures");
	TCase *tc = tcase_create("failures");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_file_that_zoom_refuses_is_logged_and_left_out,
	    0, (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(tc, a_file_that_may_come_later_is_to_be_sent_again);
	tcase_add_test(tc, in_the_end_the_link_is_posted_without_the_file);
	tcase_add_loop_test(tc,
	    a_file_that_zoom_gives_to_nobody_now_is_a_failed_attempt, 0,
	    (int)(sizeof(limits) / sizeof(limits[0])));
	tcase_add_test(
	    tc, a_part_that_fails_counts_beside_one_that_is_being_posted);
	tcase_add_test(tc, one_part_that_fails_does_not_hold_up_the_others);
	tcase_add_loop_test(tc,
	    what_the_server_could_not_do_is_to_be_sent_again, 0,
	    (int)(sizeof(used) / sizeof(used[0])));
	tcase_add_test(tc, what_the_server_refuses_is_logged_and_done);
	tcase_add_test(
	    tc, a_reply_whose_end_could_not_be_noted_is_not_made_twice);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
