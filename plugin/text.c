#include "plugin/text.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#define LINK_MAX 2048
#define NAME_MAX 40

#define ELLIPSIS "\xe2\x80\xa6"

/* ---- characters ---------------------------------------------------------------- */

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
		uint32_t c = utf8_first(text, &n);
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
		else if (c == UTF8_REPLACEMENT)
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
