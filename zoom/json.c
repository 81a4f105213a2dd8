/*
 * yajl reads a document and calls back at every name, value and end. A stack
 * of levels, one for each object and list that is open, knows what a table
 * wants of it: a level has the names that have led to it; a name that goes on
 * along some path makes the next value wanted; and what leads nowhere opens
 * levels that want nothing.
 *
 * yajl does not look whether it got the memory that it asked for. So that is
 * taken from an arena, and where there is no more, longjmp leaves yajl; the
 * arena has all of it, to be wiped and freed at the end in any case.
 */
#include "zoom/json.h"

#include "base/utf8.h"
#include "zoom/time.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* Whole numbers above this are not exact in a double; Zoom has none. */
#define LARGEST_WHOLE 9007199254740992.0

/* What is written in fewer digits, without an exponent, fits into a double. */
#define DIGITS_OF_DOUBLE 300

/* Items that a list has room for at first. */
#define FIRST_ITEMS 8

/* For the copy of the object, copies of numbers, what yajl always needs, less
 * than 8 KiB, and its two buffers: they double until the longest text with an
 * escape fits, or the one that a document breaks off in, and former sizes stay
 * in the arena. */
#define MEMORY(len) ((size_t)32 * 1024 + 16 * (len))

static const size_t sizes[] = {
	[ZOOM_JSON_TEXT] = sizeof(struct str),
	[ZOOM_JSON_INT] = sizeof(int64_t),
	[ZOOM_JSON_TIME] = sizeof(int64_t),
	[ZOOM_JSON_BOOL] = sizeof(bool),
};

/* An object or a list that is open. */
struct level {
	/* of an object */
	const struct zoom_json_table *table; /* NULL when nothing is wanted */
	char *object;                        /* that the table fills */
	const char *before;                  /* what it was; NULL for zeros */
	struct str place; /* of it in the object: the names so far */
	struct str next;  /* of the value that comes; NULL: not wanted */
	/* of a list */
	const struct zoom_json_list *list; /* NULL when it is not wanted */
	char *items;                       /* arena */
	size_t n;
	size_t room;
};

struct reader {
	struct arena *texts;
	const struct zoom_json_table *table;
	char *object; /* a copy, so that half a document changes nothing */
	const void *before;
	struct err *err;
	struct level levels[ZOOM_JSON_MAX_DEPTH];
	size_t depth;
	size_t values;
	zoom_json_enough *enough; /* may be NULL */
	void *ctx;
	bool has_enough;
	size_t end; /* behind what was read; 0 when that is no object */
	yajl_handle yajl;
	struct arena memory;
	jmp_buf no_memory;
};

/* ---- places ----------------------------------------------------------------------- */

/* Does a path lead through the name, from the place on? */
static bool leads(struct str path, struct str place, struct str name)
{
	size_t at = place.len > 0 ? place.len + 1 : 0;
	size_t end = at + name.len;
	return (path.len == end || (path.len > end && path.data[end] == '.')) &&
	       str_eq(str_sub(path, at, name.len), name) &&
	       memchr(str_c(name), '.', name.len) == NULL &&
	       (at == 0 ||
	           (path.data[at - 1] == '.' && str_has_prefix(path, place)));
}

/* Of a name that comes twice the last value counts: forget the former one. */
static void put_back(const struct level *level, size_t offset, size_t size)
{
	if (level->before != NULL)
		memcpy(level->object + offset, level->before + offset, size);
	else
		memset(level->object + offset, 0, size);
}

/* The place that the name leads to, as part of a path; NULL for nowhere. All
 * that is there or below begins anew. */
static struct str follow(const struct level *level, struct str name)
{
	const struct zoom_json_table *table = level->table;
	struct str next = { NULL, 0 };
	size_t n = level->place.len + (level->place.len > 0) + name.len;
	for (size_t i = 0; i < table->n_fields; i++) {
		const struct zoom_json_field *field = &table->fields[i];
		if (!leads(field->path, level->place, name))
			continue;
		next = str_sub(field->path, 0, n);
		put_back(level, field->offset, sizes[field->kind]);
	}
	for (size_t i = 0; i < table->n_lists; i++) {
		const struct zoom_json_list *list = &table->lists[i];
		if (!leads(list->path, level->place, name))
			continue;
		next = str_sub(list->path, 0, n);
		put_back(level, list->offset, sizeof(void *));
		put_back(level, list->offset_n, sizeof(size_t));
	}
	return next;
}

