/*
 * encode - from C structs to messages
 *
 * The value is written first; types that the peer does not know get their
 * ids on the way. Then their definitions go in front of the value, each in a
 * message of its own, so that no value message is ever cut in two, and byte
 * counts of interface values are plain lengths.
 */
#include "gob/types.h"
#include "gob/wire.h"

#include <stdlib.h>
#include <string.h>

struct gob_sent {
	const struct gob_type *type;
	int64_t id;
};

struct writer {
	struct gob_encoder *e;
	struct buf *out;
	struct err *err;
};

void gob_encoder_init(struct gob_encoder *e)
{
	*e = (struct gob_encoder){ .next_id = FIRST_FREE_ID };
}

void gob_encoder_fini(struct gob_encoder *e)
{
	free(e->sent);
	*e = (struct gob_encoder){ 0 };
}

struct gob_encoder_mark gob_encoder_mark(const struct gob_encoder *e)
{
	return (struct gob_encoder_mark){ e->n_sent, e->next_id };
}

void gob_encoder_undo(struct gob_encoder *e, struct gob_encoder_mark mark)
{
	e->n_sent = mark.n_sent;
	e->next_id = mark.next_id;
}

/* ---- ids ----------------------------------------------------------------- */

static int64_t sent_id(const struct gob_encoder *e, const struct gob_type *type)
{
	for (size_t i = 0; i < e->n_sent; i++) {
		if (e->sent[i].type == type)
			return e->sent[i].id;
	}
	return 0;
}

static bool add_sent(struct gob_encoder *e, const struct gob_type *type)
{
	if (e->n_sent == e->room_sent) {
		size_t room = e->room_sent == 0 ? 8 : e->room_sent * 2;
		struct gob_sent *more = realloc(e->sent, room * sizeof(*more));
		if (more == NULL)
			return false;
		e->sent = more;
		e->room_sent = room;
	}
	if (type->external_pointer)
		e->next_id++;
	e->sent[e->n_sent++] = (struct gob_sent){ type, e->next_id++ };
	return true;
}

/* Give ids to a type and all it names: a container before its parts. */
static bool assign(struct gob_encoder *e, const struct gob_type *type)
{
	if (types_basic_id(type->kind) != 0 || sent_id(e, type) != 0)
		return true;
	if (!add_sent(e, type))
		return false;
	if (type->key != NULL && !assign(e, type->key))
		return false;
	if (type->elem != NULL && !assign(e, type->elem))
		return false;
	for (size_t i = 0; i < type->n_fields; i++) {
		if (!assign(e, type->fields[i].type))
			return false;
	}
	return true;
}

static int64_t id_of(void *ctx, const struct gob_type *type)
{
	int64_t basic = types_basic_id(type->kind);
	return basic != 0 ? basic : sent_id(ctx, type);
}

/* ---- values -------------------------------------------------------------- */

static void put_value(struct writer *w, const struct gob_type *type,
    const void *value, int depth);

static bool is_zero(const struct gob_type *type, const void *value)
{
	switch (type->kind) {
	case GOB_BOOL:
		return !*(const bool *)value;
	case GOB_INT:
	case GOB_UINT:
		return *(const uint64_t *)value == 0;
	case GOB_FLOAT:
		return *(const double *)value == 0;
	case GOB_STRING:
	case GOB_BYTES:
	case GOB_GOB_ENCODER:
	case GOB_BINARY_MARSHALER:
	case GOB_TEXT_MARSHALER:
		return ((const struct str *)value)->len == 0;
	case GOB_INTERFACE: {
		const struct gob_any *any = value;
		return any->type == NULL && any->name.len == 0;
	}
	case GOB_SLICE:
		return ((const struct gob_slice *)value)->n == 0;
	case GOB_MAP:
		return ((const struct gob_slice *)value)->items == NULL;
	case GOB_TIME: {
		const struct gob_time *t = value;
		return t->seconds == 0 && t->nanoseconds == 0 && !t->local;
	}
	case GOB_COMPLEX:
		return true;
	case GOB_STRUCT:
	case GOB_ARRAY:
		return false;
	}
	return false;
}

/* A pointer to a struct is always sent, one to a zero number is not; neither
 * is a zero time, but a pointer to one is.
 * Source: encoding/gob (Go 1.26) encode.go gobEncodeOpFor */
static const void *field_value(const struct gob_field *f, const char *object)
{
	const void *value = object + f->offset;
	if (f->pointer)
		value = *(const void *const *)value;
	if (f->pointer && f->type->kind == GOB_TIME)
		return value;
	if (value == NULL || is_zero(f->type, value))
		return NULL;
	return value;
}

static void put_struct(struct writer *w, const struct gob_type *type,
    const void *object, int depth)
{
	size_t next = 0;
	for (size_t i = 0; i < type->n_fields; i++) {
		const struct gob_field *f = &type->fields[i];
		const void *value = field_value(f, object);
		if (value == NULL)
			continue;
		wire_put_uint(w->out, i + 1 - next);
		next = i + 1;
		put_value(w, f->type, value, depth);
	}
	wire_put_uint(w->out, 0);
}

static void put_items(struct writer *w, const struct gob_type *type,
    const void *items, size_t n, int depth)
{
	const char *p = items;
	for (size_t i = 0; i < n; i++)
		put_value(w, type->elem, p + i * type->elem->size, depth);
}

static void put_map(
    struct writer *w, const struct gob_type *type, const void *value, int depth)
{
	const struct gob_slice *map = value;
	const char *entry = map->items;
	wire_put_uint(w->out, map->n);
	for (size_t i = 0; i < map->n; i++, entry += type->entry_size) {
		put_value(w, type->key, entry, depth);
		put_value(w, type->elem, entry + type->elem_offset, depth);
	}
}

