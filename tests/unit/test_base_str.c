/* Bytes with a length. */
#include "base/str.h"

#include <check.h>
#include <stdlib.h>

static const struct str none = { NULL, 0 };

static void expect(struct str s, const char *text)
{
	ck_assert_msg(str_eq(s, str_from(text)), "got '%.*s', want '%s'",
	    STR_ARG(s), text);
}

START_TEST(a_str_is_made_of_anything)
{
	expect(str_from("abc"), "abc");
	expect(str_from(NULL), "");
	expect(str_n("abcdef", 3), "abc");
	expect(S("abc"), "abc");
	ck_assert_str_eq(str_c(none), "");
	ck_assert_str_eq(str_c(S("abc")), "abc");
}
END_TEST

START_TEST(equal_is_equal_in_every_byte)
{
	ck_assert(str_eq(none, S("")));
	ck_assert(str_eq(S("a\0b"), S("a\0b")));
	ck_assert(!str_eq(S("a\0b"), S("a\0c")));
	ck_assert(!str_eq(S("a"), S("ab")));
	ck_assert(str_eq_nocase(S("Content-Type"), S("content-tYPE")));
	ck_assert(!str_eq_nocase(S("a"), S("b")));
	ck_assert(str_eq_nocase(none, none));
}
END_TEST

START_TEST(secrets_are_compared_like_others)
{
	ck_assert(str_eq_constant_time(S("abc"), S("abc")));
	ck_assert(!str_eq_constant_time(S("abc"), S("abd")));
	ck_assert(!str_eq_constant_time(S("abc"), S("Xbc")));
	ck_assert(!str_eq_constant_time(S("abc"), S("ab")));
	ck_assert(str_eq_constant_time(none, none));
}
END_TEST

START_TEST(beginnings_and_ends_are_recognised)
{
	ck_assert(str_has_prefix(S("/zoom start"), S("/zoom")));
	ck_assert(!str_has_prefix(S("/zo"), S("/zoom")));
	ck_assert(str_has_prefix(none, none));
	ck_assert(str_has_suffix(S("a.json"), S(".json")));
	ck_assert(!str_has_suffix(S("json"), S(".json")));
	ck_assert(str_has_suffix(S("a"), none));
}
END_TEST

START_TEST(a_part_is_clamped)
{
	expect(str_sub(S("abcdef"), 2, 3), "cde");
	expect(str_sub(S("abcdef"), 4, 100), "ef");
	expect(str_sub(S("abcdef"), 6, 1), "");
	expect(str_sub(S("abcdef"), 100, 1), "");
	expect(str_sub(S("abcdef"), 1, SIZE_MAX), "bcdef");
	expect(str_sub(none, 0, 1), "");
}
END_TEST

START_TEST(white_space_is_trimmed)
{
	expect(str_trim(S(" \t\r\n a b \v\f ")), "a b");
	expect(str_trim(S("   ")), "");
	expect(str_trim(none), "");
}
END_TEST

START_TEST(a_str_is_cut_at_the_first_separator)
{
	struct str before, after;
	ck_assert(str_cut(S("a=b=c"), '=', &before, &after));
	expect(before, "a");
	expect(after, "b=c");
	ck_assert(str_cut(S("="), '=', &before, &after));
	expect(before, "");
	expect(after, "");
	ck_assert(!str_cut(S("abc"), '=', &before, &after));
	expect(before, "abc");
	expect(after, "");
	ck_assert(!str_cut(none, '=', &before, &after));
}
END_TEST

START_TEST(words_are_taken_one_by_one)
{
	struct str rest = S("  start  my\tmeeting ");
	expect(str_word(&rest), "start");
	expect(rest, "my\tmeeting");
	expect(str_word(&rest), "my");
	expect(str_word(&rest), "meeting");
	expect(rest, "");
	expect(str_word(&rest), "");
}
END_TEST

static void expect_number(const char *text, int64_t want)
{
	int64_t value = 1;
	ck_assert_msg(str_to_int64(str_from(text), &value), "%s", text);
	ck_assert_int_eq(value, want);
}

START_TEST(numbers_are_read_up_to_their_limits)
{
	expect_number("0", 0);
	expect_number("-0", 0);
	expect_number("007", 7);
	expect_number("-42", -42);
	expect_number("9223372036854775807", INT64_MAX);
	expect_number("-9223372036854775808", INT64_MIN);
}
END_TEST

START_TEST(anything_else_is_no_number)
{
	static const char *const all[] = { "", "-", "+1", " 1", "1 ", "1.0",
		"0x1", "--1", "9223372036854775808", "-9223372036854775809",
		"99999999999999999999999" };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int64_t value = 1;
		ck_assert_msg(
		    !str_to_int64(str_from(all[i]), &value), "%s", all[i]);
		ck_assert_int_eq(value, 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base str");
	TCase *tc = tcase_create("str");
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, a_str_is_made_of_anything);
	tcase_add_test(tc, equal_is_equal_in_every_byte);
	tcase_add_test(tc, secrets_are_compared_like_others);
	tcase_add_test(tc, beginnings_and_ends_are_recognised);
	tcase_add_test(tc, a_part_is_clamped);
	tcase_add_test(tc, white_space_is_trimmed);
	tcase_add_test(tc, a_str_is_cut_at_the_first_separator);
	tcase_add_test(tc, words_are_taken_one_by_one);
	tcase_add_test(tc, numbers_are_read_up_to_their_limits);
	tcase_add_test(tc, anything_else_is_no_number);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
