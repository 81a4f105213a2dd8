/*
 * text - what people typed, made fit to show
 *
 * Pure. Topics and links come from anybody who can post: they must not break
 * out of the line, the link or the message they are shown in.
 */
#ifndef PLUGIN_TEXT_H
#define PLUGIN_TEXT_H

#include "base/arena.h"

/*
 * text_line - one line of valid UTF-8
 *
 *   max   characters; a longer text ends with "..." as one of them
 *
 * Control characters and line separators become spaces, marks that turn the
 * direction of writing are left out, bytes that are no UTF-8 become U+FFFD.
 * The line lives in the arena and may be empty.
 */
struct str text_line(struct arena *a, struct str text, size_t max);

/* Whether a link may be offered: http or https, a host, no space, no quotes,
 * no angle brackets, no control character, at most 2,048 bytes. */
bool text_is_link(struct str url);

/* A link for the parentheses of a markdown link; arena. */
struct str text_link_target(struct arena *a, struct str url);

/* Whether a name is so plain that markdown cannot change it: 1 to 40 letters,
 * digits, spaces and hyphens. */
bool text_is_name(struct str name);

#endif
