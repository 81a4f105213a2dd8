/* Values that fit, values that do not, and what is left after either. */
#include "tests/lib/gobs.h"

#include "gob/wire.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct gobs g;

static void set_up(void)
{
	gobs_init(&g, 0);
}

static void tear_down(void)
{
	gobs_fini(&g);
}

static void string_ok(void)
{
	gobs_message_hex(&g, "0c 00 02 6f6b");
}

/* ---- scalars ------------------------------------------------------------------- */

static void expect_int(const struct gob_type *type, int64_t i, bool fits)
{
	struct buf b;
	int64_t value = 0;
	buf_init(&b, 64);
	buf_put(&b, "\4\0", 2);
	wire_put_int(&b, i);
	gobs_message(&g, b.data, b.len);
	buf_fini(&b);
	if (fits) {
		ck_assert_msg(gobs_decode(&g, type, &value), "%s", g.err.text);
		ck_assert_int_eq(value, i);
	} else {
		gobs_expect_soft(&g, type, ERR_INVALID);
	}
}

START_TEST(ints_have_the_width_of_go)
{
	expect_int(&gob_type_int8, 127, true);
	expect_int(&gob_type_int8, 128, false);
	expect_int(&gob_type_int8, -128, true);
	expect_int(&gob_type_int8, -129, false);
	expect_int(&gob_type_int16, INT16_MAX, true);
	expect_int(&gob_type_int16, INT16_MAX + 1, false);
	expect_int(&gob_type_int32, INT32_MIN, true);
	expect_int(&gob_type_int32, (int64_t)INT32_MIN - 1, false);
	expect_int(&gob_type_int64, INT64_MIN, true);
	expect_int(&gob_type_int64, INT64_MAX, true);
}
END_TEST

static void expect_uint(const struct gob_type *type, uint64_t u, bool fits)
{
	struct buf b;
	uint64_t value = 0;
	buf_init(&b, 64);
	buf_put(&b, "\6\0", 2);
	wire_put_uint(&b, u);
	gobs_message(&g, b.data, b.len);
	buf_fini(&b);
	if (fits) {
		ck_assert_msg(gobs_decode(&g, type, &value), "%s", g.err.text);
		ck_assert_uint_eq(value, u);
	} else {
		gobs_expect_soft(&g, type, ERR_INVALID);
	}
}

START_TEST(uints_have_the_width_of_go)
{
	expect_uint(&gob_type_uint8, 255, true);
	expect_uint(&gob_type_uint8, 256, false);
	expect_uint(&gob_type_uint16, 65536, false);
	expect_uint(&gob_type_uint32, UINT32_MAX, true);
	expect_uint(&gob_type_uint32, (uint64_t)UINT32_MAX + 1, false);
	expect_uint(&gob_type_uint64, UINT64_MAX, true);
}
END_TEST

START_TEST(times_keep_their_zone)
{
	struct gob_time t = { 0 };
	gobs_message_hex(&g, "ff81 05 00 00");
	gobs_message_hex(&g, "ff82 00 0f 01 0000000e7791f700 00000001 ffc4");
	ck_assert_msg(gobs_decode(&g, &gob_type_time, &t), "%s", g.err.text);
	ck_assert_int_eq(t.seconds, GOB_TIME_UNIX);
	ck_assert_int_eq(t.nanoseconds, 1);
	ck_assert_int_eq(t.offset_min, -60);
	ck_assert(t.local);
}
END_TEST

START_TEST(times_may_have_seconds_of_offset)
{
	struct gob_time t = { 0 };
	gobs_message_hex(&g, "ff81 05 00 00");
	gobs_message_hex(&g, "ff82 00 10 02 0000000e7791f700 00000000 003c 07");
	ck_assert(gobs_decode(&g, &gob_type_time, &t));
	ck_assert_int_eq(t.offset_min, 60);
}
END_TEST

