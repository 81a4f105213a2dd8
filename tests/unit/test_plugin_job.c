/* The queue: stored before it is done, done by one, tried again. */
#include "plugin/job.h"

#include "plugin/js.h"
#include "plugin/lease.h"
#include "plugin/vault.h"
#include "tests/lib/peer.h"
#include "tests/lib/world.h"

#include <check.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of an event that is large. */
#define LARGE ((size_t)100 * 1024)

static struct world w;
static atomic_int n_run; /* how often an event was worked off */
static atomic_bool fails;
static atomic_int fails_with = ERR_REMOTE;
static atomic_bool is_elsewhere;
static atomic_bool was_last;     /* what the last one that ran was told */
static _Atomic int64_t retry_ms; /* what Zoom asks for then */
static atomic_int n_threads, n_at_once;
static atomic_bool is_held; /* until then it goes on */

/* Stands for recordings and the like. */
static bool run(struct ctx *c, const struct zoom_event *event, struct err *err)
{
	int now = ++n_threads;
	if (now > n_at_once)
		n_at_once = now;
	ck_assert_str_eq(str_c(event->event), "recording.completed");
	n_run++;
	while (is_held)
		sched_yield();
	n_threads--;
	c->retry_ms = retry_ms;
	c->elsewhere = is_elsewhere;
	was_last = c->last_attempt;
	return !fails ||
	       err_set(err, (enum err_code)fails_with, "Zoom is on holiday");
}

static void start_jobs(void)
{
	w.plugin.jobs = jobs_start(&w.plugin, &w.host.plugin, run, &w.err);
	ck_assert_ptr_nonnull(w.plugin.jobs);
}

static void stop_jobs(void)
{
	jobs_stop(w.plugin.jobs);
	jobs_free(w.plugin.jobs);
	w.plugin.jobs = NULL;
}

static void set_up(void)
{
	world_start(&w);
	stop_jobs(); /* those of the plugin */
	n_run = 0;
	fails = false;
	fails_with = ERR_REMOTE;
	is_elsewhere = false;
	is_held = false;
	retry_ms = 0;
}

static void tear_down(void)
{
	world_stop(&w);
}

static bool add(void)
{
	struct ctx c = world_ctx(&w);
	bool added = job_add(&c,
	    str_from(world_event(&w, "recording.completed", "1",
	        "u==", ",\"download_token\":\"down-token\"")),
	    &w.err);
	ctx_end(&c);
	return added;
}

static struct job_summary count(void)
{
	struct ctx c = world_ctx(&w);
	struct job_summary summary;
	ck_assert(job_count(&c, &summary, &w.err));
	ctx_end(&c);
	return summary;
}

static void await(int runs, int left)
{
	int64_t deadline = SOON;
	while ((n_run < runs || count().n != left) && clock_now_ms() < deadline)
		sched_yield();
	ck_assert_int_eq(n_run, runs);
	ck_assert_int_eq(count().n, left);
}

START_TEST(what_is_added_is_worked_off_and_gone)
{
	start_jobs();
	for (int i = 0; i < 50; i++)
		ck_assert(add());
	await(50, 0);
	stop_jobs();
}
END_TEST

START_TEST(what_was_added_before_is_found)
{
	for (int i = 0; i < 20; i++)
		ck_assert(add());
	ck_assert_int_eq(count().n, 20);
	start_jobs(); /* on another node, or after a restart */
	await(20, 0);
	stop_jobs();
}
END_TEST

static atomic_bool is_behind;

/* A copy of the database that has the mark and not yet the jobs. */
static void get_behind(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	const struct mm_kv_get_args *in = args;
	struct mm_kv_get_returns *out = returns;
	(void)object;
	if (is_behind && str_has_prefix(in->key, S("z2_job_")))
		return;
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n_keys; i++) {
		if (str_eq(h->keys[i].key, in->key))
			out->result = arena_str(a, h->keys[i].value);
	}
	pthread_mutex_unlock(&h->lock);
}

