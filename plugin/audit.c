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

/* Texts are secrets: of those only that they have changed. */
static const struct {
	const char *name;
	bool is_text;
	size_t offset;
} watched[] = {
	{ "EncryptionKey", true, offsetof(struct config, encryption_key) },
	{ "AccountLevelApp", false,
	    offsetof(struct config, account_level_app) },
	{ "RequireVerifiedEmail", false,
	    offsetof(struct config, require_verified_email) },
	{ "RestrictMeetingCreation", false,
	    offsetof(struct config, restrict_meeting_creation) },
	{ "EnablePostingRecordingPassword", false,
	    offsetof(struct config, enable_posting_recording_password) },
};

void audit_settings(struct ctx *c, const struct config *next)
{
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
		const void *before =
		    (const char *)c->config + watched[i].offset;
		const void *after = (const char *)next + watched[i].offset;
		bool on = !watched[i].is_text && *(const bool *)after;
		bool same = watched[i].is_text
		                ? str_eq(*(const struct str *)before,
		                      *(const struct str *)after)
		                : *(const bool *)before == on;
		if (same)
			continue;
		audit(c, &(struct audit){ .event = "zoomSetting",
		             .object = "setting",
		             .name = "name",
		             .value = str_from(watched[i].name),
		             .setting = watched[i].is_text ? "changed"
		                        : on               ? "true"
		                                           : "false" });
	}
}
