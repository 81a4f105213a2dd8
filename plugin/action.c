#include "plugin/action.h"

#include "plugin/js.h"
#include "plugin/reply.h"
#include "plugin/routes.h"

/* Mattermost's ids have 26 characters, those of connections too. */
#define ID_MAX 64

struct text_row {
	const char *button; /* name in the context, NULL: not there */
	const char *plain;  /* name at the top level, likewise */
	bool is_id;
	size_t offset;
};

static const struct text_row texts[] = {
	{ "action", NULL, false, offsetof(struct action, name) },
	{ "userID", NULL, true, offsetof(struct action, owner_id) },
	{ "channelID", "channel_id", true,
	    offsetof(struct action, channel_id) },
	{ "rootID", "root_id", true, offsetof(struct action, root_id) },
	{ "topic", "topic", false, offsetof(struct action, topic) },
	{ NULL, "connection_id", true, offsetof(struct action, connection_id) },
	{ NULL, "post_id", true, offsetof(struct action, post_id) },
};
#define N_TEXTS (sizeof(texts) / sizeof(texts[0]))

/* ---- writing ------------------------------------------------------------------- */

struct gob_any_map action_context(struct arena *a, const struct action *action)
{
	struct gob_any_map context = { 0 };
	for (size_t i = 0; i < N_TEXTS; i++) {
		const struct str *text =
		    (const struct str *)((const char *)action +
		                         texts[i].offset);
		if (texts[i].button != NULL)
			gob_any_map_set(a, &context, str_from(texts[i].button),
			    gob_any_string(a, *text));
	}
	if (action->force)
		gob_any_map_set(a, &context, S("force"), gob_any_bool(a, true));
	if (action->use_pmi != PREFERENCE_NONE)
		gob_any_map_set(a, &context, S("use_pmi"),
		    gob_any_string(a, preference_text(action->use_pmi)));
	return context;
}

/* ---- reading ------------------------------------------------------------------- */

/* The member of the context, else of the top level; null is absent. */
static const json_t *member(
    const json_t *body, const char *button, const char *plain)
{
	const json_t *found = NULL;
	if (button != NULL)
		found =
		    json_object_get(json_object_get(body, "context"), button);
	if (found == NULL && plain != NULL)
		found = json_object_get(body, plain);
	return json_is_null(found) ? NULL : found;
}

static bool read_text(struct arena *a, const json_t *body,
    const struct text_row *row, struct action *action, struct err *err)
{
	const char *name = row->plain != NULL ? row->plain : row->button;
	const json_t *value = member(body, row->button, row->plain);
	if (value == NULL)
		return true;
	if (!json_is_string(value))
		return err_set(err, ERR_INVALID, "%s must be a text", name);
	if (row->is_id && json_string_length(value) > ID_MAX)
		return err_set(err, ERR_INVALID, "%s is too long", name);
	*(struct str *)((char *)action + row->offset) = arena_str(
	    a, str_n(json_string_value(value), json_string_length(value)));
	return true;
}

/* true, false, "true", "false", or "" for whatever the user prefers. */
static bool read_use_pmi(
    const json_t *body, struct action *action, struct err *err)
{
	const json_t *value = member(body, "use_pmi", "use_pmi");
	struct str text = str_from(json_string_value(value));
	action->use_pmi = PREFERENCE_NONE;
	if (json_is_true(value) || str_eq(text, S("true")))
		action->use_pmi = PREFERENCE_PERSONAL;
	else if (json_is_false(value) || str_eq(text, S("false")))
		action->use_pmi = PREFERENCE_UNIQUE;
	else if (value != NULL && !(json_is_string(value) && text.len == 0))
		return err_set(
		    err, ERR_INVALID, "use_pmi must be true, false or empty");
	return true;
}

static bool read_body(
    struct ctx *c, const json_t *body, struct action *action, struct err *err)
{
	const json_t *context = json_object_get(body, "context");
	if (context != NULL && !json_is_null(context) &&
	    !json_is_object(context))
		return err_set(err, ERR_INVALID, "context must be an object");
	for (size_t i = 0; i < N_TEXTS; i++) {
		if (!read_text(c->arena, body, &texts[i], action, err))
			return false;
	}
	if (json_is_true(json_object_get(context, "force")))
		action->force = true;
	return read_use_pmi(body, action, err) && arena_ok(c->arena, err);
}

static bool read_request(
    struct ctx *c, struct mm_http *http, struct action *action, struct err *err)
{
	struct str text;
	*action = (struct action){
		.user_id = mm_http_user_id(http),
		.force = str_eq(mm_http_query_get(http, S("force")), S("true")),
	};
	if (!mm_http_read_all(http, ROUTES_MAX_BODY, &text, err))
		return false;
	json_t *body = js_parse(text);
	if (body == NULL)
		return err_set(err, ERR_INVALID, "the body is no JSON object");
	bool done = read_body(c, body, action, err);
	json_decref(body);
	if (done && action->owner_id.len > 0 &&
	    !str_eq(action->owner_id, action->user_id))
		return err_set(
		    err, ERR_INVALID, "this button is for somebody else");
	return done;
}

static void refuse(
    struct ctx *c, struct mm_http *http, int status, const char *why)
{
	mm_log(c->mm, LOG_LEVEL_WARN, "A request was refused", "path",
	    str_c(mm_http_path(http)), "user_id", str_c(mm_http_user_id(http)),
	    "why", why, NULL);
	reply_error(c, http, status, str_from(why));
}

void action_refuse(struct ctx *c, struct mm_http *http, const char *why)
{
	refuse(c, http, 400, why);
}

bool action_read(struct ctx *c, struct mm_http *http, struct action *action)
{
	struct err err = { 0 };
	if (read_request(c, http, action, &err))
		return true;
	refuse(c, http, err.code == ERR_TOO_BIG ? 413 : 400, err.text);
	return false;
}
