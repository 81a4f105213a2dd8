#include "plugin/connect.h"

#include "plugin/audit.h"
#include "plugin/grant.h"
#include "plugin/meeting.h"
#include "plugin/page.h"
#include "plugin/policy.h"
#include "plugin/post.h"
#include "plugin/say.h"
#include "plugin/scope.h"
#include "plugin/store.h"
#include "plugin/text.h"
#include "plugin/token.h"
#include "zoom/user.h"

/* ---- the meeting that was wanted ------------------------------------------------------ */

/* A state has the form that it has always had, without room for the rest. */
static struct str wish_key(struct ctx *c, struct str user_id)
{
	return arena_printf(c->arena, "z2_start_%.*s", STR_ARG(user_id));
}

static bool save_wish(struct ctx *c, const struct store_state *state,
    const struct meeting_start *wish, struct err *err)
{
	struct str topic = text_line(c->arena, wish->topic, MEETING_TOPIC_MAX);
	if (topic.len == 0 && wish->root_id.len == 0)
		return true;
	struct str json = js_dump(c->arena,
	    json_pack("{s:o,s:o,s:o}", "state", js_string(state->text), "topic",
	        js_string(topic), "root_id", js_string(wish->root_id)));
	return store_put(
	    c, wish_key(c, state->user_id), json, STORE_STATE_S, err);
}

/* What belongs to this state; a bare meeting is better than none. */
static struct meeting_start load_wish(
    struct ctx *c, const struct store_state *state)
{
	struct str json;
	struct err err = { 0 };
	struct meeting_start wish = {
		.user_id = state->user_id,
		.channel_id = state->channel_id,
	};
	if (!store_get(c, wish_key(c, state->user_id), &json, &err)) {
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "The topic of a meeting was not found", "error", err.text,
		    NULL);
		return wish;
	}
	json_t *object = js_parse(json);
	if (str_eq(js_text(c->arena, object, "state"), state->text)) {
		wish.topic = js_text(c->arena, object, "topic");
		wish.root_id = js_text(c->arena, object, "root_id");
	}
	json_decref(object);
	return wish;
}

bool connect_offer(struct ctx *c, const struct meeting_start *wish,
    bool only_connect, struct str *offer, struct err *err)
{
	struct store_state state;
	if (!store_new_state(c, wish->user_id, wish->channel_id, only_connect,
	        &state, err) ||
	    (!only_connect && !save_wish(c, &state, wish, err)))
		return false;
	struct str url = arena_printf(c->arena,
	    "%.*s" PLUGIN_PATH "/oauth2/connect", STR_ARG(c->config->site_url));
	*offer = c->config->account_level_app
	             ? say(c,
	                   "[Connect the Zoom account](%.*s) as its admin. The "
	                   "link works for five minutes.",
	                   STR_ARG(url))
	             : say(c,
	                   "[Connect your Zoom account](%.*s). The link works "
	                   "for five minutes.",
	                   STR_ARG(url));
	if (!only_connect)
		*offer = say(
		    c, "%.*s Your meeting starts after that.", STR_ARG(*offer));
	return arena_ok(c->arena, err);
}

/* ---- pages --------------------------------------------------------------------------- */

static const struct page page_admins_only = {
	.status = 403,
	.title = SAY("For system admins"),
	.paragraph =
	    SAY("Zoom is connected once for everybody, by a system admin "
	        "of this Mattermost server. There is nothing to do for "
	        "you: type <code>/zoom start</code> in a channel."),
};

static const struct page page_no_state = {
	.status = 200,
	.title = SAY("Nothing has changed"),
	.paragraph = SAY(
	    "This page was opened from Zoom, for example by the Install "
	    "button, and not from Mattermost. That is harmless. To connect "
	    "Zoom, type <code>/zoom connect</code> in a Mattermost channel."),
};

static const struct page page_bad_state = {
	.status = 401,
	.title = SAY("This link is no longer valid"),
	.paragraph =
	    SAY("A link works once, for five minutes, and only for the "
	        "person who asked for it. Please type "
	        "<code>/zoom connect</code> in Mattermost again."),
};

