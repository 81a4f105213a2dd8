/* Definitions of the peer: learnt, linked, refused. */
#include "tests/lib/gobs.h"

#include "gob/types.h"
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

struct named {
	struct str name;
	int64_t age;
};

static const struct gob_field named_fields[] = {
	{ "Name", &gob_type_string, offsetof(struct named, name), false },
	{ "Age", &gob_type_int64, offsetof(struct named, age), false },
};

static const struct gob_type type_named = {
	.kind = GOB_STRUCT,
	.name = "Named",
	.size = sizeof(struct named),
	.fields = named_fields,
	.n_fields = 2,
};

/* 65 = struct { Age int; Zzz string; Name string } */
#define DEFINE_65                                                              \
 "ff81 03 02 03 01 03416765 01 04 00 01 035a7a7a 01 0c 00"                     \
 "01 044e616d65 01 0c 00 00 00"

START_TEST(fields_are_matched_by_name)
{
	struct named n = { 0 };
	gobs_message_hex(&g, DEFINE_65);
	gobs_message_hex(&g, "ff82 01 54 01 0178 01 03426f62 00");
	ck_assert_msg(gobs_decode(&g, &type_named, &n), "%s", g.err.text);
	ck_assert_int_eq(n.age, 42);
	ck_assert_str_eq(n.name.data, "Bob");
}
END_TEST

START_TEST(fields_that_are_not_sent_stay)
{
	struct named n = { S("kept"), 1 };
	gobs_message_hex(&g, DEFINE_65);
	gobs_message_hex(&g, "ff82 01 54 00");
	ck_assert(gobs_decode(&g, &type_named, &n));
	ck_assert_int_eq(n.age, 42);
	ck_assert_str_eq(n.name.data, "kept");
}
END_TEST

START_TEST(an_id_is_defined_once)
{
	gobs_message_hex(&g, DEFINE_65);
	gobs_message_hex(&g, DEFINE_65);
	gobs_message_hex(&g, "ff82 00");
	gobs_expect_broken(&g, &type_named);
}
END_TEST

START_TEST(ids_below_64_are_taken)
{
	gobs_message_hex(&g, "7d 03 00 00");
	gobs_expect_broken(&g, &gob_type_empty);
}
END_TEST

START_TEST(a_value_of_an_undefined_type_is_refused)
{
	gobs_message_hex(&g, "ff82 00");
	gobs_expect_broken(&g, &type_named);
}
END_TEST

START_TEST(a_type_that_names_an_undefined_one_is_refused)
{
	/* 65 = []66 */
	gobs_message_hex(&g, "ff81 02 02 ff84 00 00");
	gobs_message_hex(&g, "ff82 00 00");
	gobs_expect_broken(&g, NULL);
}
END_TEST

START_TEST(definitions_may_come_in_any_order)
{
	struct gob_strings s = { 0 };
	/* map 67 = map[string]65, slice 65 = []string; 65 comes last */
	gobs_message_hex(&g, "ff85 04 02 0c 01 ff82 00 00");
	gobs_message_hex(&g, "ff81 02 02 0c 00 00");
	gobs_message_hex(&g, "ff86 00 01 01 61 01 01 62");
	gobs_message_hex(&g, "ff82 00 02 01 61 01 62");
	ck_assert(gobs_decode(&g, NULL, NULL));
	ck_assert(gobs_decode(&g, &gob_type_strings, &s));
	ck_assert_uint_eq(s.n, 2);
	ck_assert_str_eq(s.items[1].data, "b");
}
END_TEST

START_TEST(a_type_may_hold_itself)
{
	/* 65 = []65: three empty ones, then a string */
	gobs_message_hex(&g, "ff81 02 02 ff82 00 00");
	gobs_message_hex(&g, "ff82 00 03 00 00 00");
	gobs_message_hex(&g, "0c 00 02 6f6b");
	ck_assert(gobs_decode(&g, NULL, NULL));
	gobs_expect_string(&g, "ok");
}
END_TEST

START_TEST(malformed_definitions_are_refused)
{
	static const char *const all[] = {
		"ff81",                /* nothing */
		"ff81 00",             /* no member */
		"ff81 08 00 00",       /* an eighth member */
		"ff81 03 03 00 00",    /* a third field of structType */
		"ff81 03 02 05 00 00", /* five fields in two bytes */
		"ff81 03 02 f8ffffffffffffffff 00 00",
		"ff81 03 01 01 09 61 00", /* a name longer than the message */
		"ff81 02 02 0c 00 00 00", /* a byte too many */
		"ff81 02 02 0c 00 01",    /* two members */
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		gobs_message_hex(&g, all[i]);
		gobs_expect_broken(&g, NULL);
		tear_down();
		set_up();
	}
}
END_TEST

