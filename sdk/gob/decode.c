/*
 * decode - from messages to C structs
 *
 * The happy path: messages with definitions are learnt until one with a
 * value comes; the value is walked along the peer's type and ours together,
 * through a plan that maps the peer's fields to ours by name.
 *
 * What can go wrong: a value that does not fit (another kind, out of range,
 * too much memory, too deep) is decoded past, so that the connection stays
 * in step, and reported at its end. Bytes that are not gob end the
 * connection.
 */
#include "gob/skip.h"

#include "base/clock.h"
#include "gob/wire.h"

#include <stdlib.h>
#include <string.h>

/* Input read along with the end of a full message. */
#define INPUT_SLACK ((size_t)64 * 1024)

/* Elements allocated before the first has been seen. */
#define FIRST_ITEMS 16

bool gob_decoder_has_input(const struct gob_decoder *d)
{
	return d->start < d->input.len;
}

void gob_decoder_init(struct gob_decoder *d, struct io in,
    const struct gob_registry *registry, size_t max_message)
{
	if (max_message == 0)
		max_message = GOB_MAX_MESSAGE;
	*d = (struct gob_decoder){
		.in = in,
		.registry = registry,
		.max_message = max_message,
	};
	/* room for what was read along with the end of a full message */
	buf_init(&d->input, 2 * max_message + INPUT_SLACK);
	arena_init(&d->types, GOB_MAX_TYPE_MEMORY);
}

void gob_decoder_fini(struct gob_decoder *d)
{
	buf_fini(&d->input);
	arena_fini(&d->types);
	free(d->by_id);
	*d = (struct gob_decoder){ 0 };
}

struct reader {
	struct gob_decoder *d;
	struct arena *a;
	struct err *err;
};

static bool get_value(struct reader *r, struct gob_wire_type *remote,
    const struct gob_type *local, void *to);

static bool broken(struct reader *r, const char *what)
{
	return skip_broken(r->d, r->err, what);
}

/* Memory for the receiver; NULL, and the value is decoded past, when the
 * arena is full. */
static void *allocate(struct reader *r, size_t n, size_t size)
{
	void *p = arena_array(r->a, n, size);
	if (p == NULL)
		skip_fault(r->d, r->a->fault, "gob: value too big: %s",
		    err_code_text(r->a->fault));
	return p;
}

/* ---- scalars ----------------------------------------------------------------- */

static void store_int(
    struct reader *r, const struct gob_type *local, int64_t i, void *to)
{
	int64_t limit = local->bits >= 64
	                    ? INT64_MAX
	                    : ((int64_t)1 << (local->bits - 1)) - 1;
	if (i > limit || i < -limit - 1)
		skip_fault(
		    r->d, ERR_INVALID, "gob: %lld out of range", (long long)i);
	else
		*(int64_t *)to = i;
}

static void store_uint(
    struct reader *r, const struct gob_type *local, uint64_t u, void *to)
{
	if (local->bits < 64 && u >> local->bits != 0)
		skip_fault(r->d, ERR_INVALID, "gob: %llu out of range",
		    (unsigned long long)u);
	else
		*(uint64_t *)to = u;
}

static uint64_t big_endian(const uint8_t *p, size_t n)
{
	uint64_t u = 0;
	for (size_t i = 0; i < n; i++)
		u = u << 8 | p[i];
	return u;
}

/* Source: time/time.go (Go 1.26) UnmarshalBinary */
static void store_time(struct reader *r, struct str s, struct gob_time *to)
{
	const uint8_t *p = (const uint8_t *)s.data;
	bool known = (s.len == 15 && p[0] == 1) || (s.len == 16 && p[0] == 2);
	if (!known) {
		skip_fault(r->d, ERR_INVALID, "gob: malformed time");
		return;
	}
	int16_t offset = (int16_t)big_endian(p + 13, 2);
	*to = (struct gob_time){
		.seconds = (int64_t)big_endian(p + 1, 8),
		.nanoseconds = (int32_t)big_endian(p + 9, 4),
		.offset_min = offset == -1 ? 0 : offset,
		.local = offset != -1,
	};
}

static bool get_bytes(struct reader *r, const struct gob_type *local, void *to)
{
	struct str s;
	if (!wire_get_str(&r->d->p, r->d->end, &s))
		return broken(r, "malformed string");
	if (local->kind == GOB_TIME) {
		store_time(r, s, to);
		return true;
	}
	struct str copy = arena_str(r->a, s);
	if (copy.data == NULL)
		skip_fault(r->d, r->a->fault, "gob: string too big: %s",
		    err_code_text(r->a->fault));
	*(struct str *)to = copy;
	return true;
}