static const struct page page_failed = {
	.status = 500,
	.title = SAY("Something went wrong"),
	.paragraph = SAY("The server's log has the details. Please type "
	                 "<code>/zoom connect</code> in Mattermost again."),
};

static const struct page page_declined = {
	.status = 200,
	.title = SAY("Zoom was not connected"),
	.paragraph =
	    SAY("You declined at Zoom, so nothing has changed. To try "
	        "again, type <code>/zoom connect</code> in Mattermost."),
};

static const struct page page_done = {
	.status = 200,
	.title = SAY("Zoom is connected"),
	.paragraph =
	    SAY("The connection is completed. You can close this window "
	        "and go back to Mattermost."),
	.closes = true,
};

static void failed(struct ctx *c, struct mm_http *http, const struct err *err)
{
	mm_log(c->mm, LOG_LEVEL_ERROR, "Zoom could not be connected", "error",
	    err->text, NULL);
	page_send(c, http, &page_failed);
}

/* Answers by itself when the user may not go on. */
static bool admit(struct ctx *c, struct mm_http *http)
{
	bool admin = false;
	struct err err = { 0 };
	if (!c->config->account_level_app)
		return true;
	if (!policy_is_admin(c, mm_http_user_id(http), &admin, &err)) {
		failed(c, http, &err);
		return false;
	}
	if (!admin)
		page_send(c, http, &page_admins_only);
	return admin;
}

/* ---- GET /oauth2/connect ------------------------------------------------------------------ */

void connect_begin(struct ctx *c, struct mm_http *http)
{
	struct store_state state;
	struct err err = { 0 };
	struct str user_id = mm_http_user_id(http);
	struct zoom_settings settings = config_zoom(c->config);
	if (!admit(c, http))
		return;
	bool done = store_load_state(c, user_id, &state, &err);
	/* the link is older than five minutes, or was opened by itself */
	if (done && state.text.len == 0)
		done = store_new_state(c, user_id, S(""), true, &state, &err);
	if (!done) {
		failed(c, http, &err);
		return;
	}
	mm_http_set_header(http, S("Location"),
	    zoom_oauth_authorize_url(
	        c->arena, &settings, c->config->redirect_uri, state.text));
	mm_http_set_header(http, S("Cache-Control"), S("no-store"));
	mm_http_write_header(http, 302);
}

/* ---- GET /oauth2/complete ------------------------------------------------------------------- */

/* For giving back what was not kept, after all the time for connecting. */
#define REVOKE_MS 3000

