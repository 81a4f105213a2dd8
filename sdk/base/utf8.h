/*
 * utf8 - characters of texts that others have written
 *
 * Source: RFC 3629
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Stands for what is no character: U+FFFD, itself one of three bytes. */
#define UTF8_REPLACEMENT 0xfffd

/*
 * utf8_first - the character at the front of a text that is not empty
 *
 *   bytes   out: how many it has
 *
 * What is no UTF-8 (cut off, longer than it need be, a surrogate, above
 * U+10FFFF) is one byte of UTF8_REPLACEMENT.
 */
uint32_t utf8_first(struct str s, size_t *bytes);

/* Is all of it UTF-8? The empty text is. */
bool utf8_valid(struct str s);

#ifdef __cplusplus
}
#endif

#endif