START_TEST(a_malformed_time_fails_alone)
{
	gobs_message_hex(&g, "ff81 05 00 00");
	gobs_message_hex(&g, "ff82 00 03 01 00 00");
	gobs_message_hex(&g, "ff82 00 00");
	string_ok();
	gobs_expect_soft(&g, &gob_type_time, ERR_INVALID);
	gobs_expect_soft(&g, &gob_type_time, ERR_INVALID);
	gobs_expect_string(&g, "ok");
}
END_TEST

/* ---- values that do not fit ------------------------------------------------------- */

START_TEST(a_value_of_another_kind_fails_alone)
{
	gobs_message_hex(&g, "06 00 2a");
	string_ok();
	gobs_expect_soft(&g, &gob_type_string, ERR_INVALID);
	gobs_expect_string(&g, "ok");
}
END_TEST

START_TEST(an_element_that_does_not_fit_fails_the_whole_value_alone)
{
	static const struct gob_type bytes = {
		.kind = GOB_SLICE,
		.name = "[]int8",
		.size = sizeof(struct gob_slice),
		.elem = &gob_type_int8,
	};
	gobs_message_hex(&g, "ff81 02 02 04 00 00");
	gobs_message_hex(&g, "ff82 00 03 02 fe1000 04");
	string_ok();
	gobs_expect_soft(&g, &bytes, ERR_INVALID);
	gobs_expect_string(&g, "ok");
}
END_TEST

START_TEST(a_value_above_the_arena_fails_alone)
{
	struct buf b;
	buf_init(&b, 1 << 22);
	buf_put(&b, "\14\0", 2);
	wire_put_uint(&b, 2 << 20);
	memset(buf_reserve(&b, 2 << 20), 'x', 2 << 20);
	b.len += 2 << 20;
	gobs_message(&g, b.data, b.len);
	buf_fini(&b);
	string_ok();
	gobs_expect_soft(&g, &gob_type_string, ERR_TOO_BIG);
	arena_fini(&g.arena);
	arena_init(&g.arena, 1 << 20);
	gobs_expect_string(&g, "ok");
}
END_TEST

/* ---- absurd counts ------------------------------------------------------------------ */

START_TEST(a_count_is_believed_only_as_far_as_elements_come)
{
	gobs_message_hex(&g, "ff81 02 02 0c 00 00");
	gobs_message_hex(&g, "ff82 00 f8ffffffffffffffff 01 61");
	gobs_expect_broken(&g, &gob_type_strings);
	ck_assert_uint_lt(g.arena.used, 16384);
}
END_TEST

START_TEST(a_map_of_2_to_the_64_entries_is_refused)
{
	gobs_message_hex(&g, "ff81 04 02 0c 01 10 00 00");
	gobs_message_hex(&g, "ff82 00 f8ffffffffffffffff");
	gobs_expect_broken(&g, NULL);
	ck_assert_uint_lt(g.arena.used, 16384);
}
END_TEST

START_TEST(a_string_longer_than_its_message_is_refused)
{
	gobs_message_hex(&g, "0c 00 fa010000000000 61");
	gobs_expect_broken(&g, &gob_type_string);
	ck_assert_uint_lt(g.arena.used, 16384);
}
END_TEST

START_TEST(an_absurd_message_length_allocates_nothing)
{
	/* 60 MiB are announced, ten bytes come */
	gobs_hex(&g, "fd3c00000c0002616161616161");
	gobs_expect_broken(&g, &gob_type_string);
	ck_assert_uint_lt(g.decoder.input.room, 65536);
}
END_TEST

START_TEST(an_empty_message_is_refused)
{
	gobs_hex(&g, "00");
	gobs_expect_broken(&g, &gob_type_string);
}
END_TEST

