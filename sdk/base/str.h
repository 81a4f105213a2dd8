/*
 * str - bytes with a length: the strings and byte slices of the wire
 *
 * A str is a borrowed view and is passed by value. {NULL, 0} is the empty
 * string. Whatever this SDK decodes or prints ends with a NUL that is not
 * counted, so `.data` may be handed to C functions where the text holds no
 * NUL of its own; str_c gives "" for the empty one.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct str {
	const char *data; /* borrowed; may be NULL when len is 0 */
	size_t len;       /* bytes */
};

/* A string literal as a str, also in static initialisers. */
#define STR(literal)                                                           \
 {                                                                             \
  "" literal, sizeof(literal) - 1                                              \
 }

/* The same as an expression. */
#ifdef __cplusplus
# define S(literal) (::str STR(literal))
#else
# define S(literal) ((struct str)STR(literal))
#endif

/* For printf: "%.*s", STR_ARG(s) */
#define STR_ARG(s) (int)(s).len, (s).data == NULL ? "" : (s).data

/* View of a C string; NULL gives the empty string. */
struct str str_from(const char *text);

/* View of n bytes. */
struct str str_n(const char *data, size_t n);

/* The bytes for a function that wants a C string; never NULL. Only for strings
 * with a NUL behind them, as above: not for parts of others. */
const char *str_c(struct str s);

bool str_eq(struct str a, struct str b);

/* ASCII letters of either case are equal. */
bool str_eq_nocase(struct str a, struct str b);

bool str_has_prefix(struct str s, struct str prefix);

bool str_has_suffix(struct str s, struct str suffix);

/* The part from byte `from` on, at most n bytes; clamped to s. */
struct str str_sub(struct str s, size_t from, size_t n);

/* Without leading and trailing ASCII white space. */
struct str str_trim(struct str s);

/*
 * str_cut - split at the first separator
 *
 *   before, after   out: views into s; all of s and "" when not found
 *
 * Returns whether the separator was there.
 */
bool str_cut(
    struct str s, char separator, struct str *before, struct str *after);

/* The next word of a line, separated by ASCII white space; moves *rest on. */
struct str str_word(struct str *rest);

/*
 * str_to_int64 - a decimal number, all of s, with an optional minus sign
 *
 * Returns false for anything else, also for overflow; *value is then 0.
 */
bool str_to_int64(struct str s, int64_t *value);

/* In time that depends only on the lengths. For secrets. */
bool str_eq_constant_time(struct str a, struct str b);

#ifdef __cplusplus
}
#endif

#endif
