/* Threads and the size of their stacks. */
#include "base/thread.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

static void *size_of_own_stack(void *arg)
{
	pthread_attr_t attr;
	void *start = NULL;
	ck_assert_int_eq(pthread_getattr_np(pthread_self(), &attr), 0);
	ck_assert_int_eq(pthread_attr_getstack(&attr, &start, arg), 0);
	pthread_attr_destroy(&attr);
	return NULL;
}

START_TEST(a_thread_has_the_stack_that_was_asked_for)
{
	static const size_t sizes[] = { THREAD_SMALL_STACK, 1 << 20 };
	size_t asked = sizes[_i];
	size_t got = 0;
	pthread_t thread;
	ck_assert(thread_start(&thread, asked, size_of_own_stack, &got));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_ge(got, asked);
#ifndef __SANITIZE_THREAD__ /* which makes small stacks larger */
	ck_assert_uint_lt(got, asked + ((size_t)64 << 10));
#endif
}
END_TEST

START_TEST(a_stack_that_cannot_be_is_refused)
{
	pthread_t thread;
	errno = 0;
	ck_assert(!thread_start(&thread, 1, size_of_own_stack, NULL));
	ck_assert_int_eq(errno, EINVAL);
	errno = 0;
	ck_assert(
	    !thread_start(&thread, SIZE_MAX / 4 + 1, size_of_own_stack, NULL));
	ck_assert_int_ne(errno, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base thread");
	TCase *tc = tcase_create("thread");
	tcase_add_loop_test(
	    tc, a_thread_has_the_stack_that_was_asked_for, 0, 2);
	tcase_add_test(tc, a_stack_that_cannot_be_is_refused);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