static bool get_number(struct reader *r, const struct gob_type *local, void *to)
{
	uint64_t u;
	int64_t i;
	double f;
	bool done = false;
	switch (local->kind) {
	case GOB_BOOL:
		done = wire_get_uint(&r->d->p, r->d->end, &u);
		if (done)
			*(bool *)to = u != 0;
		break;
	case GOB_INT:
		done = wire_get_int(&r->d->p, r->d->end, &i);
		if (done)
			store_int(r, local, i, to);
		break;
	case GOB_UINT:
		done = wire_get_uint(&r->d->p, r->d->end, &u);
		if (done)
			store_uint(r, local, u, to);
		break;
	default:
		done = wire_get_float(&r->d->p, r->d->end, &f);
		if (done)
			*(double *)to = f;
		break;
	}
	return done || broken(r, "malformed number");
}

/* ---- containers ---------------------------------------------------------------- */

static bool get_interface(struct reader *r, struct gob_any *to)
{
	struct gob_wire_type *type;
	const struct gob_registered *row;
	struct str name;
	if (!skip_interface(r->d, r->a, &type, &row, &name, r->err))
		return false;
	*to = (struct gob_any){ .name = name };
	if (type == NULL)
		return true;
	if (row == NULL)
		return skip_value(r->d, type, r->err);
	if (!types_fit(type, row->type)) {
		skip_fault(
		    r->d, ERR_INVALID, "gob: value is no '%s'", row->name);
		return skip_value(r->d, type, r->err);
	}
	void *value = allocate(r, 1, row->type->size);
	if (value != NULL) {
		to->type = row->type;
		to->value = value;
	}
	return get_value(r, type, row->type, value);
}

/* Where a field goes; NULL when memory is out. */
static void *field_place(
    struct reader *r, const struct gob_field *f, char *object)
{
	void *place = object + f->offset;
	if (!f->pointer)
		return place;
	void *target = allocate(r, 1, f->type->size);
	*(void **)place = target;
	return target;
}

static bool get_struct(struct reader *r, struct gob_wire_type *remote,
    const struct gob_type *local, void *object)
{
	struct wire_plan *plan = types_plan(r->d, remote, local);
	if (plan == NULL || plan->mismatch != NULL) {
		skip_fault(r->d, plan == NULL ? ERR_NO_MEMORY : ERR_INVALID,
		    "gob: field %s of %s has another kind",
		    plan == NULL ? "?" : plan->mismatch, local->name);
		return skip_value(r->d, remote, r->err);
	}
	int64_t index = -1;
	for (;;) {
		uint64_t delta;
		if (!wire_get_uint(&r->d->p, r->d->end, &delta) ||
		    delta > (uint64_t)((int64_t)remote->n_fields - 1 - index))
			return broken(r, "malformed struct");
		if (delta == 0)
			return true;
		index += (int64_t)delta;
		struct gob_wire_type *type = remote->fields[index].type;
		const struct gob_field *f = NULL;
		if (plan->field[index] >= 0)
			f = &local->fields[plan->field[index]];
		void *place = f == NULL ? NULL : field_place(r, f, object);
		if (!get_value(r, type, f == NULL ? NULL : f->type, place))
			return false;
	}
}

/* Room for element i of `count`; grows by doubling as elements arrive, for
 * the count is only the peer's word. NULL when memory is out. */
static void *item_place(struct reader *r, struct gob_slice *slice, size_t i,
    uint64_t count, size_t size, size_t *room)
{
	if (i == *room) {
		uint64_t more = i == 0 ? FIRST_ITEMS : 2 * (uint64_t)i;
		if (more > count)
			more = count;
		void *items = allocate(r, (size_t)more, size);
		if (items == NULL)
			return NULL;
		if (i > 0)
			memcpy(items, slice->items, i * size);
		slice->items = items;
		*room = (size_t)more;
	}
	slice->n = i + 1;
	return (char *)slice->items + i * size;
}

static bool get_slice(struct reader *r, struct gob_wire_type *remote,
    const struct gob_type *local, struct gob_slice *to)
{
	uint64_t count;
	size_t room = 0;
	if (!wire_get_uint(&r->d->p, r->d->end, &count))
		return broken(r, "malformed count");
	bool map = local->kind == GOB_MAP;
	size_t size = map ? local->entry_size : local->elem->size;
	size_t offset = map ? local->elem_offset : 0;
	if (map && count == 0)
		to->items = allocate(r, 0, size);
	for (uint64_t i = 0; i < count; i++) {
		char *place = NULL;
		if (r->d->fault.code == ERR_NONE)
			place =
			    item_place(r, to, (size_t)i, count, size, &room);
		if (map && !get_value(r, remote->key, local->key, place))
			return false;
		if (!get_value(r, remote->elem, local->elem,
		        place == NULL ? NULL : place + offset))
			return false;
	}
	return true;
}

