#include "zoom/json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct thing {
	struct str name;
	int64_t number;
	int64_t time_ms;
	bool flag;
};

static const struct zoom_json_field fields[] = {
	{ STR("name"), ZOOM_JSON_TEXT, offsetof(struct thing, name) },
	{ STR("deep.down.number"), ZOOM_JSON_INT,
	    offsetof(struct thing, number) },
	{ STR("time"), ZOOM_JSON_TIME, offsetof(struct thing, time_ms) },
	{ STR("flag"), ZOOM_JSON_BOOL, offsetof(struct thing, flag) },
};

static const struct zoom_json_table table = { .fields = fields, .n_fields = 4 };

static struct arena arena;
static struct thing thing;
static struct err err;

static void set_up(void)
{
	arena_init(&arena, 64 * 1024);
}

static void tear_down(void)
{
	arena_fini(&arena);
}

static bool read_thing(struct str text)
{
	thing = (struct thing){ .number = -7 };
	err_clear(&err);
	return zoom_json_read(&arena, text, &table, &thing, &err);
}

START_TEST(fills_fields_by_path)
{
	ck_assert(
	    read_thing(S("{\"name\":\"Caf\xc3\xa9\",\"time\":"
	                 "\"2025-10-09T08:53:20Z\",\"other\":[1,{}],"
	                 "\"deep\":{\"down\":{\"number\":85550001111}}}")));
	ck_assert_str_eq(str_c(thing.name), "Caf\xc3\xa9");
	ck_assert_int_eq(thing.number, 85550001111);
	ck_assert_int_eq(thing.time_ms, 1760000000000);
}
END_TEST

START_TEST(a_flag_is_true_or_false_and_nothing_else)
{
	ck_assert(read_thing(S("{\"flag\":true}")));
	ck_assert(thing.flag);
	ck_assert(read_thing(S("{\"flag\":false}")));
	ck_assert(!thing.flag);
	ck_assert(read_thing(S("{\"flag\":1}")));
	ck_assert(!thing.flag);
	ck_assert(read_thing(S("{\"flag\":\"true\"}")));
	ck_assert(!thing.flag);
}
END_TEST

START_TEST(a_number_may_be_a_string)
{
	ck_assert(read_thing(S("{\"deep\":{\"down\":{\"number\":\"42\"}}}")));
	ck_assert_int_eq(thing.number, 42);
}
END_TEST

static const struct number {
	const char *json;
	int64_t number;
} numbers[] = {
	{ "0", 0 },
	{ "-0", 0 },
	{ "-5", -5 },
	{ "12.0", 12 },
	{ "1e3", 1000 },
	{ "0.5E+1", 5 },
	{ "2000e-3", 2 },
	{ "1e-999", 0 },
	{ "9007199254740992", 9007199254740992 },
	{ "-9007199254740992", -9007199254740992 },
	{ "\"9223372036854775807\"", INT64_MAX },
	{ "\"-9223372036854775808\"", INT64_MIN },
	{ "1.0000000000000000000000000000000000000000000000000000000000000000"
	  "00000000000000000000000000000000000000000000000000000000000000000",
	    1 },
	/* no whole number of ours */
	{ "9007199254740994", -7 },
	{ "1e19", -7 },
	{ "-1.7e308", -7 },
	{ "0.1", -7 },
	{ "\"9223372036854775808\"", -7 },
	{ "\"1e3\"", -7 },
	{ "\"1\\u0000\"", -7 },
};

START_TEST(a_whole_number_may_be_written_in_many_ways)
{
	const struct number *row = &numbers[_i];
	char json[200];
	snprintf(json, sizeof(json), "{\"deep\":{\"down\":{\"number\":%s}}}",
	    row->json);
	ck_assert_msg(read_thing(str_from(json)), "%s", err.text);
	ck_assert_int_eq(thing.number, row->number);
}
END_TEST

