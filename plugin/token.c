#include "plugin/token.h"

#include "plugin/keyring.h"
#include "plugin/refresh.h"
#include "plugin/say.h"
#include "plugin/store.h"
#include "zoom/user.h"

static struct zoom_call new_call(
    struct ctx *c, const struct zoom_settings *settings)
{
	return (struct zoom_call){
		.client = c->plugin->zoom,
		.settings = settings,
		.arena = c->arena,
		.deadline_ms = c->deadline_ms,
	};
}

/* The Go predecessor did not store which account it was connected to. */
static bool learn_account(
    struct ctx *c, const struct zoom_token *token, struct err *err)
{
	struct zoom_settings settings = config_zoom(c->config);
	struct zoom_call call = new_call(c, &settings);
	struct zoom_user owner;
	call.access_token = token->access_token;
	if (!zoom_user_fetch(&call, S("me"), &owner, err))
		return false;
	const struct store_account account = {
		.account_id = owner.account_id,
		.zoom_email = owner.email,
	};
	return store_save_account(c, &account, err);
}

/* Of no consequence for the question at hand. */
static void renew(struct ctx *c, const struct grant *stored)
{
	struct err err = { 0 };
	bool done =
	    stored->user_id.len > 0 || learn_account(c, &stored->token, &err);
	if (!grant_renew(c, stored, &err) || !done)
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "A token of the former plugin, or under a former "
		    "encryption key, could not be taken over whole",
		    "error", err.text, NULL);
}

/*
 * A token to use. `refused` is an access token that Zoom does not take any
 * more, or empty.
 */
static bool get_token(struct ctx *c, struct str user_id, struct str refused,
    struct grant *grant, struct zoom_answer *answer, struct err *err)
{
	if (!grant_load(c, user_id, grant, err)) {
		keyring_tell(c, err);
		return false;
	}
	if (grant->token.access_token.len == 0)
		return err_set(
		    err, ERR_NOT_FOUND, "no Zoom account is connected");
	refresh_recall(c, grant);
	if (refresh_is_fresh(&grant->token) &&
	    !str_eq(grant->token.access_token, refused))
		return true;
	/* once begun it must not be given up */
	if (c->hurried)
		return err_set(
		    err, ERR_BUSY, "the token has to be refreshed first");
	return refresh(c, grant, refused, answer, err);
}

bool token_ask(struct ctx *c, struct str user_id, token_question *ask,
    void *ctx, struct zoom_answer *answer, struct err *err)
{
	struct zoom_settings settings = config_zoom(c->config);
	struct grant grant = { 0 };
	*answer = (struct zoom_answer){ 0 };
	for (int attempt = 0;; attempt++) {
		struct zoom_call call = new_call(c, &settings);
		if (!get_token(c, user_id, grant.token.access_token, &grant,
		        answer, err))
			return false;
		call.access_token = grant.token.access_token;
		bool done = ask(&call, ctx, err);
		*answer = call.answer;
		if (done && grant.is_old)
			renew(c, &grant);
		if (done || answer->verdict != ZOOM_TOKEN_REFUSED ||
		    attempt == 1)
			return done;
		err_clear(err);
	}
}

bool token_revoke(
    struct ctx *c, const struct zoom_token *token, struct err *err)
{
	struct zoom_settings settings = config_zoom(c->config);
	struct zoom_call call = new_call(c, &settings);
	struct zoom_token fresh = *token;
	if (!refresh_is_fresh(token) && token->refresh_token.len > 0 &&
	    !zoom_oauth_refresh(&call, token->refresh_token, &fresh, err))
		return call.answer.verdict == ZOOM_GRANT_DEAD;
	return zoom_oauth_revoke(&call, fresh.access_token, err);
}

bool token_report_compliance(
    struct ctx *c, const struct zoom_event *event, struct err *err)
{
	struct zoom_settings settings = config_zoom(c->config);
	struct zoom_call call = new_call(c, &settings);
	return zoom_oauth_report_compliance(&call, event, err);
}

/* ---- words ------------------------------------------------------------------- */

