#include "gob/wire.h"

#include <string.h>

size_t wire_uint_bytes(uint8_t out[WIRE_MAX_UINT], uint64_t u)
{
	if (u <= 127) {
		out[0] = (uint8_t)u;
		return 1;
	}
	size_t n = (size_t)(8 - __builtin_clzll(u) / 8);
	out[0] = (uint8_t)(256 - n);
	for (size_t i = 0; i < n; i++)
		out[1 + i] = (uint8_t)(u >> (8 * (n - 1 - i)));
	return 1 + n;
}

void wire_put_uint(struct buf *b, uint64_t u)
{
	uint8_t bytes[WIRE_MAX_UINT];
	buf_put(b, bytes, wire_uint_bytes(bytes, u));
}

void wire_put_int(struct buf *b, int64_t i)
{
	uint64_t u = (uint64_t)i;
	wire_put_uint(b, i < 0 ? (~u << 1) | 1 : u << 1);
}

void wire_put_float(struct buf *b, double f)
{
	uint64_t u;
	memcpy(&u, &f, sizeof(u));
	wire_put_uint(b, __builtin_bswap64(u));
}

void wire_put_str(struct buf *b, struct str s)
{
	wire_put_uint(b, s.len);
	buf_put(b, s.data, s.len);
}

bool wire_get_uint(const uint8_t **p, const uint8_t *end, uint64_t *u)
{
	if (*p >= end)
		return false;
	uint8_t first = *(*p)++;
	if (first <= 127) {
		*u = first;
		return true;
	}
	size_t n = 256u - first;
	if (n > 8 || (size_t)(end - *p) < n)
		return false;
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum = sum << 8 | (*p)[i];
	*p += n;
	*u = sum;
	return true;
}

bool wire_get_int(const uint8_t **p, const uint8_t *end, int64_t *i)
{
	uint64_t u;
	if (!wire_get_uint(p, end, &u))
		return false;
	*i = (int64_t)((u & 1) != 0 ? ~(u >> 1) : u >> 1);
	return true;
}

bool wire_get_float(const uint8_t **p, const uint8_t *end, double *f)
{
	uint64_t u;
	if (!wire_get_uint(p, end, &u))
		return false;
	u = __builtin_bswap64(u);
	memcpy(f, &u, sizeof(u));
	return true;
}

bool wire_get_str(const uint8_t **p, const uint8_t *end, struct str *s)
{
	uint64_t len;
	if (!wire_get_uint(p, end, &len) || len > (uint64_t)(end - *p))
		return false;
	*s = str_n((const char *)*p, (size_t)len);
	*p += len;
	return true;
}
