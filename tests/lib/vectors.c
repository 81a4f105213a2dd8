#include "tests/lib/vectors.h"

#include "gob/types.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned nibble(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

struct str vectors_from_hex(struct arena *a, const char *hex)
{
	size_t n = strlen(hex) / 2;
	char *bytes = arena_alloc(a, n + 1);
	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < n; i++)
		bytes[i] =
		    (char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	return str_n(bytes, n);
}

void vectors_load(struct vector_file *file, const char *name)
{
	char path[256];
	const char *root = getenv("TESTS_ROOT");
	snprintf(path, sizeof(path), "%s/tests/vectors/%s",
	    root == NULL ? "." : root, name);
	json_error_t error;
	/* some integers of the vectors are above jansson's */
	file->json = json_load_file(path, JSON_DECODE_INT_AS_REAL, &error);
	ck_assert_msg(file->json != NULL, "%s: %s", path, error.text);
	file->n = json_array_size(file->json);
	file->vectors = calloc(file->n, sizeof(*file->vectors));
	ck_assert_ptr_nonnull(file->vectors);
	for (size_t i = 0; i < file->n; i++) {
		const json_t *json = json_array_get(file->json, i);
		const char *hex =
		    json_string_value(json_object_get(json, "hex"));
		struct arena a;
		arena_init(&a, SIZE_MAX);
		struct str bytes = vectors_from_hex(&a, hex);
		char *copy = malloc(bytes.len + 1);
		memcpy(copy, bytes.data, bytes.len);
		arena_fini(&a);
		file->vectors[i] = (struct vector){
			.name =
			    json_string_value(json_object_get(json, "name")),
			.go_type =
			    json_string_value(json_object_get(json, "go_type")),
			.bytes = str_n(copy, bytes.len),
			.value = json_object_get(json, "value"),
			.json = json,
			.order_varies = json_is_true(
			    json_object_get(json, "map_order_varies")),
		};
	}
}

void vectors_free(struct vector_file *file)
{
	for (size_t i = 0; i < file->n; i++)
		free((void *)(uintptr_t)file->vectors[i].bytes.data);
	free(file->vectors);
	json_decref(file->json);
}

/* ---- a descriptor for the peer's type --------------------------------------- */

struct known {
	struct known *next;
	const struct gob_wire_type *remote;
	struct gob_type *local;
};

static const struct gob_type *const basic[] = {
	[GOB_BOOL] = &gob_type_bool,
	[GOB_INT] = &gob_type_int64,
	[GOB_UINT] = &gob_type_uint64,
	[GOB_FLOAT] = &gob_type_float64,
	[GOB_BYTES] = &gob_type_bytes,
	[GOB_STRING] = &gob_type_string,
	[GOB_INTERFACE] = &gob_type_interface,
};

static const struct gob_type *local_of(
    struct arena *a, struct known **known, struct gob_wire_type *remote);

/* A struct that can hold itself needs a pointer; so all structs get one. */
static void lay_out_struct(struct arena *a, struct known **known,
    struct gob_type *local, const struct gob_wire_type *remote)
{
	struct gob_field *fields =
	    arena_array(a, remote->n_fields, sizeof(*fields));
	for (size_t i = 0; i < remote->n_fields; i++) {
		const struct gob_type *type =
		    local_of(a, known, remote->fields[i].type);
		bool pointer = type->kind == GOB_STRUCT;
		fields[i] = (struct gob_field){
			.name = str_c(arena_str(a, remote->fields[i].name)),
			.type = type,
			.offset = local->size,
			.pointer = pointer,
		};
		size_t size = pointer ? sizeof(void *) : type->size;
		local->size += (size + 15) & ~(size_t)15;
	}
	local->fields = fields;
	local->n_fields = remote->n_fields;
}

static const struct gob_type *local_of(
    struct arena *a, struct known **known, struct gob_wire_type *remote)
{
	if (remote->kind <= GOB_INTERFACE && remote->kind != GOB_COMPLEX)
		return basic[remote->kind];
	for (struct known *k = *known; k != NULL; k = k->next) {
		if (k->remote == remote)
			return k->local;
	}
	struct known *k = arena_new(a, struct known);
	struct gob_type *local = arena_new(a, struct gob_type);
	*k = (struct known){ *known, remote, local };
	*known = k;
	local->kind = remote->kind;
	local->name = "";
	switch (remote->kind) {
	case GOB_STRUCT:
		lay_out_struct(a, known, local, remote);
		break;
	case GOB_SLICE:
		local->size = sizeof(struct gob_slice);
		local->elem = local_of(a, known, remote->elem);
		break;
	case GOB_ARRAY:
		local->elem = local_of(a, known, remote->elem);
		local->len = (size_t)remote->len;
		local->size = local->len * local->elem->size;
		break;
	case GOB_MAP:
		local->size = sizeof(struct gob_slice);
		local->key = local_of(a, known, remote->key);
		local->elem = local_of(a, known, remote->elem);
		local->elem_offset = (local->key->size + 15) & ~(size_t)15;
		local->entry_size =
		    (local->elem_offset + local->elem->size + 15) & ~(size_t)15;
		break;
	default:
		local->size = sizeof(struct str);
		break;
	}
	return local;
}

