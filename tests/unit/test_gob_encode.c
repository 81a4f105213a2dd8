/* The encoder: what is left out, what is announced, what a failure undoes. */
#include "tests/lib/gobs.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct gob_encoder encoder;
static struct buf out;
static struct arena arena;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	gob_encoder_init(&encoder);
	buf_init(&out, 1 << 20);
	arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
	gob_encoder_fini(&encoder);
	buf_fini(&out);
	arena_fini(&arena);
}

static void encode(const struct gob_type *type, const void *value)
{
	ck_assert_msg(
	    gob_encode(&encoder, &out, type, value, &err), "%s", err.text);
}

static void expect_bytes(const char *bytes, size_t n)
{
	ck_assert_uint_eq(out.len, n);
	ck_assert_mem_eq(out.data, bytes, n);
}

struct thing {
	bool *flag;
	struct str *text;
	struct thing *inner;
	struct gob_strings list;
	int64_t number;
};

static const struct gob_type type_thing;

static const struct gob_field thing_fields[] = {
	{ "Flag", &gob_type_bool, offsetof(struct thing, flag), true },
	{ "Text", &gob_type_string, offsetof(struct thing, text), true },
	{ "Inner", &type_thing, offsetof(struct thing, inner), true },
	{ "List", &gob_type_strings, offsetof(struct thing, list), false },
	{ "Number", &gob_type_int64, offsetof(struct thing, number), false },
};

static const struct gob_type type_thing = {
	.kind = GOB_STRUCT,
	.name = "Thing",
	.size = sizeof(struct thing),
	.fields = thing_fields,
	.n_fields = 5,
};

/* ---- values ------------------------------------------------------------------- */

START_TEST(a_string_alone_has_a_zero_in_front)
{
	struct str s = S("hooks");
	encode(&gob_type_string, &s);
	expect_bytes("\x08\x0c\0\5hooks", 9);
}
END_TEST

START_TEST(zero_fields_are_left_out)
{
	struct thing zero = { 0 };
	struct str empty = { 0 };
	bool no = false;
	encode(&type_thing, &zero);
	out.len = 0;
	encode(&type_thing, &zero);
	expect_bytes("\3\xff\x80\0", 4);
	/* as in Go, also behind a pointer */
	zero.flag = &no;
	zero.text = &empty;
	out.len = 0;
	encode(&type_thing, &zero);
	expect_bytes("\3\xff\x80\0", 4);
}
END_TEST

START_TEST(a_pointer_to_a_zero_struct_is_sent)
{
	struct thing inner = { 0 }, outer = { .inner = &inner };
	encode(&type_thing, &outer);
	out.len = 0;
	encode(&type_thing, &outer);
	expect_bytes("\5\xff\x80\3\0\0", 6);
}
END_TEST

START_TEST(an_empty_map_is_sent_and_a_nil_map_is_not)
{
	struct gob_any_entry none;
	struct gob_any_map empty = { &none, 0 };
	encode(&gob_type_any_map, &empty);
	out.len = 0;
	encode(&gob_type_any_map, &empty);
	expect_bytes("\4\xff\x80\0\0", 5);
}
END_TEST

START_TEST(a_time_has_fifteen_bytes)
{
	struct gob_time t = { .seconds = GOB_TIME_UNIX, .nanoseconds = 1 };
	encode(&gob_type_time, &t);
	ck_assert_mem_eq(out.data + out.len - 15,
	    "\1\0\0\0\x0e\x77\x91\xf7\0\0\0\0\1\xff\xff", 15);
}
END_TEST

/* ---- definitions ---------------------------------------------------------------- */

START_TEST(definitions_are_sent_once)
{
	struct thing t = { .number = 1 };
	encode(&type_thing, &t);
	size_t first = out.len;
	encode(&type_thing, &t);
	/* length, id, field 5, 1, end */
	ck_assert_uint_eq(out.len - first, 6);
	ck_assert_uint_eq(encoder.n_sent, 2);
}
END_TEST

START_TEST(definitions_come_before_the_value)
{
	struct gob_strings list = { 0 };
	encode(&gob_type_strings, &list);
	/* -64 first, 64 in the last message */
	ck_assert_uint_eq(out.data[1], 0x7f);
	ck_assert_mem_eq(out.data + out.len - 5, "\4\xff\x80\0\0", 5);
}
END_TEST

START_TEST(types_inside_interfaces_are_announced_too)
{
	struct gob_any_map inner = { 0 }, outer = { 0 };
	struct gob_any_list list = { 0 };
	gob_any_map_set(&arena, &inner, S("l"), gob_any_list(&arena, list));
	gob_any_map_set(&arena, &outer, S("m"), gob_any_map(&arena, inner));
	encode(&gob_type_any_map, &outer);
	ck_assert_uint_eq(encoder.n_sent, 2);
	size_t first = out.len;
	encode(&gob_type_any_map, &outer);
	ck_assert_uint_eq(encoder.n_sent, 2);
	ck_assert_uint_lt(out.len - first, first);
}
END_TEST

