/* Every vector that Go wrote: decoded whole, byte by byte and cut at every
 * offset, compared with what Go meant, and encoded again. */
#include "tests/lib/feed.h"
#include "tests/lib/vectors.h"

#include "mm/registry.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX ((size_t)16 * 1024 * 1024)

static void start(
    struct gob_decoder *d, struct feed *f, struct str bytes, size_t piece)
{
	*f = (struct feed){ .bytes = bytes, .piece = piece };
	gob_decoder_init(d, feed_io(f), &mm_registry, 0);
}

/* Descriptors for the values of a stream, from a first pass over it. */
static size_t learn(struct str bytes, struct arena *a,
    const struct gob_type **types, size_t room)
{
	struct gob_decoder d;
	struct feed f;
	struct err err = { 0 };
	size_t n = 0;
	start(&d, &f, bytes, 0);
	while (gob_decode(&d, NULL, NULL, NULL, &err)) {
		ck_assert_uint_lt(n, room);
		types[n++] = vectors_type_of(a, d.last);
	}
	ck_assert_msg(err.code == ERR_CLOSED, "%s", err.text);
	gob_decoder_fini(&d);
	return n;
}

/* Decode all values; how many came out right before the stream ended. */
static size_t decode_all(struct str bytes, size_t piece,
    const struct gob_type **types, size_t n, json_t *views, struct err *err)
{
	struct gob_decoder d;
	struct feed f;
	struct arena a;
	size_t i;
	arena_init(&a, ARENA_MAX);
	start(&d, &f, bytes, piece);
	for (i = 0; i < n; i++) {
		void *value = arena_alloc(&a, types[i]->size);
		if (!gob_decode(&d, types[i], &a, value, err))
			break;
		json_array_append_new(views, vectors_view(types[i], value));
	}
	gob_decoder_fini(&d);
	arena_fini(&a);
	return i;
}

static void expect_equal(const struct vector *v, const json_t *views)
{
	if (json_equal(v->value, views))
		return;
	char *want = json_dumps(v->value, JSON_SORT_KEYS | JSON_COMPACT);
	char *got = json_dumps(views, JSON_SORT_KEYS | JSON_COMPACT);
	ck_abort_msg("%s: want %s, got %s", v->name, want, got);
}

static void encode_again(
    const struct vector *v, const struct gob_type **types, size_t n)
{
	struct gob_decoder d;
	struct gob_encoder e;
	struct feed f;
	struct arena a;
	struct buf out;
	struct err err = { 0 };
	arena_init(&a, ARENA_MAX);
	buf_init(&out, ARENA_MAX);
	gob_encoder_init(&e);
	start(&d, &f, v->bytes, 0);
	for (size_t i = 0; i < n; i++) {
		void *value = arena_alloc(&a, types[i]->size);
		ck_assert(gob_decode(&d, types[i], &a, value, &err));
		ck_assert_msg(gob_encode(&e, &out, types[i], value, &err),
		    "%s: %s", v->name, err.text);
	}
	json_t *views = json_array();
	ck_assert_uint_eq(
	    decode_all(buf_str(&out), 0, types, n, views, &err), n);
	expect_equal(v, views);
	json_decref(views);
	gob_decoder_fini(&d);
	gob_encoder_fini(&e);
	buf_fini(&out);
	arena_fini(&a);
}

static void cut_everywhere(
    const struct vector *v, const struct gob_type **types, size_t n)
{
	for (size_t len = 0; len < v->bytes.len; len++) {
		struct err err = { 0 };
		json_t *views = json_array();
		/* a copy of exactly this length, so that ASan sees any read
		 * behind it */
		char *copy = malloc(len + 1);
		memcpy(copy, v->bytes.data, len);
		size_t whole =
		    decode_all(str_n(copy, len), 0, types, n, views, &err);
		ck_assert_msg(whole < n, "%s cut at %zu decodes", v->name, len);
		ck_assert_int_ne(err.code, ERR_NONE);
		json_t *value;
		size_t i;
		json_array_foreach(views, i, value)
			ck_assert(
			    json_equal(value, json_array_get(v->value, i)));
		json_decref(views);
		free(copy);
	}
}

static void check_file(const char *name)
{
	struct vector_file file;
	vectors_load(&file, name);
	for (size_t i = 0; i < file.n; i++) {
		const struct vector *v = &file.vectors[i];
		const struct gob_type *types[16];
		struct arena a;
		arena_init(&a, ARENA_MAX);
		size_t n = learn(v->bytes, &a, types, 16);
		ck_assert_uint_eq(n, json_array_size(v->value));
		for (size_t piece = 0; piece < 2; piece++) {
			struct err err = { 0 };
			json_t *views = json_array();
			decode_all(v->bytes, piece, types, n, views, &err);
			ck_assert_msg(
			    err.code == ERR_NONE, "%s: %s", v->name, err.text);
			expect_equal(v, views);
			json_decref(views);
		}
		encode_again(v, types, n);
		cut_everywhere(v, types, n);
		arena_fini(&a);
	}
	vectors_free(&file);
}

static const char *const files[] = {
	"primitives.json",
	"rpc.json",
	"messages.json",
	"hooks.json",
	"models.json",
	"api.json",
};

START_TEST(every_vector_is_understood)
{
	check_file(files[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gob vectors");
	TCase *tc = tcase_create("files");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, every_vector_is_understood, 0,
	    (int)(sizeof(files) / sizeof(files[0])));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
