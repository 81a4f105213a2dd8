/*
 * skip - messages, the heads of interface values, and values nobody wants
 *
 * Skipping keeps its own stack instead of recursing: anybody who can post in
 * Mattermost can nest JSON thousands of levels deep, and such a post must
 * fail the one call that sees it, not the connection.
 */
#include "gob/skip.h"

#include "base/clock.h"
#include "gob/wire.h"

#include <stdio.h>
#include <string.h>

/* Frames of the skip stack; deeper nesting than this is an attack. */
#define MAX_FRAMES ((size_t)1024 * 1024)

/* Input is asked for in pieces of at least this, and kept up to it. */
#define INPUT_PIECE ((size_t)4096)
#define INPUT_KEPT  ((size_t)64 * 1024)

void skip_fault(struct gob_decoder *d, enum err_code code, const char *fmt, ...)
{
	if (d->fault.code != ERR_NONE)
		return;
	d->fault.code = code;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(d->fault.text, sizeof(d->fault.text), fmt, ap);
	va_end(ap);
}

bool skip_broken(struct gob_decoder *d, struct err *err, const char *what)
{
	d->broken = true;
	return err_set(err, ERR_PROTOCOL, "gob: %s", what);
}

/* ---- input ---------------------------------------------------------------- */

static size_t available(const struct gob_decoder *d)
{
	return d->input.len - d->start;
}

/* Read once; *got 0 at end of stream. */
static bool read_more(struct gob_decoder *d, size_t want, int64_t deadline_ms,
    size_t *got, struct err *err)
{
	if (d->start == d->input.len) {
		d->start = 0;
		buf_reset(&d->input, INPUT_KEPT);
	} else if (d->start > 0) {
		buf_drop(&d->input, d->start);
		d->start = 0;
	}
	/* believe a length only as far as bytes have come */
	size_t room = d->input.len;
	if (room < INPUT_PIECE)
		room = INPUT_PIECE;
	if (want > INPUT_PIECE && want < room)
		room = want;
	uint8_t *at = buf_reserve(&d->input, room);
	if (at == NULL)
		return buf_ok(&d->input, err);
	if (!d->in.read(d->in.object, at, room, deadline_ms, got, err))
		return false;
	d->input.len += *got;
	return true;
}

/* At least n bytes from start on, inside a message. */
static bool need(struct gob_decoder *d, size_t n, struct err *err)
{
	while (available(d) < n) {
		size_t got = 0;
		int64_t deadline = clock_deadline_ms(GOB_STALL_MS);
		if (!read_more(d, n - available(d), deadline, &got, err)) {
			d->broken = true;
			return false;
		}
		if (got == 0)
			return skip_broken(d, err, "stream ends in a message");
	}
	return true;
}

bool gob_decoder_wait(
    struct gob_decoder *d, int64_t deadline_ms, struct err *err)
{
	if (d->broken)
		return err_set(err, ERR_PROTOCOL, "gob: broken before");
	if (available(d) > 0)
		return true;
	size_t got = 0;
	if (!read_more(d, 0, deadline_ms, &got, err))
		return false;
	if (got == 0)
		return err_set(err, ERR_CLOSED, "end of stream");
	return true;
}

/* Length of the next message; start is moved behind it. */
static bool message_length(
    struct gob_decoder *d, uint64_t *len, struct err *err)
{
	if (!need(d, 1, err))
		return false;
	uint8_t first = d->input.data[d->start];
	size_t n = first <= 127 ? 1 : 1 + (256u - first);
	if (n > WIRE_MAX_UINT)
		return skip_broken(d, err, "malformed message length");
	if (!need(d, n, err))
		return false;
	const uint8_t *p = d->input.data + d->start;
	if (!wire_get_uint(&p, p + n, len) || *len == 0)
		return skip_broken(d, err, "malformed message length");
	d->start += n;
	return true;
}

/* A message above the cap: drop its bytes. The stream stays in step only if
 * it is a whole value, one without interface values. */
static bool drop_message(struct gob_decoder *d, uint64_t len, struct err *err)
{
	if (!need(d, WIRE_MAX_UINT, err))
		return false;
	const uint8_t *p = d->input.data + d->start;
	int64_t id;
	if (!wire_get_int(&p, d->input.data + d->input.len, &id) || id < 0)
		return skip_broken(d, err, "definition above the message cap");
	struct gob_wire_type *type = types_get(d, id, err);
	if (type == NULL || types_has_interface(type))
		return skip_broken(d, err, "message above the cap");
	while (len > 0) {
		if (!need(d, 1, err))
			return false;
		size_t n = available(d) < len ? available(d) : (size_t)len;
		d->start += n;
		len -= n;
	}
	return err_set(
	    err, ERR_TOO_BIG, "gob: message above %zu bytes", d->max_message);
}

