#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST ((size_t)64)

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_fini(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->room);
	free(b->data);
	*b = (struct buf){ 0 };
}

static bool fail(struct buf *b, enum err_code code)
{
	if (b->fault == ERR_NONE)
		b->fault = code;
	return false;
}

static bool grow(struct buf *b, size_t n)
{
	if (b->fault != ERR_NONE)
		return false;
	if (n > b->max - b->len)
		return fail(b, ERR_TOO_BIG);
	size_t need = b->len + n;
	if (need <= b->room)
		return true;
	size_t room = b->room < SMALLEST ? SMALLEST : b->room;
	while (room < need)
		room = room > b->max / 2 ? b->max : room * 2;
	uint8_t *data = realloc(b->data, room);
	if (data == NULL)
		return fail(b, ERR_NO_MEMORY);
	b->data = data;
	b->room = room;
	return true;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	return grow(b, n) ? b->data + b->len : NULL;
}

void buf_put(struct buf *b, const void *data, size_t n)
{
	if (n == 0 || !grow(b, n))
		return;
	memcpy(b->data + b->len, data, n);
	b->len += n;
}

void buf_put_byte(struct buf *b, uint8_t byte)
{
	buf_put(b, &byte, 1);
}

void buf_put_str(struct buf *b, struct str s)
{
	buf_put(b, s.data, s.len);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	/* vsnprintf writes a NUL, which is not counted */
	if (n < 0 || !grow(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void buf_insert(struct buf *b, size_t at, const void *data, size_t n)
{
	if (!grow(b, n))
		return;
	memmove(b->data + at + n, b->data + at, b->len - at);
	memcpy(b->data + at, data, n);
	b->len += n;
}

void buf_drop(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

void buf_cut(struct buf *b, size_t len)
{
	b->len = len;
}

void buf_reset(struct buf *b, size_t keep)
{
	b->len = 0;
	b->fault = ERR_NONE;
	if (b->room > keep) {
		explicit_bzero(b->data, b->room);
		free(b->data);
		b->data = NULL;
		b->room = 0;
	}
}

struct str buf_str(const struct buf *b)
{
	return (struct str){ (const char *)b->data, b->len };
}

bool buf_ok(const struct buf *b, struct err *err)
{
	if (b->fault == ERR_NONE)
		return true;
	return err_set(err, b->fault, "buffer of at most %zu bytes: %s", b->max,
	    err_code_text(b->fault));
}
