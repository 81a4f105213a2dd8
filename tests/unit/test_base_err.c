/* Why something did not work: the first reason stays. */
#include "base/err.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

START_TEST(setting_an_error_returns_false)
{
	struct err err = { 0 };
	ck_assert(!err_set(&err, ERR_DENIED, "no %s", "way"));
	ck_assert_int_eq(err.code, ERR_DENIED);
	ck_assert_str_eq(err.text, "no way");
}
END_TEST

START_TEST(the_first_error_stays)
{
	struct err err = { 0 };
	err_set(&err, ERR_DENIED, "first");
	err_set(&err, ERR_IO, "second");
	errno = ENOENT;
	err_set_errno(&err, "third");
	ck_assert_int_eq(err.code, ERR_DENIED);
	ck_assert_str_eq(err.text, "first");
}
END_TEST

START_TEST(an_error_of_the_system_says_which)
{
	struct err err = { 0 };
	errno = ENOENT;
	ck_assert(!err_set_errno(&err, "opening %d", 1));
	ck_assert_int_eq(err.code, ERR_IO);
	ck_assert_str_eq(err.text, "opening 1: No such file or directory");
}
END_TEST

START_TEST(context_goes_in_front)
{
	struct err err = { 0 };
	err_set(&err, ERR_IO, "inner");
	ck_assert(!err_wrap(&err, "outer %d", 1));
	ck_assert_str_eq(err.text, "outer 1: inner");
	ck_assert_int_eq(err.code, ERR_IO);
}
END_TEST

START_TEST(long_texts_are_cut)
{
	struct err err = { 0 };
	err_set(&err, ERR_IO, "%1000d", 1);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	err_wrap(&err, "%1000d", 2);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	struct err system = { 0 };
	errno = ENOENT;
	err_set_errno(&system, "%250d", 3);
	ck_assert_uint_eq(strlen(system.text), sizeof(system.text) - 1);
}
END_TEST

START_TEST(a_cleared_error_can_be_set_again)
{
	struct err err = { 0 };
	err_set(&err, ERR_IO, "first");
	err_clear(&err);
	ck_assert_int_eq(err.code, ERR_NONE);
	err_set(&err, ERR_BUSY, "second");
	ck_assert_str_eq(err.text, "second");
}
END_TEST

START_TEST(every_code_has_a_text_of_its_own)
{
	for (enum err_code a = ERR_NONE; a <= ERR_BUSY; a++) {
		ck_assert_ptr_nonnull(err_code_text(a));
		for (enum err_code b = ERR_NONE; b < a; b++)
			ck_assert_str_ne(err_code_text(a), err_code_text(b));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base err");
	TCase *tc = tcase_create("err");
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, setting_an_error_returns_false);
	tcase_add_test(tc, the_first_error_stays);
	tcase_add_test(tc, an_error_of_the_system_says_which);
	tcase_add_test(tc, context_goes_in_front);
	tcase_add_test(tc, long_texts_are_cut);
	tcase_add_test(tc, a_cleared_error_can_be_set_again);
	tcase_add_test(tc, every_code_has_a_text_of_its_own);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