/* Until nobody has read anything for a while. */
static void await_end_of_look(void)
{
	const struct timespec pause = { 0, 300000000 };
	size_t before = 0;
	size_t now = 0;
	do {
		before = now;
		nanosleep(&pause, NULL);
		now = host_n_called(&w.host, MM_API_KV_GET);
	} while (now != before || now < JOB_SLOTS);
}

START_TEST(a_read_that_is_behind_loses_no_job)
{
	ck_assert(add());
	is_behind = true;
	host_answers(&w.host, MM_API_KV_GET, get_behind, NULL);
	start_jobs();
	await_end_of_look();
	is_behind = false;
	ck_assert_uint_gt(host_key(&w.host, "z2_jobs").len, 0);
	jobs_look(w.plugin.jobs);
	await(1, 0);
	stop_jobs();
}
END_TEST

START_TEST(when_all_is_done_nobody_looks_any_more)
{
	host_stores(&w.host, "z2_jobs", S("there were some"));
	start_jobs();
	int64_t deadline = clock_deadline_ms(25000);
	while (
	    host_key(&w.host, "z2_jobs").len > 0 && clock_now_ms() < deadline)
		sched_yield();
	ck_assert_uint_eq(host_key(&w.host, "z2_jobs").len, 0);
	stop_jobs();
}
END_TEST

START_TEST(nothing_readable_is_stored)
{
	struct buf said;
	ck_assert(add());
	buf_init(&said, (size_t)64 * 1024 * 1024);
	host_dump(&w.host, &said);
	ck_assert_ptr_null(memmem(said.data, said.len, "down-token", 10));
	buf_fini(&said);
}
END_TEST

START_TEST(a_job_that_fails_is_put_off)
{
	fails = true;
	start_jobs();
	ck_assert(add());
	await(1, 1);
	int64_t deadline = SOON;
	while (count().n_failing == 0 && clock_now_ms() < deadline)
		sched_yield();
	ck_assert_int_eq(count().n_failing, 1);
	ck_assert(host_logged(&w.host, "Zoom is on holiday"));
	stop_jobs();
	start_jobs(); /* it is not due yet */
	ck_assert(add());
	await(2, 2);
	stop_jobs();
}
END_TEST

/* A job of so many attempts in a slot; event: as JSON has it in a string. */
static void store_job(int slot, int attempts, const char *event)
{
	char key[32];
	struct arena a;
	struct str sealed;
	arena_init(&a, (size_t)16 * LARGE);
	snprintf(key, sizeof(key), "z2_job_%d", slot);
	struct str json = arena_printf(&a,
	    "{\"event\":\"%s\",\"attempts\":%d,\"due\":0,\"added\":1}", event,
	    attempts);
	ck_assert(vault_seal(
	    &a, S(ENCRYPTION_KEY), str_from(key), json, &sealed, &w.err));
	host_stores(&w.host, key, sealed);
	host_stores(&w.host, "z2_jobs", S("there are some"));
	arena_fini(&a);
}

static void store_attempts(int slot, int attempts)
{
	store_job(
	    slot, attempts, "{\\\"event\\\":\\\"recording.completed\\\"}");
}

/* The member of the job in a slot, once that is not the job it was. */
static int64_t await_change(int slot, struct str former, const char *member)
{
	char key[32];
	struct str json;
	int64_t deadline = SOON;
	snprintf(key, sizeof(key), "z2_job_%d", slot);
	while (
	    str_eq(host_key(&w.host, key), former) && clock_now_ms() < deadline)
		sched_yield();
	ck_assert(vault_open(&w.arena, S(ENCRYPTION_KEY), str_from(key),
	    host_key(&w.host, key), &json, &w.err));
	json_t *object = js_parse(json);
	int64_t value = json_integer_value(json_object_get(object, member));
	json_decref(object);
	return value;
}

