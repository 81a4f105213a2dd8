/* Recordings: one reply each, however often and by however many. */
#include "plugin/claim.h"
#include "tests/lib/fast_clock.h"
#include "tests/lib/tape.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct tape t;

static void set_up(void)
{
	tape_start(&t);
}

static void tear_down(void)
{
	tape_stop(&t);
}

/* ---- one after the other --------------------------------------------------- */

START_TEST(an_event_that_comes_twice_is_posted_once)
{
	https_answers(t.w.zoom, 200, TEXT, "00:00:01\thi\n");
	https_answers(t.w.zoom, 200, TEXT, "WEBVTT\n");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    tape_delivers(&t, tape_chat(&t, START),
		        tape_video(&t, START, "/rec/play/1"), NULL),
		    200);
		ck_assert_int_eq(tape_delivers_transcript(
		                     &t, tape_transcript(&t, START), NULL),
		    200);
	}
	ck_assert_uint_eq(tape_n_replies(&t), 2);
	ck_assert_int_eq(https_n_requests(t.w.zoom), 4);
	struct str done = arena_printf(
	    &t.w.arena, "{\"done\":\"%.*s\"}", STR_ARG(tape_reply(&t, 0)->id));
	ck_assert(str_eq(host_key(&t.w.host, CLAIM "1760000040000"), done));
	ck_assert_uint_gt(
	    host_key(&t.w.host, CLAIM "transcript_1760000040000").len, 0);
}
END_TEST