static bool get_array(struct reader *r, struct gob_wire_type *remote,
    const struct gob_type *local, char *to)
{
	uint64_t count;
	if (!wire_get_uint(&r->d->p, r->d->end, &count) || count != local->len)
		return broken(r, "malformed array");
	for (size_t i = 0; i < local->len; i++) {
		if (!get_value(r, remote->elem, local->elem,
		        to + i * local->elem->size))
			return false;
	}
	return true;
}

static bool get_container(struct reader *r, struct gob_wire_type *remote,
    const struct gob_type *local, void *to)
{
	switch (local->kind) {
	case GOB_INTERFACE:
		return get_interface(r, to);
	case GOB_STRUCT:
		return get_struct(r, remote, local, to);
	case GOB_ARRAY:
		return get_array(r, remote, local, to);
	default:
		return get_slice(r, remote, local, to);
	}
}

/* to NULL: nobody wants it. Returns false when the connection is broken. */
static bool get_value(struct reader *r, struct gob_wire_type *remote,
    const struct gob_type *local, void *to)
{
	if (to == NULL || r->d->fault.code != ERR_NONE)
		return skip_value(r->d, remote, r->err);
	switch (local->kind) {
	case GOB_BOOL:
	case GOB_INT:
	case GOB_UINT:
	case GOB_FLOAT:
		return get_number(r, local, to);
	case GOB_STRING:
	case GOB_BYTES:
	case GOB_TIME:
	case GOB_GOB_ENCODER:
	case GOB_BINARY_MARSHALER:
	case GOB_TEXT_MARSHALER:
		return get_bytes(r, local, to);
	case GOB_COMPLEX:
		return skip_value(r->d, remote, r->err);
	default:
		break;
	}
	if (r->d->depth >= GOB_MAX_DEPTH) {
		skip_fault(r->d, ERR_TOO_BIG,
		    "gob: value nested deeper than %d", GOB_MAX_DEPTH);
		return skip_value(r->d, remote, r->err);
	}
	r->d->depth++;
	bool done = get_container(r, remote, local, to);
	r->d->depth--;
	return done;
}

/* ---- entry --------------------------------------------------------------------- */

/* Learn definitions until a value begins; its id. */
static bool next_value(struct gob_decoder *d, int64_t *id, struct err *err)
{
	for (;;) {
		if (!skip_next_message(d, err))
			return false;
		if (!wire_get_int(&d->p, d->end, id) || *id == INT64_MIN)
			return skip_broken(d, err, "malformed type id");
		if (*id >= 0)
			return true;
		if (!types_learn(d, -*id, &d->p, d->end, err)) {
			d->broken = true;
			return false;
		}
		if (d->p != d->end)
			return skip_broken(d, err, "bytes after a definition");
	}
}

static void check_top(struct gob_decoder *d, struct gob_wire_type *remote,
    const struct gob_type *local)
{
	if (!types_fit(remote, local)) {
		skip_fault(d, ERR_INVALID, "gob: value is no %s", local->name);
		return;
	}
	if (local->kind != GOB_STRUCT)
		return;
	struct wire_plan *plan = types_plan(d, remote, local);
	if (plan != NULL && plan->none_matched)
		skip_fault(
		    d, ERR_INVALID, "gob: no field of %s matched", local->name);
}

bool gob_decode(struct gob_decoder *d, const struct gob_type *type,
    struct arena *a, void *value, struct err *err)
{
	int64_t id;
	uint64_t zero;
	d->depth = 0;
	err_clear(&d->fault);
	if (!gob_decoder_wait(d, DEADLINE_NEVER, err) ||
	    !next_value(d, &id, err))
		return false;
	struct gob_wire_type *remote = types_get(d, id, err);
	if (remote == NULL) {
		d->broken = true;
		return false;
	}
	if (remote->kind != GOB_STRUCT &&
	    (!wire_get_uint(&d->p, d->end, &zero) || zero != 0))
		return skip_broken(d, err, "malformed value");
	d->last = remote;
	if (type != NULL)
		check_top(d, remote, type);
	struct reader r = { d, a, err };
	if (!get_value(&r, remote, type, type == NULL ? NULL : value))
		return false;
	if (d->fault.code != ERR_NONE)
		return err_set(err, d->fault.code, "%s", d->fault.text);
	return true;
}
