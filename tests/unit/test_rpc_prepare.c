/* What a call waits for is asked for before it is served, and what comes next is
 * read meanwhile, or held back. */
#include "tests/lib/patience.h"
#include "tests/lib/served.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

static struct err err;

/* Over this stream of the same session comes what a call waits for: a byte. */
static struct yamux_stream *sends, *brings;
static size_t n_prepared;
#define N_IN_A_ROW 40
static int64_t prepared_ms[N_IN_A_ROW]; /* when the first ones were */

static void come(void *call)
{
	rpc_call_ready(call);
}

static bool prepare(void *object, struct rpc_call_info *call, const void *args)
{
	struct test_service *s = object;
	(void)args;
	call->prepared = s;
	yamux_stream_watch(brings, 1, come, call);
	pthread_mutex_lock(&s->lock);
	if (n_prepared < N_IN_A_ROW)
		prepared_ms[n_prepared] = clock_now_ms();
	n_prepared++;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return true;
}

static void expect_prepared(
    void *object, struct rpc_call_info *call, const void *args, void *reply)
{
	(void)args;
	ck_assert_ptr_eq(call->prepared, object);
	yamux_stream_watch(brings, 1, NULL, NULL);
	*(struct str *)reply = S("x");
}

static void start_preparing(enum couple_kind kind)
{
	n_prepared = 0;
	served.service.service.prepare = prepare;
	served.service.instead = expect_prepared;
	served.service.object = &served.service;
	served_start(kind);
	sends = yamux_open(served.couple.sessions[0], NULL, 0, SOON, &err);
	brings = yamux_accept(served.couple.sessions[1], SOON, &err);
}

static void stop_preparing(void)
{
	couple_part(&served.couple);
	rpc_server_free(served.server);
	served.server = NULL;
	yamux_stream_close(sends);
	yamux_stream_close(brings);
}

static void send_byte(void)
{
	ck_assert(yamux_stream_write(sends, "!", 1, SOON, &err));
}

static void await(const size_t *count, size_t n)
{
	int64_t deadline = SOON;
	pthread_mutex_lock(&served.service.lock);
	while (*count < n)
		ck_assert(clock_wait(
		    &served.service.changed, &served.service.lock, deadline));
	pthread_mutex_unlock(&served.service.lock);
}

#define N_WATCHED 2
static const enum couple_kind watched[N_WATCHED] = { COUPLE_STREAMS,
	COUPLE_POOLED };

START_TEST(a_call_is_served_once_it_is_ready)
{
	struct string_call caller;
	int64_t began = clock_now_ms();
	start_preparing(watched[_i]);
	start_string_call(&caller, "Test.Echo");
	await(&n_prepared, 1);
	usleep(100 * 1000);
	send_byte();
	expect_answered(&caller);
	ck_assert_int_ge(clock_now_ms() - began, 100);
	/* the byte is still there: at once */
	began = clock_now_ms();
	for (int i = 0; i < 100; i++)
		ck_assert(
		    call_string(&served.client, "Test.Echo", "x", SOON, &err));
	ck_assert_int_lt(clock_now_ms() - began, patience(5000));
	stop_preparing();
}
END_TEST

START_TEST(a_call_that_is_never_ready_is_served_after_a_second)
{
	start_preparing(watched[_i]);
	int64_t began = clock_now_ms();
	ck_assert(call_string(&served.client, "Test.Echo", "x", SOON, &err));
	int64_t took = clock_now_ms() - began;
	ck_assert_int_ge(took, 1000);
	ck_assert_int_lt(took, patience(3000));
	stop_preparing();
}
END_TEST

START_TEST(a_call_that_waits_ends_with_the_connection)
{
	struct string_call caller;
	start_preparing(watched[_i]);
	start_string_call(&caller, "Test.Echo");
	await(&n_prepared, 1);
	couple_part(&served.couple);
	ck_assert(rpc_server_drain(served.server, SOON));
	ck_assert(!is_answered(&caller));
	stop_preparing();
}
END_TEST

/* How often the next one of n was read 50 ms after the one before, or later. */
static int n_pauses(size_t n)
{
	int pauses = 0;
	for (size_t i = 1; i < n; i++)
		pauses += prepared_ms[i] - prepared_ms[i - 1] >= 50;
	return pauses;
}

/* They may be slow, and the others must not be. */
START_TEST(when_many_wait_the_next_are_read_a_little_later)
{
	struct string_call callers[8];
	served.service.service.max_prepared = 2;
	start_preparing(watched[_i]);
	start_string_calls(callers, 8, "Test.Echo");
	await(&n_prepared, 8);
	/* two, and two, and two, and two; and the machine may have stalled */
	ck_assert_int_ge(n_pauses(8), 3);
	ck_assert_int_lt(n_pauses(8), 6);
	ck_assert_int_lt(prepared_ms[7] - prepared_ms[0], patience(900));
	expect_all_answered(callers, 8);
	stop_preparing();
}
END_TEST

