#include "plugin/disconnect.h"

#include "plugin/admins.h"
#include "plugin/audit.h"
#include "plugin/post.h"
#include "plugin/refresh.h"
#include "plugin/say.h"
#include "plugin/store.h"
#include "plugin/token.h"
#include "zoom/time.h"
#include "zoom/user.h"

/* Zoom's clock and ours. */
#define CLOCKS_APART_MS 10000

/* A refresh in between stores another token; not for ever. */
#define ATTEMPTS 4

/*
 * Forget a grant. One that cannot be read is forgotten all the same.
 *
 *   owner   a user, or empty: the account's
 *   grant   out: what was forgotten; raw is empty when there was none
 */
static bool forget(
    struct ctx *c, struct str owner, struct grant *grant, struct err *err)
{
	bool removed = false;
	for (int i = 0; i < ATTEMPTS && !removed; i++) {
		struct err why = { 0 };
		bool read = grant_load_of(c, owner, grant, &why);
		if (!read && grant->raw.len == 0)
			return err_set(err, why.code, "%s", why.text);
		/* Zoom is told of the newest token, not of a spent one */
		if (read && grant->raw.len > 0)
			refresh_recall(c, grant);
		removed = grant->raw.len == 0;
		if (!removed && !grant_remove(c, grant, &removed, err))
			return false;
	}
	if (!removed)
		return err_set(err, ERR_BUSY, "the token changes all the time");
	/* also of an account whose grant was forgotten just before the end */
	return owner.len > 0 || store_forget_account(c, err);
}

/* ---- /zoom disconnect -------------------------------------------------------- */

static struct str explain(struct ctx *c, bool was_revoked)
{
	if (was_revoked)
		return c->config->account_level_app
		           ? say(c, "Zoom is disconnected for everybody, and "
		                    "Zoom has been told. `/zoom connect` "
		                    "connects it again.")
		           : say(c, "Your Zoom account is disconnected, and "
		                    "Zoom has been told. `/zoom connect` "
		                    "connects it again.");
	return say(c, "Disconnected here. Zoom could not be told, so please "
	              "remove the app there, too: in the Zoom App Marketplace, "
	              "under Manage > Added Apps.");
}

/* by: empty when Zoom ended it. */
static void tell_audit(struct ctx *c, struct str by, struct str zoom_email)
{
	audit(c, &(struct audit){ .event = "zoomDisconnect",
	             .user_id = by,
	             .object = "zoomAccount",
	             .name = "zoom_email",
	             .value = zoom_email });
}

/* What was forgotten is given back at Zoom; whether that went well. */
static bool give_back(struct ctx *c, const struct grant *grant)
{
	struct err err = { 0 };
	if (grant->token.access_token.len == 0)
		err_set(&err, ERR_INVALID, "the stored token is unreadable");
	else if (token_revoke(c, &grant->token, &err))
		return true;
	mm_log(c->mm, LOG_LEVEL_WARN, "Zoom was not told of the disconnection",
	    "error", err.text, NULL);
	return false;
}

void disconnect(struct ctx *c, struct str user_id, struct str *says)
{
	struct grant grant;
	struct err err = { 0 };
	struct str owner = grant_owner(c, user_id);
	if (!forget(c, owner, &grant, &err)) {
		mm_log(c->mm, LOG_LEVEL_ERROR, "Zoom could not be disconnected",
		    "error", err.text, NULL);
		*says = say(c, "Something went wrong, so Zoom is still "
		               "connected. The server's log has the details.");
		return;
	}
	if (grant.raw.len == 0) {
		*says = c->config->account_level_app
		            ? say(c, "No Zoom account is connected.")
		            : say(c, "Your Zoom account is not connected.");
		return;
	}
	mm_log(c->mm, LOG_LEVEL_INFO, "Zoom account disconnected", "user_id",
	    str_c(user_id), NULL);
	tell_audit(c, user_id, grant.zoom_email);
	*says = explain(c, give_back(c, &grant));
}

/* ---- deactivation ---------------------------------------------------------------- */

void disconnect_deactivated(struct ctx *c, struct str user_id)
{
	struct grant grant;
	struct err err = { 0 };
	/* empty would be the account's, which is not one person's */
	if (user_id.len == 0)
		return;
	if (!forget(c, user_id, &grant, &err)) {
		mm_log(c->mm, LOG_LEVEL_ERROR,
		    "A deactivated user's Zoom account is still connected",
		    "user_id", str_c(user_id), "error", err.text, NULL);
		return;
	}
	if (grant.raw.len == 0)
		return;
	mm_log(c->mm, LOG_LEVEL_INFO,
	    "A deactivated user's Zoom account was disconnected", "user_id",
	    str_c(user_id), NULL);
	tell_audit(c, user_id, grant.zoom_email);
	(void)give_back(c, &grant); /* nobody is there to be told */
}