static const struct zoom_json_list *list_at(
    const struct zoom_json_table *table, struct str place)
{
	for (size_t i = 0; i < table->n_lists; i++) {
		if (str_eq(table->lists[i].path, place))
			return &table->lists[i];
	}
	return NULL;
}

/* ---- values ------------------------------------------------------------------------ */

struct value {
	enum { TEXT, NUMBER, BOOLEAN } kind;
	struct str text; /* borrowed, no NUL behind it */
	double number;
	bool truth;
};

static bool whole_number(const struct value *value, int64_t *number)
{
	double real = value->number;
	if (value->kind == TEXT)
		return str_to_int64(value->text, number);
	if (value->kind != NUMBER || fabs(real) > LARGEST_WHOLE ||
	    real != floor(real))
		return false;
	*number = (int64_t)real;
	return true;
}

static void fill(struct arena *a, const struct zoom_json_field *field,
    const struct value *value, char *object)
{
	void *place = object + field->offset;
	int64_t number;
	switch (field->kind) {
	case ZOOM_JSON_TEXT:
		if (value->kind == TEXT)
			*(struct str *)place = arena_str(a, value->text);
		break;
	case ZOOM_JSON_INT:
		if (whole_number(value, &number))
			*(int64_t *)place = number;
		break;
	case ZOOM_JSON_TIME:
		if (value->kind == TEXT &&
		    zoom_time_parse(value->text, &number))
			*(int64_t *)place = number;
		break;
	case ZOOM_JSON_BOOL:
		if (value->kind == BOOLEAN)
			*(bool *)place = value->truth;
		break;
	}
}

/* ---- levels ------------------------------------------------------------------------- */

/* What is open, NULL before the document's first value. */
static struct level *top(struct reader *r)
{
	return r->depth > 0 ? &r->levels[r->depth - 1] : NULL;
}

static int push(struct reader *r, struct level level)
{
	if (r->depth == ZOOM_JSON_MAX_DEPTH)
		return err_set(
		    r->err, ERR_PROTOCOL, "not valid JSON: too many levels");
	r->levels[r->depth++] = level;
	return true;
}

/* A new item of a list; NULL when no more is wanted, or memory is out. */
static char *add_item(struct arena *a, struct level *level)
{
	const struct zoom_json_list *list = level->list;
	if (level->n == list->max)
		return NULL;
	if (level->n == level->room) {
		size_t room = level->n == 0 ? FIRST_ITEMS : 2 * level->n;
		if (room > list->max)
			room = list->max;
		char *items = arena_array(a, room, list->size);
		if (items == NULL)
			return NULL;
		if (level->n > 0)
			memcpy(items, level->items, level->n * list->size);
		level->items = items;
		level->room = room;
	}
	return level->items + level->n++ * list->size;
}

/* The level of an object that begins. */
static struct level object_level(struct reader *r)
{
	struct level *in = top(r);
	struct level level = { .table = NULL };
	if (in == NULL) {
		level.table = r->table;
		level.object = r->object;
		level.before = r->before;
	} else if (in->list != NULL) {
		level.object = add_item(r->texts, in);
		if (level.object != NULL)
			level.table = in->list->item;
	} else if (in->next.data != NULL) {
		level.table = in->table;
		level.object = in->object;
		level.before = in->before;
		level.place = in->next;
	}
	return level;
}

static bool counted(struct reader *r)
{
	if (r->values++ < ZOOM_JSON_MAX_VALUES)
		return true;
	return err_set(r->err, ERR_TOO_BIG, "JSON of too many values");
}

/* Does any path lead through the value that comes? */
static bool wanted(struct reader *r)
{
	return r->depth > 0 && top(r)->next.data != NULL;
}

static void read_value(struct reader *r, struct value value)
{
	const struct level *in = top(r);
	for (size_t i = 0; i < in->table->n_fields; i++) {
		const struct zoom_json_field *field = &in->table->fields[i];
		if (str_eq(field->path, in->next))
			fill(r->texts, field, &value, in->object);
	}
}