static const struct {
	int64_t asked_ms, wait_ms;
} waits[] = {
	{ 0, 15 * 1000 },
	{ 14 * 1000, 15 * 1000 },
	{ 120 * 1000, 120 * 1000 },
	{ 24 * 3600 * 1000, 3600 * 1000 },
};

static void *stop(void *jobs)
{
	jobs_stop(jobs);
	return NULL;
}

/* Of two who stop them at once, as a server that goes while it deactivates the
 * plugin makes us do, none is back before all is done. */
START_TEST(what_is_stopped_is_left_to_whoever_comes_next)
{
	pthread_t stoppers[2];
	start_jobs();
	fails = is_held = true;
	ck_assert(add());
	while (n_run == 0)
		sched_yield();
	size_t before = count_threads();
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
		    pthread_create(&stoppers[i], NULL, stop, w.plugin.jobs), 0);
	/* those who had nothing to do have gone */
	while (count_threads() >= before)
		sched_yield();
	is_held = false;
	for (int i = 0; i < 2; i++)
		pthread_join(stoppers[i], NULL);
	ck_assert_int_eq(n_threads, 0);
	ck_assert_int_eq(count().n_failing, 0);
	stop_jobs();
	fails = false;
	start_jobs();
	await(2, 0);
	stop_jobs();
}
END_TEST

START_TEST(zoom_is_not_asked_before_it_wants_to_be)
{
	fails = true;
	retry_ms = waits[_i].asked_ms;
	store_attempts(3, 0);
	struct str former = host_key(&w.host, "z2_job_3");
	int64_t began_ms = clock_wall_ms();
	start_jobs();
	int64_t due_ms = await_change(3, former, "due");
	ck_assert(!was_last);
	ck_assert_int_ge(due_ms, began_ms + waits[_i].wait_ms);
	ck_assert_int_le(due_ms, clock_wall_ms() + waits[_i].wait_ms);
	stop_jobs();
}
END_TEST

START_TEST(while_a_copy_is_worked_off_no_attempt_is_counted)
{
	fails = true;
	is_elsewhere = true;
	store_attempts(3, 9);
	struct str former = host_key(&w.host, "z2_job_3");
	start_jobs();
	ck_assert_int_eq(await_change(3, former, "attempts"), 9);
	stop_jobs();
}
END_TEST

/* To the admin, with this text. */
static void await_word(const char *text)
{
	int64_t deadline = SOON;
	while (host_n_posts(&w.host) == 0 && clock_now_ms() < deadline)
		sched_yield();
	const struct mm_post *post = host_post(&w.host, 0);
	ck_assert_str_eq(str_c(post->channel_id), "direct_" ADMIN);
	ck_assert_ptr_nonnull(strstr(str_c(post->message), text));
}

START_TEST(what_is_busy_is_given_up_too)
{
	fails = true;
	fails_with = ERR_BUSY;
	store_attempts(3, 9);
	start_jobs();
	await(1, 0);
	await_word("Zoom is on holiday");
	stop_jobs();
}
END_TEST

START_TEST(after_the_last_attempt_the_admins_are_told)
{
	fails = true;
	store_attempts(3, 9);
	start_jobs();
	await(1, 0);
	await_word("Zoom is on holiday");
	stop_jobs();
	ck_assert(was_last);
}
END_TEST

START_TEST(of_what_cannot_be_read_the_admins_are_told)
{
	if (_i == 0)
		host_stores(&w.host, "z2_job_9", S("rubbish"));
	else
		store_job(9, 0, "no event");
	host_stores(&w.host, "z2_jobs", S("there are some"));
	start_jobs();
	await(0, 0);
	await_word("cannot be read any more");
	ck_assert(host_logged(&w.host, "cannot be read, and is dropped"));
	stop_jobs();
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
}
END_TEST

