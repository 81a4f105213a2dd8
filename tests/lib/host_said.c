/* host_said - all that the plugin has sent through the API, as text */
#include "tests/lib/host_parts.h"

#include <check.h>
#include <string.h>

static void dump_value(
    struct buf *out, const struct gob_type *type, const void *value);

static void dump_struct(
    struct buf *out, const struct gob_type *type, const void *value)
{
	for (size_t i = 0; i < type->n_fields; i++) {
		const struct gob_field *f = &type->fields[i];
		const void *member = (const char *)value + f->offset;
		if (f->pointer)
			member = *(const void *const *)member;
		if (member != NULL)
			dump_value(out, f->type, member);
	}
}

static void dump_items(
    struct buf *out, const struct gob_type *type, const void *value)
{
	const struct gob_slice *slice = value;
	size_t step =
	    type->kind == GOB_MAP ? type->entry_size : type->elem->size;
	for (size_t i = 0; i < slice->n; i++) {
		const char *item = (const char *)slice->items + i * step;
		if (type->kind == GOB_MAP)
			dump_value(out, type->key, item);
		dump_value(out, type->elem, item + type->elem_offset);
	}
}

/* Texts only, one a line. */
static void dump_value(
    struct buf *out, const struct gob_type *type, const void *value)
{
	const struct gob_any *any = value;
	switch (type->kind) {
	case GOB_BYTES:
	case GOB_STRING:
		buf_put_str(out, *(const struct str *)value);
		buf_put_byte(out, '\n');
		break;
	case GOB_STRUCT:
		dump_struct(out, type, value);
		break;
	case GOB_SLICE:
	case GOB_MAP:
		dump_items(out, type, value);
		break;
	case GOB_INTERFACE:
		if (any->type != NULL)
			dump_value(out, any->type, any->value);
		break;
	default:
		break;
	}
}

void host_dump(struct host *h, struct buf *out)
{
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n_calls; i++) {
		const struct mm_method *m = &mm_api_methods[h->calls[i].method];
		buf_printf(out, "%s\n", m->name);
		dump_value(out, m->args, h->calls[i].args);
	}
	pthread_mutex_unlock(&h->lock);
}

bool host_logged(struct host *h, const char *text)
{
	struct buf out;
	buf_init(&out, (size_t)16 * 1024 * 1024);
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n_calls; i++) {
		enum mm_api_method m = h->calls[i].method;
		if (m == MM_API_LOG_DEBUG || m == MM_API_LOG_INFO ||
		    m == MM_API_LOG_WARN || m == MM_API_LOG_ERROR)
			dump_value(
			    &out, mm_api_methods[m].args, h->calls[i].args);
	}
	pthread_mutex_unlock(&h->lock);
	bool found = out.len > 0 &&
	             memmem(out.data, out.len, text, strlen(text)) != NULL;
	buf_fini(&out);
	return found;
}