/* Definitions of n types, []string each, from id 64 on. */
static void define_types(int64_t n)
{
	for (int64_t id = 64; id < 64 + n; id++) {
		struct buf b;
		buf_init(&b, 64);
		wire_put_int(&b, -id);
		buf_put(&b, "\2\2\14\0\0", 5);
		gobs_message(&g, b.data, b.len);
		buf_fini(&b);
	}
}

START_TEST(as_many_types_as_the_limit_are_taken)
{
	define_types(GOB_MAX_TYPES);
	gobs_message_hex(&g, "0c 00 02 6f6b");
	gobs_expect_string(&g, "ok");
}
END_TEST

START_TEST(five_thousand_types_are_refused)
{
	define_types(5000);
	gobs_message_hex(&g, "0c 00 02 6f6b");
	gobs_expect_broken(&g, &gob_type_string);
	ck_assert_uint_le(g.decoder.types.used, GOB_MAX_TYPE_MEMORY);
}
END_TEST

START_TEST(the_memory_of_definitions_is_capped)
{
	/* one struct of 300,000 fields without name or type: 1 byte each */
	struct buf b;
	buf_init(&b, 1 << 20);
	wire_put_int(&b, -65);
	buf_put(&b, "\3\2", 2);
	wire_put_uint(&b, 300000);
	for (int i = 0; i < 300002; i++)
		buf_put_byte(&b, 0);
	gobs_message(&g, b.data, b.len);
	buf_fini(&b);
	static char value[64];
	ck_assert(!gobs_decode(&g, NULL, value));
	ck_assert(g.decoder.broken);
	ck_assert_uint_le(g.decoder.types.used, GOB_MAX_TYPE_MEMORY);
}
END_TEST

START_TEST(structs_without_a_common_field_do_not_fit)
{
	/* 65 = struct { Zzz string } */
	gobs_message_hex(&g, "ff81 03 02 01 01 035a7a7a 01 0c 00 00 00");
	gobs_message_hex(&g, "ff82 01 0178 00");
	gobs_message_hex(&g, "0c 00 02 6f6b");
	gobs_expect_soft(&g, &type_named, ERR_INVALID);
	gobs_expect_string(&g, "ok");
}
END_TEST

START_TEST(a_struct_without_fields_fits_every_struct)
{
	struct named n = { 0 };
	gobs_message_hex(&g, "ff81 03 00 00");
	gobs_message_hex(&g, "ff82 00");
	ck_assert(gobs_decode(&g, &type_named, &n));
}
END_TEST

START_TEST(interfaces_are_found_wherever_they_hide)
{
	/* 65 = []66, 66 = struct { A map[string]interface }, 67 that map */
	gobs_message_hex(&g, "ff81 02 02 ff84 00 00");
	gobs_message_hex(&g, "ff83 03 02 01 01 0141 01 ff86 00 00 00");
	gobs_message_hex(&g, "ff85 04 02 0c 01 10 00 00");
	gobs_message_hex(&g, "ff82 00 00");
	ck_assert(gobs_decode(&g, NULL, NULL));
	ck_assert(types_has_interface(g.decoder.last));
}
END_TEST

START_TEST(a_type_of_strings_has_no_interface)
{
	gobs_message_hex(&g, DEFINE_65);
	gobs_message_hex(&g, "ff82 00");
	ck_assert(gobs_decode(&g, NULL, NULL));
	ck_assert(!types_has_interface(g.decoder.last));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gob types");
	TCase *tc = tcase_create("types");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, fields_are_matched_by_name);
	tcase_add_test(tc, fields_that_are_not_sent_stay);
	tcase_add_test(tc, an_id_is_defined_once);
	tcase_add_test(tc, ids_below_64_are_taken);
	tcase_add_test(tc, a_value_of_an_undefined_type_is_refused);
	tcase_add_test(tc, a_type_that_names_an_undefined_one_is_refused);
	tcase_add_test(tc, definitions_may_come_in_any_order);
	tcase_add_test(tc, a_type_may_hold_itself);
	tcase_add_test(tc, malformed_definitions_are_refused);
	tcase_add_test(tc, as_many_types_as_the_limit_are_taken);
	tcase_add_test(tc, five_thousand_types_are_refused);
	tcase_add_test(tc, the_memory_of_definitions_is_capped);
	tcase_add_test(tc, structs_without_a_common_field_do_not_fit);
	tcase_add_test(tc, a_struct_without_fields_fits_every_struct);
	tcase_add_test(tc, interfaces_are_found_wherever_they_hide);
	tcase_add_test(tc, a_type_of_strings_has_no_interface);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
