/*
 * types - learning the peer's definitions, and writing ours
 *
 * A definition is itself a gob struct with fixed ids, so it is read by hand
 * here: wireType has one member per kind of type, each led by a CommonType
 * of which Go's own decoder uses nothing. It is keyed by the id in front of
 * it, kept in the decoder's arena, and linked to the types it names when the
 * first value of it arrives, since those may be defined later.
 */
#include "gob/types.h"

#include "gob/wire.h"

#include <stdlib.h>
#include <string.h>

static struct gob_wire_type basic_types[] = {
	{ .kind = GOB_BOOL, .id = 1, .linked = true },
	{ .kind = GOB_INT, .id = 2, .linked = true },
	{ .kind = GOB_UINT, .id = 3, .linked = true },
	{ .kind = GOB_FLOAT, .id = 4, .linked = true },
	{ .kind = GOB_BYTES, .id = 5, .linked = true },
	{ .kind = GOB_STRING, .id = 6, .linked = true },
	{ .kind = GOB_COMPLEX, .id = 7, .linked = true },
	{ .kind = GOB_INTERFACE, .id = 8, .linked = true },
};
#define N_BASIC ((int64_t)(sizeof(basic_types) / sizeof(basic_types[0])))

/* Members of wireType by index, and what they define. */
static const enum gob_kind wire_members[] = {
	GOB_ARRAY,
	GOB_SLICE,
	GOB_STRUCT,
	GOB_MAP,
	GOB_GOB_ENCODER,
	GOB_BINARY_MARSHALER,
	GOB_TEXT_MARSHALER,
};
#define N_MEMBERS (sizeof(wire_members) / sizeof(wire_members[0]))

/* ---- the table of definitions ------------------------------------------ */

static struct gob_wire_type **slot(
    struct gob_wire_type **table, size_t room, int64_t id)
{
	size_t i = (size_t)((uint64_t)id * 0x9E3779B97F4A7C15u) & (room - 1);
	while (table[i] != NULL && table[i]->id != id)
		i = (i + 1) & (room - 1);
	return &table[i];
}

static struct gob_wire_type *find(const struct gob_decoder *d, int64_t id)
{
	if (id >= 1 && id <= N_BASIC)
		return &basic_types[id - 1];
	if (d->room_types == 0)
		return NULL;
	return *slot(d->by_id, d->room_types, id);
}

static bool grow_table(struct gob_decoder *d)
{
	size_t room = d->room_types == 0 ? 64 : d->room_types * 2;
	struct gob_wire_type **table =
	    calloc(room, sizeof(struct gob_wire_type *));
	if (table == NULL)
		return false;
	for (size_t i = 0; i < d->room_types; i++) {
		if (d->by_id[i] != NULL)
			*slot(table, room, d->by_id[i]->id) = d->by_id[i];
	}
	free(d->by_id);
	d->by_id = table;
	d->room_types = room;
	return true;
}

static bool remember(
    struct gob_decoder *d, struct gob_wire_type *t, struct err *err)
{
	if (d->n_types == GOB_MAX_TYPES)
		return err_set(err, ERR_PROTOCOL, "gob: more than %d types",
		    GOB_MAX_TYPES);
	if (d->n_types * 2 >= d->room_types && !grow_table(d))
		return err_set(err, ERR_NO_MEMORY, "gob: table of types");
	*slot(d->by_id, d->room_types, t->id) = t;
	d->n_types++;
	return true;
}

/* ---- reading a definition ----------------------------------------------- */

/* Sticky cursor: after the first failure every read gives zero. */
struct cursor {
	const uint8_t *p, *end;
	bool failed;
};

static uint64_t get_uint(struct cursor *c)
{
	uint64_t u = 0;
	if (!c->failed && !wire_get_uint(&c->p, c->end, &u))
		c->failed = true;
	return c->failed ? 0 : u;
}

