/* results - what hooks answer with, and the calls that are not generated */
#include "mm/mm.h"

struct gob_any mm_error(struct arena *a, const char *fmt, ...)
{
	struct mm_error_string *e = arena_new(a, struct mm_error_string);
	if (e == NULL)
		return (struct gob_any){ 0 };
	va_list ap;
	va_start(ap, fmt);
	e->err = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return (struct gob_any){
		.name = STR("*plugin.ErrorString"),
		.type = &mm_type_error_string,
		.value = e,
	};
}

struct mm_app_error *mm_app_error(
    struct arena *a, const char *where, int status, const char *fmt, ...)
{
	struct mm_app_error *e = arena_new(a, struct mm_app_error);
	if (e == NULL)
		return NULL;
	va_list ap;
	va_start(ap, fmt);
	e->message = arena_vprintf(a, fmt, ap);
	va_end(ap);
	e->id = str_from(where);
	e->where = str_from(where);
	e->status_code = status;
	return e;
}

struct gob_any mm_any_attachments(
    struct arena *a, struct mm_message_attachment_slice attachments)
{
	struct mm_message_attachment_slice *copy =
	    arena_new(a, struct mm_message_attachment_slice);
	if (copy == NULL)
		return (struct gob_any){ 0 };
	*copy = attachments;
	return (struct gob_any){
		.name = STR("[]*model.SlackAttachment"),
		.type = &mm_type_message_attachment_slice,
		.value = copy,
	};
}

bool mm_load_plugin_configuration(
    struct mm_plugin *p, struct arena *a, struct str *json, struct err *err)
{
	struct mm_load_plugin_configuration_returns returns = { 0 };
	if (!mm_api_call(
	        p, a, MM_API_LOAD_PLUGIN_CONFIGURATION, NULL, &returns, err))
		return false;
	*json = returns.result;
	return true;
}
