/* When Zoom was heard of last: once a minute, from signed events only. */
#include "plugin/last_webhook.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world w;

static void set_up(void)
{
	world_start(&w);
}

static void tear_down(void)
{
	world_stop(&w);
}

#define KEY "z2_last_webhook"

static struct last_webhook loaded(void)
{
	struct last_webhook last;
	struct ctx c = world_ctx(&w);
	ck_assert_msg(last_webhook_load(&c, &last, &w.err), "%s", w.err.text);
	ctx_end(&c);
	return last;
}

static void note(int64_t event_ms)
{
	const struct zoom_event event = { .event_ms = event_ms };
	struct ctx c = world_ctx(&w);
	last_webhook_note(&c, &event);
	ctx_end(&c);
}

START_TEST(nothing_was_heard_yet)
{
	ck_assert_int_eq(loaded().at_ms, 0);
	host_stores(&w.host, KEY, S("[damaged"));
	ck_assert_int_eq(loaded().at_ms, 0);
}
END_TEST

START_TEST(a_signed_event_is_noted_with_its_lag)
{
	int64_t before_ms = clock_wall_ms();
	ck_assert_int_eq(
	    world_delivers(&w, world_event(&w, "meeting.sung", "1", "u", "")),
	    200);
	struct last_webhook last = loaded();
	ck_assert_int_ge(last.at_ms, before_ms);
	ck_assert_int_ge(last.lag_ms, 0);
	ck_assert_int_lt(last.lag_ms, 10000);
}
END_TEST

START_TEST(an_event_without_a_time_has_no_lag)
{
	note(0);
	ck_assert_int_gt(loaded().at_ms, 0);
	ck_assert_int_eq(loaded().lag_ms, 0);
}
END_TEST

START_TEST(a_second_one_within_a_minute_asks_the_store_nothing)
{
	note(1);
	size_t asked = host_n_called(&w.host, MM_API_KV_GET);
	note(2);
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_KV_GET), asked);
}
END_TEST

START_TEST(what_another_node_has_just_noted_stays)
{
	struct str text = arena_printf(&w.arena, "{\"at\":%lld,\"event_ts\":7}",
	    (long long)clock_wall_ms() - 5000);
	host_stores(&w.host, KEY, text);
	note(2);
	ck_assert_str_eq(str_c(host_key(&w.host, KEY)), str_c(text));
	/* and what is a minute old does not */
	w.plugin.next_note_ms = 0;
	host_stores(&w.host, KEY, S("{\"at\":1000,\"event_ts\":7}"));
	note(2);
	ck_assert_int_gt(loaded().at_ms, 1000);
}
END_TEST

START_TEST(a_forged_event_is_not_noted)
{
	ck_assert_int_eq(
	    world_posts(&w, NULL, "/webhook?secret=" WEBHOOK_SECRET,
	        S("{\"event\":\"meeting.started\"}")),
	    401);
	ck_assert_int_eq(
	    world_posts(&w, NULL, "/webhook?secret=" WEBHOOK_SECRET,
	        S("{\"event\":\"endpoint.url_validation\","
	          "\"payload\":{\"plainToken\":\"abc\"}}")),
	    200);
	ck_assert_int_eq(loaded().at_ms, 0);
}
END_TEST

START_TEST(a_store_that_fails_is_logged)
{
	host_fails(&w.host, MM_API_KV_GET, 500);
	note(1);
	ck_assert(host_logged(&w.host, "time of a webhook"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin last_webhook");
	TCase *tc = tcase_create("last_webhook");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, nothing_was_heard_yet);
	tcase_add_test(tc, a_signed_event_is_noted_with_its_lag);
	tcase_add_test(tc, an_event_without_a_time_has_no_lag);
	tcase_add_test(tc, a_second_one_within_a_minute_asks_the_store_nothing);
	tcase_add_test(tc, what_another_node_has_just_noted_stays);
	tcase_add_test(tc, a_forged_event_is_not_noted);
	tcase_add_test(tc, a_store_that_fails_is_logged);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
