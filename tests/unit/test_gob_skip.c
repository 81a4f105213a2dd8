/* Interface values that are cut in two by definitions, at the top and
 * nested, and values that are decoded past. */
#include "tests/lib/gobs.h"

#include "base/clock.h"
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

struct holder {
	struct gob_any any;
	struct str after;
};

static const struct gob_field holder_fields[] = {
	{ "Any", &gob_type_interface, offsetof(struct holder, any), false },
	{ "After", &gob_type_string, offsetof(struct holder, after), false },
};

static const struct gob_type type_holder = {
	.kind = GOB_STRUCT,
	.name = "Holder",
	.size = sizeof(struct holder),
	.fields = holder_fields,
	.n_fields = 2,
};

struct only_after {
	struct str after;
};

static const struct gob_field only_after_fields[] = {
	{ "After", &gob_type_string, 0, false },
};

static const struct gob_type type_only_after = {
	.kind = GOB_STRUCT,
	.name = "Holder",
	.size = sizeof(struct only_after),
	.fields = only_after_fields,
	.n_fields = 1,
};

#define NAME_OF_MAP  "17 6d61705b737472696e675d696e74657266616365207b7d"
#define NAME_OF_LIST "0e 5b5d696e74657266616365207b7d"

/* 64 = struct { Any interface; After string } */
static void define_holder(void)
{
	gobs_message_hex(&g,
	    "7f 03 02 02 01 03416e79 01 10 00 01 054166746572 01 0c 00 00 00");
}

/* The map { "k": "v" } in Any, its definition in the middle: the message
 * ends behind it and the value goes on in the next. */
static void cut_at_the_top(void)
{
	define_holder();
	gobs_message_hex(
	    &g, "ff80 01 " NAME_OF_MAP " ff81 04 02 0c 01 10 00 00");
	gobs_message_hex(&g,
	    "ff82 10 00 01 01 6b 06 737472696e67 0c 03 00 01 76"
	    "01 02 6f6b 00");
}

/* The list [ true ] in the map in Any: its definition is part of the value
 * of the map, and a count that nobody needs follows it. */
static void cut_inside(void)
{
	define_holder();
	gobs_message_hex(
	    &g, "ff80 01 " NAME_OF_MAP " ff81 04 02 0c 01 10 00 00");
	gobs_message_hex(&g,
	    "ff82 20 00 01 01 6b " NAME_OF_LIST " ff83 02 02 10 00 00 09"
	    " ff84 09 00 01 04 626f6f6c 02 02 00 01"
	    "01 02 6f6b 00");
}

START_TEST(a_value_cut_at_the_top_goes_on_in_the_next_message)
{
	struct holder h = { 0 };
	cut_at_the_top();
	ck_assert_msg(gobs_decode(&g, &type_holder, &h), "%s", g.err.text);
	const struct gob_any_map *map = gob_any_get_map(&h.any);
	ck_assert_ptr_nonnull(map);
	ck_assert_str_eq(
	    gob_any_get_string(gob_any_map_get(map, S("k"))).data, "v");
	ck_assert_str_eq(h.after.data, "ok");
}
END_TEST

START_TEST(a_definition_inside_a_value_is_learnt)
{
	struct holder h = { 0 };
	cut_inside();
	ck_assert_msg(gobs_decode(&g, &type_holder, &h), "%s", g.err.text);
	const struct gob_any_map *map = gob_any_get_map(&h.any);
	const struct gob_any_list *list =
	    gob_any_get_list(gob_any_map_get(map, S("k")));
	ck_assert_uint_eq(list->n, 1);
	ck_assert(gob_any_get_bool(&list->items[0]));
	ck_assert_str_eq(h.after.data, "ok");
}
END_TEST

START_TEST(cut_values_can_be_decoded_past)
{
	cut_inside();
	gobs_message_hex(&g, "0c 00 02 6f6b");
	ck_assert_msg(gobs_decode(&g, NULL, NULL), "%s", g.err.text);
	gobs_expect_string(&g, "ok");
}
END_TEST

START_TEST(an_unknown_field_with_a_cut_value_is_decoded_past)
{
	struct only_after o = { 0 };
	cut_inside();
	ck_assert_msg(gobs_decode(&g, &type_only_after, &o), "%s", g.err.text);
	ck_assert_str_eq(o.after.data, "ok");
}
END_TEST

START_TEST(what_was_learnt_in_the_middle_stays_known)
{
	struct gob_any_map map = { 0 };
	cut_at_the_top();
	gobs_message_hex(&g, "ff82 00 01 01 78 00");
	ck_assert(gobs_decode(&g, NULL, NULL));
	ck_assert_msg(
	    gobs_decode(&g, &gob_type_any_map, &map), "%s", g.err.text);
	ck_assert_ptr_nonnull(gob_any_map_get(&map, S("x")));
}
END_TEST

START_TEST(a_cut_value_may_come_byte_by_byte)
{
	struct holder h = { 0 };
	g.feed.piece = 1;
	cut_inside();
	ck_assert_msg(gobs_decode(&g, &type_holder, &h), "%s", g.err.text);
	ck_assert_str_eq(h.after.data, "ok");
}
END_TEST

START_TEST(a_cut_value_without_its_rest_is_refused)
{
	define_holder();
	gobs_message_hex(
	    &g, "ff80 01 " NAME_OF_MAP " ff81 04 02 0c 01 10 00 00");
	gobs_expect_broken(&g, &type_holder);
}
END_TEST