/* A token that is not kept would live on at Zoom, where nobody sees it. */
static void drop(struct ctx *c, const struct zoom_token *token)
{
	struct ctx later = *c;
	struct err err = { 0 };
	later.deadline_ms = clock_deadline_ms(REVOKE_MS);
	if (!token_revoke(&later, token, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "Zoom was not told that a connection was not kept", "error",
		    err.text, NULL);
}

/* Whose token is it? A token that cannot answer this does not replace one
 * that works. */
static bool exchange(struct ctx *c, struct str code, struct zoom_token *token,
    struct zoom_user *owner, struct zoom_answer *answer, struct err *err)
{
	struct zoom_settings settings = config_zoom(c->config);
	struct zoom_call call = {
		.client = c->plugin->zoom,
		.settings = &settings,
		.arena = c->arena,
		.deadline_ms = c->deadline_ms,
	};
	bool done = zoom_oauth_exchange(
	    &call, code, c->config->redirect_uri, token, err);
	if (done) {
		call.access_token = token->access_token;
		done = zoom_user_fetch(&call, S("me"), owner, err);
		if (!done)
			drop(c, token);
	}
	*answer = call.answer;
	/* unknown is only what has become of the code, not of a meeting */
	if (answer->verdict == ZOOM_UNKNOWN)
		answer->verdict = ZOOM_UNAVAILABLE;
	return done;
}

/* Zoom keeps one grant per user of its own: if that one was another Mattermost
 * user's, it has just ended. */
static bool take_over(struct ctx *c, struct str user_id,
    const struct zoom_user *owner, struct err *err)
{
	struct grant former;
	bool removed;
	struct err why = { 0 };
	if (!grant_find(c, owner->id, &former, &why)) {
		/* an index under another key or damaged is written anew */
		return why.code == ERR_DENIED || why.code == ERR_INVALID ||
		       err_set(err, why.code, "%s", why.text);
	}
	if (former.zoom_id.len == 0 || str_eq(former.user_id, user_id))
		return true;
	if (!grant_remove(c, &former, &removed, err))
		return false;
	struct ctx to = say_to(c, former.user_id);
	if (removed)
		post_direct(c, former.user_id,
		    say(&to,
		        "Your Zoom account is not connected any more, because "
		        "somebody else has connected the same one. If that was "
		        "not you, please tell a system admin."));
	return true;
}

/* A grant for another user or account of Zoom's is of no use any more. One of
 * the same has been ended by Zoom itself. */
static void give_back(struct ctx *c, const struct grant *former,
    const struct store_account *account, const struct zoom_user *owner)
{
	struct err err = { 0 };
	bool same = former->user_id.len > 0
	                ? str_eq(former->zoom_id, owner->id)
	                : account->zoom_email.len == 0 ||
	                      str_eq(account->zoom_email, owner->email);
	if (former->token.access_token.len == 0 || same)
		return;
	if (!token_revoke(c, &former->token, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "Zoom was not told that a former connection has ended",
		    "error", err.text, NULL);
}

static bool keep_account(struct ctx *c, struct str user_id,
    const struct grant *grant, const struct zoom_user *owner, struct err *err)
{
	bool saved;
	const struct store_account account = {
		.account_id = owner->account_id,
		.zoom_email = owner->email,
		.connected_by = user_id,
		.connected_ms = grant->connected_ms,
	};
	return grant_save(c, grant, NULL, &saved, err) &&
	       store_save_account(c, &account, err);
}

static bool keep_user(struct ctx *c, const struct grant *grant,
    const struct grant *former, const struct zoom_user *owner, struct err *err)
{
	bool saved;
	return take_over(c, grant->user_id, owner, err) &&
	       grant_leave(c, former, owner->id, err) &&
	       grant_save(c, grant, NULL, &saved, err);
}

static bool keep(struct ctx *c, struct str user_id,
    const struct zoom_token *token, const struct zoom_user *owner,
    struct err *err)
{
	struct grant former;
	struct store_account account;
	struct err unreadable = { 0 };
	bool for_all = c->config->account_level_app;
	const struct grant grant = {
		.user_id = for_all ? S("") : user_id,
		.zoom_id = owner->id,
		.zoom_email = owner->email,
		.connected_ms = clock_wall_ms(),
		.token = *token,
	};
	if (!grant_load(c, user_id, &former, &unreadable))
		former = (struct grant){ 0 };
	if (!store_load_account(c, &account, err) ||
	    !(for_all ? keep_account(c, user_id, &grant, owner, err)
	              : keep_user(c, &grant, &former, owner, err)))
		return false;
	give_back(c, &former, &account, owner);
	return true;
}

/* Of no consequence for the connection: what is granted works. */
static struct str with_scopes(
    struct ctx *c, struct str text, struct str granted)
{
	struct str missing =
	    scope_missing(c->arena, granted, c->config->account_level_app);
	if (missing.len == 0)
		return text;
	if (c->config->account_level_app)
		return say(c,
		    "%.*s Not everything will work: Zoom has not granted %.*s. "
		    "Please add them to the app at Zoom, then type `/zoom "
		    "connect` again.",
		    STR_ARG(text), STR_ARG(missing));
	return say(c,
	    "%.*s Not everything will work: Zoom has not granted %.*s. Please "
	    "ask a system admin to add them to the app at Zoom, then type "
	    "`/zoom connect` again.",
	    STR_ARG(text), STR_ARG(missing));
}

static void tell_connected(struct ctx *c, const struct store_state *state,
    const struct zoom_user *owner, struct str granted)
{
	struct str text =
	    c->config->account_level_app
	        ? say(c,
	              "Zoom is connected: the account of `%.*s`. Everybody "
	              "whose e-mail address is known in that account can now "
	              "type `/zoom start`.",
	              STR_ARG(owner->email))
	        : say(c,
	              "Your Zoom account `%.*s` is connected. Type `/zoom "
	              "start` in a channel to start a meeting.",
	              STR_ARG(owner->email));
	text = with_scopes(c, text, granted);
	if (state->channel_id.len > 0)
		post_tell(c, state->user_id, state->channel_id, S(""), text);
	else
		post_direct(c, state->user_id, text);
}

/* They had typed /zoom start: go on with that. */
static void start_after(struct ctx *c, const struct store_state *state)
{
	struct meeting_result result;
	const struct meeting_start start = load_wish(c, state);
	meeting_start(c, &start, &result);
	if (result.says.len > 0)
		post_tell(c, start.user_id, start.channel_id, start.root_id,
		    result.says);
}

/* A code that is used up, expired or unknown comes under several words, some
 * of which mean something else when a token is refreshed. */
static bool is_code_refused(
    const struct zoom_token *token, const struct zoom_answer *answer)
{
	return token->access_token.len == 0 && answer->status >= 400 &&
	       answer->status < 500 && answer->verdict != ZOOM_APP_REFUSED &&
	       answer->verdict != ZOOM_LIMITED;
}

static void explain_failure(struct ctx *c, struct mm_http *http,
    const struct zoom_token *token, const struct zoom_answer *answer,
    const struct err *err)
{
	struct page page = page_failed;
	mm_log(c->mm, LOG_LEVEL_WARN, "Zoom could not be connected", "error",
	    err->text, "tracking_id", answer->tracking_id, NULL);
	page.status = 502;
	page.title = SAY("Zoom could not be connected");
	page.detail = is_code_refused(token, answer)
	                  ? say(c, "Zoom did not accept the authorisation "
	                           "code.")
	                  : token_explain(c, answer, err);
	page_send(c, http, &page);
}

static void finish(
    struct ctx *c, struct mm_http *http, const struct store_state *state)
{
	struct zoom_token token = { 0 };
	struct zoom_user owner = { 0 };
	struct zoom_answer answer;
	struct err err = { 0 };
	struct str code = mm_http_query_get(http, S("code"));
	if (!exchange(c, code, &token, &owner, &answer, &err)) {
		explain_failure(c, http, &token, &answer, &err);
		return;
	}
	if (!keep(c, state->user_id, &token, &owner, &err)) {
		failed(c, http, &err);
		return;
	}
	mm_log(c->mm, LOG_LEVEL_INFO, "Zoom account connected", "zoom_email",
	    str_c(owner.email), "account_id", str_c(owner.account_id),
	    "user_id", str_c(state->user_id), NULL);
	audit(c, &(struct audit){ .event = "zoomConnect",
	             .user_id = state->user_id,
	             .object = "zoomAccount",
	             .name = "zoom_email",
	             .value = owner.email });
	tell_connected(c, state, &owner, token.scope);
	struct page page = page_done;
	page.detail = owner.email;
	page_send(c, http, &page);
	if (!state->only_connect && state->channel_id.len > 0)
		start_after(c, state);
}

void connect_complete(struct ctx *c, struct mm_http *http)
{
	struct store_state state;
	struct err err = { 0 };
	struct str text = mm_http_query_get(http, S("state"));
	if (!admit(c, http))
		return;
	if (text.len == 0) {
		page_send(c, http, &page_no_state);
		return;
	}
	if (!store_use_state(c, mm_http_user_id(http), text, &state, &err))
		failed(c, http, &err);
	else if (state.text.len == 0)
		page_send(c, http, &page_bad_state);
	else if (mm_http_query_get(http, S("code")).len == 0)
		page_send(c, http, &page_declined);
	else
		finish(c, http, &state);
}