START_TEST(while_another_is_at_work_it_is_to_be_sent_again)
{
	struct ctx c = world_ctx(&t.w);
	struct claim claim;
	ck_assert(claim_take(&c, S(CLAIM "1760000040000"), &claim, &t.w.err));
	ck_assert_int_eq(tape_delivers_video(&t, START, "/rec/play/1"), 500);
	ck_assert(t.elsewhere);
	ck_assert_uint_eq(tape_n_replies(&t), 0);
	claim_release(&c, &claim);
	ctx_end(&c);
	ck_assert_int_eq(tape_delivers_video(&t, START, "/rec/play/1"), 200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
}
END_TEST

START_TEST(a_reply_of_somebody_who_died_before_the_end_is_found)
{
	ck_assert_int_eq(tape_delivers_video(&t, START, "/rec/play/1"), 200);
	host_stores(&t.w.host, CLAIM "1760000040000", S("{\"until\":1}"));
	ck_assert_int_eq(tape_delivers_video(&t, START, "/rec/play/1"), 200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	ck_assert(str_has_prefix(
	    host_key(&t.w.host, CLAIM "1760000040000"), S("{\"done\":")));
	/* and when there is none, it is made */
	host_stores(&t.w.host, CLAIM "1760002200000", S("{\"until\":1}"));
	tape_delivers_video(&t, LATER, "/rec/play/2");
	ck_assert_uint_eq(tape_n_replies(&t), 2);
}
END_TEST

START_TEST(a_mark_in_somebody_elses_post_counts_for_nothing)
{
	tape_delivers_video(&t, START, "/rec/play/1");
	host_post(&t.w.host, 1)->user_id = S(EVE);
	host_stores(&t.w.host, CLAIM "1760000040000", S("{\"until\":1}"));
	tape_delivers_video(&t, START, "/rec/play/1");
	ck_assert_uint_eq(host_n_posts(&t.w.host), 3);
}
END_TEST

/* ---- two at a time --------------------------------------------------------- */

/* What happens while a reply is posted, beside it. */
enum meanwhile { ANOTHER_POSTS, ANOTHER_LOOKS, A_LATE_ONE_POSTS };

static void post_meanwhile(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	const struct mm_create_post_args *in = args;
	struct mm_create_post_returns *out = returns;
	(void)a;
	const enum meanwhile *what = object;
	if (*what == ANOTHER_POSTS) {
		host_adds_post(h, in->post);
		host_stores(h, CLAIM "1760000040000", S("{\"done\":\"x\"}"));
	} else if (*what == ANOTHER_LOOKS) {
		host_stores(h, CLAIM "1760000040000", S("{\"until\":9e15}"));
	}
	out->result = host_adds_post(h, in->post);
	if (*what == A_LATE_ONE_POSTS)
		host_adds_post(h, in->post);
}

static void posts_while(enum meanwhile what)
{
	host_answers(&t.w.host, MM_API_CREATE_POST, post_meanwhile, &what);
	ck_assert_int_eq(tape_delivers_video(&t, START, "/rec/play/1"), 200);
}

START_TEST(who_has_lost_the_claim_deletes_what_another_has_posted_too)
{
	posts_while(ANOTHER_POSTS);
	ck_assert_uint_eq(tape_n_replies(&t), 2);
	ck_assert_int_eq(tape_reply(&t, 0)->delete_at, 0);
	ck_assert_int_ne(tape_reply(&t, 1)->delete_at, 0);
	ck_assert_str_eq(str_c(host_key(&t.w.host, CLAIM "1760000040000")),
	    "{\"done\":\"x\"}");
	ck_assert(host_logged(&t.w.host, "posted twice, and one reply"));
}
END_TEST

START_TEST(who_has_lost_the_claim_leaves_the_only_reply)
{
	posts_while(ANOTHER_LOOKS);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	ck_assert_int_eq(tape_reply(&t, 0)->delete_at, 0);
}
END_TEST

START_TEST(who_went_on_with_it_deletes_what_came_late)
{
	host_stores(&t.w.host, CLAIM "1760000040000", S("{\"until\":1}"));
	posts_while(A_LATE_ONE_POSTS);
	ck_assert_uint_eq(tape_n_replies(&t), 2);
	ck_assert_int_eq(tape_reply(&t, 0)->delete_at, 0);
	ck_assert_int_ne(tape_reply(&t, 1)->delete_at, 0);
	struct str done = arena_printf(
	    &t.w.arena, "{\"done\":\"%.*s\"}", STR_ARG(tape_reply(&t, 0)->id));
	ck_assert(str_eq(host_key(&t.w.host, CLAIM "1760000040000"), done));
}
END_TEST

START_TEST(a_second_reply_that_stays_is_logged)
{
	host_fails(&t.w.host, MM_API_DELETE_POST, 500);
	posts_while(ANOTHER_POSTS);
	ck_assert(host_logged(&t.w.host, "may have been posted twice"));
}
END_TEST

/* So slow that the claim ends. */
static void upload_slowly(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	struct mm_upload_file_returns *out = returns;
	(void)h;
	(void)args;
	(void)object;
	out->result = arena_new(a, struct mm_file_info);
	out->result->id = S("file1");
	clock_ahead_ms += CLAIM_MS;
}

START_TEST(past_the_end_of_its_claim_nobody_posts)
{
	/* who waits for the upload must not see the clock jump */
	t.w.host.def.api_timeout_ms = 10 * CLAIM_MS;
	https_answers(t.w.zoom, 200, TEXT, "WEBVTT\n");
	https_answers(t.w.zoom, 200, TEXT, "WEBVTT\n");
	host_answers(&t.w.host, MM_API_UPLOAD_FILE, upload_slowly, NULL);
	ck_assert_int_eq(
	    tape_delivers_transcript(&t, tape_transcript(&t, START), NULL),
	    500);
	ck_assert_int_eq(t.why.code, ERR_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(t.why.text, "somebody else may"));
	ck_assert_uint_eq(tape_n_replies(&t), 0);
	host_answers(&t.w.host, MM_API_UPLOAD_FILE, NULL, NULL);
	ck_assert_int_eq(
	    tape_delivers_transcript(&t, tape_transcript(&t, START), NULL),
	    200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin recording: once");
	TCase *tc = tcase_create("once");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_event_that_comes_twice_is_posted_once);
	tcase_add_test(tc, while_another_is_at_work_it_is_to_be_sent_again);
	tcase_add_test(
	    tc, a_reply_of_somebody_who_died_before_the_end_is_found);
	tcase_add_test(tc, a_mark_in_somebody_elses_post_counts_for_nothing);
	tcase_add_test(
	    tc, who_has_lost_the_claim_deletes_what_another_has_posted_too);
	tcase_add_test(tc, who_has_lost_the_claim_leaves_the_only_reply);
	tcase_add_test(tc, who_went_on_with_it_deletes_what_came_late);
	tcase_add_test(tc, a_second_reply_that_stays_is_logged);
	tcase_add_test(tc, past_the_end_of_its_claim_nobody_posts);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
