/* Posts of subscribed meetings: one an instance, in whatever order. */
#include "plugin/announce.h"
#include "tests/lib/patience.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POST_KEY "post_meeting_AbCdEf%2F12345+ghIJKLmno=="
#define ID       "\"85550001111\""
#define STARTED  "meeting.started"
#define ENDED    "meeting.ended"
#define TIMES                                                                  \
 ",\"start_time\":\"2025-10-09T08:53:20Z\","                                   \
 "\"end_time\":\"2025-10-09T09:53:20Z\""
#define ENTRY(channel, user)                                                   \
 "{\"channel_id\":\"" channel "\",\"is_subscription\":true,"                   \
 "\"created_by\":\"" user "\"}"

static struct world w;

static void subscribes(const char *entry)
{
	host_stores(&w.host, "meeting_channel_85550001111", str_from(entry));
}

static void set_up(void)
{
	world_start(&w);
	world_connects(&w);
	subscribes(ENTRY(TALK, ADA));
}

static void tear_down(void)
{
	world_stop(&w);
}

static int delivers(const char *event, const char *id, const char *uuid)
{
	bool ended = strcmp(event, ENDED) == 0;
	return world_delivers(
	    &w, world_event(&w, event, id, uuid, ended ? TIMES : ""));
}

static const char *text_prop(size_t post, const char *name)
{
	return str_c(gob_any_get_string(
	    gob_any_map_get(&host_post(&w.host, post)->props, str_from(name))));
}

static void expect_posts(size_t n)
{
	ck_assert_uint_eq(host_n_posts(&w.host), n);
}

static void expect_status(size_t post, const char *status)
{
	ck_assert_str_eq(text_prop(post, "meeting_status"), status);
}

/* ---- started, ended ---------------------------------------------------------------- */

START_TEST(a_subscribed_meeting_is_posted_by_the_bot)
{
	https_answers(w.zoom, 200, "", world_meeting(&w));
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(1);
	const struct mm_post *post = host_post(&w.host, 0);
	ck_assert_str_eq(str_c(post->user_id), HOST_BOT);
	ck_assert_str_eq(str_c(post->channel_id), TALK);
	ck_assert_str_eq(str_c(post->type), "custom_zoom");
	ck_assert_str_eq(text_prop(0, "meeting_creator_username"), "ada");
	ck_assert_str_eq(text_prop(0, "meeting_link"), world_link(&w));
	ck_assert_str_eq(text_prop(0, "meeting_topic"), "T");
	ck_assert_str_eq(text_prop(0, "meeting_uuid"), MEETING_UUID);
	ck_assert(str_eq(host_key(&w.host, POST_KEY), post->id));
	ck_assert_int_gt(host_expires_s(&w.host, POST_KEY), 86400);
	expect_status(0, "STARTED");
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 200);
	expect_status(0, "ENDED");
	expect_posts(1);
}
END_TEST

START_TEST(an_id_may_be_a_number)
{
	ck_assert_int_eq(delivers(STARTED, "85550001111", MEETING_UUID), 200);
	expect_posts(1);
	ck_assert_int_eq(delivers(ENDED, "85550001111", MEETING_UUID), 200);
	expect_status(0, "ENDED");
}
END_TEST

START_TEST(twice_is_posted_once)
{
	https_answers(w.zoom, 200, "", world_meeting(&w));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(1);
	ck_assert_int_eq(https_n_requests(w.zoom), 1);
	delivers(ENDED, ID, MEETING_UUID);
	delivers(STARTED, ID, MEETING_UUID);
	delivers(ENDED, ID, MEETING_UUID);
	expect_posts(1);
	expect_status(0, "ENDED");
}
END_TEST

START_TEST(each_instance_has_its_post)
{
	delivers(STARTED, ID, "one==");
	delivers(STARTED, ID, "two==");
	expect_posts(2);
	delivers(ENDED, ID, "one==");
	expect_status(0, "ENDED");
	expect_status(1, "STARTED");
	/* the end of one that was never posted ends nobody else's */
	delivers(ENDED, ID, "zero==");
	expect_status(1, "STARTED");
}
END_TEST

START_TEST(an_end_before_the_start_leaves_nothing_running)
{
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 200);
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 200);
	expect_posts(0);
	ck_assert_str_eq(str_c(host_key(&w.host, POST_KEY)),
	    "ended:1760000000000:1760003600000");
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(0);
	ck_assert_int_eq(delivers(STARTED, ID, "next=="), 200);
	expect_posts(1);
}
END_TEST

