/*
 * js - the JSON that the plugin stores and is sent, on jansson
 *
 * A tree never leaves the function that parsed it; texts are copied into an
 * arena. Zoom's own documents are read by zoom/json.h.
 */
#ifndef PLUGIN_JS_H
#define PLUGIN_JS_H

#include "base/arena.h"

#include <jansson.h>

/* What a browser sends, and what is stored, has 4. */
#define JS_MAX_DEPTH 32

/* An object, NULL for anything else, and for more than JS_MAX_DEPTH
 * levels. Owned: json_decref, which takes NULL. */
json_t *js_parse(struct str text);

/* A member's text in the arena; {NULL, 0} when it is absent or no text.
 * object may be NULL. */
struct str js_text(struct arena *a, const json_t *object, const char *name);

/* A text that is UTF-8 already; NULL when memory is out. Owned. */
json_t *js_string(struct str s);

/* An object as text in the arena; the object is freed. NULL, as json_pack
 * gives it when memory is out, fails the arena. */
struct str js_dump(struct arena *a, json_t *object);

#endif
