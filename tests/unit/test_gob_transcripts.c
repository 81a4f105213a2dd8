/* Whole connections, recorded between Go hosts and Go plugins of two
 * versions, read again down to the last byte. */
#include "tests/lib/feed.h"
#include "tests/lib/gotypes.h"

#include "mm/registry.h"
#include "rpc/rpc.h"
#include "yamux/frame.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_STREAMS 64

enum { CONTROL = 1, API = 2, HOOKS = 7 };

/* One direction of a recording, taken apart by stream. */
struct direction {
	struct buf bytes;
	struct buf streams[MAX_STREAMS];
};

static void load(struct buf *b, const char *name, const char *direction)
{
	char path[256];
	const char *root = getenv("TESTS_ROOT");
	snprintf(path, sizeof(path), "%s/tests/transcripts/%s.%s.bin",
	    root == NULL ? "." : root, name, direction);
	FILE *file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "%s", path);
	buf_init(b, 1 << 20);
	size_t n = fread(buf_reserve(b, 1 << 20), 1, 1 << 20, file);
	b->len = n;
	fclose(file);
}

static void open_direction(
    struct direction *d, const char *name, const char *direction)
{
	load(&d->bytes, name, direction);
	for (size_t i = 0; i < MAX_STREAMS; i++)
		buf_init(&d->streams[i], 1 << 20);
	size_t at = 0;
	while (at < d->bytes.len) {
		struct frame_header h;
		ck_assert_uint_le(at + FRAME_SIZE, d->bytes.len);
		ck_assert(frame_get(d->bytes.data + at, &h));
		at += FRAME_SIZE;
		if (h.type != FRAME_DATA)
			continue;
		ck_assert_uint_lt(h.stream, MAX_STREAMS);
		ck_assert_uint_le(at + h.length, d->bytes.len);
		buf_put(&d->streams[h.stream], d->bytes.data + at, h.length);
		at += h.length;
	}
	ck_assert_uint_eq(at, d->bytes.len);
}

static void close_direction(struct direction *d)
{
	for (size_t i = 0; i < MAX_STREAMS; i++)
		buf_fini(&d->streams[i]);
	buf_fini(&d->bytes);
}

/* ---- rpc ------------------------------------------------------------------------ */

struct reader {
	struct feed feed;
	struct gob_decoder decoder;
	struct arena arena;
	struct err err;
};

static void start(struct reader *r, const struct direction *d, int stream)
{
	memset(r, 0, sizeof(*r));
	r->feed.bytes = buf_str(&d->streams[stream]);
	/* after the control stream all are the broker's: a number comes first */
	if (stream != CONTROL)
		r->feed.at = 4;
	arena_init(&r->arena, 1 << 24);
	gob_decoder_init(&r->decoder, feed_io(&r->feed), &mm_registry, 0);
}

static void expect_end(struct reader *r)
{
	ck_assert_msg(r->err.code == ERR_CLOSED, "%s", r->err.text);
	ck_assert_uint_eq(r->feed.at, r->feed.bytes.len);
	ck_assert(!r->decoder.broken);
	gob_decoder_fini(&r->decoder);
	arena_fini(&r->arena);
}

static void expect_body(
    struct reader *r, const struct gob_type *type, struct str method)
{
	ck_assert_msg(type != NULL, "unknown %.*s", STR_ARG(method));
	void *value = arena_alloc(&r->arena, type->size);
	ck_assert_msg(gob_decode(&r->decoder, type, &r->arena, value, &r->err),
	    "%.*s: %s", STR_ARG(method), r->err.text);
}

static size_t read_requests(const struct direction *d, int stream)
{
	struct reader r;
	struct rpc_request head = { 0 };
	size_t n = 0;
	start(&r, d, stream);
	while (gob_decode(
	    &r.decoder, &rpc_type_request, &r.arena, &head, &r.err)) {
		ck_assert_uint_eq(head.seq, n);
		expect_body(&r, go_type_of_args(head.service_method),
		    head.service_method);
		n++;
		head = (struct rpc_request){ 0 };
	}
	expect_end(&r);
	return n;
}

static size_t read_responses(const struct direction *d, int stream)
{
	struct reader r;
	struct rpc_response head = { 0 };
	size_t n = 0;
	start(&r, d, stream);
	while (gob_decode(
	    &r.decoder, &rpc_type_response, &r.arena, &head, &r.err)) {
		const struct gob_type *type =
		    go_type_of_reply(head.service_method);
		expect_body(&r, head.error.len > 0 ? &gob_type_empty : type,
		    head.service_method);
		n++;
		head = (struct rpc_response){ 0 };
	}
	expect_end(&r);
	return n;
}

/* ---- tests ---------------------------------------------------------------------- */

/* How many calls the listings count on each stream. */
static const struct recording {
	const char *name;
	size_t control, hooks, api;
} recordings[] = {
	{ "new-new", 3, 23, 65 },
	{ "old-old", 3, 23, 65 },
	{ "old-new", 3, 23, 66 },
};

START_TEST(a_recorded_connection_is_understood)
{
	static struct direction to_plugin, to_host;
	const struct recording *r = &recordings[_i];
	open_direction(&to_plugin, r->name, "h2p");
	open_direction(&to_host, r->name, "p2h");
	ck_assert_uint_eq(read_requests(&to_plugin, CONTROL), r->control);
	ck_assert_uint_eq(read_responses(&to_host, CONTROL), r->control);
	ck_assert_uint_eq(read_requests(&to_plugin, HOOKS), r->hooks);
	ck_assert_uint_eq(read_responses(&to_host, HOOKS), r->hooks);
	ck_assert_uint_eq(read_requests(&to_host, API), r->api);
	ck_assert_uint_eq(read_responses(&to_plugin, API), r->api);
	close_direction(&to_plugin);
	close_direction(&to_host);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gob transcripts");
	TCase *tc = tcase_create("recordings");
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, a_recorded_connection_is_understood, 0,
	    (int)(sizeof(recordings) / sizeof(recordings[0])));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
