/*
 * buf - a byte buffer that grows up to a cap
 *
 * Sticky: the first append that does not fit sets `fault`, later ones do
 * nothing, and the owner checks once at the end with buf_ok.
 *
 * Threads: one thread at a time per buffer.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

struct buf {
	uint8_t *data;       /* owned */
	size_t len;          /* bytes in use */
	size_t room;         /* bytes allocated */
	size_t max;          /* cap on len, given at birth */
	enum err_code fault; /* ERR_TOO_BIG or ERR_NO_MEMORY, sticky */
};

/* Prepare an empty buffer of at most max bytes; nothing is allocated yet. */
void buf_init(struct buf *b, size_t max);

/* Wipe and free. Accepts a zeroed buffer; leaves a zeroed one. */
void buf_fini(struct buf *b);

/* Room for n more bytes; the place to write them, or NULL (sticky). */
uint8_t *buf_reserve(struct buf *b, size_t n);

/* Append n bytes. */
void buf_put(struct buf *b, const void *data, size_t n);
void buf_put_byte(struct buf *b, uint8_t byte);
void buf_put_str(struct buf *b, struct str s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Make room for n bytes at offset `at`, moving the rest up. */
void buf_insert(struct buf *b, size_t at, const void *data, size_t n);

/* Drop the first n bytes, moving the rest down. */
void buf_drop(struct buf *b, size_t n);

/* Back to length len, which is not above the present one. */
void buf_cut(struct buf *b, size_t len);

/* Empty it, and give memory above `keep` bytes back. Clears the fault. */
void buf_reset(struct buf *b, size_t keep);

/* View of the content, valid until the next change. No NUL behind it. */
struct str buf_str(const struct buf *b);

/* False, and err set, when an append has failed. */
bool buf_ok(const struct buf *b, struct err *err) MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