static const struct row {
	const char *text;
} strange[] = {
	{ "{}" },
	{ "{\"name\":null,\"time\":null,\"deep\":null}" },
	{ "{\"name\":\"a\\u0000b\"}" },
	{ "{\"name\\u0000\":\"x\",\"nam\\u0000e\":\"x\"}" },
	{ "{\"time\":\"2025-10-09T08:53:20Z\\u0000\"}" },
	{ "{\"name\":5,\"time\":5,\"deep\":5}" },
	{ "{\"name\":[],\"time\":[],\"deep\":{\"down\":[]}}" },
	{ "{\"name\":{},\"time\":\"\",\"deep\":{\"down\":{\"number\":{}}}}" },
	{ "{\"deep\":{\"down\":{\"number\":\"12x\"}}}" },
	{ "{\"deep\":{\"down\":{\"number\":\"\"}}}" },
	{ "{\"deep\":{\"down\":{\"number\":1.5}}}" },
	{ "{\"deep\":{\"down\":{\"number\":99999999999999999999}}}" },
	{ "{\"deep\":{\"down\":{\"number\":true}},\"time\":\"noon\"}" },
};

START_TEST(other_types_leave_the_field_alone)
{
	const struct row *row = &strange[_i];
	ck_assert_msg(read_thing(str_from(row->text)), "%s", err.text);
	ck_assert_uint_eq(thing.name.len, 0);
	ck_assert_int_eq(thing.number, -7);
	ck_assert_int_eq(thing.time_ms, 0);
}
END_TEST

static const struct row broken[] = {
	{ "" },
	{ " " },
	{ "[]" },
	{ "\"text\"" },
	{ "null" },
	{ "{" },
	{ "{\"name\":\"x\"" },
	{ "{\"name\":\"x" },
	{ "{\"name\":\"x\\" },
	{ "{\"name\":\"x\"}}" },
	{ "{\"name\":\"a\nb\"}" },
	{ "{\"name\":\"\\x\"}" },
	{ "{\"name\":\"\\u12g4\"}" },
	{ "{\"name\":\"\\u123\"}" },
	{ "{\"a\":01}" },
	{ "{\"a\":1.}" },
	{ "{\"a\":.5}" },
	{ "{\"a\":1e}" },
	{ "{\"a\":-}" },
	{ "{\"a\":+1}" },
	{ "{\"a\":tru}" },
	{ "{\"a\":nulL}" },
	{ "{\"a\":}" },
	{ "{\"a\"}" },
	{ "{\"a\":1,}" },
	{ "{,}" },
	{ "{\"a\":[1,]}" },
	{ "{\"a\":[1}" },
	{ "{\"a\":[1 2]}" },
	{ "{\"a\":1}{}" },
	{ "{\"a\":1} x" },
	{ "{\"a\":1} \"x" },
	{ "{\"a\":1} \"x\"" },
	{ "{\"a\":1} tr" },
	{ "{\"a\":1} 1" },
	{ "{\"a\":1}," },
	{ "1 {}" },
	{ "[{}]" },
	{ "{/* */}" },
	{ "{}// x" },
	/* no number that a double can hold */
	{ "{\"a\":1e999}" },
	{ "{\"a\":[-1E+400]}" },
	{ "{\"deep\":{\"down\":{\"number\":1e309}}}" },
	{ "{\"a\":NaN}" },
	{ "{\"a\":-Infinity}" },
	{ "{\"a\":0x10}" },
	{ "\v{}" },
	{ "{\"a\":\f1}" },
	{ "{}\v" },
	{ "{'a':1}" },
	{ "\xef\xbb\xbf{}" },
	{ "{name:1}" },
	{ "<html>" },
	{ "]]]]{}" },
	/* what is no character is no text */
	{ "{\"name\":\"\\ud83dx\"}" },
	{ "{\"name\":\"\\ude00\"}" },
	{ "{\"name\":\"\\ud83d\"}" },
	{ "{\"name\":\"\\uD83D\\uD83D\"}" },
	{ "{\"name\":\"\\ud83d\\u0041\"}" },
	{ "{\"name\":\"\\ud83d\\n\"}" },
	{ "{\"name\":\"\\ud83d\\ude00\\ude00\"}" },
	{ "{\"\\ude00\":1}" },
	{ "{\"name\":\"\\ud83d\\\\q\"}" },
	{ "{\"name\":\"\\ud83d\\\\uzzzz\"}" },
	{ "{\"\\ud83d\\\\q\":1}" },
	{ "{\"name\":\"\\ud83d\\\\u\"" },
	{ "{} \"\\ud83d\"" },
	{ "{\"other\":[\"\\ud83d\"]}" },
	{ "{\"other\":\"\xc0\x80\"}" },
	{ "{\"\xff\":1}" },
	{ "{\"a\":\xc3\xa9}" },
	{ "{\"name\":\"\xff\"}" },
	{ "{\"name\":\"\xc3\"}" },
	{ "{\"name\":\"\xc0\x80\"}" },
	{ "{\"name\":\"\xed\xa0\x80\"}" },
	{ "{\"name\":\"\xf4\x90\x80\x80\"}" },
};