START_TEST(nil_is_an_empty_name)
{
	struct holder h = { 0 };
	define_holder();
	gobs_message_hex(&g, "ff80 01 00 01 02 6f6b 00");
	ck_assert(gobs_decode(&g, &type_holder, &h));
	ck_assert_ptr_null(h.any.type);
	ck_assert_uint_eq(h.any.name.len, 0);
}
END_TEST

START_TEST(an_unknown_name_is_kept_and_its_value_dropped)
{
	struct holder h = { 0 };
	define_holder();
	gobs_message_hex(&g, "ff80 01 03 782e59 0c 03 00 01 76 01 02 6f6b 00");
	ck_assert_msg(gobs_decode(&g, &type_holder, &h), "%s", g.err.text);
	ck_assert_ptr_null(h.any.type);
	ck_assert_str_eq(h.any.name.data, "x.Y");
	ck_assert_str_eq(h.after.data, "ok");
}
END_TEST

START_TEST(a_value_that_is_not_what_its_name_says_fails_alone)
{
	define_holder();
	/* "string", but an int follows */
	gobs_message_hex(
	    &g, "ff80 01 06 737472696e67 04 02 00 02 01 02 6f6b 00");
	gobs_message_hex(&g, "0c 00 02 6f6b");
	gobs_expect_soft(&g, &type_holder, ERR_INVALID);
	gobs_expect_string(&g, "ok");
}
END_TEST

START_TEST(an_interface_value_of_an_undefined_type_is_refused)
{
	define_holder();
	gobs_message_hex(&g, "ff80 01 06 737472696e67 ffc4 02 00 02 00");
	gobs_expect_broken(&g, &type_holder);
}
END_TEST

/* Definitions have negative numbers, and this one has no opposite. */
START_TEST(the_least_number_defines_nothing)
{
	gobs_message_hex(&g, "f8 ffffffffffffffff");
	gobs_expect_broken(&g, &type_holder);
}
END_TEST

START_TEST(the_least_number_defines_nothing_inside_a_value)
{
	define_holder();
	gobs_message_hex(
	    &g, "ff80 01 06 737472696e67 f8 ffffffffffffffff 02 00 02 00");
	gobs_expect_broken(&g, &type_holder);
}
END_TEST

START_TEST(every_kind_of_value_can_be_decoded_past)
{
	/* bool, int, uint, float, bytes, string, complex, interface */
	gobs_message_hex(&g, "02 00 01");
	gobs_message_hex(&g, "04 00 01");
	gobs_message_hex(&g, "06 00 01");
	gobs_message_hex(&g, "08 00 fef03f");
	gobs_message_hex(&g, "0a 00 01 00");
	gobs_message_hex(&g, "0c 00 01 61");
	gobs_message_hex(&g, "0e 00 fef03f fef03f");
	gobs_message_hex(&g, "10 00 00");
	/* [1]int, marshallers of all three sorts */
	gobs_message_hex(&g, "7f 01 02 04 01 02 00 00");
	gobs_message_hex(&g, "ff80 00 01 02");
	gobs_message_hex(&g, "ff81 05 00 00");
	gobs_message_hex(&g, "ff82 00 01 61");
	gobs_message_hex(&g, "ff83 06 00 00");
	gobs_message_hex(&g, "ff84 00 01 61");
	gobs_message_hex(&g, "ff85 07 00 00");
	gobs_message_hex(&g, "ff86 00 01 61");
	gobs_message_hex(&g, "0c 00 02 6f6b");
	for (int i = 0; i < 12; i++)
		ck_assert_msg(
		    gobs_decode(&g, NULL, NULL), "%d: %s", i, g.err.text);
	gobs_expect_string(&g, "ok");
}
END_TEST

START_TEST(waiting_for_a_message_consumes_nothing)
{
	gobs_message_hex(&g, "0c 00 02 6f6b");
	g.feed.bytes = buf_str(&g.bytes);
	ck_assert(gob_decoder_wait(&g.decoder, DEADLINE_NEVER, &g.err));
	ck_assert(gob_decoder_wait(&g.decoder, DEADLINE_NEVER, &g.err));
	gobs_expect_string(&g, "ok");
	ck_assert(!gob_decoder_wait(&g.decoder, DEADLINE_NEVER, &g.err));
	ck_assert_int_eq(g.err.code, ERR_CLOSED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gob skip");
	TCase *tc = tcase_create("skip");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_value_cut_at_the_top_goes_on_in_the_next_message);
	tcase_add_test(tc, a_definition_inside_a_value_is_learnt);
	tcase_add_test(tc, cut_values_can_be_decoded_past);
	tcase_add_test(tc, an_unknown_field_with_a_cut_value_is_decoded_past);
	tcase_add_test(tc, what_was_learnt_in_the_middle_stays_known);
	tcase_add_test(tc, a_cut_value_may_come_byte_by_byte);
	tcase_add_test(tc, a_cut_value_without_its_rest_is_refused);
	tcase_add_test(tc, nil_is_an_empty_name);
	tcase_add_test(tc, an_unknown_name_is_kept_and_its_value_dropped);
	tcase_add_test(tc, a_value_that_is_not_what_its_name_says_fails_alone);
	tcase_add_test(tc, an_interface_value_of_an_undefined_type_is_refused);
	tcase_add_test(tc, the_least_number_defines_nothing);
	tcase_add_test(tc, the_least_number_defines_nothing_inside_a_value);
	tcase_add_test(tc, every_kind_of_value_can_be_decoded_past);
	tcase_add_test(tc, waiting_for_a_message_consumes_nothing);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