static bool take_message(struct gob_decoder *d, bool cut, struct err *err)
{
	uint64_t len;
	if (!message_length(d, &len, err))
		return false;
	if (len > d->max_message && cut)
		return skip_broken(d, err, "message above the cap");
	if (len > d->max_message)
		return drop_message(d, len, err);
	if (!need(d, (size_t)len, err))
		return false;
	d->p = d->input.data + d->start;
	d->end = d->p + len;
	d->start += (size_t)len;
	return true;
}

bool skip_next_message(struct gob_decoder *d, struct err *err)
{
	return take_message(d, d->depth > 0, err);
}

/* ---- interface values ------------------------------------------------------ */

/* Slices of the basic types, which Go programs put into props, too. */
#define SLICE_OF(c_name, go_name)                                              \
 static const struct gob_type slice_of_##c_name = {                            \
	 .kind = GOB_SLICE,                                                    \
	 .name = go_name,                                                      \
	 .size = sizeof(struct gob_slice),                                     \
	 .elem = &gob_type_##c_name,                                           \
 }

SLICE_OF(bool, "[]bool");
SLICE_OF(int, "[]int");
SLICE_OF(int8, "[]int8");
SLICE_OF(int16, "[]int16");
SLICE_OF(int32, "[]int32");
SLICE_OF(int64, "[]int64");
SLICE_OF(uint, "[]uint");
SLICE_OF(uint16, "[]uint16");
SLICE_OF(uint32, "[]uint32");
SLICE_OF(uint64, "[]uint64");
SLICE_OF(float32, "[]float32");
SLICE_OF(float64, "[]float64");

/* Source: encoding/gob (Go 1.26) type.go registerBasics */
static const struct gob_registered basic_rows[] = {
	{ "bool", &gob_type_bool },
	{ "int", &gob_type_int },
	{ "int8", &gob_type_int8 },
	{ "int16", &gob_type_int16 },
	{ "int32", &gob_type_int32 },
	{ "int64", &gob_type_int64 },
	{ "uint", &gob_type_uint },
	{ "uint8", &gob_type_uint8 },
	{ "uint16", &gob_type_uint16 },
	{ "uint32", &gob_type_uint32 },
	{ "uint64", &gob_type_uint64 },
	{ "float32", &gob_type_float32 },
	{ "float64", &gob_type_float64 },
	{ "string", &gob_type_string },
	{ "[]uint8", &gob_type_bytes },
	{ "[]string", &gob_type_strings },
	{ "[]bool", &slice_of_bool },
	{ "[]int", &slice_of_int },
	{ "[]int8", &slice_of_int8 },
	{ "[]int16", &slice_of_int16 },
	{ "[]int32", &slice_of_int32 },
	{ "[]int64", &slice_of_int64 },
	{ "[]uint", &slice_of_uint },
	{ "[]uint16", &slice_of_uint16 },
	{ "[]uint32", &slice_of_uint32 },
	{ "[]uint64", &slice_of_uint64 },
	{ "[]float32", &slice_of_float32 },
	{ "[]float64", &slice_of_float64 },
	{ "map[string]interface {}", &gob_type_any_map },
	{ "[]interface {}", &gob_type_any_list },
};

static const struct gob_registered *find_row(
    const struct gob_registered *rows, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(str_from(rows[i].name), name))
			return &rows[i];
	}
	return NULL;
}

static const struct gob_registered *registered(
    const struct gob_decoder *d, struct str name)
{
	const struct gob_registered *row = find_row(
	    basic_rows, sizeof(basic_rows) / sizeof(basic_rows[0]), name);
	if (row == NULL && d->registry != NULL)
		row = find_row(d->registry->rows, d->registry->n_rows, name);
	return row;
}

/* The id of the concrete type, behind any definitions; see the notes on
 * definitions in the middle of a value. */
static bool concrete_id(struct gob_decoder *d, int64_t *id, struct err *err)
{
	for (;;) {
		if (d->p == d->end && !skip_next_message(d, err))
			return false;
		if (!wire_get_int(&d->p, d->end, id) || *id == INT64_MIN)
			return skip_broken(d, err, "malformed type id");
		if (*id >= 0)
			return true;
		if (!types_learn(d, -*id, &d->p, d->end, err)) {
			d->broken = true;
			return false;
		}
		uint64_t dropped;
		if (d->p != d->end && !wire_get_uint(&d->p, d->end, &dropped))
			return skip_broken(d, err, "malformed count");
	}
}

