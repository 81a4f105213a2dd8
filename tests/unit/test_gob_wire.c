/* Numbers and strings at every boundary. */
#include "gob/wire.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct buf out;

static void set_up(void)
{
	buf_init(&out, 1024);
}

static void tear_down(void)
{
	buf_fini(&out);
}

static void expect_bytes(const char *bytes, size_t n)
{
	ck_assert_uint_eq(out.len, n);
	ck_assert_mem_eq(out.data, bytes, n);
	buf_reset(&out, 0);
}

static void expect_uint(uint64_t u, const char *bytes, size_t n)
{
	uint64_t again;
	wire_put_uint(&out, u);
	const uint8_t *p = out.data, *end = p + out.len;
	ck_assert(wire_get_uint(&p, end, &again));
	ck_assert_uint_eq(again, u);
	ck_assert_ptr_eq(p, end);
	expect_bytes(bytes, n);
}

static void expect_int(int64_t i, const char *bytes, size_t n)
{
	int64_t again;
	wire_put_int(&out, i);
	const uint8_t *p = out.data, *end = p + out.len;
	ck_assert(wire_get_int(&p, end, &again));
	ck_assert_int_eq(again, i);
	ck_assert_ptr_eq(p, end);
	expect_bytes(bytes, n);
}

START_TEST(a_uint_takes_as_few_bytes_as_it_can)
{
	expect_uint(0, "\0", 1);
	expect_uint(127, "\x7f", 1);
	expect_uint(128, "\xff\x80", 2);
	expect_uint(255, "\xff\xff", 2);
	expect_uint(256, "\xfe\1\0", 3);
	expect_uint(65535, "\xfe\xff\xff", 3);
	expect_uint(65536, "\xfd\1\0\0", 4);
	expect_uint(1ull << 32, "\xfb\1\0\0\0\0", 6);
	expect_uint(UINT64_MAX, "\xf8\xff\xff\xff\xff\xff\xff\xff\xff", 9);
}
END_TEST

START_TEST(every_power_of_two_comes_back)
{
	for (int i = 0; i < 64; i++) {
		const uint64_t numbers[2] = { 1ull << i, (1ull << i) - 1 };
		for (int k = 0; k < 2; k++) {
			uint64_t again;
			wire_put_uint(&out, numbers[k]);
			const uint8_t *p = out.data;
			ck_assert(wire_get_uint(&p, p + out.len, &again));
			ck_assert_uint_eq(again, numbers[k]);
			buf_reset(&out, 0);
		}
	}
}
END_TEST

START_TEST(an_int_keeps_its_sign_in_the_lowest_bit)
{
	expect_int(0, "\0", 1);
	expect_int(-1, "\1", 1);
	expect_int(1, "\2", 1);
	expect_int(63, "\x7e", 1);
	expect_int(-64, "\x7f", 1);
	expect_int(64, "\xff\x80", 2);
	expect_int(-65, "\xff\x81", 2);
	expect_int(INT64_MAX, "\xf8\xff\xff\xff\xff\xff\xff\xff\xfe", 9);
	expect_int(INT64_MIN, "\xf8\xff\xff\xff\xff\xff\xff\xff\xff", 9);
}
END_TEST

START_TEST(a_float_is_sent_with_its_bytes_reversed)
{
	wire_put_float(&out, 0);
	expect_bytes("\0", 1);
	wire_put_float(&out, 1);
	expect_bytes("\xfe\xf0\x3f", 3);
	wire_put_float(&out, 17);
	expect_bytes("\xfe\x31\x40", 3);
}
END_TEST

START_TEST(odd_floats_come_back)
{
	const double floats[] = { -0.0, 1e308, -5e-324, INFINITY, 0.1 };
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) {
		double again = 0;
		wire_put_float(&out, floats[i]);
		const uint8_t *p = out.data;
		ck_assert(wire_get_float(&p, p + out.len, &again));
		/* to the bit: -0.0 is not 0 */
		ck_assert_double_eq(again, floats[i]);
		ck_assert_int_eq(signbit(again) != 0, signbit(floats[i]) != 0);
		buf_reset(&out, 0);
	}
}
END_TEST

START_TEST(a_string_is_a_view_into_the_input)
{
	struct str s;
	wire_put_str(&out, S("hello"));
	const uint8_t *p = out.data;
	ck_assert(wire_get_str(&p, p + out.len, &s));
	ck_assert(str_eq(s, S("hello")));
	ck_assert_ptr_eq(s.data, out.data + 1);
}
END_TEST

START_TEST(no_reader_goes_behind_the_end)
{
	static const uint8_t cut[][2] = { { 0xff }, { 0xf8, 1 }, { 0xfe, 1 } };
	for (size_t i = 0; i < 3; i++) {
		uint8_t *copy = malloc(2);
		memcpy(copy, cut[i], 2);
		const uint8_t *end = copy + (i == 0 ? 1 : 2);
		const uint8_t *p = copy;
		uint64_t u;
		int64_t n;
		double f;
		struct str s;
		ck_assert(!wire_get_uint(&p, end, &u));
		p = copy;
		ck_assert(!wire_get_int(&p, end, &n));
		p = copy;
		ck_assert(!wire_get_float(&p, end, &f));
		p = copy;
		ck_assert(!wire_get_str(&p, end, &s));
		p = end;
		ck_assert(!wire_get_uint(&p, end, &u));
		free(copy);
	}
}
END_TEST

START_TEST(a_count_of_more_than_eight_bytes_is_no_number)
{
	const uint8_t bytes[16] = { 0xf7, 1 };
	const uint8_t *p = bytes;
	uint64_t u;
	ck_assert(!wire_get_uint(&p, bytes + sizeof(bytes), &u));
	const uint8_t worst[16] = { 0x80, 1 };
	p = worst;
	ck_assert(!wire_get_uint(&p, worst + sizeof(worst), &u));
}
END_TEST

START_TEST(a_string_longer_than_the_input_is_refused)
{
	const uint8_t bytes[] = { 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 'x' };
	const uint8_t *p = bytes;
	struct str s;
	ck_assert(!wire_get_str(&p, bytes + sizeof(bytes), &s));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gob wire");
	TCase *tc = tcase_create("wire");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_uint_takes_as_few_bytes_as_it_can);
	tcase_add_test(tc, every_power_of_two_comes_back);
	tcase_add_test(tc, an_int_keeps_its_sign_in_the_lowest_bit);
	tcase_add_test(tc, a_float_is_sent_with_its_bytes_reversed);
	tcase_add_test(tc, odd_floats_come_back);
	tcase_add_test(tc, a_string_is_a_view_into_the_input);
	tcase_add_test(tc, no_reader_goes_behind_the_end);
	tcase_add_test(tc, a_count_of_more_than_eight_bytes_is_no_number);
	tcase_add_test(tc, a_string_longer_than_the_input_is_refused);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
