#include "tests/lib/gotypes.h"

#include "mm/gen/hooks.h"

#include <check.h>
#include <string.h>

/* All types that hooks and API methods can reach are about 900. */
#define MAX_SEEN 4096

/* Methods that have no row in the generated tables. */
static const struct mm_method by_hand[] = {
	{ "Control.Ping", &gob_type_bool, &gob_type_empty },
	{ "Control.Quit", &gob_type_bool, &gob_type_empty },
	{ "Dispenser.Dispense", &gob_type_string, &gob_type_uint32 },
	{ "Plugin.Implemented", &gob_type_empty, &gob_type_strings },
	{ "Plugin.OnActivate", &mm_type_hook_on_activate_args,
	    &mm_type_hook_on_activate_returns },
	{ "Plugin.ServeHTTP", &mm_type_hook_serve_http_args, &gob_type_empty },
	{ "Plugin.ServeMetrics", &mm_type_hook_serve_metrics_args,
	    &gob_type_empty },
	{ "Plugin.FileWillBeUploaded", &mm_type_hook_file_will_be_uploaded_args,
	    &mm_type_hook_file_will_be_uploaded_returns },
};
#define N_BY_HAND (sizeof(by_hand) / sizeof(by_hand[0]))

static bool find_method(struct str name, struct mm_method *m)
{
	for (size_t i = 0; i < N_BY_HAND; i++) {
		*m = by_hand[i];
		if (str_eq(str_from(m->name), name))
			return true;
	}
	for (size_t i = 0; i < mm_n_hook_rows; i++) {
		*m = (struct mm_method){ mm_hook_rows[i].method,
			mm_hook_rows[i].args, mm_hook_rows[i].returns };
		if (str_eq(str_from(m->name), name))
			return true;
	}
	for (size_t i = 0; i < MM_N_API; i++) {
		*m = mm_api_methods[i];
		if (str_eq(str_from(m->name), name))
			return true;
	}
	return false;
}

const struct gob_type *go_type_of_args(struct str method)
{
	struct mm_method m;
	return find_method(method, &m) ? m.args : NULL;
}

const struct gob_type *go_type_of_reply(struct str method)
{
	struct mm_method m;
	return find_method(method, &m) ? m.returns : NULL;
}

/* ---- by name ----------------------------------------------------------------- */

struct search {
	const char *name;
	const struct gob_type *found;
	const struct gob_type *seen[MAX_SEEN];
	size_t n_seen;
};

static void look(struct search *s, const struct gob_type *type)
{
	if (type == NULL || s->found != NULL)
		return;
	for (size_t i = 0; i < s->n_seen; i++) {
		if (s->seen[i] == type)
			return;
	}
	ck_assert_uint_lt(s->n_seen, MAX_SEEN);
	s->seen[s->n_seen++] = type;
	if (type->kind == GOB_STRUCT && strcmp(type->name, s->name) == 0) {
		s->found = type;
		return;
	}
	look(s, type->key);
	look(s, type->elem);
	for (size_t i = 0; i < type->n_fields; i++)
		look(s, type->fields[i].type);
}

static const struct gob_type *field_type(
    const struct gob_type *type, const char *name)
{
	for (size_t i = 0; i < type->n_fields; i++) {
		if (strcmp(type->fields[i].name, name) == 0)
			return type->fields[i].type;
	}
	return NULL;
}

const struct gob_type *go_type_named(const char *go_type)
{
	static struct search s;
	const char *dot = strrchr(go_type, '.');
	if (strcmp(go_type, "uint32") == 0)
		return &gob_type_uint32;
	if (strcmp(go_type, "[]string") == 0)
		return &gob_type_strings;
	if (strcmp(go_type, "http.Header") == 0)
		return field_type(&mm_type_http_request_subset, "Header");
	s = (struct search){ .name = dot == NULL ? go_type : dot + 1 };
	for (size_t i = 0; i < N_BY_HAND; i++) {
		look(&s, by_hand[i].args);
		look(&s, by_hand[i].returns);
	}
	for (size_t i = 0; i < mm_n_hook_rows; i++) {
		look(&s, mm_hook_rows[i].args);
		look(&s, mm_hook_rows[i].returns);
	}
	for (size_t i = 0; i < MM_N_API; i++) {
		look(&s, mm_api_methods[i].args);
		look(&s, mm_api_methods[i].returns);
	}
	/* inside interface values only */
	look(&s, &mm_type_error_string);
	look(&s, &mm_type_preview_post);
	look(&s, &mm_type_message_attachment);
	return s.found;
}
