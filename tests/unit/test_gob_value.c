/* Interface values made and read. */
#include "gob/gob.h"

#include <check.h>
#include <stdlib.h>

static struct arena arena;

static void set_up(void)
{
	arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
	arena_fini(&arena);
}

START_TEST(what_is_made_can_be_read)
{
	int64_t i;
	struct gob_any s = gob_any_string(&arena, S("text"));
	struct gob_any n = gob_any_int64(&arena, -5);
	struct gob_any b = gob_any_bool(&arena, true);
	ck_assert(str_eq(gob_any_get_string(&s), S("text")));
	ck_assert(gob_any_get_int64(&n, &i) && i == -5);
	ck_assert(gob_any_get_bool(&b));
}
END_TEST

START_TEST(a_string_is_copied)
{
	char text[] = "text";
	struct gob_any s = gob_any_string(&arena, str_from(text));
	text[0] = 'X';
	ck_assert_str_eq(gob_any_get_string(&s).data, "text");
}
END_TEST

START_TEST(another_type_reads_as_nothing)
{
	int64_t i = 7;
	struct gob_any s = gob_any_string(&arena, S("5"));
	struct gob_any b = gob_any_bool(&arena, true);
	ck_assert(!gob_any_get_int64(&s, &i));
	ck_assert_int_eq(i, 0);
	ck_assert(!gob_any_get_int64(&b, &i));
	ck_assert(!gob_any_get_bool(&s));
	ck_assert_uint_eq(gob_any_get_string(&b).len, 0);
	ck_assert_ptr_null(gob_any_get_map(&s));
	ck_assert_ptr_null(gob_any_get_list(&s));
}
END_TEST

START_TEST(nil_and_null_read_as_nothing)
{
	int64_t i;
	struct gob_any nil = { 0 };
	ck_assert(!gob_any_get_int64(&nil, &i));
	ck_assert(!gob_any_get_int64(NULL, &i));
	ck_assert(!gob_any_get_bool(NULL));
	ck_assert_uint_eq(gob_any_get_string(NULL).len, 0);
	ck_assert_ptr_null(gob_any_get_map(NULL));
	ck_assert_ptr_null(gob_any_map_get(NULL, S("k")));
}
END_TEST

static bool reads_as(const struct gob_type *type, void *value, int64_t want)
{
	struct gob_any any = { .type = type, .value = value };
	int64_t i;
	return gob_any_get_int64(&any, &i) && i == want;
}

START_TEST(numbers_of_every_kind_read_as_integers)
{
	uint64_t u = 7, huge = UINT64_MAX;
	double whole = -3, half = 0.5, vast = 1e300;
	ck_assert(reads_as(&gob_type_uint8, &u, 7));
	ck_assert(!reads_as(&gob_type_uint64, &huge, -1));
	ck_assert(reads_as(&gob_type_float64, &whole, -3));
	ck_assert(!reads_as(&gob_type_float64, &half, 0));
	ck_assert(!reads_as(&gob_type_float64, &vast, 0));
}
END_TEST

START_TEST(setting_a_key_again_replaces_its_value)
{
	struct gob_any_map map = { 0 };
	gob_any_map_set(&arena, &map, S("a"), gob_any_bool(&arena, false));
	gob_any_map_set(&arena, &map, S("b"), gob_any_bool(&arena, true));
	gob_any_map_set(&arena, &map, S("a"), gob_any_bool(&arena, true));
	ck_assert_uint_eq(map.n, 2);
	ck_assert(gob_any_get_bool(gob_any_map_get(&map, S("a"))));
	ck_assert_ptr_null(gob_any_map_get(&map, S("c")));
}
END_TEST

START_TEST(a_key_is_found_in_another_case_where_that_is_asked_for)
{
	struct gob_any_map map = { 0 };
	gob_any_map_set(&arena, &map, S("ZoomURL"), gob_any_bool(&arena, true));
	ck_assert(gob_any_get_bool(gob_any_map_get_nocase(&map, S("zoomurl"))));
	ck_assert_ptr_null(gob_any_map_get_nocase(&map, S("zoomurls")));
	ck_assert_ptr_null(gob_any_map_get(&map, S("zoomurl")));
}
END_TEST

START_TEST(containers_are_read_back)
{
	struct gob_any item = gob_any_bool(&arena, true);
	struct gob_any list =
	    gob_any_list(&arena, (struct gob_any_list){ &item, 1 });
	struct gob_any_map map = { 0 };
	gob_any_map_set(&arena, &map, S("list"), list);
	struct gob_any any = gob_any_map(&arena, map);
	const struct gob_any *again =
	    gob_any_map_get(gob_any_get_map(&any), S("list"));
	ck_assert_uint_eq(gob_any_get_list(again)->n, 1);
}
END_TEST

START_TEST(a_full_arena_gives_nil_and_is_remembered)
{
	struct err err = { 0 };
	arena_fini(&arena);
	struct gob_any any = gob_any_int64(&arena, 5);
	ck_assert_ptr_null(any.type);
	ck_assert(!arena_ok(&arena, &err));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gob value");
	TCase *tc = tcase_create("value");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_is_made_can_be_read);
	tcase_add_test(tc, a_string_is_copied);
	tcase_add_test(tc, another_type_reads_as_nothing);
	tcase_add_test(tc, nil_and_null_read_as_nothing);
	tcase_add_test(tc, numbers_of_every_kind_read_as_integers);
	tcase_add_test(tc, setting_a_key_again_replaces_its_value);
	tcase_add_test(
	    tc, a_key_is_found_in_another_case_where_that_is_asked_for);
	tcase_add_test(tc, containers_are_read_back);
	tcase_add_test(tc, a_full_arena_gives_nil_and_is_remembered);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
