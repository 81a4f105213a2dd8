/*
 * json - from Zoom's JSON into structs, by table
 *
 * A struct is described by rows: where the value stands in the document,
 * what it becomes, where it goes. One function walks the document once and
 * keeps what a row asks for, so that a field of Zoom's is one line, every
 * document passes the same limits, and a large one costs no memory: what
 * nobody asked for is checked and passed over. (jansson, which builds a tree
 * first, takes 19 ms and 5 MB for a body of 900 kB, this 2 ms and none.)
 *
 *	static const struct zoom_json_field fields[] = {
 *		{ "payload.account_id", ZOOM_JSON_TEXT,
 *		    offsetof(struct zoom_event, account_id) },
 *		...
 *
 * What is absent, null or of another type leaves the field as it was: Zoom's
 * types differ between events and change without notice. Of a name that
 * comes twice the last one counts, as in Go. Internal to libzoom.
 */
#ifndef ZOOM_JSON_H
#define ZOOM_JSON_H

#include "base/arena.h"

/* Zoom's deepest document, user settings, has 5 levels. */
#define ZOOM_JSON_MAX_DEPTH 32

/* A recording of a hundred files has some 2,000 values. */
#define ZOOM_JSON_MAX_VALUES 65536

enum zoom_json_kind {
	ZOOM_JSON_TEXT, /* string without NUL -> struct str, valid UTF-8 */
	ZOOM_JSON_INT,  /* whole number or decimal string -> int64_t */
	ZOOM_JSON_TIME, /* RFC 3339 string -> int64_t, UTC milliseconds */
	ZOOM_JSON_BOOL, /* true or false -> bool */
};

struct zoom_json_field {
	const char *path; /* names joined by "." */
	enum zoom_json_kind kind;
	size_t offset;
};

struct zoom_json_table {
	const struct zoom_json_field *fields;
	size_t n_fields;
};

/*
 * zoom_json_read - fill the fields of an object
 *
 *   text     a JSON object; borrowed
 *   object   the struct that the offsets count in, initialised
 *
 * Texts are copied into the arena.
 *
 * Errors   ERR_PROTOCOL (no JSON, no UTF-8, no object, too deep),
 *          ERR_TOO_BIG (too many values, the arena's cap), ERR_NO_MEMORY
 * Source   RFC 8259
 */
bool zoom_json_read(struct arena *a, struct str text,
    const struct zoom_json_table *table, void *object,
    struct err *err) MUST_USE;

#endif