START_TEST(what_somebody_else_has_done_meanwhile_is_not_given_up)
{
	fails = true;
	store_attempts(3, 9);
	host_answers(
	    &w.host, MM_API_KV_COMPARE_AND_DELETE, host_says_nothing, NULL);
	start_jobs();
	host_is_called(&w.host, MM_API_KV_COMPARE_AND_DELETE, 2);
	stop_jobs();
	ck_assert_int_ge(n_run, 1);
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
	ck_assert(!host_logged(&w.host, "is given up"));
}
END_TEST

START_TEST(what_another_node_does_is_left_to_it)
{
	for (int slot = 0; slot < 256; slot++) {
		char key[40];
		snprintf(key, sizeof(key), "z2_lease_job_%d", slot);
		host_stores(&w.host, key, S("another node's"));
	}
	start_jobs();
	ck_assert(add());
	struct timespec t = { 0, 200 * 1000 * 1000 };
	nanosleep(&t, NULL);
	ck_assert_int_eq(n_run, 0);
	stop_jobs();
}
END_TEST

START_TEST(a_full_queue_is_told)
{
	for (int i = 0; i < JOB_SLOTS; i++)
		ck_assert(add());
	ck_assert(!add());
	ck_assert_int_eq(w.err.code, ERR_BUSY);
}
END_TEST

/* Of events that are as long as those with many files: none of the calls has
 * room for them all. */
START_TEST(a_full_queue_of_large_events_is_told)
{
	char *event = calloc(1, LARGE + 1);
	ck_assert_ptr_nonnull(event);
	memset(event, ' ', LARGE);
	struct arena small;
	struct job_summary summary;
	for (int slot = 0; slot < JOB_SLOTS; slot++)
		store_job(slot, 1, event);
	struct ctx c = world_ctx(&w);
	c.arena = &small;
	arena_init(&small, (size_t)8 * LARGE);
	ck_assert_msg(job_count(&c, &summary, &w.err), "%s", w.err.text);
	ck_assert_int_eq(summary.n, JOB_SLOTS);
	ck_assert_int_eq(summary.n_failing, JOB_SLOTS);
	ck_assert(!job_add(&c, str_from(event), &w.err));
	ck_assert_int_eq(w.err.code, ERR_BUSY);
	ck_assert_str_eq(w.err.text, "256 events wait already");
	arena_fini(&small);
	ctx_end(&c);
	free(event);
}
END_TEST

START_TEST(a_store_that_fails_takes_nothing_on)
{
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert(!add());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin job");
	TCase *tc = tcase_create("queue");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_is_added_is_worked_off_and_gone);
	tcase_add_test(tc, what_was_added_before_is_found);
	tcase_add_test(tc, a_read_that_is_behind_loses_no_job);
	tcase_add_test(tc, when_all_is_done_nobody_looks_any_more);
	tcase_add_test(tc, nothing_readable_is_stored);
	tcase_add_test(tc, a_job_that_fails_is_put_off);
	tcase_add_test(tc, what_is_stopped_is_left_to_whoever_comes_next);
	tcase_add_loop_test(tc, zoom_is_not_asked_before_it_wants_to_be, 0,
	    (int)(sizeof(waits) / sizeof(waits[0])));
	tcase_add_test(tc, while_a_copy_is_worked_off_no_attempt_is_counted);
	tcase_add_test(tc, what_is_busy_is_given_up_too);
	tcase_add_test(tc, after_the_last_attempt_the_admins_are_told);
	tcase_add_loop_test(
	    tc, of_what_cannot_be_read_the_admins_are_told, 0, 2);
	tcase_add_test(
	    tc, what_somebody_else_has_done_meanwhile_is_not_given_up);
	tcase_add_test(tc, what_another_node_does_is_left_to_it);
	tcase_add_test(tc, a_full_queue_is_told);
	tcase_add_test(tc, a_full_queue_of_large_events_is_told);
	tcase_add_test(tc, a_store_that_fails_takes_nothing_on);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
