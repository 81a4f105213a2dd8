/* gobs - gob streams made by hand, and a decoder to feed them to */
#ifndef TESTS_GOBS_H
#define TESTS_GOBS_H

#include "gob/gob.h"
#include "tests/lib/feed.h"

struct gobs {
	struct buf bytes; /* the stream, put together by the test */
	struct feed feed;
	struct gob_decoder decoder;
	struct arena arena;
	struct err err;
};

/* max_message 0 = the default */
void gobs_init(struct gobs *g, size_t max_message);
void gobs_fini(struct gobs *g);

/* Append bytes as they are, in hex; blanks are dropped. */
void gobs_hex(struct gobs *g, const char *hex);

/* Append a message of these bytes: its length, and they. */
void gobs_message(struct gobs *g, const void *data, size_t n);
void gobs_message_hex(struct gobs *g, const char *hex);

/* Decode the next value; err says why not. */
bool gobs_decode(struct gobs *g, const struct gob_type *type, void *value);

/* The next value is this string: the connection is in step. */
void gobs_expect_string(struct gobs *g, const char *text);

/* Decoding fails with this code; the connection goes on, or does not. */
void gobs_expect_soft(
    struct gobs *g, const struct gob_type *type, enum err_code code);
void gobs_expect_broken(struct gobs *g, const struct gob_type *type);

#endif
