#include "zoom/json.h"

#include "zoom/time.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* Whole numbers above this are not exact in a double; Zoom has none. */
#define LARGEST_WHOLE 9007199254740992.0

/* jansson builds the whole document before anybody looks at it, some 100
 * bytes a value: so count levels and values first. Brackets and commas in
 * texts do not count. */
static bool within_limits(struct str text, struct err *err)
{
	size_t depth = 0;
	size_t values = 0;
	bool in_text = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if (in_text && c == '\\')
			i++;
		else if (c == '"')
			in_text = !in_text;
		if (in_text)
			continue;
		if (c == '{' || c == '[')
			depth++;
		if ((c == '}' || c == ']') && depth > 0)
			depth--;
		if (c == '{' || c == '[' || c == ',')
			values++;
		if (depth > ZOOM_JSON_MAX_DEPTH)
			return err_set(err, ERR_PROTOCOL,
			    "not valid JSON: too many levels");
		if (values > ZOOM_JSON_MAX_VALUES)
			return err_set(
			    err, ERR_TOO_BIG, "JSON of too many values");
	}
	return true;
}

/* Follow a path of names joined by dots; NULL when it leads nowhere. */
static const json_t *find(const json_t *at, struct str path)
{
	struct str name;
	while (path.len > 0 && at != NULL) {
		str_cut(path, '.', &name, &path);
		at = json_object_getn(at, name.data, name.len);
	}
	return at;
}

static struct str text_of(const json_t *value)
{
	struct str s = { json_string_value(value), json_string_length(value) };
	/* an escaped NUL: no text of Zoom's */
	return str_from(s.data).len == s.len ? s : (struct str){ NULL, 0 };
}

static bool whole_number(const json_t *value, int64_t *number)
{
	if (json_is_string(value))
		return str_to_int64(text_of(value), number);
	double real = json_real_value(value);
	if (!json_is_real(value) || fabs(real) > LARGEST_WHOLE ||
	    real != floor(real))
		return false;
	*number = (int64_t)real;
	return true;
}

static void fill(struct arena *a, const struct zoom_json_field *field,
    const json_t *value, void *object)
{
	void *place = (char *)object + field->offset;
	int64_t number;
	switch (field->kind) {
	case ZOOM_JSON_TEXT:
		if (json_is_string(value))
			*(struct str *)place = arena_str(a, text_of(value));
		break;
	case ZOOM_JSON_INT:
		if (whole_number(value, &number))
			*(int64_t *)place = number;
		break;
	case ZOOM_JSON_TIME:
		if (json_is_string(value) &&
		    zoom_time_parse(text_of(value), &number))
			*(int64_t *)place = number;
		break;
	case ZOOM_JSON_BOOL:
		if (json_is_boolean(value))
			*(bool *)place = json_is_true(value);
		break;
	}
}

static void read_object(struct arena *a, const json_t *from,
    const struct zoom_json_table *table, void *object);

static void read_list(struct arena *a, const struct zoom_json_list *list,
    const json_t *array, void *object)
{
	size_t n = json_array_size(array);
	char *items = arena_array(a, n < list->max ? n : list->max, list->size);
	size_t n_items = 0;
	for (size_t i = 0; items != NULL && i < n && n_items < list->max; i++) {
		const json_t *item = json_array_get(array, i);
		if (json_is_object(item))
			read_object(a, item, list->item,
			    items + n_items++ * list->size);
	}
	/* the place is a pointer to the item's type */
	memcpy((char *)object + list->offset, &items, sizeof(items));
	*(size_t *)(void *)((char *)object + list->offset_n) = n_items;
}

static void read_object(struct arena *a, const json_t *from,
    const struct zoom_json_table *table, void *object)
{
	for (size_t i = 0; i < table->n_fields; i++) {
		const struct zoom_json_field *field = &table->fields[i];
		const json_t *value = find(from, str_from(field->path));
		if (value != NULL)
			fill(a, field, value, object);
	}
	for (size_t i = 0; i < table->n_lists; i++) {
		const struct zoom_json_list *list = &table->lists[i];
		const json_t *value = find(from, str_from(list->path));
		if (json_is_array(value))
			read_list(a, list, value, object);
	}
}

bool zoom_json_read(struct arena *a, struct str text,
    const struct zoom_json_table *table, void *object, struct err *err)
{
	json_error_t error;
	if (!within_limits(text, err))
		return false;
	/* as reals: an integer too big for int64_t must not lose the rest */
	json_t *document = json_loadb(str_c(text), text.len,
	    JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
	if (!json_is_object(document)) {
		bool memory = document == NULL && json_error_code(&error) ==
		                                      json_error_out_of_memory;
		json_decref(document);
		return memory ? err_set(err, ERR_NO_MEMORY, "JSON")
		              : err_set(err, ERR_PROTOCOL,
		                    "not valid JSON: no object");
	}
	read_object(a, document, table, object);
	json_decref(document);
	return arena_ok(a, err);
}
