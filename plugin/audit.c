#include "plugin/audit.h"

void audit(struct ctx *c, const struct audit *what)
{
	struct err err = { 0 };
	struct mm_audit_record record = {
		.event_name = str_from(what->event),
		.status = what->failed ? S("fail") : S("success"),
		.event_data = { .object_type = str_from(what->object) },
		.actor = { .user_id = what->user_id },
	};
	struct gob_any_map *parameters = &record.event_data.parameters;
	if (c->plugin->has_no_audit)
		return;
	gob_any_map_set(c->arena, parameters, str_from(what->name),
	    gob_any_string(c->arena, what->value));
	if (what->setting != NULL)
		gob_any_map_set(c->arena, parameters, S("setting"),
		    gob_any_string(c->arena, str_from(what->setting)));
	if (arena_ok(c->arena, &err) &&
	    mm_log_audit_rec(c->mm, c->arena, &record, &err))
		return;
	if (err.code == ERR_NOT_FOUND)
		c->plugin->has_no_audit = true;
	else
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "The audit log could not be written", "event", what->event,
		    "error", err.text, NULL);
}