START_TEST(an_array_has_as_many_elements_as_its_type)
{
	static const struct gob_type pair = {
		.kind = GOB_ARRAY,
		.name = "[2]int",
		.size = 2 * sizeof(int64_t),
		.elem = &gob_type_int64,
		.len = 2,
	};
	int64_t value[2] = { 0 };
	gobs_message_hex(&g, "ff81 01 02 04 01 04 00 00");
	gobs_message_hex(&g, "ff82 00 02 02 04");
	gobs_message_hex(&g, "ff82 00 03 02 04 06");
	ck_assert_msg(gobs_decode(&g, &pair, value), "%s", g.err.text);
	ck_assert_int_eq(value[0], 1);
	ck_assert_int_eq(value[1], 2);
	gobs_expect_broken(&g, &pair);
}
END_TEST

/* ---- messages above the cap ---------------------------------------------------------- */

static void big_string(size_t n)
{
	struct buf b;
	buf_init(&b, n + 64);
	buf_put(&b, "\14\0", 2);
	wire_put_uint(&b, n);
	memset(buf_reserve(&b, n), 'x', n);
	b.len += n;
	gobs_message(&g, b.data, b.len);
	buf_fini(&b);
}

static void small_messages_only(void)
{
	tear_down();
	gobs_init(&g, 1000);
}

START_TEST(a_message_at_the_cap_is_taken)
{
	struct str s = { 0 };
	small_messages_only();
	big_string(1000 - 5);
	ck_assert_msg(gobs_decode(&g, &gob_type_string, &s), "%s", g.err.text);
	ck_assert_uint_eq(s.len, 995);
}
END_TEST

START_TEST(a_message_above_the_cap_fails_alone)
{
	small_messages_only();
	big_string(1000 - 4);
	big_string(5000000);
	string_ok();
	gobs_expect_soft(&g, &gob_type_string, ERR_TOO_BIG);
	gobs_expect_soft(&g, &gob_type_string, ERR_TOO_BIG);
	gobs_expect_string(&g, "ok");
	ck_assert_uint_lt(g.decoder.input.room, 131072);
}
END_TEST

START_TEST(a_message_above_the_cap_that_may_be_cut_ends_the_stream)
{
	struct buf b;
	small_messages_only();
	gobs_message_hex(&g, "ff81 04 02 0c 01 10 00 00");
	buf_init(&b, 10000);
	buf_put(&b, "\xff\x82\0", 3);
	memset(buf_reserve(&b, 2000), 0, 2000);
	b.len += 2000;
	gobs_message(&g, b.data, b.len);
	buf_fini(&b);
	gobs_expect_broken(&g, &gob_type_any_map);
}
END_TEST

START_TEST(a_definition_above_the_cap_ends_the_stream)
{
	char bytes[2000] = "\xff\x81\3";
	small_messages_only();
	gobs_message(&g, bytes, sizeof(bytes));
	gobs_expect_broken(&g, &gob_type_string);
}
END_TEST

/* ---- nesting ----------------------------------------------------------------------------- */

/* { "k": { "k": ... true } }, n maps deep, as Go nests what JSON gave it. The
 * byte counts in front of the values are of no use to a decoder: left 0. */
static void nested_maps(size_t n)
{
	static const char level[] = "\1\1k\x17map[string]interface {}"
	                            "\xff\x82\0\0";
	struct buf b;
	buf_init(&b, 1 << 25);
	buf_put(&b, "\xff\x82\0", 3);
	for (size_t i = 1; i < n; i++)
		buf_put(&b, level, sizeof(level) - 1);
	buf_put(&b, "\1\1k\4bool\2\0\0\1", 12);
	gobs_message_hex(&g, "ff81 04 02 0c 01 10 00 00");
	gobs_message(&g, b.data, b.len);
	buf_fini(&b);
}

START_TEST(maps_may_nest_as_deep_as_props_do)
{
	struct gob_any_map map = { 0 };
	nested_maps(30);
	ck_assert_msg(
	    gobs_decode(&g, &gob_type_any_map, &map), "%s", g.err.text);
	const struct gob_any_map *at = &map;
	for (int i = 1; i < 30; i++)
		at = gob_any_get_map(gob_any_map_get(at, S("k")));
	ck_assert(gob_any_get_bool(gob_any_map_get(at, S("k"))));
}
END_TEST