static void put_interface(
    struct writer *w, const struct gob_any *any, int depth)
{
	struct str name = any->name;
	if (name.len == 0 && any->type != NULL)
		name = str_from(any->type->name);
	if (any->type == NULL && name.len == 0) {
		wire_put_uint(w->out, 0);
		return;
	}
	if (any->type == NULL || name.len == 0) {
		err_set(w->err, ERR_INVALID,
		    "gob: interface value of unknown type '%.*s'",
		    STR_ARG(name));
		return;
	}
	if (!assign(w->e, any->type)) {
		err_set(w->err, ERR_NO_MEMORY, "gob: types sent");
		return;
	}
	wire_put_str(w->out, name);
	wire_put_int(w->out, id_of(w->e, any->type));
	size_t mark = w->out->len;
	if (any->type->kind != GOB_STRUCT)
		wire_put_uint(w->out, 0);
	put_value(w, any->type, any->value, depth);
	uint8_t count[WIRE_MAX_UINT];
	size_t n = wire_uint_bytes(count, w->out->len - mark);
	buf_insert(w->out, mark, count, n);
}

/* Version 1 of Go's encoding: whole minutes of offset, -1 for UTC.
 * Source: time/time.go (Go 1.26) appendTo */
static void put_time(struct writer *w, const struct gob_time *t)
{
	uint8_t bytes[15] = { 1 };
	for (int i = 0; i < 8; i++)
		bytes[1 + i] = (uint8_t)((uint64_t)t->seconds >> (56 - 8 * i));
	for (int i = 0; i < 4; i++)
		bytes[9 + i] =
		    (uint8_t)((uint32_t)t->nanoseconds >> (24 - 8 * i));
	uint16_t offset = t->local ? (uint16_t)t->offset_min : 0xffff;
	bytes[13] = (uint8_t)(offset >> 8);
	bytes[14] = (uint8_t)offset;
	wire_put_uint(w->out, sizeof(bytes));
	buf_put(w->out, bytes, sizeof(bytes));
}

static void put_value(
    struct writer *w, const struct gob_type *type, const void *value, int depth)
{
	if (depth > GOB_MAX_DEPTH) {
		err_set(w->err, ERR_TOO_BIG, "gob: value nested deeper than %d",
		    GOB_MAX_DEPTH);
		return;
	}
	switch (type->kind) {
	case GOB_BOOL:
		wire_put_uint(w->out, *(const bool *)value);
		break;
	case GOB_INT:
		wire_put_int(w->out, *(const int64_t *)value);
		break;
	case GOB_UINT:
		wire_put_uint(w->out, *(const uint64_t *)value);
		break;
	case GOB_FLOAT:
		wire_put_float(w->out, *(const double *)value);
		break;
	case GOB_STRING:
	case GOB_BYTES:
	case GOB_GOB_ENCODER:
	case GOB_BINARY_MARSHALER:
	case GOB_TEXT_MARSHALER:
		wire_put_str(w->out, *(const struct str *)value);
		break;
	case GOB_TIME:
		put_time(w, value);
		break;
	case GOB_INTERFACE:
		put_interface(w, value, depth + 1);
		break;
	case GOB_STRUCT:
		put_struct(w, type, value, depth + 1);
		break;
	case GOB_SLICE: {
		const struct gob_slice *slice = value;
		wire_put_uint(w->out, slice->n);
		put_items(w, type, slice->items, slice->n, depth + 1);
		break;
	}
	case GOB_ARRAY:
		wire_put_uint(w->out, type->len);
		put_items(w, type, value, type->len, depth + 1);
		break;
	case GOB_MAP:
		put_map(w, type, value, depth + 1);
		break;
	case GOB_COMPLEX:
		err_set(w->err, ERR_INVALID, "gob: complex numbers");
		break;
	}
}

/* ---- messages ------------------------------------------------------------- */

/* The bytes from mark on become one message. */
static void frame(struct buf *out, size_t mark)
{
	uint8_t length[WIRE_MAX_UINT];
	size_t n = wire_uint_bytes(length, out->len - mark);
	buf_insert(out, mark, length, n);
}

static void put_definitions(struct gob_encoder *e, size_t first,
    struct buf *out, size_t mark, struct err *err)
{
	struct buf definitions;
	buf_init(&definitions, out->max);
	for (size_t i = first; i < e->n_sent; i++) {
		size_t start = definitions.len;
		types_put_definition(
		    &definitions, e->sent[i].id, e->sent[i].type, id_of, e);
		frame(&definitions, start);
	}
	if (buf_ok(&definitions, err))
		buf_insert(out, mark, definitions.data, definitions.len);
	buf_fini(&definitions);
}

bool gob_encode(struct gob_encoder *e, struct buf *out,
    const struct gob_type *type, const void *value, struct err *err)
{
	size_t mark = out->len;
	struct gob_encoder_mark known = gob_encoder_mark(e);
	struct err fault = { 0 };
	struct writer w = { e, out, &fault };

	if (!assign(e, type))
		err_set(&fault, ERR_NO_MEMORY, "gob: types sent");
	wire_put_int(out, id_of(e, type));
	if (type->kind != GOB_STRUCT)
		wire_put_uint(out, 0);
	put_value(&w, type, value, 0);
	frame(out, mark);
	if (fault.code == ERR_NONE && e->n_sent > known.n_sent)
		put_definitions(e, known.n_sent, out, mark, &fault);
	if (fault.code == ERR_NONE && buf_ok(out, &fault))
		return true;
	buf_cut(out, mark);
	out->fault = ERR_NONE;
	gob_encoder_undo(e, known);
	return err_set(err, fault.code, "%s", fault.text);
}