static bool refuse(struct reader *r)
{
	return err_set(r->err, ERR_PROTOCOL, "not valid JSON: no object");
}

/* ---- what yajl calls; false ends it -------------------------------------------------- */

static int on_null(void *reader)
{
	return counted(reader);
}

static int on_boolean(void *reader, int truth)
{
	struct value value = { .kind = BOOLEAN, .truth = truth != 0 };
	if (wanted(reader))
		read_value(reader, value);
	return counted(reader);
}

static int on_number(void *reader, const char *text, size_t len)
{
	struct reader *r = reader;
	struct value value = { .kind = NUMBER };
	bool large = len > DIGITS_OF_DOUBLE || memchr(text, 'e', len) != NULL ||
	             memchr(text, 'E', len) != NULL;
	if (large || wanted(r)) {
		/* strtod needs its end */
		struct str copy = arena_str(&r->memory, str_n(text, len));
		value.number = strtod(str_c(copy), NULL);
	}
	if (isinf(value.number))
		return refuse(r);
	if (wanted(r))
		read_value(r, value);
	return counted(r);
}

static int on_string(void *reader, const unsigned char *text, size_t len)
{
	struct value value = { .kind = TEXT,
		.text = { (const char *)text, len } };
	/* an escaped NUL: no text of Zoom's */
	if (wanted(reader) && memchr(text, '\0', len) == NULL)
		read_value(reader, value);
	return counted(reader);
}

/* Nothing more is read. */
static int stop(struct reader *r)
{
	r->end = yajl_get_bytes_consumed(r->yajl);
	return false;
}

static int on_map_key(void *reader, const unsigned char *name, size_t len)
{
	struct reader *r = reader;
	struct level *in = top(r);
	r->has_enough =
	    r->depth == 1 && r->enough != NULL && r->enough(r->ctx, r->object);
	if (r->has_enough)
		return stop(r);
	if (in->table != NULL)
		in->next = follow(in, str_n((const char *)name, len));
	return true;
}

static int on_start_map(void *reader)
{
	return counted(reader) && push(reader, object_level(reader));
}

static int on_end_map(void *reader)
{
	struct reader *r = reader;
	r->depth--;
	return r->depth > 0 || stop(r);
}

static int on_start_array(void *reader)
{
	struct level level = { .list = NULL };
	if (wanted(reader))
		level.list = list_at(top(reader)->table, top(reader)->next);
	return counted(reader) && push(reader, level);
}