START_TEST(what_is_no_object_is_a_protocol_error)
{
	const struct row *row = &broken[_i];
	ck_assert_msg(!read_thing(str_from(row->text)), "%s", row->text);
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
}
END_TEST

START_TEST(a_nul_between_values_is_no_white_space)
{
	ck_assert(!read_thing(S("{\"name\":\0\"x\"}")));
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
	err_clear(&err);
	ck_assert(!read_thing(S("{}\0")));
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
}
END_TEST

START_TEST(a_number_of_any_length_is_read_if_a_double_holds_it)
{
	char json[512] = "{\"a\":";
	size_t begin = strlen(json);
	memset(json + begin, '9', 308);
	strcpy(json + begin + 308, "}");
	ck_assert(read_thing(str_from(json)));
	memset(json + begin, '9', 309);
	strcpy(json + begin + 309, "}");
	ck_assert(!read_thing(str_from(json)));
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
}
END_TEST

START_TEST(half_a_document_changes_nothing)
{
	ck_assert(!read_thing(
	    S("{\"name\":\"x\",\"flag\":true,\"deep\":{\"down\":"
	      "{\"number\":5}},\"time\":\"2025-10-09T08:53:20Z\"")));
	ck_assert_uint_eq(thing.name.len, 0);
	ck_assert_int_eq(thing.number, -7);
	ck_assert_int_eq(thing.time_ms, 0);
	ck_assert(!thing.flag);
}
END_TEST

static bool read_nested(size_t levels)
{
	static char text[200];
	size_t n = 0;
	n += (size_t)sprintf(text, "{\"name\":");
	memset(text + n, '[', levels - 1);
	n += levels - 1;
	memset(text + n, ']', levels - 1);
	n += levels - 1;
	text[n++] = '}';
	return read_thing(str_n(text, n));
}

START_TEST(nesting_has_a_limit)
{
	ck_assert(read_nested(ZOOM_JSON_MAX_DEPTH));
	ck_assert(!read_nested(ZOOM_JSON_MAX_DEPTH + 1));
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
}
END_TEST

START_TEST(brackets_in_texts_are_no_nesting)
{
	ck_assert(read_thing(S("{\"name\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
	                       "[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[\"}")));
}
END_TEST

START_TEST(too_many_values_are_refused)
{
	size_t n = 1000000;
	char *text = malloc(n + 16);
	ck_assert_ptr_nonnull(text);
	size_t at = (size_t)sprintf(text, "{\"a\":[");
	for (; at < n; at += 3)
		memcpy(text + at, "{},", 3);
	memcpy(text + at, "0]}", 3);
	ck_assert(!read_thing(str_n(text, at + 3)));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	free(text);
}
END_TEST

/* An object, a list, and n - 2 numbers in it. */
static bool read_values(size_t n)
{
	char *text = malloc(2 * n + 16);
	ck_assert_ptr_nonnull(text);
	size_t at = (size_t)sprintf(text, "{\"a\":[1");
	for (size_t i = 3; i < n; i++, at += 2)
		memcpy(text + at, ",1", 2);
	memcpy(text + at, "]}", 2);
	bool ok = read_thing(str_n(text, at + 2));
	free(text);
	return ok;
}

START_TEST(values_have_a_limit)
{
	ck_assert(read_values(ZOOM_JSON_MAX_VALUES));
	ck_assert(!read_values(ZOOM_JSON_MAX_VALUES + 1));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
}
END_TEST