/* After a second the first ones are served, and that takes long. */
START_TEST(reading_goes_on_when_those_that_waited_keep_their_threads)
{
	static struct string_call callers[N_IN_A_ROW];
	served.service.service.max_prepared = 1;
	start_preparing(watched[_i]);
	served.service.instead = NULL;
	start_string_calls(callers, N_IN_A_ROW, "Test.Wait");
	await(&n_prepared, N_IN_A_ROW);
	ck_assert_int_lt(
	    prepared_ms[N_IN_A_ROW - 1] - prepared_ms[0], patience(3000));
	/* as whoever serves a call does */
	yamux_stream_watch(brings, 1, NULL, NULL);
	gate_open(&served.service);
	expect_all_answered(callers, N_IN_A_ROW);
	stop_preparing();
}
END_TEST

static struct rpc_call_info *in_order[N_IN_A_ROW];
static size_t n_come;

static bool prepare_in_order(
    void *object, struct rpc_call_info *call, const void *args)
{
	struct test_service *s = object;
	(void)args;
	pthread_mutex_lock(&s->lock);
	prepared_ms[n_prepared] = clock_now_ms();
	in_order[n_prepared++] = call;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return true;
}

static void next_comes(void *object)
{
	struct test_service *s = object;
	pthread_mutex_lock(&s->lock);
	if (n_come < n_prepared)
		rpc_call_ready(in_order[n_come++]);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

/* With each byte that comes the next call is ready. */
static void start_preparing_in_order(enum couple_kind kind)
{
	n_come = 0;
	start_preparing(kind);
	served.service.service.prepare = prepare_in_order;
	served.service.instead = NULL;
	yamux_stream_watch(brings, 1, next_comes, &served.service);
}

static void *call_ten_times(void *done)
{
	struct err why = { 0 };
	for (int i = 0; i < N_IN_A_ROW / 4; i++)
		if (!call_string(&served.client, "Test.Echo", "x", SOON, &why))
			return NULL;
	return done;
}

START_TEST(when_one_is_served_the_next_is_read_at_once)
{
	pthread_t threads[4];
	void *done;
	served.service.service.max_prepared = 1;
	start_preparing_in_order(watched[_i]);
	for (int i = 0; i < 4; i++)
		pthread_create(
		    &threads[i], NULL, call_ten_times, &served.service);
	for (size_t i = 1; i <= N_IN_A_ROW; i++) {
		await(&n_prepared, i);
		send_byte();
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &done);
		ck_assert_ptr_nonnull(done);
	}
	/* and not after a pause, each of them */
	ck_assert_int_lt(n_pauses(N_IN_A_ROW), N_IN_A_ROW / 4);
	stop_preparing();
}
END_TEST

/* Serve them one after another, until so many are. */
static void serve_until(size_t n)
{
	for (size_t next = n_come + 1; next <= n; next++) {
		send_byte();
		await(&n_come, next);
	}
}

/* The third of the next three is held again, however long ago that was. */
START_TEST(a_round_is_over_when_all_of_it_are_served)
{
	struct string_call callers[6];
	served.service.service.max_prepared = 2;
	start_preparing_in_order(watched[_i]);
	start_string_calls(callers, 3, "Test.Echo");
	await(&n_prepared, 2);
	usleep(10 * 1000); /* it holds the third */
	serve_until(1);
	await(&n_prepared, 3);
	serve_until(3);
	expect_all_answered(callers, 3);
	usleep(80 * 1000);
	start_string_calls(callers + 3, 3, "Test.Echo");
	await(&n_prepared, 6);
	ck_assert_int_ge(prepared_ms[5] - prepared_ms[4], 50);
	serve_until(6);
	expect_all_answered(callers + 3, 3);
	stop_preparing();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rpc prepare");
	TCase *tc = tcase_create("prepare");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, served_set_up, served_tear_down);
	tcase_add_loop_test(
	    tc, a_call_is_served_once_it_is_ready, 0, N_WATCHED);
	tcase_add_loop_test(tc,
	    a_call_that_is_never_ready_is_served_after_a_second, 0, N_WATCHED);
	tcase_add_loop_test(
	    tc, a_call_that_waits_ends_with_the_connection, 0, N_WATCHED);
	tcase_add_loop_test(
	    tc, when_many_wait_the_next_are_read_a_little_later, 0, N_WATCHED);
	tcase_add_loop_test(tc,
	    reading_goes_on_when_those_that_waited_keep_their_threads, 0,
	    N_WATCHED);
	tcase_add_loop_test(
	    tc, when_one_is_served_the_next_is_read_at_once, 0, N_WATCHED);
	tcase_add_loop_test(
	    tc, a_round_is_over_when_all_of_it_are_served, 0, N_WATCHED);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
