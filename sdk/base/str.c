#include "base/str.h"

#include <string.h>
#include <strings.h>

struct str str_from(const char *text)
{
	return (struct str){ text, text == NULL ? 0 : strlen(text) };
}

struct str str_n(const char *data, size_t n)
{
	return (struct str){ data, n };
}

const char *str_c(struct str s)
{
	return s.data == NULL ? "" : s.data;
}

bool str_eq(struct str a, struct str b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
	return a.len == b.len &&
	       (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

bool str_has_prefix(struct str s, struct str prefix)
{
	return str_eq(str_sub(s, 0, prefix.len), prefix);
}

bool str_has_suffix(struct str s, struct str suffix)
{
	return s.len >= suffix.len &&
	       str_eq(str_sub(s, s.len - suffix.len, suffix.len), suffix);
}

struct str str_sub(struct str s, size_t from, size_t n)
{
	if (from >= s.len)
		return (struct str){ NULL, 0 };
	size_t left = s.len - from;
	return (struct str){ s.data + from, n < left ? n : left };
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && is_space(s.data[0]))
		s = str_sub(s, 1, s.len);
	while (s.len > 0 && is_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

bool str_cut(
    struct str s, char separator, struct str *before, struct str *after)
{
	const char *at = s.len == 0 ? NULL : memchr(s.data, separator, s.len);
	if (at == NULL) {
		*before = s;
		*after = (struct str){ NULL, 0 };
		return false;
	}
	size_t i = (size_t)(at - s.data);
	*before = str_sub(s, 0, i);
	*after = str_sub(s, i + 1, s.len);
	return true;
}

struct str str_word(struct str *rest)
{
	struct str s = str_trim(*rest);
	size_t n = 0;
	while (n < s.len && !is_space(s.data[n]))
		n++;
	*rest = str_trim(str_sub(s, n, s.len));
	return str_sub(s, 0, n);
}

bool str_to_int64(struct str s, int64_t *value)
{
	*value = 0;
	bool minus = s.len > 0 && s.data[0] == '-';
	size_t i = minus ? 1 : 0;
	if (i == s.len)
		return false;
	int64_t sum = 0;
	for (; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		int digit = s.data[i] - '0';
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, minus ? -digit : digit, &sum))
			return false;
	}
	*value = sum;
	return true;
}

bool str_eq_constant_time(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	volatile unsigned char difference = 0;
	for (size_t i = 0; i < a.len; i++)
		difference |= (unsigned char)(a.data[i] ^ b.data[i]);
	return difference == 0;
}