/* What went wrong, and whether connecting again is the way out. */
static const struct {
	const char *what;
	bool connect;
} sentences[] = {
	[ZOOM_TOKEN_REFUSED] = { SAY("Zoom does not accept the connection any "
	                             "more."),
	    true },
	[ZOOM_GRANT_DEAD] = { SAY("The connection to Zoom has ended."), true },
	[ZOOM_APP_REFUSED] = { SAY("Zoom does not accept the app's client ID "
	                           "or "
	                           "secret. Please ask a system admin to check "
	                           "the "
	                           "plugin's settings."),
	    false },
	[ZOOM_APP_DISABLED] = { SAY("The Zoom app is switched off at Zoom. "
	                            "Please "
	                            "ask a Zoom admin to switch it on again."),
	    false },
	[ZOOM_UNTRUSTED] = { SAY("The server that answers in Zoom's place has "
	                         "no "
	                         "certificate that this server trusts, so "
	                         "nothing "
	                         "was sent. Please ask a system admin to look "
	                         "into the server's log."),
	    false },
	[ZOOM_NOT_FOUND] = { SAY("Zoom does not know what was asked for. "
	                         "Please "
	                         "check it at Zoom."),
	    false },
	[ZOOM_REFUSED] = { SAY("Zoom refused the request. The server's log "
	                       "says "
	                       "why; a system admin can look it up."),
	    false },
	[ZOOM_UNAVAILABLE] = { SAY("Zoom cannot be reached at the moment. "
	                           "Please "
	                           "try again in a minute."),
	    false },
	[ZOOM_UNKNOWN] = { SAY("Zoom's answer did not arrive, so the meeting "
	                       "may "
	                       "or may not exist. Please look at Zoom, or try "
	                       "again."),
	    false },
};

static struct str limited(struct ctx *c, const struct zoom_answer *answer)
{
	/* the quota of 100 meetings a day and host ends at midnight UTC */
	if (answer->retry_ms > (int64_t)10 * 60 * 1000 ||
	    (answer->retry_ms == 0 && !answer->brief))
		return say(c,
		    "Zoom's limit for creating meetings has been reached. It "
		    "is lifted at midnight UTC at the latest.");
	return say(c, "Zoom is busy. Please try again in a minute.");
}

static struct str then_connect(struct ctx *c, struct str what)
{
	if (c->config->account_level_app)
		return say(c,
		    "%.*s Please ask a system admin to run `/zoom connect`.",
		    STR_ARG(what));
	return say(c, "%.*s Please type `/zoom connect`.", STR_ARG(what));
}

struct str token_explain(
    struct ctx *c, const struct zoom_answer *answer, const struct err *err)
{
	if (answer->verdict == ZOOM_LIMITED)
		return limited(c, answer);
	if (answer->verdict == ZOOM_SCOPES_MISSING)
		return answer->scopes[0] == '\0'
		           ? say(c,
		                 "The Zoom app lacks permissions. Please ask "
		                 "a system admin to add them to the app at "
		                 "Zoom and to run `/zoom connect` again.")
		           : say(c,
		                 "The Zoom app lacks permissions (`%s`). "
		                 "Please "
		                 "ask a system admin to add them to the app at "
		                 "Zoom and to run `/zoom connect` again.",
		                 answer->scopes);
	if (answer->verdict < sizeof(sentences) / sizeof(sentences[0]) &&
	    sentences[answer->verdict].what != NULL) {
		struct str what = say_words(c, sentences[answer->verdict].what);
		return sentences[answer->verdict].connect
		           ? then_connect(c, what)
		           : what;
	}
	if (err->code == ERR_NOT_FOUND)
		return then_connect(
		    c, c->config->account_level_app
		           ? say(c, "No Zoom account is connected yet.")
		           : say(c, "Your Zoom account is not connected yet."));
	if (err->code == ERR_BUSY)
		return say(c, "The connection to Zoom is busy or being "
		              "renewed. Please try again in half a minute.");
	if (err->code == ERR_DENIED)
		return then_connect(c,
		    say(c, "The stored Zoom connection cannot be read with the "
		           "present encryption key."));
	if (err->code == ERR_INVALID && answer->verdict == ZOOM_NO_ANSWER)
		return then_connect(
		    c, say(c, "The stored Zoom connection is damaged."));
	return say(
	    c, "Something went wrong. The server's log has the details.");
}