const struct gob_type *vectors_type_of(
    struct arena *a, struct gob_wire_type *remote)
{
	struct known *known = NULL;
	const struct gob_type *type = local_of(a, &known, remote);
	ck_assert_int_eq(a->fault, ERR_NONE);
	return type;
}

/* ---- a value in the notation of the vectors ---------------------------------- */

static json_t *hex_of(struct str s)
{
	char *hex = malloc(2 * s.len + 1);
	for (size_t i = 0; i < s.len; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)s.data[i]);
	hex[2 * s.len] = '\0';
	json_t *json = json_string(hex);
	free(hex);
	return json;
}

static bool shown(const struct gob_type *type, const void *value)
{
	static const char zeros[64];
	switch (type->kind) {
	case GOB_STRUCT:
	case GOB_ARRAY:
		return true;
	case GOB_STRING:
	case GOB_BYTES:
	case GOB_GOB_ENCODER:
	case GOB_BINARY_MARSHALER:
	case GOB_TEXT_MARSHALER:
		return ((const struct str *)value)->len > 0;
	case GOB_SLICE:
		return ((const struct gob_slice *)value)->n > 0;
	case GOB_MAP:
		return ((const struct gob_slice *)value)->items != NULL;
	default:
		return memcmp(value, zeros, type->size) != 0;
	}
}

static json_t *view_struct(const struct gob_type *type, const char *object)
{
	json_t *json = json_object();
	for (size_t i = 0; i < type->n_fields; i++) {
		const struct gob_field *f = &type->fields[i];
		const void *value = object + f->offset;
		if (f->pointer)
			value = *(const void *const *)value;
		if (value != NULL && shown(f->type, value))
			json_object_set_new(
			    json, f->name, vectors_view(f->type, value));
	}
	return json;
}

static json_t *view_items(
    const struct gob_type *type, const char *items, size_t n)
{
	json_t *json = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(json,
		    vectors_view(type->elem, items + i * type->elem->size));
	return json;
}

static json_t *view_map(
    const struct gob_type *type, const struct gob_slice *map)
{
	json_t *json = json_object();
	const char *entry = map->items;
	for (size_t i = 0; i < map->n; i++, entry += type->entry_size) {
		json_t *key = vectors_view(type->key, entry);
		json_object_set_new(json, json_string_value(key),
		    vectors_view(type->elem, entry + type->elem_offset));
		json_decref(key);
	}
	return json;
}

static struct str time_bytes(const struct gob_time *t, struct arena *a)
{
	struct buf out;
	struct gob_encoder e;
	struct err err = { 0 };
	buf_init(&out, 256);
	gob_encoder_init(&e);
	ck_assert(gob_encode(&e, &out, &gob_type_time, t, &err));
	struct str s = arena_str(a, str_n((char *)out.data + out.len - 15, 15));
	gob_encoder_fini(&e);
	buf_fini(&out);
	return s;
}

static json_t *view_external(const struct gob_type *type, const void *value)
{
	struct arena a;
	arena_init(&a, 4096);
	const char *ext = type->kind == GOB_BINARY_MARSHALER
	                      ? "BinaryMarshalerT"
	                      : "GobEncoderT";
	struct str s = type->kind == GOB_TIME ? time_bytes(value, &a)
	                                      : *(const struct str *)value;
	json_t *json = json_pack("{s:s,s:o}", "$ext", ext, "$hex", hex_of(s));
	arena_fini(&a);
	return json;
}

json_t *vectors_view(const struct gob_type *type, const void *value)
{
	const struct str *s = value;
	const struct gob_slice *slice = value;
	const struct gob_any *any = value;
	switch (type->kind) {
	case GOB_BOOL:
		return json_boolean(*(const bool *)value);
	case GOB_INT:
		return json_real((double)*(const int64_t *)value);
	case GOB_UINT:
		return json_real((double)*(const uint64_t *)value);
	case GOB_FLOAT:
		return json_real(*(const double *)value);
	case GOB_STRING:
		return json_stringn(str_c(*s), s->len);
	case GOB_BYTES:
		return json_pack("{s:o}", "$hex", hex_of(*s));
	case GOB_INTERFACE:
		if (any->type == NULL)
			return json_null();
		return json_pack("{s:s,s:o}", "$name",
		    any->name.len > 0 ? str_c(any->name) : any->type->name,
		    "$value", vectors_view(any->type, any->value));
	case GOB_STRUCT:
		return view_struct(type, value);
	case GOB_SLICE:
		return view_items(type, slice->items, slice->n);
	case GOB_ARRAY:
		return view_items(type, value, type->len);
	case GOB_MAP:
		return view_map(type, slice);
	default:
		return view_external(type, value);
	}
}
