/*
 * gob: the first byte chooses a descriptor, the rest is a stream. What
 * decodes is encoded, decodes again, and is then encoded to the same bytes.
 */
#include "fuzz/fuzz.h"

#include "mm/mm.h"
#include "rpc/rpc.h"
#include "tests/lib/feed.h"

#include <string.h>

#define MOST ((size_t)1024 * 1024)

/* fuzz/make-corpus.py knows this order. */
static const struct gob_type *const types[] = {
	NULL, /* decoded past */
	&mm_type_post,
	&mm_type_config,
	&mm_type_user,
	&mm_type_command_args,
	&mm_type_command_response,
	&mm_type_app_error,
	&mm_type_hook_serve_http_args,
	&mm_type_hook_execute_command_args,
	&mm_type_autocomplete_data,
	&mm_type_open_dialog_request,
	&gob_type_any_map,
	&gob_type_any_list,
	&gob_type_strings,
	&rpc_type_response,
	&gob_type_time,
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static bool encode(
    const struct gob_type *type, const void *value, struct buf *out)
{
	struct gob_encoder e;
	struct err err = { 0 };
	gob_encoder_init(&e);
	bool done = gob_encode(&e, out, type, value, &err);
	gob_encoder_fini(&e);
	return done;
}

static void there_and_back(const struct gob_type *type, const void *value)
{
	struct buf once, twice;
	struct arena a;
	struct gob_decoder d;
	struct err err = { 0 };
	buf_init(&once, 16 * MOST);
	buf_init(&twice, 16 * MOST);
	arena_init(&a, 64 * MOST);
	/* a name that is not registered cannot be sent */
	if (encode(type, value, &once)) {
		struct feed f = { .bytes = buf_str(&once) };
		gob_decoder_init(&d, feed_io(&f), &mm_registry, 16 * MOST);
		void *again = arena_alloc(&a, type->size);
		FUZZ_CHECK(gob_decode(&d, type, &a, again, &err));
		FUZZ_CHECK(encode(type, again, &twice));
		FUZZ_CHECK(once.len == twice.len &&
		           memcmp(once.data, twice.data, once.len) == 0);
		gob_decoder_fini(&d);
	}
	arena_fini(&a);
	buf_fini(&once);
	buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gob_decoder d;
	struct arena a;
	if (size == 0)
		return 0;
	const struct gob_type *type = types[data[0] % N_TYPES];
	struct feed f = { .bytes = { (const char *)data + 1, size - 1 } };
	gob_decoder_init(&d, feed_io(&f), &mm_registry, MOST);
	while (!d.broken && d.start + f.bytes.len - f.at > 0) {
		struct err err = { 0 };
		arena_init(&a, MOST);
		void *value = type == NULL ? NULL : arena_alloc(&a, type->size);
		bool done = gob_decode(&d, type, &a, value, &err);
		FUZZ_CHECK(done == (err.code == ERR_NONE));
		if (done && value != NULL)
			there_and_back(type, value);
		arena_fini(&a);
		if (err.code == ERR_CLOSED)
			break;
	}
	gob_decoder_fini(&d);
	return 0;
}