static int on_end_array(void *reader)
{
	struct reader *r = reader;
	struct level ended = r->levels[--r->depth];
	if (ended.list == NULL)
		return true;
	char *object = top(r)->object;
	/* the place is a pointer to the item's type */
	memcpy(object + ended.list->offset, &ended.items, sizeof(ended.items));
	*(size_t *)(void *)(object + ended.list->offset_n) = ended.n;
	return true;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_map_key,
	.yajl_end_map = on_end_map,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

/* ---- yajl's memory --------------------------------------------------------------------- */

/* A block begins with its size, in so many bytes that the rest is aligned. */
#define HEAD 16

static void *allocate(void *reader, size_t size)
{
	struct reader *r = reader;
	char *block = arena_alloc(&r->memory, HEAD + size);
	if (block == NULL)
		longjmp(r->no_memory, 1);
	memcpy(block, &size, sizeof(size));
	return block + HEAD;
}

static void *reallocate(void *reader, void *old, size_t size)
{
	size_t old_size = 0;
	char *block = allocate(reader, size);
	if (old != NULL) {
		memcpy(&old_size, (char *)old - HEAD, sizeof(old_size));
		memcpy(block, old, old_size < size ? old_size : size);
	}
	return block;
}

/* It goes with the arena. */
static void release(void *reader, void *block)
{
	(void)reader;
	(void)block;
}

/* ---- documents --------------------------------------------------------------------------- */

/* The unit of UTF-16 in an escape \uXXXX that a text begins with, else -1. */
static long unit_of(struct str s)
{
	char digits[5] = "";
	if (s.len < 6 || s.data[0] != '\\' || s.data[1] != 'u')
		return -1;
	memcpy(digits, s.data + 2, 4);
	return strtol(digits, NULL, 16);
}

static bool is_surrogate(long unit, long first)
{
	return unit >= first && unit < first + 0x400;
}

/* One of two characters. */
static bool has(struct str s, char a, char b)
{
	bool found = false;
	/* no way out: so the compiler takes many at once */
	for (size_t i = 0; i < s.len; i++)
		found |= s.data[i] == a || s.data[i] == b;
	return found;
}

/* The text up to an escape that is half of a surrogate pair without the other
 * half. yajl must not see one: before a patch of Debian's it took what stands
 * behind for part of it (CVE-2017-16516). */
static struct str before_half_a_pair(struct str text)
{
	struct str s = text;
	const char *escape;
	if (!has(text, '\\', '\\'))
		return text;
	while (s.len > 0 && (escape = memchr(s.data, '\\', s.len)) != NULL) {
		struct str half = { text.data, (size_t)(escape - text.data) };
		s = str_sub(s, (size_t)(escape - s.data), s.len);
		long unit = unit_of(s);
		if (is_surrogate(unit, 0xdc00))
			return half;
		if (is_surrogate(unit, 0xd800)) {
			s = str_sub(s, 6, s.len);
			if (!is_surrogate(unit_of(s), 0xdc00))
				return half;
		}
		s = str_sub(s, unit < 0 ? 2 : 6, s.len);
	}
	return text;
}

/* What yajl lets pass and RFC 8259 does not: bytes that only look like UTF-8,
 * vertical tab and form feed as white space, which have no other place. */
static bool is_strict(struct str s)
{
	return utf8_valid(s) && !has(s, '\v', '\f');
}

static bool parse(struct reader *r, struct str text)
{
	yajl_alloc_funcs own = { allocate, reallocate, release, r };
	if (setjmp(r->no_memory) != 0)
		return arena_ok(&r->memory, r->err);
	r->yajl = yajl_alloc(&callbacks, &own, r);
	yajl_config(r->yajl, yajl_dont_validate_strings, 1);
	struct str sound = before_half_a_pair(text);
	yajl_parse(r->yajl, (const unsigned char *)str_c(sound), sound.len);
	/* it ends with the object; whatever else it stopped at is no JSON */
	struct str rest = str_sub(text, r->end, text.len);
	if (r->has_enough)
		text.len = r->end;
	else if (str_trim(rest).len > 0)
		return refuse(r);
	if (r->end == 0 || !is_strict(text))
		return refuse(r);
	return arena_ok(r->texts, r->err) && arena_ok(&r->memory, r->err);
}

/* Where the last of a table's places ends. */
static size_t extent(const struct zoom_json_table *table)
{
	size_t most = 0;
	for (size_t i = 0; i < table->n_fields; i++) {
		const struct zoom_json_field *field = &table->fields[i];
		size_t end = field->offset + sizes[field->kind];
		most = end > most ? end : most;
	}
	for (size_t i = 0; i < table->n_lists; i++) {
		const struct zoom_json_list *list = &table->lists[i];
		size_t end = list->offset + sizeof(void *);
		size_t end_n = list->offset_n + sizeof(size_t);
		end = end > end_n ? end : end_n;
		most = end > most ? end : most;
	}
	return most;
}

bool zoom_json_read_until(struct arena *a, struct str text,
    const struct zoom_json_table *table, void *object, zoom_json_enough *enough,
    void *ctx, struct err *err)
{
	struct reader r = {
		.texts = a,
		.table = table,
		.before = object,
		.err = err,
		.enough = enough,
		.ctx = ctx,
	};
	size_t size = extent(table);
	arena_init(&r.memory, MEMORY(text.len));
	r.object = arena_alloc(&r.memory, size);
	if (r.object != NULL)
		memcpy(r.object, object, size);
	bool ok = arena_ok(&r.memory, err) && parse(&r, text);
	if (ok)
		memcpy(object, r.object, size);
	arena_fini(&r.memory);
	return ok;
}

bool zoom_json_read(struct arena *a, struct str text,
    const struct zoom_json_table *table, void *object, struct err *err)
{
	return zoom_json_read_until(a, text, table, object, NULL, NULL, err);
}
