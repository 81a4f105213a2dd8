#include "plugin/text.h"

#include <stdio.h>
#include <string.h>

#define LINK_MAX 2048
#define NAME_MAX 40

#define REPLACEMENT 0xfffd
#define ELLIPSIS    "\xe2\x80\xa6"

/* ---- characters ---------------------------------------------------------------- */

/* The character at the front of a non-empty text, and its bytes; anything
 * that is no UTF-8 is one byte of REPLACEMENT. Source: RFC 3629 */
static uint32_t decode(struct str s, size_t *bytes)
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
		return REPLACEMENT;
	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)s.data[i];
		if ((next & 0xc0) != 0x80)
			return REPLACEMENT;
		c = c << 6 | (next & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return REPLACEMENT;
	*bytes = n;
	return c;
}

/* C0, DEL, C1, and the two separators of lines and paragraphs. */
static bool is_control(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c <= 0x9f) || c == 0x2028 ||
	       c == 0x2029;
}

/* Marks, embeddings and isolates of the direction of writing. */
static bool is_direction(uint32_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* ---- lines ------------------------------------------------------------------------ */

struct line {
	char *data;
	size_t len;
	size_t characters;
};

static void append(struct line *line, struct str bytes)
{
	memcpy(line->data + line->len, bytes.data, bytes.len);
	line->len += bytes.len;
	line->characters++;
}

struct str text_line(struct arena *a, struct str text, size_t max)
{
	struct line line = { .data = arena_alloc(a, (max + 1) * 4) };
	size_t before_last = 0; /* bytes of the line without its last one */
	text = str_trim(text);
	if (line.data == NULL)
		return (struct str){ NULL, 0 };
	while (text.len > 0) {
		size_t n;
		uint32_t c = decode(text, &n);
		struct str bytes = str_sub(text, 0, n);
		text = str_sub(text, n, text.len);
		if (is_direction(c))
			continue;
		if (line.characters == max) {
			line.len = before_last;
			append(&line, S(ELLIPSIS));
			break;
		}
		before_last = line.len;
		if (is_control(c))
			bytes = S(" ");
		else if (c == REPLACEMENT)
			bytes = S("\xef\xbf\xbd");
		append(&line, bytes);
	}
	return arena_str(a, str_trim(str_n(line.data, line.len)));
}

/* ---- links and names ---------------------------------------------------------------- */

bool text_is_link(struct str url)
{
	static const struct str schemes[] = { STR("http://"), STR("https://") };
	size_t skip = 0;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct str start = str_sub(url, 0, schemes[i].len);
		if (str_eq_nocase(start, schemes[i]))
			skip = schemes[i].len;
	}
	if (skip == 0 || url.len <= skip || url.len > LINK_MAX ||
	    url.data[skip] == '/')
		return false;
	for (size_t i = 0; i < url.len; i++) {
		unsigned char c = (unsigned char)url.data[i];
		if (c <= ' ' || c == 0x7f || strchr("<>\"'`", c) != NULL)
			return false;
	}
	return true;
}

struct str text_link_target(struct arena *a, struct str url)
{
	char *out = arena_alloc(a, 3 * url.len + 1);
	size_t n = 0;
	for (size_t i = 0; out != NULL && i < url.len; i++) {
		unsigned char c = (unsigned char)url.data[i];
		if (strchr("()[]\\", c) != NULL)
			n += (size_t)sprintf(out + n, "%%%02X", c);
		else
			out[n++] = (char)c;
	}
	return str_n(out, n);
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == ' ' || c == '-';
}

bool text_is_name(struct str name)
{
	if (name.len == 0 || name.len > NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_plain(name.data[i]))
			return false;
	}
	return true;
}
