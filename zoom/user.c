#include "zoom/user.h"

#include "zoom/ask.h"
#include "zoom/escape.h"

static const struct zoom_json_field fields[] = {
	{ STR("id"), ZOOM_JSON_TEXT, offsetof(struct zoom_user, id) },
	{ STR("email"), ZOOM_JSON_TEXT, offsetof(struct zoom_user, email) },
	{ STR("first_name"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_user, first_name) },
	{ STR("last_name"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_user, last_name) },
	{ STR("display_name"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_user, display_name) },
	{ STR("account_id"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_user, account_id) },
	{ STR("status"), ZOOM_JSON_TEXT, offsetof(struct zoom_user, status) },
	{ STR("timezone"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_user, timezone) },
	{ STR("personal_meeting_url"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_user, personal_meeting_url) },
	{ STR("type"), ZOOM_JSON_INT, offsetof(struct zoom_user, type) },
	{ STR("pmi"), ZOOM_JSON_INT, offsetof(struct zoom_user, pmi) },
};

static const struct zoom_json_table table = {
	.fields = fields,
	.n_fields = sizeof(fields) / sizeof(fields[0]),
};

bool zoom_user_path(struct zoom_call *call, struct str who, const char *rest,
    struct str *path, struct err *err)
{
	if (who.len == 0 || str_eq(who, S(".")) || str_eq(who, S("..")))
		return err_set(err, ERR_INVALID, "no Zoom user given");
	struct str escaped = zoom_path_escape(call->arena, who);
	*path =
	    arena_printf(call->arena, "/users/%.*s%s", STR_ARG(escaped), rest);
	return arena_ok(call->arena, err);
}

bool zoom_user_fetch(struct zoom_call *call, struct str who,
    struct zoom_user *user, struct err *err)
{
	*user = (struct zoom_user){ .pmi = 0 };
	call->op = ZOOM_OP_USER;
	struct str path = { NULL, 0 };
	if (!zoom_user_path(call, who, "", &path, err))
		return false;
	const struct zoom_ask ask = {
		.expect = 200,
		.table = &table,
	};
	if (!zoom_ask_api(call, path, ask, user, err))
		return false;
	if (user->id.len > 0)
		return true;
	call->answer.verdict = ZOOM_UNAVAILABLE;
	return err_set(err, ERR_PROTOCOL, "Zoom sent a user without an id");
}

static const struct zoom_json_field setting_fields[] = {
	{ STR("schedule_meeting.personal_meeting"), ZOOM_JSON_BOOL,
	    offsetof(struct zoom_user_settings, personal_meeting) },
};

static const struct zoom_json_table settings_table = {
	.fields = setting_fields,
	.n_fields = sizeof(setting_fields) / sizeof(setting_fields[0]),
};

bool zoom_user_fetch_settings(struct zoom_call *call, struct str who,
    struct zoom_user_settings *settings, struct err *err)
{
	*settings = (struct zoom_user_settings){ .personal_meeting = true };
	call->op = ZOOM_OP_USER_SETTINGS;
	struct str path = { NULL, 0 };
	const struct zoom_ask ask = {
		.expect = 200,
		.table = &settings_table,
	};
	return zoom_user_path(call, who, "/settings", &path, err) &&
	       zoom_ask_api(call, path, ask, settings, err);
}