/* ---- app_deauthorized ------------------------------------------------------------ */

static bool ask_me(struct zoom_call *call, void *ctx, struct err *err)
{
	return zoom_user_fetch(call, S("me"), ctx, err);
}

static bool may_be_answered_later(
    const struct zoom_answer *answer, const struct err *why)
{
	return answer->verdict == ZOOM_UNAVAILABLE || why->code == ERR_BUSY ||
	       why->code == ERR_TIMEOUT;
}

/* Zoom comes again for an hour with what it could not deliver, and meanwhile
 * the app may have been connected anew. */
static bool is_outdated(const struct zoom_event *event, int64_t connected_ms)
{
	int64_t removed_ms;
	return zoom_time_parse(event->deauthorization_time, &removed_ms) &&
	       removed_ms > 0 && removed_ms + CLOCKS_APART_MS < connected_ms;
}

/* Of a grant that the Go predecessor left behind the account may be unknown.
 * Then the grant itself tells whether it was meant: it works no more. */
static bool is_linked_account(struct ctx *c, const struct zoom_event *event,
    bool *linked, struct err *err)
{
	struct store_account account;
	struct zoom_user owner = { 0 };
	struct zoom_answer answer;
	struct err why = { 0 };
	if (!store_load_account(c, &account, err))
		return false;
	*linked = str_eq(account.account_id, event->account_id) &&
	          !is_outdated(event, account.connected_ms);
	if (account.account_id.len > 0)
		return true;
	if (token_ask(c, S(""), ask_me, &owner, &answer, &why))
		*linked = str_eq(owner.account_id, event->account_id);
	else if (may_be_answered_later(&answer, &why))
		return err_set(err, c->hurried ? ERR_BUSY : why.code,
		    "whose account it is: %s", why.text);
	else
		*linked = answer.verdict == ZOOM_GRANT_DEAD ||
		          answer.verdict == ZOOM_TOKEN_REFUSED;
	return true;
}

/* Asked before it is forgotten, for those are told first whom it concerns: of
 * what is forgotten a repeat of Zoom's finds nothing to tell. */
static bool is_connected(
    struct ctx *c, struct str owner, bool *connected, struct err *err)
{
	struct grant grant;
	struct err why = { 0 };
	bool read = grant_load_of(c, owner, &grant, &why);
	*connected = grant.raw.len > 0;
	return read || *connected || err_set(err, why.code, "%s", why.text);
}

static bool remove_account(struct ctx *c, const struct zoom_event *event,
    bool *removed, struct err *err)
{
	bool linked;
	struct grant grant;
	if (!is_linked_account(c, event, &linked, err))
		return false;
	if (!linked)
		return true;
	if (!is_connected(c, S(""), removed, err))
		return false;
	if (*removed)
		admins_tell(c,
		    "Somebody has removed the Mattermost app from your account "
		    "at Zoom, so Zoom is not connected any more and nobody can "
		    "start meetings. A system admin can connect it again with "
		    "`/zoom connect`.");
	return forget(c, S(""), &grant, err);
}

static bool remove_user(struct ctx *c, const struct zoom_event *event,
    bool *removed, struct err *err)
{
	struct grant grant;
	if (!grant_find(c, event->user_id, &grant, err))
		return false;
	struct str user_id = grant.user_id;
	if (user_id.len == 0 || is_outdated(event, grant.connected_ms))
		return true;
	*removed = grant.raw.len > 0;
	struct ctx to = say_to(c, user_id);
	if (*removed)
		post_direct(c, user_id,
		    say(&to,
		        "The Mattermost app has been removed from your account "
		        "at Zoom, so it is not connected any more. `/zoom "
		        "connect` connects it again."));
	return forget(c, user_id, &grant, err);
}

/* The data are gone whatever comes of this. */
static void report(struct ctx *c, const struct zoom_event *event)
{
	struct err err = { 0 };
	if (str_eq(event->user_data_retention, S("false")) &&
	    !token_report_compliance(c, event, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "Zoom could not be told that the user's data are deleted",
		    "error", err.text, NULL);
}

bool disconnect_deauthorized(
    struct ctx *c, const struct zoom_event *event, struct err *err)
{
	bool removed = false;
	if (!str_eq(event->client_id, c->config->oauth_client_id)) {
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "A deauthorization of another app was ignored", NULL);
		return true;
	}
	bool done = c->config->account_level_app
	                ? remove_account(c, event, &removed, err)
	                : remove_user(c, event, &removed, err);
	if (!done)
		return false;
	mm_log(c->mm, LOG_LEVEL_INFO, "The app was removed at Zoom", "known",
	    removed ? "yes" : "no", NULL);
	if (removed)
		tell_audit(c, S(""), S(""));
	report(c, event);
	return true;
}