static int64_t get_int(struct cursor *c)
{
	int64_t i = 0;
	if (!c->failed && !wire_get_int(&c->p, c->end, &i))
		c->failed = true;
	return c->failed ? 0 : i;
}

static struct str get_str(struct cursor *c)
{
	struct str s = { NULL, 0 };
	if (!c->failed && !wire_get_str(&c->p, c->end, &s))
		c->failed = true;
	return c->failed ? (struct str){ NULL, 0 } : s;
}

/* The index of the next field of a struct, -1 at its end. */
static int next_field(struct cursor *c, int last, int n_fields)
{
	uint64_t delta = get_uint(c);
	if (delta == 0 || c->failed)
		return -1;
	if (delta > (uint64_t)(n_fields - 1 - last)) {
		c->failed = true;
		return -1;
	}
	return last + (int)delta;
}

/* CommonType: Go's decoder ignores both members, and so do we. */
static void skip_common(struct cursor *c)
{
	for (int i = next_field(c, -1, 2); i >= 0; i = next_field(c, i, 2)) {
		if (i == 0)
			get_str(c);
		else
			get_int(c);
	}
}

static void get_fields(
    struct cursor *c, struct arena *a, struct gob_wire_type *t)
{
	uint64_t n = get_uint(c);
	/* a field takes at least its end byte */
	if (n > (uint64_t)(c->end - c->p)) {
		c->failed = true;
		return;
	}
	t->fields = arena_array(a, (size_t)n, sizeof(*t->fields));
	if (t->fields == NULL)
		return;
	t->n_fields = (size_t)n;
	for (size_t k = 0; k < t->n_fields && !c->failed; k++) {
		struct wire_field *f = &t->fields[k];
		for (int i = next_field(c, -1, 2); i >= 0;
		     i = next_field(c, i, 2)) {
			if (i == 0)
				f->name = arena_str(a, get_str(c));
			else
				f->id = get_int(c);
		}
	}
}

/* The body of one member of wireType. */
static void get_member(
    struct cursor *c, struct arena *a, struct gob_wire_type *t)
{
	static const int n_fields[] = {
		[GOB_ARRAY] = 3,
		[GOB_SLICE] = 2,
		[GOB_STRUCT] = 2,
		[GOB_MAP] = 3,
		[GOB_GOB_ENCODER] = 1,
		[GOB_BINARY_MARSHALER] = 1,
		[GOB_TEXT_MARSHALER] = 1,
	};
	int n = n_fields[t->kind];
	for (int i = next_field(c, -1, n); i >= 0; i = next_field(c, i, n)) {
		if (i == 0)
			skip_common(c);
		else if (t->kind == GOB_STRUCT)
			get_fields(c, a, t);
		else if (t->kind == GOB_MAP && i == 1)
			t->key_id = get_int(c);
		else if (t->kind == GOB_ARRAY && i == 2)
			t->len = (uint64_t)get_int(c);
		else
			t->elem_id = get_int(c);
	}
}

bool types_learn(struct gob_decoder *d, int64_t id, const uint8_t **p,
    const uint8_t *end, struct err *err)
{
	if (id < FIRST_FREE_ID || find(d, id) != NULL)
		return err_set(err, ERR_PROTOCOL,
		    "gob: type %lld defined twice", (long long)id);
	struct gob_wire_type *t = arena_new(&d->types, struct gob_wire_type);
	if (t == NULL)
		return arena_ok(&d->types, err);
	t->id = id;
	struct cursor c = { *p, end, false };
	int member = next_field(&c, -1, N_MEMBERS);
	if (member >= 0) {
		t->kind = wire_members[member];
		get_member(&c, &d->types, t);
		if (get_uint(&c) != 0)
			c.failed = true;
	}
	if (member < 0 || c.failed)
		return err_set(err, ERR_PROTOCOL,
		    "gob: malformed definition of type %lld", (long long)id);
	if (!arena_ok(&d->types, err))
		return err_wrap(err, "gob: definitions");
	*p = c.p;
	return remember(d, t, err);
}