bool skip_interface(struct gob_decoder *d, struct arena *a,
    struct gob_wire_type **type, const struct gob_registered **local,
    struct str *name, struct err *err)
{
	struct str view;
	*type = NULL;
	*local = NULL;
	*name = (struct str){ NULL, 0 };
	if (!wire_get_str(&d->p, d->end, &view))
		return skip_broken(d, err, "malformed interface value");
	if (view.len == 0)
		return true;
	*local = registered(d, view);
	if (*local != NULL)
		*name = str_from((*local)->name);
	else if (a != NULL)
		*name = arena_str(a, view);
	int64_t id;
	uint64_t dropped;
	if (!concrete_id(d, &id, err))
		return false;
	if (!wire_get_uint(&d->p, d->end, &dropped))
		return skip_broken(d, err, "malformed byte count");
	*type = types_get(d, id, err);
	if (*type == NULL) {
		d->broken = true;
		return false;
	}
	if ((*type)->kind != GOB_STRUCT &&
	    (!wire_get_uint(&d->p, d->end, &dropped) || dropped != 0))
		return skip_broken(d, err, "malformed interface value");
	return true;
}

/* ---- values nobody wants ---------------------------------------------------- */

/* What is left of a container. */
struct frame {
	struct gob_wire_type *type;
	uint64_t left; /* values still to come: elements, or keys and values */
	int64_t index; /* struct: the field read last */
};

static bool push(struct gob_decoder *d, struct buf *stack,
    struct gob_wire_type *type, uint64_t left, struct err *err)
{
	struct frame f = { type, left, -1 };
	buf_put(stack, &f, sizeof(f));
	if (buf_ok(stack, err))
		return true;
	d->broken = true;
	return false;
}

/* Consume a scalar, or the head of a container and push what is in it. */
static bool enter(struct gob_decoder *d, struct buf *stack,
    struct gob_wire_type *type, struct err *err)
{
	uint64_t u = 0;
	struct str s;
	const struct gob_registered *local;
	while (type->kind == GOB_INTERFACE) {
		if (!skip_interface(d, NULL, &type, &local, &s, err))
			return false;
		if (type == NULL)
			return true;
	}
	switch (type->kind) {
	case GOB_STRUCT:
		return push(d, stack, type, 0, err);
	case GOB_STRING:
	case GOB_BYTES:
	case GOB_TIME:
	case GOB_GOB_ENCODER:
	case GOB_BINARY_MARSHALER:
	case GOB_TEXT_MARSHALER:
		if (!wire_get_str(&d->p, d->end, &s))
			return skip_broken(d, err, "malformed string");
		return true;
	case GOB_COMPLEX:
		if (!wire_get_uint(&d->p, d->end, &u))
			return skip_broken(d, err, "malformed number");
		break;
	default:
		break;
	}
	if (!wire_get_uint(&d->p, d->end, &u))
		return skip_broken(d, err, "malformed number");
	if (type->kind == GOB_MAP && u > UINT64_MAX / 2)
		return skip_broken(d, err, "malformed count");
	bool container = type->kind == GOB_SLICE || type->kind == GOB_ARRAY ||
	                 type->kind == GOB_MAP;
	if (container && u > 0)
		return push(
		    d, stack, type, type->kind == GOB_MAP ? 2 * u : u, err);
	return true;
}

/* The type of the next value in the frame; NULL: the frame is done. */
static bool advance(struct gob_decoder *d, struct frame *f,
    struct gob_wire_type **next, struct err *err)
{
	*next = NULL;
	if (f->type->kind == GOB_STRUCT) {
		uint64_t delta;
		if (!wire_get_uint(&d->p, d->end, &delta) ||
		    delta >
		        (uint64_t)((int64_t)f->type->n_fields - 1 - f->index))
			return skip_broken(d, err, "malformed struct");
		if (delta == 0)
			return true;
		f->index += (int64_t)delta;
		*next = f->type->fields[f->index].type;
		return true;
	}
	if (f->left == 0)
		return true;
	bool key = f->type->kind == GOB_MAP && f->left % 2 == 0;
	f->left--;
	*next = key ? f->type->key : f->type->elem;
	return true;
}

bool skip_value(
    struct gob_decoder *d, struct gob_wire_type *type, struct err *err)
{
	struct buf stack;
	buf_init(&stack, MAX_FRAMES * sizeof(struct frame));
	d->depth++;
	bool done = enter(d, &stack, type, err);
	while (done && stack.len > 0) {
		size_t top = stack.len - sizeof(struct frame);
		struct gob_wire_type *next;
		struct frame f;
		memcpy(&f, stack.data + top, sizeof(f));
		done = advance(d, &f, &next, err);
		memcpy(stack.data + top, &f, sizeof(f));
		if (done && next == NULL)
			buf_cut(&stack, top);
		else if (done)
			done = enter(d, &stack, next, err);
	}
	d->depth--;
	buf_fini(&stack);
	return done;
}
