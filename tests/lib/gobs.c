#include "tests/lib/gobs.h"

#include "gob/wire.h"
#include "tests/lib/vectors.h"

#include <check.h>
#include <string.h>

#define STREAM_MAX ((size_t)128 * 1024 * 1024)

void gobs_init(struct gobs *g, size_t max_message)
{
	memset(g, 0, sizeof(*g));
	buf_init(&g->bytes, STREAM_MAX);
	arena_init(&g->arena, 1 << 20);
	gob_decoder_init(&g->decoder, feed_io(&g->feed), NULL, max_message);
}

void gobs_fini(struct gobs *g)
{
	gob_decoder_fini(&g->decoder);
	arena_fini(&g->arena);
	buf_fini(&g->bytes);
}

static void append_hex(struct buf *b, const char *hex)
{
	char digits[4096];
	size_t n = 0;
	struct arena a;
	for (; *hex != '\0'; hex++) {
		ck_assert_uint_lt(n + 1, sizeof(digits));
		if (*hex != ' ')
			digits[n++] = *hex;
	}
	digits[n] = '\0';
	arena_init(&a, 1 << 20);
	buf_put_str(b, vectors_from_hex(&a, digits));
	arena_fini(&a);
}

void gobs_hex(struct gobs *g, const char *hex)
{
	append_hex(&g->bytes, hex);
}

void gobs_message(struct gobs *g, const void *data, size_t n)
{
	wire_put_uint(&g->bytes, n);
	buf_put(&g->bytes, data, n);
	ck_assert_int_eq(g->bytes.fault, ERR_NONE);
}

void gobs_message_hex(struct gobs *g, const char *hex)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	append_hex(&b, hex);
	gobs_message(g, b.data, b.len);
	buf_fini(&b);
}

bool gobs_decode(struct gobs *g, const struct gob_type *type, void *value)
{
	g->feed.bytes = buf_str(&g->bytes);
	err_clear(&g->err);
	return gob_decode(&g->decoder, type, &g->arena, value, &g->err);
}

void gobs_expect_string(struct gobs *g, const char *text)
{
	struct str s = { 0 };
	ck_assert_msg(gobs_decode(g, &gob_type_string, &s), "%s", g->err.text);
	ck_assert_str_eq(str_c(s), text);
}

static void expect_failure(struct gobs *g, const struct gob_type *type)
{
	static char value[4096];
	memset(value, 0, sizeof(value));
	ck_assert(!gobs_decode(g, type, value));
	ck_assert_int_ne(g->err.code, ERR_NONE);
}

void gobs_expect_soft(
    struct gobs *g, const struct gob_type *type, enum err_code code)
{
	expect_failure(g, type);
	ck_assert_msg(!g->decoder.broken, "%s", g->err.text);
	ck_assert_msg(g->err.code == code, "%s", g->err.text);
}

void gobs_expect_broken(struct gobs *g, const struct gob_type *type)
{
	expect_failure(g, type);
	ck_assert(g->decoder.broken);
	ck_assert_int_eq(g->err.code, ERR_PROTOCOL);
	expect_failure(g, type);
}