/* ---- linking ------------------------------------------------------------ */

static struct gob_wire_type *link_one(struct gob_decoder *d, int64_t id,
    struct gob_wire_type **todo, struct err *err)
{
	struct gob_wire_type *t = find(d, id);
	if (t == NULL) {
		err_set(err, ERR_PROTOCOL, "gob: type %lld is not defined",
		    (long long)id);
		return NULL;
	}
	if (!t->linked) {
		t->linked = true;
		/* `key` is free until this type's own turn */
		t->key = *todo;
		*todo = t;
	}
	return t;
}

/* Resolve everything that can be reached from t; a list instead of recursion,
 * for a peer may define a chain of types as long as it likes. */
static bool link_all(
    struct gob_decoder *d, struct gob_wire_type *first, struct err *err)
{
	struct gob_wire_type *todo = NULL;
	if (link_one(d, first->id, &todo, err) == NULL)
		return false;
	while (todo != NULL) {
		struct gob_wire_type *t = todo;
		todo = t->key;
		t->key = NULL;
		if (t->kind == GOB_MAP &&
		    (t->key = link_one(d, t->key_id, &todo, err)) == NULL)
			return false;
		bool has_elem = t->kind == GOB_MAP || t->kind == GOB_SLICE ||
		                t->kind == GOB_ARRAY;
		if (has_elem &&
		    (t->elem = link_one(d, t->elem_id, &todo, err)) == NULL)
			return false;
		for (size_t i = 0; i < t->n_fields; i++) {
			struct wire_field *f = &t->fields[i];
			f->type = link_one(d, f->id, &todo, err);
			if (f->type == NULL)
				return false;
		}
	}
	return true;
}

struct gob_wire_type *types_get(
    struct gob_decoder *d, int64_t id, struct err *err)
{
	struct gob_wire_type *t = find(d, id);
	if (t == NULL) {
		err_set(err, ERR_PROTOCOL, "gob: type %lld is not defined",
		    (long long)id);
		return NULL;
	}
	if (!t->linked && !link_all(d, t, err))
		return NULL;
	return t;
}

/* ---- the peer's types and ours ------------------------------------------ */

bool types_fit(const struct gob_wire_type *remote, const struct gob_type *local)
{
	if (local->kind == GOB_TIME)
		return remote->kind == GOB_GOB_ENCODER;
	if (remote->kind != local->kind)
		return false;
	switch (remote->kind) {
	case GOB_ARRAY:
		return remote->len == local->len &&
		       types_fit(remote->elem, local->elem);
	case GOB_SLICE:
		return types_fit(remote->elem, local->elem);
	case GOB_MAP:
		return types_fit(remote->key, local->key) &&
		       types_fit(remote->elem, local->elem);
	default:
		return true;
	}
}

static int32_t local_field(const struct gob_type *local, struct str name)
{
	for (size_t i = 0; i < local->n_fields; i++) {
		if (str_eq(str_from(local->fields[i].name), name))
			return (int32_t)i;
	}
	return -1;
}

static struct wire_plan *make_plan(struct arena *a,
    const struct gob_wire_type *remote, const struct gob_type *local)
{
	struct wire_plan *plan = arena_new(a, struct wire_plan);
	int32_t *field = arena_array(a, remote->n_fields, sizeof(*field));
	if (plan == NULL || field == NULL)
		return NULL;
	plan->local = local;
	plan->field = field;
	plan->none_matched = remote->n_fields > 0 && local->n_fields > 0;
	for (size_t i = 0; i < remote->n_fields; i++) {
		field[i] = local_field(local, remote->fields[i].name);
		if (field[i] < 0)
			continue;
		plan->none_matched = false;
		const struct gob_field *f = &local->fields[field[i]];
		if (!types_fit(remote->fields[i].type, f->type))
			plan->mismatch = f->name;
	}
	return plan;
}