/* The meeting ends while its post is being made. */
static void create_late(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	const struct mm_create_post_args *in = args;
	struct mm_create_post_returns *out = returns;
	struct mm_post *post = arena_new(a, struct mm_post);
	(void)object;
	*post = *in->post;
	post->id = S("thepost");
	pthread_mutex_lock(&h->lock);
	h->posts[h->n_posts++] = post;
	pthread_mutex_unlock(&h->lock);
	out->result = post;
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 200);
}

START_TEST(an_end_during_the_posting_ends_the_post)
{
	host_answers(&w.host, MM_API_CREATE_POST, create_late, NULL);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(1);
	expect_status(0, "ENDED");
	ck_assert_str_eq(str_c(host_key(&w.host, POST_KEY)), "thepost");
}
END_TEST

/* ---- cut off, or held ------------------------------------------------------------ */

#define LATER_MS ((int64_t)5 * 60 * 1000)

static void expect_post_of_key(size_t post)
{
	ck_assert(
	    str_eq(host_key(&w.host, POST_KEY), host_post(&w.host, post)->id));
}

/* As a kill between the post and its note leaves it, once that has expired. */
static void posted_and_killed(void)
{
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	host_stores(&w.host, POST_KEY, (struct str){ NULL, 0 });
}

START_TEST(a_post_that_was_not_remembered_is_found)
{
	posted_and_killed();
	ck_assert_int_eq(delivers(STARTED, ID, "another=="), 200);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(2);
	expect_post_of_key(0);
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 200);
	expect_status(0, "ENDED");
	expect_status(1, "STARTED");
}
END_TEST

START_TEST(a_post_that_was_not_remembered_ends_when_its_end_came_first)
{
	posted_and_killed();
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 200);
	expect_status(0, "STARTED");
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(1);
	expect_post_of_key(0);
	expect_status(0, "ENDED");
}
END_TEST

/* A post of somebody's who says that it is the meeting's. */
START_TEST(nobody_elses_post_is_taken_for_it)
{
	posted_and_killed();
	host_post(&w.host, 0)->user_id = S(EVE);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(2);
	expect_post_of_key(1);
}
END_TEST

static struct mm_post *adds(struct host *h, struct arena *a, const void *args)
{
	const struct mm_create_post_args *in = args;
	struct mm_post *post = arena_new(a, struct mm_post);
	*post = *in->post;
	pthread_mutex_lock(&h->lock);
	post->id = arena_printf(a, "post%zu", h->n_posts);
	h->posts[h->n_posts++] = post;
	pthread_mutex_unlock(&h->lock);
	return post;
}

static void create_too_late(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	struct mm_create_post_returns *out = returns;
	(void)object;
	out->result = adds(h, a, args);
	usleep(1500000);
}

START_TEST(a_post_whose_answer_is_lost_is_found)
{
	w.host.def.api_timeout_ms = 500;
	host_answers(&w.host, MM_API_CREATE_POST, create_too_late, NULL);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 500);
	w.host.def.api_timeout_ms = 0;
	/* nobody posts it while it may be under way */
	ck_assert(str_has_prefix(host_key(&w.host, POST_KEY), S("posting:")));
	w.host.clock_off_ms = LATER_MS;
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(1);
	expect_post_of_key(0);
}
END_TEST

struct held {
	bool behind;
	int n;
};

/* The one who posts is held until the note has gone, and another one has come
 * and posted: before the one's own post is there, or behind it. */
static void create_held(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	struct mm_create_post_returns *out = returns;
	struct held *held = object;
	bool first = held->n++ == 0;
	if (!first || held->behind)
		out->result = adds(h, a, args);
	if (!first)
		return;
	h->clock_off_ms = LATER_MS;
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	if (!held->behind)
		out->result = adds(h, a, args);
}

START_TEST(whoever_was_held_leaves_no_second_post)
{
	struct held held = { .behind = _i == 1 };
	host_answers(&w.host, MM_API_CREATE_POST, create_held, &held);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_post_of_key(0);
	expect_status(0, "STARTED");
	expect_posts(_i == 1 ? 1 : 2);
	ck_assert_int_eq(host_post(&w.host, 0)->delete_at, 0);
	ck_assert(_i == 1 || host_post(&w.host, 1)->delete_at != 0);
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 200);
	expect_status(0, "ENDED");
}
END_TEST

START_TEST(while_somebody_else_posts_it_is_left_to_them)
{
	host_stores(&w.host, POST_KEY, S("posting:1"));
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(0);
	/* but not forgotten, in case they are killed */
	int64_t end_ms = clock_deadline_ms(patience(5000));
	while (!host_logged(&w.host, "the meeting is being posted") &&
	       clock_now_ms() < end_ms)
		usleep(10000);
	ck_assert(host_logged(&w.host, "An event of Zoom's is put off"));
	/* and an end is left to them, too */
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 200);
	ck_assert(str_has_prefix(host_key(&w.host, POST_KEY), S("ended:")));
}
END_TEST