START_TEST(maps_nested_deeper_than_the_limit_fail_alone)
{
	nested_maps(GOB_MAX_DEPTH);
	string_ok();
	gobs_expect_soft(&g, &gob_type_any_map, ERR_TOO_BIG);
	gobs_expect_string(&g, "ok");
}
END_TEST

START_TEST(maps_nested_a_hundred_thousand_deep_fail_alone)
{
	nested_maps(100000);
	string_ok();
	gobs_expect_soft(&g, &gob_type_any_map, ERR_TOO_BIG);
	gobs_expect_string(&g, "ok");
}
END_TEST

START_TEST(what_nobody_wants_may_nest_as_deep_as_it_likes)
{
	nested_maps(100000);
	string_ok();
	ck_assert_msg(gobs_decode(&g, NULL, NULL), "%s", g.err.text);
	gobs_expect_string(&g, "ok");
}
END_TEST

/* ---- ends -------------------------------------------------------------------------------- */

START_TEST(the_end_between_two_values_is_an_ordinary_end)
{
	struct str s = { 0 };
	string_ok();
	gobs_expect_string(&g, "ok");
	ck_assert(!gobs_decode(&g, &gob_type_string, &s));
	ck_assert_int_eq(g.err.code, ERR_CLOSED);
	ck_assert(!g.decoder.broken);
}
END_TEST

START_TEST(the_end_inside_a_value_is_not)
{
	gobs_hex(&g, "06 0c 00 02");
	gobs_expect_broken(&g, &gob_type_string);
}
END_TEST

START_TEST(pieces_of_one_byte_make_no_difference)
{
	g.feed.piece = 1;
	nested_maps(1000);
	string_ok();
	gobs_expect_soft(&g, &gob_type_any_map, ERR_TOO_BIG);
	gobs_expect_string(&g, "ok");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gob decode");
	TCase *tc = tcase_create("decode");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, ints_have_the_width_of_go);
	tcase_add_test(tc, uints_have_the_width_of_go);
	tcase_add_test(tc, times_keep_their_zone);
	tcase_add_test(tc, times_may_have_seconds_of_offset);
	tcase_add_test(tc, a_malformed_time_fails_alone);
	tcase_add_test(tc, a_value_of_another_kind_fails_alone);
	tcase_add_test(
	    tc, an_element_that_does_not_fit_fails_the_whole_value_alone);
	tcase_add_test(tc, a_value_above_the_arena_fails_alone);
	tcase_add_test(tc, a_count_is_believed_only_as_far_as_elements_come);
	tcase_add_test(tc, a_map_of_2_to_the_64_entries_is_refused);
	tcase_add_test(tc, a_string_longer_than_its_message_is_refused);
	tcase_add_test(tc, an_absurd_message_length_allocates_nothing);
	tcase_add_test(tc, an_empty_message_is_refused);
	tcase_add_test(tc, an_array_has_as_many_elements_as_its_type);
	tcase_add_test(tc, a_message_at_the_cap_is_taken);
	tcase_add_test(tc, a_message_above_the_cap_fails_alone);
	tcase_add_test(
	    tc, a_message_above_the_cap_that_may_be_cut_ends_the_stream);
	tcase_add_test(tc, a_definition_above_the_cap_ends_the_stream);
	tcase_add_test(tc, maps_may_nest_as_deep_as_props_do);
	tcase_add_test(tc, maps_nested_deeper_than_the_limit_fail_alone);
	tcase_add_test(tc, maps_nested_a_hundred_thousand_deep_fail_alone);
	tcase_add_test(tc, what_nobody_wants_may_nest_as_deep_as_it_likes);
	tcase_add_test(tc, the_end_between_two_values_is_an_ordinary_end);
	tcase_add_test(tc, the_end_inside_a_value_is_not);
	tcase_add_test(tc, pieces_of_one_byte_make_no_difference);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
