/*
 * json - from Zoom's JSON into structs, by table
 *
 * A struct is described by rows: where the value stands in the document,
 * what it becomes, where it goes. So a field of Zoom's is one line, and every
 * document passes the same limits. Values are taken while the document is
 * read: no tree is built of it, and what no row wants is not kept.
 *
 *	static const struct zoom_json_field fields[] = {
 *		{ STR("payload.account_id"), ZOOM_JSON_TEXT,
 *		    offsetof(struct zoom_event, account_id) },
 *		...
 *
 * What is absent, null or of another type leaves the field as it was: Zoom's
 * types differ between events and change without notice. Of a name that
 * comes twice the last one counts, whatever it is. Internal to libzoom.
 */
#ifndef ZOOM_JSON_H
#define ZOOM_JSON_H

#include "base/arena.h"

/* Zoom's deepest document, user settings, has 5 levels. */
#define ZOOM_JSON_MAX_DEPTH 32

/* Objects, lists and what is in them. A recording of a hundred files has some
 * 2,000. */
#define ZOOM_JSON_MAX_VALUES 65536

enum zoom_json_kind {
	ZOOM_JSON_TEXT, /* string without NUL -> struct str, valid UTF-8 */
	ZOOM_JSON_INT,  /* whole number or decimal string -> int64_t */
	ZOOM_JSON_TIME, /* RFC 3339 string -> int64_t, UTC milliseconds */
	ZOOM_JSON_BOOL, /* true or false -> bool */
};

struct zoom_json_field {
	struct str path; /* names joined by "." */
	enum zoom_json_kind kind;
	size_t offset;
};

struct zoom_json_list;

struct zoom_json_table {
	const struct zoom_json_field *fields;
	size_t n_fields;
	const struct zoom_json_list *lists; /* may be NULL */
	size_t n_lists;
};

/*
 * A list of objects, each read by a table of its own into an array in the
 * arena; an item that is no object is passed over.
 */
struct zoom_json_list {
	struct str path;
	const struct zoom_json_table *item;
	size_t size;     /* of an item's struct, which begins zeroed */
	size_t max;      /* items, the rest is not read */
	size_t offset;   /* of the pointer to the items */
	size_t offset_n; /* of their number, a size_t */
};

/*
 * zoom_json_read - fill the fields of an object
 *
 *   text     a JSON object; borrowed
 *   object   the struct that the offsets count in, initialised; as it was
 *            when this fails
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

/* Is what was read so far all that is wanted of the document? */
typedef bool zoom_json_enough(void *ctx, const void *object);

/*
 * zoom_json_read_until - the same, but only as far as it is of use
 *
 *   enough   asked at each name of the document's own object, before what it
 *            names is read. When it says so the rest is neither read nor
 *            checked: it may be no JSON, and a name in it may come twice.
 *   ctx      handed to it
 */
bool zoom_json_read_until(struct arena *a, struct str text,
    const struct zoom_json_table *table, void *object, zoom_json_enough *enough,
    void *ctx, struct err *err) MUST_USE;

#endif
