/* value - the basic descriptors, and interface values made and read */
#include "gob/gob.h"

#include <string.h>

#define NUMBER(c_name, go_name, number_kind, c_type, width)                    \
 const struct gob_type gob_type_##c_name = {                                   \
	 .kind = number_kind,                                                  \
	 .name = go_name,                                                      \
	 .size = sizeof(c_type),                                               \
	 .bits = width,                                                        \
 }

NUMBER(bool, "bool", GOB_BOOL, bool, 1);
NUMBER(int, "int", GOB_INT, int64_t, 64);
NUMBER(int8, "int8", GOB_INT, int64_t, 8);
NUMBER(int16, "int16", GOB_INT, int64_t, 16);
NUMBER(int32, "int32", GOB_INT, int64_t, 32);
NUMBER(int64, "int64", GOB_INT, int64_t, 64);
NUMBER(uint, "uint", GOB_UINT, uint64_t, 64);
NUMBER(uint8, "uint8", GOB_UINT, uint64_t, 8);
NUMBER(uint16, "uint16", GOB_UINT, uint64_t, 16);
NUMBER(uint32, "uint32", GOB_UINT, uint64_t, 32);
NUMBER(uint64, "uint64", GOB_UINT, uint64_t, 64);
NUMBER(float32, "float32", GOB_FLOAT, double, 32);
NUMBER(float64, "float64", GOB_FLOAT, double, 64);
NUMBER(string, "string", GOB_STRING, struct str, 0);
NUMBER(bytes, "[]uint8", GOB_BYTES, struct str, 0);
NUMBER(interface, "interface", GOB_INTERFACE, struct gob_any, 0);
NUMBER(time, "Time", GOB_TIME, struct gob_time, 0);

const struct gob_type gob_type_url = {
	.kind = GOB_BINARY_MARSHALER,
	.name = "URL",
	.size = sizeof(struct str),
	.external_pointer = true,
};

const struct gob_type gob_type_empty = { .kind = GOB_STRUCT, .name = "" };

const struct gob_type gob_type_strings = {
	.kind = GOB_SLICE,
	.name = "[]string",
	.size = sizeof(struct gob_strings),
	.elem = &gob_type_string,
};

const struct gob_type gob_type_any_map = {
	.kind = GOB_MAP,
	.name = "map[string]interface {}",
	.size = sizeof(struct gob_any_map),
	.key = &gob_type_string,
	.elem = &gob_type_interface,
	.entry_size = sizeof(struct gob_any_entry),
	.elem_offset = offsetof(struct gob_any_entry, value),
};

const struct gob_type gob_type_any_list = {
	.kind = GOB_SLICE,
	.name = "[]interface {}",
	.size = sizeof(struct gob_any_list),
	.elem = &gob_type_interface,
};

static struct gob_any any_copy(struct arena *a, const struct gob_type *type,
    const void *value, size_t size)
{
	void *copy = arena_alloc(a, size);
	if (copy == NULL)
		return (struct gob_any){ 0 };
	memcpy(copy, value, size);
	return (struct gob_any){ .type = type, .value = copy };
}

struct gob_any gob_any_string(struct arena *a, struct str s)
{
	struct str copy = arena_str(a, s);
	return any_copy(a, &gob_type_string, &copy, sizeof(copy));
}

struct gob_any gob_any_int64(struct arena *a, int64_t i)
{
	return any_copy(a, &gob_type_int64, &i, sizeof(i));
}

struct gob_any gob_any_bool(struct arena *a, bool b)
{
	return any_copy(a, &gob_type_bool, &b, sizeof(b));
}

struct gob_any gob_any_map(struct arena *a, struct gob_any_map map)
{
	return any_copy(a, &gob_type_any_map, &map, sizeof(map));
}

struct gob_any gob_any_list(struct arena *a, struct gob_any_list list)
{
	return any_copy(a, &gob_type_any_list, &list, sizeof(list));
}

void gob_any_map_set(struct arena *a, struct gob_any_map *map, struct str key,
    struct gob_any value)
{
	for (size_t i = 0; i < map->n; i++) {
		if (str_eq(map->items[i].key, key)) {
			map->items[i].value = value;
			return;
		}
	}
	struct gob_any_entry *items =
	    arena_array(a, map->n + 1, sizeof(*items));
	struct str copy = arena_str(a, key);
	if (items == NULL || copy.data == NULL)
		return;
	if (map->n > 0)
		memcpy(items, map->items, map->n * sizeof(*items));
	items[map->n] = (struct gob_any_entry){ copy, value };
	map->items = items;
	map->n++;
}

const struct gob_any *gob_any_map_get(
    const struct gob_any_map *map, struct str key)
{
	for (size_t i = 0; map != NULL && i < map->n; i++) {
		if (str_eq(map->items[i].key, key))
			return &map->items[i].value;
	}
	return NULL;
}

const struct gob_any *gob_any_map_get_nocase(
    const struct gob_any_map *map, struct str key)
{
	for (size_t i = 0; map != NULL && i < map->n; i++) {
		if (str_eq_nocase(map->items[i].key, key))
			return &map->items[i].value;
	}
	return NULL;
}

static const void *value_of(const struct gob_any *v, enum gob_kind kind)
{
	if (v == NULL || v->type == NULL || v->type->kind != kind)
		return NULL;
	return v->value;
}

struct str gob_any_get_string(const struct gob_any *v)
{
	const struct str *s = value_of(v, GOB_STRING);
	return s == NULL ? (struct str){ NULL, 0 } : *s;
}

bool gob_any_get_int64(const struct gob_any *v, int64_t *i)
{
	*i = 0;
	const int64_t *number = value_of(v, GOB_INT);
	const uint64_t *natural = value_of(v, GOB_UINT);
	const double *real = value_of(v, GOB_FLOAT);
	if (number != NULL)
		*i = *number;
	else if (natural != NULL && *natural <= INT64_MAX)
		*i = (int64_t)*natural;
	else if (real != NULL && *real >= -9007199254740992.0 &&
	         *real <= 9007199254740992.0 && *real == (double)(int64_t)*real)
		*i = (int64_t)*real;
	else
		return false;
	return true;
}

bool gob_any_get_bool(const struct gob_any *v)
{
	const bool *b = value_of(v, GOB_BOOL);
	return b != NULL && *b;
}

const struct gob_any_map *gob_any_get_map(const struct gob_any *v)
{
	return v != NULL && v->type == &gob_type_any_map ? v->value : NULL;
}

const struct gob_any_list *gob_any_get_list(const struct gob_any *v)
{
	return v != NULL && v->type == &gob_type_any_list ? v->value : NULL;
}
