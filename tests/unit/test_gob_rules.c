/* What Go's decoder makes of encodings made by hand, and what ours does. */
#include "tests/lib/feed.h"
#include "tests/lib/gotypes.h"
#include "tests/lib/vectors.h"

#include "mm/registry.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Where ours takes what Go refuses, or does without what Go offers. */
static const struct {
	const char *name, *reason;
} exceptions[] = {
	{ "nil-in-unknown-map",
	    "Go loses its place in a field it skips; ours knows the way" },
	{ "iface-unregistered",
	    "ours keeps the name and decodes past the value, for a post of "
	    "another plugin must not fail the hook that sees it" },
	{ "merge",
	    "only the host decodes onto a value it has; ours makes a new one "
	    "behind a pointer" },
};

static bool is_exception(const char *name)
{
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]);
	     i++) {
		if (strcmp(exceptions[i].name, name) == 0)
			return true;
	}
	return false;
}

struct seen {
	json_t *value; /* NULL: refused */
	struct err err;
};

static struct seen decode(const struct vector *v)
{
	const struct gob_type *type = go_type_named(v->go_type);
	struct seen seen = { 0 };
	struct feed f = { .bytes = v->bytes };
	struct gob_decoder d;
	struct arena a;
	ck_assert_msg(type != NULL, "no descriptor for %s", v->go_type);
	arena_init(&a, 1 << 20);
	gob_decoder_init(&d, feed_io(&f), &mm_registry, 0);
	void *value = arena_alloc(&a, type->size);
	if (gob_decode(&d, type, &a, value, &seen.err))
		seen.value = vectors_view(type, value);
	gob_decoder_fini(&d);
	arena_fini(&a);
	return seen;
}

static void expect_as_go(const struct vector *v)
{
	const json_t *want = json_object_get(v->json, "go_sees");
	struct seen seen = decode(v);
	if (json_is_null(want)) {
		ck_assert_msg(seen.value == NULL, "%s: accepted", v->name);
		ck_assert_int_ne(seen.err.code, ERR_NONE);
		return;
	}
	ck_assert_msg(seen.value != NULL, "%s: %s", v->name, seen.err.text);
	char *got = json_dumps(seen.value, JSON_SORT_KEYS);
	ck_assert_msg(json_equal(want, seen.value), "%s: got %s", v->name, got);
	free(got);
	json_decref(seen.value);
}

static struct vector_file file;

static const struct vector *vector_named(const char *name)
{
	for (size_t i = 0; i < file.n; i++) {
		if (strcmp(file.vectors[i].name, name) == 0)
			return &file.vectors[i];
	}
	ck_abort_msg("no rule %s", name);
	return NULL;
}

static void set_up(void)
{
	vectors_load(&file, "decoder_rules.json");
}

static void tear_down(void)
{
	vectors_free(&file);
}

START_TEST(we_see_what_go_sees)
{
	size_t n = 0;
	for (size_t i = 0; i < file.n; i++) {
		if (is_exception(file.vectors[i].name))
			continue;
		expect_as_go(&file.vectors[i]);
		n++;
	}
	ck_assert_uint_eq(
	    n, file.n - sizeof(exceptions) / sizeof(exceptions[0]));
}
END_TEST

static void expect_value(const char *name, const char *json)
{
	struct seen seen = decode(vector_named(name));
	ck_assert_msg(seen.value != NULL, "%s: %s", name, seen.err.text);
	json_t *want = json_loads(json, JSON_DECODE_INT_AS_REAL, NULL);
	ck_assert_ptr_nonnull(want);
	ck_assert(json_equal(want, seen.value));
	json_decref(want);
	json_decref(seen.value);
}

START_TEST(a_nil_in_a_field_we_skip_is_skipped)
{
	expect_value("nil-in-unknown-map", "{\"A\": \"key\"}");
}
END_TEST

START_TEST(a_value_of_an_unknown_name_is_nothing)
{
	expect_value("iface-unregistered", "{\"A\": \"m\", \"B\": [null]}");
}
END_TEST

START_TEST(a_struct_behind_a_pointer_is_new)
{
	expect_value("merge", "{\"A\": {\"Type\": \"custom_x\"}}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gob rules");
	TCase *tc = tcase_create("rules");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, we_see_what_go_sees);
	tcase_add_test(tc, a_nil_in_a_field_we_skip_is_skipped);
	tcase_add_test(tc, a_value_of_an_unknown_name_is_nothing);
	tcase_add_test(tc, a_struct_behind_a_pointer_is_new);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
