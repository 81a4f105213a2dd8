#include "base/utf8.h"

#include <string.h>

/* The highest bit of each of 8 bytes: set in what is no ASCII. */
#define HIGH_BITS 0x8080808080808080u

uint32_t utf8_first(struct str s, size_t *bytes)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s.data[0];
	size_t n = first < 0x80             ? 1
	           : (first & 0xe0) == 0xc0 ? 2
	           : (first & 0xf0) == 0xe0 ? 3
	           : (first & 0xf8) == 0xf0 ? 4
	                                    : 0;
	uint32_t c = n == 1 ? first : first & (0x7fu >> n);
	*bytes = 1;
	if (n == 0 || n > s.len)
		return UTF8_REPLACEMENT;
	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)s.data[i];
		if ((next & 0xc0) != 0x80)
			return UTF8_REPLACEMENT;
		c = c << 6 | (next & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return UTF8_REPLACEMENT;
	*bytes = n;
	return c;
}

/* How many of the first bytes are ASCII for sure, in steps of 8. */
static size_t ascii(struct str s)
{
	uint64_t eight;
	size_t n = 0;
	for (; s.len - n >= sizeof(eight); n += sizeof(eight)) {
		memcpy(&eight, s.data + n, sizeof(eight));
		if ((eight & HIGH_BITS) != 0)
			break;
	}
	return n;
}

bool utf8_valid(struct str s)
{
	while (s.len > 0) {
		size_t n = ascii(s);
		if (n == 0 && utf8_first(s, &n) == UTF8_REPLACEMENT && n == 1)
			return false;
		s = str_sub(s, n, s.len);
	}
	return true;
}