START_TEST(a_pointer_to_a_marshaler_takes_two_ids)
{
	struct str url = S("/a");
	encode(&gob_type_url, &url);
	ck_assert_int_eq(encoder.next_id, 66);
	ck_assert_int_eq(out.data[1], 0xff);
	ck_assert_int_eq(out.data[2], 0x81);
}
END_TEST

/* ---- failures -------------------------------------------------------------------- */

static void expect_failure(
    const struct gob_type *type, const void *value, enum err_code code)
{
	struct gob_encoder_mark before = gob_encoder_mark(&encoder);
	size_t len = out.len;
	ck_assert(!gob_encode(&encoder, &out, type, value, &err));
	ck_assert_msg(err.code == code, "%s", err.text);
	ck_assert_uint_eq(out.len, len);
	ck_assert_int_eq(out.fault, ERR_NONE);
	struct gob_encoder_mark after = gob_encoder_mark(&encoder);
	ck_assert_uint_eq(after.n_sent, before.n_sent);
	ck_assert_int_eq(after.next_id, before.next_id);
	err_clear(&err);
}

START_TEST(an_interface_value_without_a_type_undoes_everything)
{
	struct gob_any_map map = { 0 };
	struct gob_any nobody = { .name = S("model.Nobody") };
	struct str text = S("before");
	encode(&gob_type_string, &text);
	gob_any_map_set(&arena, &map, S("list"),
	    gob_any_list(&arena, (struct gob_any_list){ 0 }));
	gob_any_map_set(&arena, &map, S("x"), nobody);
	expect_failure(&gob_type_any_map, &map, ERR_INVALID);
	encode(&gob_type_string, &text);
	ck_assert_uint_eq(out.len, 20);
}
END_TEST

START_TEST(a_value_above_the_cap_undoes_everything)
{
	static char text[2000];
	struct str s = { text, sizeof(text) };
	struct gob_strings list = { &s, 1 };
	buf_fini(&out);
	buf_init(&out, 1000);
	expect_failure(&gob_type_strings, &list, ERR_TOO_BIG);
	s.len = 10;
	encode(&gob_type_strings, &list);
}
END_TEST

START_TEST(definitions_above_the_cap_undo_everything)
{
	struct thing t = { .number = 1 };
	buf_fini(&out);
	buf_init(&out, 40);
	expect_failure(&type_thing, &t, ERR_TOO_BIG);
}
END_TEST

/* Lists in lists, n of them. */
static struct gob_any nested(int n)
{
	struct gob_any any = gob_any_bool(&arena, true);
	for (int i = 0; i < n; i++) {
		struct gob_any *item = arena_new(&arena, struct gob_any);
		*item = any;
		any = gob_any_list(&arena, (struct gob_any_list){ item, 1 });
	}
	return any;
}

START_TEST(a_value_nested_too_deep_undoes_everything)
{
	struct gob_any deep = nested(100), fine = nested(30);
	expect_failure(&gob_type_interface, &deep, ERR_TOO_BIG);
	encode(&gob_type_interface, &fine);
}
END_TEST

START_TEST(undoing_forgets_what_was_announced_since_the_mark)
{
	struct thing t = { .number = 1 };
	struct gob_encoder_mark mark = gob_encoder_mark(&encoder);
	encode(&type_thing, &t);
	size_t first = out.len;
	gob_encoder_undo(&encoder, mark);
	encode(&type_thing, &t);
	ck_assert_uint_eq(out.len, 2 * first);
	ck_assert_mem_eq(out.data, out.data + first, first);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gob encode");
	TCase *tc = tcase_create("encode");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_string_alone_has_a_zero_in_front);
	tcase_add_test(tc, zero_fields_are_left_out);
	tcase_add_test(tc, a_pointer_to_a_zero_struct_is_sent);
	tcase_add_test(tc, an_empty_map_is_sent_and_a_nil_map_is_not);
	tcase_add_test(tc, a_time_has_fifteen_bytes);
	tcase_add_test(tc, definitions_are_sent_once);
	tcase_add_test(tc, definitions_come_before_the_value);
	tcase_add_test(tc, types_inside_interfaces_are_announced_too);
	tcase_add_test(tc, a_pointer_to_a_marshaler_takes_two_ids);
	tcase_add_test(tc, an_interface_value_without_a_type_undoes_everything);
	tcase_add_test(tc, a_value_above_the_cap_undoes_everything);
	tcase_add_test(tc, definitions_above_the_cap_undo_everything);
	tcase_add_test(tc, a_value_nested_too_deep_undoes_everything);
	tcase_add_test(tc, undoing_forgets_what_was_announced_since_the_mark);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