START_TEST(a_post_that_was_deleted_needs_no_end)
{
	delivers(STARTED, ID, MEETING_UUID);
	host_post(&w.host, 0)->delete_at = 1;
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 200);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(1);
}
END_TEST

START_TEST(without_a_uuid_nothing_is_posted)
{
	ck_assert_int_eq(delivers(STARTED, ID, ""), 200);
	ck_assert_int_eq(delivers(ENDED, ID, ""), 200);
	expect_posts(0);
}
END_TEST

/* ---- who may ------------------------------------------------------------------------- */

static const struct {
	const char *entry, *reason;
} silent[] = {
	{ ENTRY(TEAM, EVE), "not a member" },
	{ ENTRY(READ, ADA), "may not post" },
	{ ENTRY(OLD, ADA), "archived" },
	{ ENTRY("nowhere", ADA), "not a member" },
	{ ENTRY(TALK, "nobody"), "gone or deactivated" },
	{ ENTRY(TALK, ""), "gone or deactivated" },
	{ ENTRY(TALK, SAM), "gone or deactivated" },
};

START_TEST(a_subscriber_who_could_not_post_posts_nothing)
{
	w.host.users[2].delete_at = 1; /* SAM */
	subscribes(silent[_i].entry);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(0);
	ck_assert(host_logged(&w.host, silent[_i].reason));
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_WARN), 0);
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
	/* the second was not put off either */
	ck_assert_uint_eq(host_key(&w.host, "z2_jobs").len, 0);
	ck_assert_str_eq(str_c(host_key(&w.host, POST_KEY)), "refused:");
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 200);
	ck_assert(str_has_prefix(host_key(&w.host, POST_KEY), S("ended:")));
}
END_TEST

START_TEST(a_subscriber_without_a_verified_address_posts_nothing)
{
	world_configures(&w, "RequireVerifiedEmail", "true");
	ck_assert_int_eq(delivers(STARTED, ID, "one=="), 200);
	expect_posts(0);
	ck_assert(host_logged(&w.host, "e-mail address is not verified"));
	subscribes(ENTRY(TALK, ADMIN));
	ck_assert_int_eq(delivers(STARTED, ID, "two=="), 200);
	expect_posts(1);
}
END_TEST

/* ---- what can go wrong ---------------------------------------------------------------- */

START_TEST(a_link_that_zoom_does_not_give_is_made)
{
	https_answers(w.zoom, 404, "",
	    "{\"code\":3001,\"message\":\"Meeting does not exist: 1.\"}");
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	struct str link =
	    arena_printf(&w.arena, "%s/j/85550001111", https_url(w.zoom));
	ck_assert_str_eq(text_prop(0, "meeting_link"), str_c(link));
	ck_assert(host_logged(&w.host, "link of a subscribed meeting"));
}
END_TEST

/* A subscribed meeting hardly ever finds a fresh token: one lives an hour. */
#define REFRESHED                                                              \
 "{\"access_token\":\"new\",\"refresh_token\":\"r2\",\"expires_in\":3600}"

static void expect_quick_start(void)
{
	int64_t began_ms = clock_now_ms();
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	ck_assert_int_lt(clock_now_ms() - began_ms, patience(2900));
}

static void wait_for_post(void)
{
	int64_t end_ms = clock_deadline_ms(patience(15000));
	while (host_n_posts(&w.host) == 0 && clock_now_ms() < end_ms)
		usleep(10000);
	expect_posts(1);
}

START_TEST(a_slow_refresh_keeps_zoom_waiting_for_nothing)
{
	world_connects_for(&w, -1000);
	https_waits_ms(w.zoom, 4000);
	https_answers(w.zoom, 200, "", REFRESHED);
	https_answers(w.zoom, 200, "", world_meeting(&w));
	expect_quick_start();
	expect_posts(0);
	wait_for_post();
	ck_assert_str_eq(text_prop(0, "meeting_link"), world_link(&w));
	ck_assert_int_eq(https_n_requests(w.zoom), 2);
}
END_TEST

START_TEST(a_token_that_zoom_refuses_is_refreshed_later)
{
	https_answers(w.zoom, 401, "",
	    "{\"code\":124,\"message\":\"Invalid access token.\"}");
	https_answers(w.zoom, 401, "",
	    "{\"code\":124,\"message\":\"Invalid access token.\"}");
	https_waits_ms(w.zoom, 4000);
	https_answers(w.zoom, 200, "", REFRESHED);
	https_answers(w.zoom, 200, "", world_meeting(&w));
	expect_quick_start();
	wait_for_post();
	ck_assert_str_eq(text_prop(0, "meeting_link"), world_link(&w));
}
END_TEST

