/* Threads and work: nothing stays where nobody comes for it. */
#include "base/arena.h"
#include "rpc/pool.h"
#include "tests/lib/peer.h"

#include <check.h>
#include <unistd.h>

static struct rpc_pool *pool;
static struct err err;

/* Bytes that never come; who waits for them can be poked. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool waits, poked, over;
static bool knows_time; /* else as one that began to wait before others did */

static bool wait_for_bytes(void *object, int64_t deadline_ms)
{
	(void)object;
	pthread_mutex_lock(&lock);
	waits = true;
	while (
	    !poked && !over && !(knows_time && clock_now_ms() >= deadline_ms)) {
		pthread_mutex_unlock(&lock);
		usleep(1000);
		pthread_mutex_lock(&lock);
	}
	waits = poked = false;
	bool live = !over;
	pthread_mutex_unlock(&lock);
	return live;
}

static bool poke(void *object)
{
	(void)object;
	pthread_mutex_lock(&lock);
	poked = true;
	pthread_mutex_unlock(&lock);
	return false;
}

static void until(const bool *flag)
{
	int64_t deadline = SOON;
	pthread_mutex_lock(&lock);
	while (!*flag && clock_now_ms() < deadline) {
		pthread_mutex_unlock(&lock);
		usleep(1000);
		pthread_mutex_lock(&lock);
	}
	ck_assert(*flag);
	pthread_mutex_unlock(&lock);
}

static void set(bool *flag)
{
	pthread_mutex_lock(&lock);
	*flag = true;
	pthread_mutex_unlock(&lock);
}

static void bring(struct rpc_work *w)
{
	pthread_mutex_lock(&pool->lock);
	pool_bring(pool, w);
	pthread_mutex_unlock(&pool->lock);
}

static void set_up(void)
{
	const struct rpc_waiter waiter = { NULL, wait_for_bytes, poke };
	pool = rpc_pool_new(&waiter, 8, "test-pool", &err);
	ck_assert(pool != NULL);
	until(&waits);
}

static void tear_down(void)
{
	pthread_mutex_lock(&lock);
	over = true;
	pthread_mutex_unlock(&lock);
	rpc_pool_free(pool);
}

/* ---- one works while another one waits for bytes --------------------------------- */

static bool first_runs, second_runs, may_end, short_ran;
static void run_second(struct rpc_work *w);

static void run_short(struct rpc_work *w)
{
	(void)w;
	set(&short_ran);
}

static struct rpc_work second = { .run = run_second };
static struct rpc_work quick = { .run = run_short };

/* Takes until the other one is done, which nobody but it knows. */
static void run_long(struct rpc_work *w)
{
	(void)w;
	until(&short_ran);
}

static struct rpc_work slow = { .run = run_long };

static void run_first(struct rpc_work *w)
{
	(void)w;
	set(&first_runs);
	until(&second_runs);
}

static struct rpc_work first = { .run = run_first };

/* By now the first thread waits for bytes again, and nobody is wary. */
static void run_second(struct rpc_work *w)
{
	(void)w;
	set(&second_runs);
	until(&waits);
	until(&may_end);
	pthread_mutex_lock(&pool->lock);
	pool_queue(pool, &slow);
	pool_queue(pool, &quick);
	pthread_mutex_unlock(&pool->lock);
}

START_TEST(nothing_is_left_behind_while_another_one_waits_for_bytes)
{
	bring(&first);
	until(&first_runs);
	bring(&second);
	until(&waits);
	usleep(1100 * 1000);
	set(&may_end);
	until(&short_ran);
}
END_TEST

static void put_off(struct rpc_work *w)
{
	(void)w;
	set(&second_runs);
	until(&waits);
	pthread_mutex_lock(&pool->lock);
	pool_put_off(pool, &quick, clock_deadline_ms(50));
	pthread_mutex_unlock(&pool->lock);
}

/* Who waits for bytes knows nothing of it. */
START_TEST(what_is_put_off_is_done_when_it_is_due)
{
	int64_t began = clock_now_ms();
	second.run = put_off;
	bring(&first);
	until(&first_runs);
	bring(&second);
	until(&short_ran);
	ck_assert_int_ge(clock_now_ms() - began, 50);
}
END_TEST

START_TEST(what_is_due_is_found_by_who_looks)
{
	bring(&first);
	until(&first_runs);
	pthread_mutex_lock(&pool->lock);
	pool_put_off(pool, &quick, clock_now_ms());
	pthread_mutex_unlock(&pool->lock);
	rpc_pool_look(pool);
	until(&short_ran);
	set(&second_runs);
}
END_TEST

#define N_TOGETHER 7
static size_t n_running;

static void run_together(struct rpc_work *w)
{
	(void)w;
	pthread_mutex_lock(&lock);
	n_running++;
	pthread_mutex_unlock(&lock);
	until(&may_end);
}

static bool are_running(size_t n)
{
	pthread_mutex_lock(&lock);
	bool running = n_running == n;
	pthread_mutex_unlock(&lock);
	return running;
}

static size_t pool_threads(void)
{
	pthread_mutex_lock(&pool->lock);
	size_t n = pool->n_threads;
	pthread_mutex_unlock(&pool->lock);
	return n;
}

/* One does it, and the others are idle no longer than they were. */
START_TEST(threads_do_not_end_early_because_something_is_due)
{
	static struct rpc_work works[N_TOGETHER];
	for (size_t i = 0; i < N_TOGETHER; i++) {
		works[i].run = run_together;
		bring(&works[i]);
		while (!are_running(i + 1))
			usleep(1000);
	}
	size_t n_threads = pool_threads();
	ck_assert_uint_ge(n_threads, N_TOGETHER);
	pthread_mutex_lock(&pool->lock);
	pool_put_off(pool, &quick, clock_deadline_ms(100));
	pthread_mutex_unlock(&pool->lock);
	set(&may_end);
	until(&short_ran);
	usleep(100 * 1000);
	ck_assert_uint_eq(pool_threads(), n_threads);
}
END_TEST

static void need_memory(struct rpc_work *w)
{
	(void)w;
	struct arena a;
	arena_init(&a, 1 << 20);
	ck_assert_ptr_nonnull(arena_alloc(&a, 900000));
	arena_fini(&a);
#ifndef __SANITIZE_ADDRESS__
	ck_assert(arena_trim_due_ms() != DEADLINE_NEVER);
#endif
	set(&short_ran);
}

START_TEST(memory_of_large_calls_goes_when_nobody_needs_it)
{
	int64_t deadline = SOON;
	set(&knows_time);
	quick.run = need_memory;
	bring(&quick);
	until(&short_ran);
	while (arena_trim_due_ms() != DEADLINE_NEVER) {
		ck_assert(clock_now_ms() < deadline);
		usleep(1000);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("rpc pool");
	TCase *tc = tcase_create("pool");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(
	    tc, nothing_is_left_behind_while_another_one_waits_for_bytes);
	tcase_add_test(tc, what_is_put_off_is_done_when_it_is_due);
	tcase_add_test(tc, what_is_due_is_found_by_who_looks);
	tcase_add_test(tc, threads_do_not_end_early_because_something_is_due);
	tcase_add_test(tc, memory_of_large_calls_goes_when_nobody_needs_it);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
