/* Every allocation of the decoder and the encoder fails once. */
#include "tests/lib/faults.h"
#include "tests/lib/feed.h"
#include "tests/lib/gotypes.h"
#include "tests/lib/vectors.h"

#include "mm/registry.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct message {
	struct str bytes;
	const struct gob_type *type;
};

/* Decode a value and encode it again. */
static bool there_and_back(void *arg)
{
	const struct message *m = arg;
	const struct gob_type *type = m->type;
	struct feed f = { .bytes = m->bytes, .piece = 100 };
	struct err err = { 0 };
	struct gob_decoder d;
	struct gob_encoder e;
	struct arena a;
	struct buf out;
	arena_init(&a, 1 << 20);
	buf_init(&out, 1 << 20);
	gob_encoder_init(&e);
	gob_decoder_init(&d, feed_io(&f), &mm_registry, 0);
	void *value = arena_alloc(&a, type->size);
	bool done = value != NULL && gob_decode(&d, type, &a, value, &err) &&
	            gob_encode(&e, &out, type, value, &err);
	gob_decoder_fini(&d);
	gob_encoder_fini(&e);
	buf_fini(&out);
	arena_fini(&a);
	return done;
}

START_TEST(every_allocation_may_fail_in_a_rich_message)
{
	struct vector_file file;
	vectors_load(&file, "messages.json");
	for (size_t i = 0; i < file.n; i++) {
		struct message m = {
			.bytes = file.vectors[i].bytes,
			.type = go_type_named(file.vectors[i].go_type),
		};
		faults_each(there_and_back, &m);
	}
	vectors_free(&file);
}
END_TEST

/* A fault fails one value; the next attempt on the same encoder succeeds. */
static bool second_attempt(void *arg)
{
	static struct str names[] = { STR("a"), STR("b") };
	struct gob_strings list = { names, 2 };
	struct err err = { 0 };
	struct gob_encoder e;
	struct buf out;
	(void)arg;
	buf_init(&out, 1 << 16);
	gob_encoder_init(&e);
	bool done = gob_encode(&e, &out, &gob_type_strings, &list, &err);
	if (!done) {
		err_clear(&err);
		done = gob_encode(&e, &out, &gob_type_strings, &list, &err) &&
		       out.data[1] == 0x7f;
	}
	gob_encoder_fini(&e);
	buf_fini(&out);
	return done;
}

START_TEST(after_a_fault_the_encoder_is_as_before)
{
	faults_each(second_attempt, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gob faults");
	TCase *tc = tcase_create("faults");
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, every_allocation_may_fail_in_a_rich_message);
	tcase_add_test(tc, after_a_fault_the_encoder_is_as_before);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
