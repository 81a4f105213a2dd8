#include "zoom/pool.h"

#include "base/clock.h"
#include "zoom/client.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static struct zoom_pool pool;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	ck_assert(zoom_global_init(&err));
	zoom_pool_init(&pool, 2);
}

static void tear_down(void)
{
	zoom_pool_fini(&pool);
	zoom_global_fini();
}

static struct zoom_handle *take(int64_t timeout_ms)
{
	err_clear(&err);
	return zoom_pool_take(&pool, clock_deadline_ms(timeout_ms), &err);
}

START_TEST(the_warmest_handle_comes_back_first)
{
	struct zoom_handle *a = take(1000);
	struct zoom_handle *b = take(1000);
	ck_assert(a != NULL && b != NULL && a != b);
	zoom_pool_put(&pool, a);
	zoom_pool_put(&pool, b);
	ck_assert_ptr_eq(take(1000), b);
	ck_assert_ptr_eq(take(1000), a);
	zoom_pool_put(&pool, a);
	zoom_pool_put(&pool, b);
}
END_TEST

START_TEST(the_bound_holds)
{
	struct zoom_handle *a = take(1000);
	struct zoom_handle *b = take(1000);
	ck_assert_ptr_null(take(50));
	ck_assert_int_eq(err.code, ERR_BUSY);
	zoom_pool_put(&pool, a);
	ck_assert_ptr_eq(take(50), a);
	zoom_pool_put(&pool, a);
	zoom_pool_put(&pool, b);
}
END_TEST

START_TEST(a_handle_that_nobody_needs_is_closed)
{
	struct zoom_handle *a = take(1000);
	struct zoom_handle *b = take(1000);
	zoom_pool_put(&pool, a);
	a->put_ms -= (ZOOM_POOL_IDLE_S + 1) * 1000;
	zoom_pool_put(&pool, b);
	ck_assert_uint_eq(pool.n_handles, 1);
	ck_assert_ptr_eq(take(1000), b);
	zoom_pool_put(&pool, b);
}
END_TEST

START_TEST(trimming_closes_all_that_are_old_but_the_warmest)
{
	struct zoom_handle *a = take(1000);
	struct zoom_handle *b = take(1000);
	zoom_pool_put(&pool, a);
	zoom_pool_put(&pool, b);
	zoom_pool_trim(&pool);
	ck_assert_uint_eq(pool.n_handles, 2);
	a->put_ms -= (ZOOM_POOL_IDLE_S + 1) * 1000;
	b->put_ms -= (ZOOM_POOL_IDLE_S + 1) * 1000;
	zoom_pool_trim(&pool);
	zoom_pool_trim(&pool);
	ck_assert_uint_eq(pool.n_handles, 1);
	ck_assert_ptr_eq(take(1000), b);
	/* in use, and nobody's to close */
	zoom_pool_trim(&pool);
	ck_assert_uint_eq(pool.n_handles, 1);
	zoom_pool_put(&pool, b);
}
END_TEST

static void *put_soon(void *object)
{
	usleep(50 * 1000);
	zoom_pool_put(&pool, object);
	return NULL;
}

START_TEST(who_waits_gets_the_handle_that_comes_back)
{
	pthread_t thread;
	struct zoom_handle *a = take(1000);
	struct zoom_handle *b = take(1000);
	pthread_create(&thread, NULL, put_soon, a);
	ck_assert_ptr_eq(take(5000), a);
	pthread_join(thread, NULL);
	zoom_pool_put(&pool, a);
	zoom_pool_put(&pool, b);
}
END_TEST

static void *stop_soon(void *object)
{
	usleep(50 * 1000);
	zoom_pool_stop(object);
	return NULL;
}

START_TEST(stopping_ends_waits_and_sleeps)
{
	pthread_t thread;
	struct zoom_handle *a = take(1000);
	struct zoom_handle *b = take(1000);
	int64_t start_ms = clock_now_ms();
	pthread_create(&thread, NULL, stop_soon, &pool);
	ck_assert_ptr_null(take(5000));
	ck_assert_int_eq(err.code, ERR_CLOSED);
	ck_assert(!zoom_pool_sleep(&pool, clock_deadline_ms(5000)));
	ck_assert_int_lt(clock_now_ms() - start_ms, 2000);
	pthread_join(thread, NULL);
	zoom_pool_put(&pool, a);
	zoom_pool_put(&pool, b);
}
END_TEST

START_TEST(a_sleep_lasts_to_its_end)
{
	int64_t until_ms = clock_deadline_ms(60);
	ck_assert(zoom_pool_sleep(&pool, until_ms));
	ck_assert_int_ge(clock_now_ms(), until_ms);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_pool");
	TCase *tests = tcase_create("pool");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, the_warmest_handle_comes_back_first);
	tcase_add_test(tests, the_bound_holds);
	tcase_add_test(tests, a_handle_that_nobody_needs_is_closed);
	tcase_add_test(tests, trimming_closes_all_that_are_old_but_the_warmest);
	tcase_add_test(tests, who_waits_gets_the_handle_that_comes_back);
	tcase_add_test(tests, stopping_ends_waits_and_sleeps);
	tcase_add_test(tests, a_sleep_lasts_to_its_end);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