START_TEST(a_slow_answer_costs_the_passcode_only)
{
	https_waits_ms(w.zoom, 4000);
	https_answers(w.zoom, 200, "", world_meeting(&w));
	expect_quick_start();
	expect_posts(1);
	ck_assert(host_logged(&w.host, "link of a subscribed meeting"));
}
END_TEST

static const enum mm_api_method needed[] = { MM_API_KV_GET,
	MM_API_KV_SET_WITH_OPTIONS, MM_API_GET_POSTS_FOR_CHANNEL,
	MM_API_GET_USER, MM_API_GET_CHANNEL_MEMBER, MM_API_CREATE_POST };

START_TEST(what_fails_is_done_when_zoom_sends_it_again)
{
	host_fails(&w.host, needed[_i], 500);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 500);
	expect_posts(0);
	host_obeys(&w.host, needed[_i]);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(1);
}
END_TEST

START_TEST(a_note_that_cannot_be_taken_back_goes_by_itself)
{
	host_fails(&w.host, MM_API_CREATE_POST, 500);
	host_fails(&w.host, MM_API_KV_COMPARE_AND_DELETE, 500);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 500);
	ck_assert(host_logged(&w.host, "can be posted only in some minutes"));
	host_obeys(&w.host, MM_API_CREATE_POST);
	w.host.clock_off_ms = LATER_MS;
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(1);
}
END_TEST

START_TEST(a_post_that_cannot_be_remembered_is_not_posted_twice)
{
	host_fails_after(&w.host, MM_API_KV_SET_WITH_OPTIONS, 1, 500);
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 500);
	host_obeys(&w.host, MM_API_KV_SET_WITH_OPTIONS);
	w.host.clock_off_ms = LATER_MS;
	ck_assert_int_eq(delivers(STARTED, ID, MEETING_UUID), 200);
	expect_posts(1);
	expect_post_of_key(0);
}
END_TEST

START_TEST(an_end_that_cannot_be_noted_is_asked_for_again)
{
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 500);
	host_obeys(&w.host, MM_API_KV_SET_WITH_OPTIONS);
	ck_assert_int_eq(delivers(ENDED, ID, MEETING_UUID), 200);
	ck_assert(str_has_prefix(host_key(&w.host, POST_KEY), S("ended:")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin announce");
	TCase *tc = tcase_create("webhooks");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_subscribed_meeting_is_posted_by_the_bot);
	tcase_add_test(tc, an_id_may_be_a_number);
	tcase_add_test(tc, twice_is_posted_once);
	tcase_add_test(tc, each_instance_has_its_post);
	tcase_add_test(tc, an_end_before_the_start_leaves_nothing_running);
	tcase_add_test(tc, an_end_during_the_posting_ends_the_post);
	tcase_add_test(tc, a_post_that_was_not_remembered_is_found);
	tcase_add_test(
	    tc, a_post_that_was_not_remembered_ends_when_its_end_came_first);
	tcase_add_test(tc, nobody_elses_post_is_taken_for_it);
	tcase_add_test(tc, a_post_whose_answer_is_lost_is_found);
	tcase_add_loop_test(tc, whoever_was_held_leaves_no_second_post, 0, 2);
	tcase_add_test(tc, while_somebody_else_posts_it_is_left_to_them);
	tcase_add_test(tc, a_post_that_was_deleted_needs_no_end);
	tcase_add_test(tc, without_a_uuid_nothing_is_posted);
	tcase_add_loop_test(tc, a_subscriber_who_could_not_post_posts_nothing,
	    0, (int)(sizeof(silent) / sizeof(silent[0])));
	tcase_add_test(
	    tc, a_subscriber_without_a_verified_address_posts_nothing);
	tcase_add_test(tc, a_link_that_zoom_does_not_give_is_made);
	tcase_add_test(tc, a_slow_refresh_keeps_zoom_waiting_for_nothing);
	tcase_add_test(tc, a_token_that_zoom_refuses_is_refreshed_later);
	tcase_add_test(tc, a_slow_answer_costs_the_passcode_only);
	tcase_add_loop_test(tc, what_fails_is_done_when_zoom_sends_it_again, 0,
	    (int)(sizeof(needed) / sizeof(needed[0])));
	tcase_add_test(tc, a_note_that_cannot_be_taken_back_goes_by_itself);
	tcase_add_test(
	    tc, a_post_that_cannot_be_remembered_is_not_posted_twice);
	tcase_add_test(tc, an_end_that_cannot_be_noted_is_asked_for_again);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
