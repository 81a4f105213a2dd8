/* Recordings: the channel and thread that their reply goes to. */
#include "plugin/store.h"
#include "tests/lib/tape.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

static struct tape t;

static void set_up(void)
{
	tape_start(&t);
}

static void tear_down(void)
{
	tape_stop(&t);
}

START_TEST(a_meeting_in_a_thread_has_its_recording_there)
{
	host_post(&t.w.host, 0)->root_id = S("root");
	tape_delivers_video(&t, START, "/rec/play/1");
	ck_assert_str_eq(str_c(host_post(&t.w.host, 1)->root_id), "root");
}
END_TEST

START_TEST(a_recording_of_an_unknown_meeting_is_dropped)
{
	static const char *const uuids[] = { "", "//o+==" };
	for (size_t i = 0; i < 2; i++)
		tape_expect_nothing(&t,
		    tape_works_off(&t,
		        tape_event(&t, "recording.completed", uuids[i], "",
		            tape_video(&t, START, "/rec/play/1"), NULL, NULL)));
	ck_assert(host_logged(&t.w.host, "of no meeting that was posted here"));
}
END_TEST

START_TEST(a_deleted_post_gets_no_replies)
{
	host_post(&t.w.host, 0)->delete_at = 1;
	tape_expect_nothing(&t, tape_delivers_video(&t, START, "/rec/play/1"));
}
END_TEST

START_TEST(a_recording_that_comes_weeks_later_finds_its_post)
{
	t.w.host.clock_off_ms = (int64_t)29 * 24 * 3600 * 1000;
	ck_assert_int_eq(tape_delivers_video(&t, START, "/rec/play/1"), 200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
}
END_TEST

START_TEST(a_uuid_of_any_form_is_found)
{
	static const char *const uuids[] = {
		"/Ab/cd+fg==", "//o+==", "a b%;?"
	};
	struct ctx c = world_ctx(&t.w);
	for (size_t i = 0; i < 3; i++) {
		ck_assert(store_save_meeting_post(&c, str_from(uuids[i]),
		    host_post(&t.w.host, 0)->id, &t.w.err));
		ck_assert_int_eq(
		    tape_works_off(&t,
		        tape_event(&t, "recording.completed", uuids[i], "",
		            tape_video(&t, START, "/rec/play/1"), NULL, NULL)),
		    200);
		ck_assert_uint_eq(tape_n_replies(&t), i + 1);
	}
	ctx_end(&c);
}
END_TEST

/* A start_time so many seconds after the meeting's post. */
static const char *begun(int64_t after_s)
{
	time_t at = host_post(&t.w.host, 0)->create_at / 1000 + after_s;
	struct tm tm;
	char text[64];
	gmtime_r(&at, &tm);
	strftime(
	    text, sizeof(text), ",\"start_time\":\"%Y-%m-%dT%H:%M:%SZ\"", &tm);
	return str_c(arena_str(&t.w.arena, str_from(text)));
}

static int delivers_another(const char *more)
{
	return tape_works_off(
	    &t, tape_event(&t, "recording.completed", "other==", more,
	            tape_video(&t, START, "/rec/play/1"), NULL, NULL));
}

START_TEST(an_instance_of_another_uuid_is_found_by_the_time_it_began)
{
	ck_assert_int_eq(delivers_another(begun(60)), 200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	tape_expect_message(&t, 0, tape_watch(&t, "/rec/play/1"));
}
END_TEST

START_TEST(an_instance_that_began_at_another_time_is_not_this_one)
{
	static const int64_t far[] = { -3600, -301, 3700, 86400 };
	for (size_t i = 0; i < 4; i++)
		tape_expect_nothing(&t, delivers_another(begun(far[i])));
	tape_expect_nothing(&t, delivers_another(""));
}
END_TEST

START_TEST(an_instance_that_began_after_the_end_is_not_this_one)
{
	struct mm_post *post = host_post(&t.w.host, 0);
	gob_any_map_set(&t.w.arena, &post->props, S("meeting_end_time"),
	    gob_any_int64(&t.w.arena, post->create_at + 600000));
	tape_expect_nothing(&t, delivers_another(begun(900)));
	delivers_another(begun(300));
	ck_assert_uint_eq(tape_n_replies(&t), 1);
}
END_TEST

START_TEST(a_post_that_somebody_else_has_made_to_look_so_is_not_meant)
{
	struct mm_post forged = *host_post(&t.w.host, 0);
	forged.user_id = S(SAM);
	host_adds_post(&t.w.host, &forged);
	ck_assert_int_eq(delivers_another(begun(60)), 200);
	ck_assert_uint_eq(host_n_posts(&t.w.host), 3);
	ck_assert_str_eq(str_c(host_post(&t.w.host, 2)->root_id),
	    str_c(host_post(&t.w.host, 0)->id));
}
END_TEST

START_TEST(of_two_posts_that_can_be_meant_none_is)
{
	/* not so recent that it would be offered */
	host_post(&t.w.host, 0)->create_at -= 40 * 1000;
	https_answers(t.w.zoom, 200, "", WORLD_USER);
	https_answers(t.w.zoom, 201, "", world_meeting(&t.w));
	world_types(&t.w, ADA, "/zoom start");
	ck_assert_uint_eq(host_n_posts(&t.w.host), 2);
	ck_assert_int_eq(delivers_another(begun(60)), 200);
	ck_assert_uint_eq(host_n_posts(&t.w.host), 2);
}
END_TEST

START_TEST(a_meeting_that_was_started_elsewhere_meanwhile_is_not_guessed)
{
	struct ctx c = world_ctx(&t.w);
	const struct store_channel elsewhere = {
		.channel_id = S(TEAM),
		.created_by = S(ADA),
	};
	ck_assert(
	    store_save_meeting_channel(&c, MEETING_ID, &elsewhere, &t.w.err));
	ctx_end(&c);
	tape_expect_nothing(&t, delivers_another(begun(60)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin recording: places");
	TCase *tc = tcase_create("places");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_meeting_in_a_thread_has_its_recording_there);
	tcase_add_test(tc, a_recording_of_an_unknown_meeting_is_dropped);
	tcase_add_test(tc, a_deleted_post_gets_no_replies);
	tcase_add_test(tc, a_recording_that_comes_weeks_later_finds_its_post);
	tcase_add_test(tc, a_uuid_of_any_form_is_found);
	tcase_add_test(
	    tc, an_instance_of_another_uuid_is_found_by_the_time_it_began);
	tcase_add_test(
	    tc, an_instance_that_began_at_another_time_is_not_this_one);
	tcase_add_test(
	    tc, an_instance_that_began_after_the_end_is_not_this_one);
	tcase_add_test(
	    tc, a_post_that_somebody_else_has_made_to_look_so_is_not_meant);
	tcase_add_test(tc, of_two_posts_that_can_be_meant_none_is);
	tcase_add_test(
	    tc, a_meeting_that_was_started_elsewhere_meanwhile_is_not_guessed);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