static const struct spelling {
	const char *json;
	const char *text;
} spellings[] = {
	{ "", "" },
	{ "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
	{ "\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac" },
	{ "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
	{ "\\uD83D\\uDE00\\uDBFF\\uDFFF", "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf" },
	{ "\\\\ude00\\\\\\u0041", "\\ude00\\A" },
	{ "\\ud7ff\\ue000", "\xed\x9f\xbf\xee\x80\x80" },
	{ "\x7f", "\x7f" },
	{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
};

START_TEST(texts_come_out_as_valid_utf_8)
{
	const struct spelling *row = &spellings[_i];
	char json[128];
	snprintf(json, sizeof(json), "{\"name\":\"%s\"}", row->json);
	ck_assert_msg(read_thing(str_from(json)), "%s", err.text);
	ck_assert_str_eq(str_c(thing.name), row->text);
	ck_assert_uint_eq(thing.name.len, strlen(row->text));
}
END_TEST

START_TEST(the_last_of_two_equal_names_counts)
{
	ck_assert(read_thing(S("{\"name\":\"a\",\"name\":\"b\"}")));
	ck_assert_str_eq(str_c(thing.name), "b");
}
END_TEST

static const struct row forgotten[] = {
	{ "{\"name\":\"a\",\"name\":null}" },
	{ "{\"name\":\"a\",\"name\":5,\"time\":\"2025-10-09T08:53:20Z\","
	  "\"time\":\"noon\"}" },
	{ "{\"name\":\"a\",\"name\":[\"b\"]}" },
	{ "{\"name\":\"a\",\"n\\u0061me\":{\"name\":\"b\"}}" },
	{ "{\"deep\":{\"down\":{\"number\":1,\"number\":1.5}}}" },
	{ "{\"deep\":{\"down\":{\"number\":1},\"down\":{}}}" },
	{ "{\"deep\":{\"down\":{\"number\":1}},\"deep\":{}}" },
	{ "{\"deep\":{\"down\":{\"number\":1}},\"deep\":null}" },
	{ "{\"deep\":{\"down\":{\"number\":1}},\"deep\":[]}" },
};

START_TEST(the_last_of_two_equal_names_counts_whatever_it_is)
{
	ck_assert(read_thing(str_from(forgotten[_i].text)));
	ck_assert_uint_eq(thing.name.len, 0);
	ck_assert_int_eq(thing.number, -7);
	ck_assert_int_eq(thing.time_ms, 0);
}
END_TEST

START_TEST(paths_match_whole_and_do_not_lead_through_lists)
{
	ck_assert(read_thing(
	    S("{\"deep\":[{\"down\":{\"number\":1}}],\"deep.down.number\":2,"
	      "\"down\":{\"number\":3},\"number\":4,\"nam\":\"x\","
	      "\"names\":\"x\",\"\":5}")));
	ck_assert_int_eq(thing.number, -7);
	ck_assert_uint_eq(thing.name.len, 0);
}
END_TEST

/* ---- lists ------------------------------------------------------------------ */

struct things {
	int64_t number;
	struct thing *items;
	size_t n;
};

static const struct zoom_json_list lists[] = {
	{
	    .path = STR("deep.list"),
	    .item = &table,
	    .size = sizeof(struct thing),
	    .max = 3,
	    .offset = offsetof(struct things, items),
	    .offset_n = offsetof(struct things, n),
	},
};

static const struct zoom_json_table list_table = {
	.lists = lists,
	.n_lists = 1,
};

static struct things read_things(const char *text)
{
	struct things things = { .number = -7 };
	err_clear(&err);
	ck_assert_msg(
	    zoom_json_read(&arena, str_from(text), &list_table, &things, &err),
	    "%s", err.text);
	ck_assert_int_eq(things.number, -7);
	return things;
}

START_TEST(a_list_of_objects_becomes_an_array)
{
	struct things things = read_things(
	    "{\"deep\":{\"list\":[{\"name\":\"a\"},{\"name\":\"b\",\"deep\":"
	    "{\"down\":{\"number\":\"2\"}}}]}}");
	ck_assert_uint_eq(things.n, 2);
	ck_assert_str_eq(str_c(things.items[0].name), "a");
	ck_assert_int_eq(things.items[0].number, 0);
	ck_assert_str_eq(str_c(things.items[1].name), "b");
	ck_assert_int_eq(things.items[1].number, 2);
}
END_TEST

START_TEST(items_that_are_no_objects_are_passed_over)
{
	struct things things = read_things(
	    "{\"deep\":{\"list\":[1,null,[{}],\"x\",{},{\"name\":7},true,"
	    "{\"name\":\"last\"}]}}");
	ck_assert_uint_eq(things.n, 3);
	ck_assert_uint_eq(things.items[1].name.len, 0);
	ck_assert_str_eq(str_c(things.items[2].name), "last");
}
END_TEST

START_TEST(a_list_has_a_limit)
{
	ck_assert_uint_eq(
	    read_things("{\"deep\":{\"list\":[{},{},{},{},{}]}}").n, 3);
}
END_TEST

START_TEST(a_list_grows_up_to_its_limit)
{
	struct zoom_json_list long_list = lists[0];
	const struct zoom_json_table long_table = { .lists = &long_list,
		.n_lists = 1 };
	struct things things = { .number = -7 };
	char text[4096];
	size_t at = (size_t)sprintf(text, "{\"deep\":{\"list\":[");
	for (int i = 0; i < 100; i++)
		at += (size_t)sprintf(text + at, "{\"name\":\"%d\"},", i);
	memcpy(text + at - 1, "]}}", 3);
	long_list.max = 90;
	ck_assert(zoom_json_read(
	    &arena, str_n(text, at + 2), &long_table, &things, &err));
	ck_assert_uint_eq(things.n, 90);
	for (int i = 0; i < 90; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ck_assert_str_eq(str_c(things.items[i].name), text);
	}
}
END_TEST

START_TEST(the_last_of_two_equal_lists_counts)
{
	struct things things = read_things(
	    "{\"deep\":{\"list\":[{\"name\":\"a\"},{}],\"list\":[{\"name\":"
	    "\"c\",\"name\":7},{\"name\":7,\"name\":\"b\"}]}}");
	ck_assert_uint_eq(things.n, 2);
	ck_assert_uint_eq(things.items[0].name.len, 0);
	ck_assert_str_eq(str_c(things.items[1].name), "b");
	ck_assert_uint_eq(
	    read_things("{\"deep\":{\"list\":[{}],\"list\":[]}}").n, 0);
	ck_assert_uint_eq(
	    read_things("{\"deep\":{\"list\":[{}],\"list\":null}}").n, 0);
	ck_assert_uint_eq(
	    read_things("{\"deep\":{\"list\":[{}]},\"deep\":{}}").n, 0);
}
END_TEST

/* A list of objects with lists of objects. */
struct group {
	struct str name;
	struct things things;
};

struct groups {
	struct group *items;
	size_t n;
};

START_TEST(lists_may_be_in_lists)
{
	static const struct zoom_json_field names[] = {
		{ STR("name"), ZOOM_JSON_TEXT, offsetof(struct group, name) },
	};
	struct zoom_json_list inner = lists[0];
	inner.path = S("in.side");
	inner.offset = offsetof(struct group, things.items);
	inner.offset_n = offsetof(struct group, things.n);
	const struct zoom_json_table group = { names, 1, &inner, 1 };
	const struct zoom_json_list outer = {
		.path = STR("groups"),
		.item = &group,
		.size = sizeof(struct group),
		.max = 20,
		.offset = offsetof(struct groups, items),
		.offset_n = offsetof(struct groups, n),
	};
	const struct zoom_json_table whole = { .lists = &outer, .n_lists = 1 };
	struct groups groups = { .n = 7 };
	ck_assert(zoom_json_read(&arena,
	    S("{\"groups\":[{\"in\":{\"side\":[{\"name\":\"a\"},{\"name\":"
	      "\"b\"}]},\"name\":\"first\",\"groups\":[{}]},{},{},{},{},{},{},"
	      "{},{},{\"side\":[{}],\"name\":\"last\",\"in\":{\"side\":[[],"
	      "{\"name\":\"c\",\"in\":{\"side\":[{}]}}]}}]}"),
	    &whole, &groups, &err));
	ck_assert_uint_eq(groups.n, 10);
	ck_assert_str_eq(str_c(groups.items[0].name), "first");
	ck_assert_uint_eq(groups.items[0].things.n, 2);
	ck_assert_str_eq(str_c(groups.items[0].things.items[1].name), "b");
	ck_assert_uint_eq(groups.items[1].things.n, 0);
	ck_assert_str_eq(str_c(groups.items[9].name), "last");
	ck_assert_uint_eq(groups.items[9].things.n, 1);
	ck_assert_str_eq(str_c(groups.items[9].things.items[0].name), "c");
}
END_TEST

static const struct row no_lists[] = {
	{ "{}" },
	{ "{\"deep\":null}" },
	{ "{\"deep\":[]}" },
	{ "{\"deep\":{\"list\":null}}" },
	{ "{\"deep\":{\"list\":{}}}" },
	{ "{\"deep\":{\"list\":\"x\"}}" },
	{ "{\"deep\":{\"list\":[]}}" },
	{ "{\"list\":[{}]}" },
};

START_TEST(what_is_no_list_has_no_items)
{
	ck_assert_uint_eq(read_things(no_lists[_i].text).n, 0);
}
END_TEST

START_TEST(a_list_above_the_arena_fails_the_whole)
{
	struct things things = { .number = -7 };
	struct arena small;
	arena_init(&small, 32);
	err_clear(&err);
	ck_assert(!zoom_json_read(&small, S("{\"deep\":{\"list\":[{},{},{}]}}"),
	    &list_table, &things, &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_uint_eq(things.n, 0);
	arena_fini(&small);
}
END_TEST

START_TEST(white_space_is_allowed_where_it_is)
{
	ck_assert(read_thing(S(" \t\r\n{ \"name\" : \"x\" , \"a\" : [ 1 , "
	                       "-0.5e+7 , true , false , null , [ ] , { } ] } "
	                       "\n")));
	ck_assert_str_eq(str_c(thing.name), "x");
}
END_TEST

START_TEST(a_document_cut_anywhere_is_refused)
{
	struct str whole = S("{\"name\":\"a\\u00e9\",\"x\":[1.5e3,true,null],"
	                     "\"deep\":{\"down\":{\"number\":12}}}");
	ck_assert(read_thing(whole));
	for (size_t n = 0; n < whole.len; n++) {
		/* a copy of exact size, so that reading on is noticed */
		char *cut = malloc(n + 1);
		ck_assert_ptr_nonnull(cut);
		memcpy(cut, whole.data, n);
		cut = realloc(cut, n == 0 ? 1 : n);
		ck_assert(!read_thing(str_n(cut, n)));
		ck_assert_int_eq(err.code, ERR_PROTOCOL);
		free(cut);
	}
}
END_TEST

START_TEST(a_text_above_the_arena_fails_the_whole)
{
	struct arena small;
	arena_init(&small, 32);
	err_clear(&err);
	ck_assert(!zoom_json_read(&small,
	    S("{\"name\":\"0123456789012345678901234567890123456789012345678901"
	      "23456789\"}"),
	    &table, &thing, &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	arena_fini(&small);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_json");
	TCase *tests = tcase_create("json");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, fills_fields_by_path);
	tcase_add_test(tests, a_flag_is_true_or_false_and_nothing_else);
	tcase_add_test(tests, a_number_may_be_a_string);
	tcase_add_loop_test(tests, a_whole_number_may_be_written_in_many_ways,
	    0, (int)(sizeof(numbers) / sizeof(numbers[0])));
	tcase_add_loop_test(tests, other_types_leave_the_field_alone, 0,
	    (int)(sizeof(strange) / sizeof(strange[0])));
	tcase_add_loop_test(tests, what_is_no_object_is_a_protocol_error, 0,
	    (int)(sizeof(broken) / sizeof(broken[0])));
	tcase_add_test(tests, a_nul_between_values_is_no_white_space);
	tcase_add_test(
	    tests, a_number_of_any_length_is_read_if_a_double_holds_it);
	tcase_add_test(tests, half_a_document_changes_nothing);
	tcase_add_test(tests, nesting_has_a_limit);
	tcase_add_test(tests, brackets_in_texts_are_no_nesting);
	tcase_add_test(tests, too_many_values_are_refused);
	tcase_add_test(tests, values_have_a_limit);
	tcase_add_loop_test(tests, texts_come_out_as_valid_utf_8, 0,
	    (int)(sizeof(spellings) / sizeof(spellings[0])));
	tcase_add_test(tests, the_last_of_two_equal_names_counts);
	tcase_add_loop_test(tests,
	    the_last_of_two_equal_names_counts_whatever_it_is, 0,
	    (int)(sizeof(forgotten) / sizeof(forgotten[0])));
	tcase_add_test(tests, paths_match_whole_and_do_not_lead_through_lists);
	tcase_add_test(tests, a_list_of_objects_becomes_an_array);
	tcase_add_test(tests, items_that_are_no_objects_are_passed_over);
	tcase_add_test(tests, a_list_has_a_limit);
	tcase_add_test(tests, a_list_grows_up_to_its_limit);
	tcase_add_test(tests, the_last_of_two_equal_lists_counts);
	tcase_add_test(tests, lists_may_be_in_lists);
	tcase_add_loop_test(tests, what_is_no_list_has_no_items, 0,
	    (int)(sizeof(no_lists) / sizeof(no_lists[0])));
	tcase_add_test(tests, a_list_above_the_arena_fails_the_whole);
	tcase_add_test(tests, white_space_is_allowed_where_it_is);
	tcase_add_test(tests, a_document_cut_anywhere_is_refused);
	tcase_add_test(tests, a_text_above_the_arena_fails_the_whole);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