struct wire_plan *types_plan(struct gob_decoder *d,
    struct gob_wire_type *remote, const struct gob_type *local)
{
	for (struct wire_plan *plan = remote->plans; plan != NULL;
	     plan = plan->next) {
		if (plan->local == local)
			return plan;
	}
	struct wire_plan *plan = make_plan(&d->types, remote, local);
	if (plan == NULL) {
		/* this value fails; the next may find memory again */
		d->types.fault = ERR_NONE;
		return NULL;
	}
	plan->next = remote->plans;
	remote->plans = plan;
	return plan;
}

/* A struct can hold itself; past so many looks the answer is "maybe". */
#define MAX_LOOKS 1000

static bool may_hold_interface(const struct gob_wire_type *t, int *looks)
{
	if (t->kind == GOB_INTERFACE || ++*looks > MAX_LOOKS)
		return true;
	if (t->key != NULL && may_hold_interface(t->key, looks))
		return true;
	if (t->elem != NULL && may_hold_interface(t->elem, looks))
		return true;
	for (size_t i = 0; i < t->n_fields; i++) {
		if (may_hold_interface(t->fields[i].type, looks))
			return true;
	}
	return false;
}

bool types_has_interface(const struct gob_wire_type *remote)
{
	int looks = 0;
	return may_hold_interface(remote, &looks);
}

int64_t types_basic_id(enum gob_kind kind)
{
	for (int64_t i = 0; i < N_BASIC; i++) {
		if (basic_types[i].kind == kind)
			return basic_types[i].id;
	}
	return 0;
}

/* ---- writing a definition ------------------------------------------------ */

static void put_common(struct buf *b, const char *name, int64_t id)
{
	wire_put_uint(b, 1); /* CommonType is the first member */
	if (name != NULL && name[0] != '\0') {
		wire_put_uint(b, 1);
		wire_put_str(b, str_from(name));
		wire_put_uint(b, 1);
	} else {
		wire_put_uint(b, 2);
	}
	wire_put_int(b, id);
	wire_put_uint(b, 0);
}

static void put_fields(struct buf *b, const struct gob_type *type,
    int64_t (*id_of)(void *ctx, const struct gob_type *type), void *ctx)
{
	if (type->n_fields == 0)
		return;
	wire_put_uint(b, 1);
	wire_put_uint(b, type->n_fields);
	for (size_t i = 0; i < type->n_fields; i++) {
		wire_put_uint(b, 1);
		wire_put_str(b, str_from(type->fields[i].name));
		wire_put_uint(b, 1);
		wire_put_int(b, id_of(ctx, type->fields[i].type));
		wire_put_uint(b, 0);
	}
}

static size_t member_of(enum gob_kind kind)
{
	if (kind == GOB_TIME)
		kind = GOB_GOB_ENCODER;
	size_t i = 0;
	while (wire_members[i] != kind)
		i++;
	return i;
}

void types_put_definition(struct buf *b, int64_t id,
    const struct gob_type *type,
    int64_t (*id_of)(void *ctx, const struct gob_type *type), void *ctx)
{
	wire_put_int(b, -id);
	wire_put_uint(b, member_of(type->kind) + 1);
	put_common(b, type->name, id);
	if (type->kind == GOB_STRUCT)
		put_fields(b, type, id_of, ctx);
	if (type->kind == GOB_MAP) {
		wire_put_uint(b, 1);
		wire_put_int(b, id_of(ctx, type->key));
	}
	if (type->elem != NULL) {
		wire_put_uint(b, 1);
		wire_put_int(b, id_of(ctx, type->elem));
	}
	if (type->kind == GOB_ARRAY && type->len > 0) {
		wire_put_uint(b, 1);
		wire_put_int(b, (int64_t)type->len);
	}
	wire_put_uint(b, 0); /* of the member */
	wire_put_uint(b, 0); /* of wireType */
}
