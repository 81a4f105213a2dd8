/* What the generated descriptors encode, compared with Go byte for byte.
 *
 * Not every vector can be the same: Go leaves out the names of unnamed types
 * in definitions, numbers types in the order in which the process has met
 * them, cuts messages that hold interface values, and walks maps at random.
 * All that Go decodes alike, so here it is counted: never fewer. */
#include "tests/lib/feed.h"
#include "tests/lib/gotypes.h"
#include "tests/lib/vectors.h"

#include "mm/registry.h"

#include <check.h>
#include <stdlib.h>

static bool encodes_as_go(const struct vector *v)
{
	const struct gob_type *type = go_type_named(v->go_type);
	struct feed f = { .bytes = v->bytes };
	struct err err = { 0 };
	struct gob_decoder d;
	struct gob_encoder e;
	struct arena a;
	struct buf out;
	ck_assert_msg(type != NULL, "no descriptor for %s", v->go_type);
	arena_init(&a, 1 << 22);
	buf_init(&out, 1 << 22);
	gob_encoder_init(&e);
	gob_decoder_init(&d, feed_io(&f), &mm_registry, 0);
	void *value = arena_alloc(&a, type->size);
	ck_assert_msg(
	    gob_decode(&d, type, &a, value, &err), "%s: %s", v->name, err.text);
	ck_assert_msg(gob_encode(&e, &out, type, value, &err), "%s: %s",
	    v->name, err.text);
	bool same = str_eq(buf_str(&out), v->bytes);
	gob_decoder_fini(&d);
	gob_encoder_fini(&e);
	buf_fini(&out);
	arena_fini(&a);
	return same;
}

static void expect_at_least(const char *name, size_t floor, size_t all)
{
	struct vector_file file;
	size_t same = 0;
	vectors_load(&file, name);
	ck_assert_uint_eq(file.n, all);
	for (size_t i = 0; i < file.n; i++)
		same += encodes_as_go(&file.vectors[i]);
	ck_assert_msg(same >= floor, "%s: %zu of %zu are the same, were %zu",
	    name, same, file.n, floor);
	vectors_free(&file);
}

START_TEST(hooks_are_encoded_as_go_does)
{
	expect_at_least("hooks.json", 31, 53);
}
END_TEST

START_TEST(api_calls_are_encoded_as_go_does)
{
	expect_at_least("api.json", 202, 242);
}
END_TEST

START_TEST(models_are_encoded_as_go_does)
{
	expect_at_least("models.json", 22, 35);
}
END_TEST

START_TEST(messages_are_encoded_as_go_does)
{
	expect_at_least("messages.json", 6, 16);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gob exact bytes");
	TCase *tc = tcase_create("files");
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, hooks_are_encoded_as_go_does);
	tcase_add_test(tc, api_calls_are_encoded_as_go_does);
	tcase_add_test(tc, models_are_encoded_as_go_does);
	tcase_add_test(tc, messages_are_encoded_as_go_does);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
