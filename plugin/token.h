/*
 * token - the one place that gets, refreshes and stores tokens
 *
 * Zoom rotates the refresh token: of two refreshes at once one loses, and
 * with it the grant. So: the stored token is read for every call;
 * when it has expired, one thread refreshes, after reading it once more, and
 * stores the new one before anybody uses it.
 */
#ifndef PLUGIN_TOKEN_H
#define PLUGIN_TOKEN_H

#include "plugin/grant.h"
#include "zoom/webhook.h"

/*
 * token_ask - one question to Zoom with the account's or a user's token
 *
 * Fills a zoom_call and hands it to `ask`. When Zoom refuses the access token
 * it is refreshed once and the question is asked once more.
 *
 *   user_id  whose token, of Mattermost; without meaning at account level
 *   ask      as in zoom/user.h, zoom/meeting.h, bound to its arguments by ctx
 *   answer   out: Zoom's last answer, for the words to the user
 *
 * Errors   ERR_NOT_FOUND with answer->verdict ZOOM_NO_ANSWER: no account is
 *          connected; ERR_DENIED with ZOOM_GRANT_DEAD: connect again;
 *          ERR_BUSY with ZOOM_NO_ANSWER also when c is hurried and the token
 *          has to be refreshed;
 *          otherwise those of `ask`
 */
typedef bool token_question(struct zoom_call *call, void *ctx, struct err *err);
bool token_ask(struct ctx *c, struct str user_id, token_question *ask,
    void *ctx, struct zoom_answer *answer, struct err *err) MUST_USE;

/* Give a grant back at Zoom. It must be stored nowhere any more: where its
 * access token has expired, another one is got for it first. One that Zoom has
 * ended by itself is given back. */
bool token_revoke(
    struct ctx *c, const struct zoom_token *token, struct err *err) MUST_USE;

/* Tell Zoom that a user's data are deleted. */
bool token_report_compliance(
    struct ctx *c, const struct zoom_event *event, struct err *err) MUST_USE;

/*
 * token_explain - what went wrong with Zoom, as a sentence for the user
 *
 * Markdown, arena, no secrets. For what is the caller's business (a user
 * who is not found) the caller has its own words.
 */
struct str token_explain(
    struct ctx *c, const struct zoom_answer *answer, const struct err *err);

#endif
