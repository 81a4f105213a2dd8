/*
 * refresh - a new token for an expired one, once on all nodes together
 *
 * Zoom rotates refresh tokens: a used one is worth nothing, so of two
 * refreshes at once one loses, and with it the grant. Therefore
 *
 *  1. one thread of this process at a time, the grant's turn;
 *  2. one node at a time, the grant's lease, while others look into the
 *     store for what comes of it;
 *  3. the new token is stored before anybody uses it, by compare-and-set with
 *     what was read. What cannot be stored is kept in memory meanwhile, used
 *     from there and stored as soon as that works again.
 *
 * A process that is killed between 2 and 3 takes the new token with it. Then,
 * or when a refresh's answer is lost, the next refresh tells: the grant lives
 * on, or those concerned get one direct message how to connect again.
 */
#ifndef PLUGIN_REFRESH_H
#define PLUGIN_REFRESH_H

#include "plugin/grant.h"
#include "zoom/client.h"

void refresh_init(struct refresh_kept *kept);
void refresh_fini(struct refresh_kept *kept);

/* Whether an access token may be used for another minute. */
bool refresh_is_fresh(const struct zoom_token *token);

/*
 * refresh_recall - the newer token of a grant that was loaded, if there is
 * one that could not be stored; tries to store it
 */
void refresh_recall(struct ctx *c, struct grant *grant);

/*
 * refresh - make a grant usable
 *
 *   grant     as loaded; in: stale or refused, out: usable
 *   refused   an access token that Zoom does not take any more, or empty
 *   answer    out: Zoom's, where it was asked
 *
 * Errors   ERR_NOT_FOUND (disconnected meanwhile), ERR_BUSY (another node is
 *          at it, for longer than c->deadline_ms), ERR_DENIED with verdict
 *          ZOOM_GRANT_DEAD (connect again), those of zoom_oauth_refresh and
 *          of the store
 */
bool refresh(struct ctx *c, struct grant *grant, struct str refused,
    struct zoom_answer *answer, struct err *err) MUST_USE;

#endif
