/*
 * Escaping for URLs. One pass counts, so that the arena is asked once, one
 * writes. Nothing can go wrong but memory.
 */
#include "zoom/escape.h"

#include <string.h>

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-_.~", c) != NULL);
}

static bool stays(char c, const char *also)
{
	return is_plain(c) || (c != '\0' && strchr(also, c) != NULL);
}

static struct str escape(
    struct arena *a, struct str text, const char *also, bool plus)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t len = text.len;
	for (size_t i = 0; i < text.len; i++) {
		if (!stays(text.data[i], also))
			len += 2;
	}
	char *out = arena_alloc(a, len + 1);
	if (out == NULL)
		return (struct str){ NULL, 0 };
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (stays((char)c, also)) {
			out[n++] = (char)c;
		} else if (c == ' ' && plus) {
			out[n++] = '+';
		} else {
			out[n++] = '%';
			out[n++] = digits[c >> 4];
			out[n++] = digits[c & 15];
		}
	}
	return str_n(out, n);
}

struct str zoom_path_escape(struct arena *a, struct str text)
{
	return escape(a, text, "$&+=:@", false);
}

struct str zoom_form_escape(struct arena *a, struct str text)
{
	return escape(a, text, "", true);
}
