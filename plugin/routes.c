#include "plugin/routes.h"

#include "plugin/channel_settings.h"
#include "plugin/connect.h"
#include "plugin/js.h"
#include "plugin/meeting.h"
#include "plugin/post.h"
#include "plugin/webhook.h"

static void start_meeting(struct ctx *c, struct mm_http *http);

enum visitor {
	ANYBODY,   /* the function checks a secret */
	SIGNED_IN, /* a user of this server */
};

struct route {
	const char *method;
	const char *path;
	enum visitor who;
	void (*serve)(struct ctx *c, struct mm_http *http);
};

static const struct route routes[] = {
	{ "GET", "/oauth2/connect", SIGNED_IN, connect_begin },
	{ "GET", "/oauth2/complete", SIGNED_IN, connect_complete },
	{ "POST", "/webhook", ANYBODY, webhook_receive },
	{ "POST", WEBHOOK_DEAUTHORIZATION, ANYBODY, webhook_receive },
	{ "POST", "/api/v1/meetings", SIGNED_IN, start_meeting },
	{ "POST", CHANNEL_SETTINGS_PATH, SIGNED_IN, channel_settings_submit },
};
#define N_ROUTES (sizeof(routes) / sizeof(routes[0]))

/* ---- JSON answers ------------------------------------------------------------------ */

/* {"name": text} */
static void reply_json(struct ctx *c, struct mm_http *http, int status,
    const char *name, struct str text)
{
	struct str body =
	    js_dump(c->arena, json_pack("{s:o}", name, js_string(text)));
	mm_http_reply(http, status, S("application/json"), body);
}

static void refuse(
    struct ctx *c, struct mm_http *http, int status, const char *why)
{
	reply_json(c, http, status, "error", str_from(why));
}

/* ---- POST /api/v1/meetings ------------------------------------------------------------ */

static bool read_start(struct ctx *c, struct mm_http *http,
    struct meeting_start *start, struct err *err)
{
	struct str body;
	if (!mm_http_read_all(http, ROUTES_MAX_BODY, &body, err))
		return false;
	json_t *object = js_parse(body);
	if (object == NULL)
		return err_set(err, ERR_INVALID, "the body is no JSON object");
	*start = (struct meeting_start){
		.user_id = mm_http_user_id(http),
		.channel_id = js_text(c->arena, object, "channel_id"),
		.root_id = js_text(c->arena, object, "root_id"),
		.topic = js_text(c->arena, object, "topic"),
		.connection_id = js_text(c->arena, object, "connection_id"),
	};
	json_decref(object);
	if (start->channel_id.len == 0)
		return err_set(err, ERR_INVALID, "channel_id is missing");
	return arena_ok(c->arena, err);
}

static void start_meeting(struct ctx *c, struct mm_http *http)
{
	struct meeting_start start = { 0 };
	struct meeting_result result;
	struct err err = { 0 };
	if (!read_start(c, http, &start, &err)) {
		refuse(c, http, err.code == ERR_TOO_BIG ? 413 : 400, err.text);
		return;
	}
	meeting_start(c, &start, &result);
	if (result.link.len > 0)
		reply_json(c, http, 200, "meeting_url", result.link);
	else if (result.not_connected) {
		post_tell(c, start.user_id, start.channel_id, start.root_id,
		    result.says);
		reply_json(c, http, 200, "meeting_url", S(""));
	} else
		reply_json(c, http, result.status, "error", result.says);
}

/* ---- dispatch ------------------------------------------------------------------------- */

void routes_serve(struct ctx *c, struct mm_http *http)
{
	const struct route *found = NULL;
	bool path_known = false;
	if (!c->config->valid) {
		refuse(c, http, 501, "Zoom is not set up yet");
		return;
	}
	for (size_t i = 0; i < N_ROUTES; i++) {
		if (!str_eq(mm_http_path(http), str_from(routes[i].path)))
			continue;
		path_known = true;
		if (str_eq(mm_http_method(http), str_from(routes[i].method)))
			found = &routes[i];
	}
	if (found == NULL)
		refuse(c, http, path_known ? 405 : 404,
		    path_known ? "method not allowed" : "not found");
	else if (found->who == SIGNED_IN && mm_http_user_id(http).len == 0)
		refuse(c, http, 401, "please sign in to Mattermost first");
	else
		found->serve(c, http);
}
