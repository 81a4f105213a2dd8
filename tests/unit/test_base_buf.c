/* A byte buffer that grows up to its cap. */
#include "base/buf.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct buf b;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	buf_init(&b, 100);
}

static void tear_down(void)
{
	buf_fini(&b);
}

static void expect(const char *text)
{
	ck_assert(buf_ok(&b, &err));
	ck_assert(str_eq(buf_str(&b), str_from(text)));
}

START_TEST(everything_is_appended)
{
	buf_put(&b, "ab", 2);
	buf_put_byte(&b, 'c');
	buf_put_str(&b, S("de"));
	buf_printf(&b, "%d", 42);
	buf_put(&b, NULL, 0);
	expect("abcde42");
}
END_TEST

START_TEST(the_cap_can_be_reached_but_not_passed)
{
	char text[100];
	memset(text, 'x', sizeof(text));
	buf_put(&b, text, 100);
	ck_assert(buf_ok(&b, &err));
	buf_put_byte(&b, 'y');
	ck_assert(!buf_ok(&b, &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_uint_eq(b.len, 100);
	ck_assert_uint_le(b.room, 100);
}
END_TEST

START_TEST(after_a_fault_nothing_is_appended)
{
	ck_assert_ptr_null(buf_reserve(&b, 101));
	buf_put(&b, "ab", 2);
	buf_printf(&b, "cd");
	buf_insert(&b, 0, "ef", 2);
	ck_assert_uint_eq(b.len, 0);
	ck_assert(!buf_ok(&b, &err));
}
END_TEST

START_TEST(a_length_near_the_largest_number_is_refused)
{
	buf_put_byte(&b, 'x');
	ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX));
	ck_assert_int_eq(b.fault, ERR_TOO_BIG);
}
END_TEST

START_TEST(bytes_are_inserted_anywhere)
{
	buf_put_str(&b, S("ad"));
	buf_insert(&b, 1, "bc", 2);
	buf_insert(&b, 0, ">", 1);
	buf_insert(&b, 5, "<", 1);
	expect(">abcd<");
}
END_TEST

START_TEST(bytes_are_dropped_from_the_front_and_the_end)
{
	buf_put_str(&b, S("abcdef"));
	buf_drop(&b, 2);
	expect("cdef");
	buf_drop(&b, 0);
	buf_cut(&b, 3);
	expect("cde");
	buf_drop(&b, 3);
	expect("");
}
END_TEST

START_TEST(reserved_room_can_be_written)
{
	uint8_t *p = buf_reserve(&b, 100);
	ck_assert_ptr_nonnull(p);
	memset(p, 'x', 100);
	ck_assert_uint_eq(b.len, 0);
	b.len = 100;
	ck_assert(buf_ok(&b, &err));
}
END_TEST

START_TEST(a_reset_clears_the_fault_and_gives_memory_back)
{
	buf_put_str(&b, S("abc"));
	buf_reserve(&b, 1000);
	buf_reset(&b, 100);
	ck_assert_ptr_nonnull(b.data);
	expect("");
	buf_put_str(&b, S("again"));
	buf_reset(&b, 0);
	ck_assert_ptr_null(b.data);
	buf_put_str(&b, S("and again"));
	expect("and again");
}
END_TEST

START_TEST(zeroed_memory_is_a_buffer_in_which_nothing_fits)
{
	struct buf zero = { 0 };
	buf_put_byte(&zero, 'x');
	ck_assert_int_eq(zero.fault, ERR_TOO_BIG);
	buf_fini(&zero);
	buf_fini(&zero);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base buf");
	TCase *tc = tcase_create("buf");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, everything_is_appended);
	tcase_add_test(tc, the_cap_can_be_reached_but_not_passed);
	tcase_add_test(tc, after_a_fault_nothing_is_appended);
	tcase_add_test(tc, a_length_near_the_largest_number_is_refused);
	tcase_add_test(tc, bytes_are_inserted_anywhere);
	tcase_add_test(tc, bytes_are_dropped_from_the_front_and_the_end);
	tcase_add_test(tc, reserved_room_can_be_written);
	tcase_add_test(tc, a_reset_clears_the_fault_and_gives_memory_back);
	tcase_add_test(tc, zeroed_memory_is_a_buffer_in_which_nothing_fits);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
