#include "plugin/js.h"

#include <stdlib.h>
#include <string.h>

/* jansson goes down as many levels as there are, on our stack: so count them
 * before. Brackets in texts do not count. */
static bool is_shallow(struct str text)
{
	size_t depth = 0;
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
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > JS_MAX_DEPTH)
			return false;
	}
	return true;
}

json_t *js_parse(struct str text)
{
	if (!is_shallow(text))
		return NULL;
	json_t *object = json_loadb(str_c(text), text.len, 0, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

struct str js_text(struct arena *a, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_string(value))
		return (struct str){ NULL, 0 };
	return arena_str(
	    a, str_n(json_string_value(value), json_string_length(value)));
}

json_t *js_string(struct str s)
{
	return json_stringn_nocheck(str_c(s), s.len);
}

struct str js_dump(struct arena *a, json_t *object)
{
	struct str text = { NULL, 0 };
	char *json = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
	if (json != NULL)
		text = arena_str(a, str_from(json));
	else if (a->fault == ERR_NONE)
		a->fault = ERR_NO_MEMORY;
	/* it may hold tokens and keys */
	if (json != NULL)
		explicit_bzero(json, strlen(json));
	free(json);
	json_decref(object);
	return text;
}
