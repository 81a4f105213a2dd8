/* Times and deadlines. */
#include "base/clock.h"

#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond;

START_TEST(a_deadline_lies_ahead)
{
	int64_t now = clock_now_ms();
	int64_t deadline = clock_deadline_ms(1000);
	ck_assert_int_ge(deadline, now + 1000);
	ck_assert_int_lt(deadline, now + 2000);
}
END_TEST

START_TEST(a_deadline_beyond_all_numbers_is_never)
{
	ck_assert(clock_deadline_ms(INT64_MAX) == DEADLINE_NEVER);
}
END_TEST

START_TEST(poll_gets_what_is_left)
{
	ck_assert_int_eq(clock_poll_ms(DEADLINE_NEVER), -1);
	ck_assert_int_eq(clock_poll_ms(0), 0);
	ck_assert_int_eq(clock_poll_ms(clock_now_ms() - 5), 0);
	ck_assert_int_eq(clock_poll_ms(DEADLINE_NEVER - 1), INT_MAX);
	int left = clock_poll_ms(clock_deadline_ms(1000));
	ck_assert_int_gt(left, 500);
	ck_assert_int_le(left, 1000);
}
END_TEST

START_TEST(the_wall_clock_counts_from_1970)
{
	int64_t off = clock_wall_ms() - (int64_t)time(NULL) * 1000;
	ck_assert_int_gt(off, -2000);
	ck_assert_int_lt(off, 2000);
}
END_TEST

START_TEST(waiting_ends_at_the_deadline)
{
	int64_t deadline = clock_deadline_ms(30);
	clock_cond_init(&cond);
	pthread_mutex_lock(&lock);
	ck_assert(!clock_wait(&cond, &lock, deadline));
	pthread_mutex_unlock(&lock);
	ck_assert_int_ge(clock_now_ms(), deadline);
	pthread_cond_destroy(&cond);
}
END_TEST

START_TEST(a_deadline_of_the_past_is_over_at_once)
{
	clock_cond_init(&cond);
	pthread_mutex_lock(&lock);
	ck_assert(!clock_wait(&cond, &lock, 0));
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&cond);
}
END_TEST

static bool ready;

static void *make_ready(void *arg)
{
	pthread_mutex_lock(&lock);
	ready = true;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&lock);
	return arg;
}

static void expect_signal(int64_t deadline_ms)
{
	pthread_t thread;
	ready = false;
	clock_cond_init(&cond);
	pthread_mutex_lock(&lock);
	pthread_create(&thread, NULL, make_ready, NULL);
	while (!ready)
		ck_assert(clock_wait(&cond, &lock, deadline_ms));
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	pthread_cond_destroy(&cond);
}

START_TEST(waiting_ends_with_the_signal)
{
	expect_signal(clock_deadline_ms(8000));
	expect_signal(DEADLINE_NEVER);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base clock");
	TCase *tc = tcase_create("clock");
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, a_deadline_lies_ahead);
	tcase_add_test(tc, a_deadline_beyond_all_numbers_is_never);
	tcase_add_test(tc, poll_gets_what_is_left);
	tcase_add_test(tc, the_wall_clock_counts_from_1970);
	tcase_add_test(tc, waiting_ends_at_the_deadline);
	tcase_add_test(tc, a_deadline_of_the_past_is_over_at_once);
	tcase_add_test(tc, waiting_ends_with_the_signal);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
