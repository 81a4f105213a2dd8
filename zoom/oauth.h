/*
 * oauth - Zoom's tokens: get, refresh, revoke
 *
 * The calls use the web_url, client_id and client_secret of the settings and
 * no access token. None is repeated once it may have reached Zoom, because a
 * code and a refresh token work once: after ZOOM_UNKNOWN the caller reads
 * its store again before it gives the grant up.
 *
 * Verdicts of a failure: ZOOM_GRANT_DEAD (connect again), ZOOM_APP_REFUSED
 * (settings), ZOOM_LIMITED, ZOOM_UNAVAILABLE, ZOOM_UNKNOWN (later),
 * ZOOM_REFUSED (the rest).
 * Source: FACTS 1.2 to 1.5; RFC 6749 2.3.1, 4.1, 5.1, 6; RFC 7009
 */
#ifndef ZOOM_OAUTH_H
#define ZOOM_OAUTH_H

#include "zoom/client.h"
#include "zoom/webhook.h"

/* A token as Zoom issued it. Texts live in the arena of the call. */
struct zoom_token {
	struct str access_token;  /* never empty */
	struct str token_type;    /* "bearer" where Zoom says nothing */
	struct str refresh_token; /* empty where Zoom gives none */
	struct str scope;         /* space separated, may be empty */
	int64_t expires_ms;       /* UTC milliseconds, 0 = never */
};

/*
 * zoom_oauth_authorize_url - where the user's browser goes to give consent
 *
 *   redirect_uri   as registered at Zoom
 *   state          opaque, comes back unchanged; one use
 *
 * Arena. {NULL, 0} when memory is out (sticky, see arena_ok).
 */
struct str zoom_oauth_authorize_url(struct arena *a,
    const struct zoom_settings *settings, struct str redirect_uri,
    struct str state);

/*
 * zoom_oauth_exchange - the code of the redirect for a token
 *
 *   redirect_uri   the same as in the authorize URL
 *
 * Errors   ERR_DENIED (code used up or expired, app refused), ERR_REMOTE,
 *          ERR_BUSY, ERR_TIMEOUT, ERR_IO, ERR_PROTOCOL; see call->answer
 */
bool zoom_oauth_exchange(struct zoom_call *call, struct str code,
    struct str redirect_uri, struct zoom_token *token,
    struct err *err) MUST_USE;

/*
 * zoom_oauth_refresh - a new token for a refresh token
 *
 * Zoom rotates: store the new token before it is used, the old refresh token
 * is dead or about to be. Where the answer holds no new refresh token the
 * old one is put into *token (RFC 6749 6). One refresh per grant at a time
 * is the caller's job, across nodes too.
 */
bool zoom_oauth_refresh(struct zoom_call *call, struct str refresh_token,
    struct zoom_token *token, struct err *err) MUST_USE;

/* Give a grant back; both of its tokens die. token: access or refresh. */
bool zoom_oauth_revoke(
    struct zoom_call *call, struct str token, struct err *err) MUST_USE;

/*
 * zoom_oauth_report_compliance - the data of a user who left are deleted
 *
 * Asked for by an app_deauthorized with user_data_retention "false". Source:
 * FACTS 5.6; Zoom does not review it any more.
 */
bool zoom_oauth_report_compliance(struct zoom_call *call,
    const struct zoom_event *event, struct err *err) MUST_USE;

/* Overwrite the token's texts, which must be the ones of a call above. */
void zoom_token_wipe(struct zoom_token *token);

#endif
