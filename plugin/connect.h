/*
 * connect - the OAuth flow: from /zoom connect to a stored token
 *
 *	/zoom connect          a state is stored, a link is shown
 *	GET /oauth2/connect    redirects to Zoom with that state
 *	... consent at Zoom ...
 *	GET /oauth2/complete   state checked and used up, code exchanged, token
 *	                       tried, stored, the admin told whose account it is
 *
 * With an account-level app, for system admins only, at every step.
 */
#ifndef PLUGIN_CONNECT_H
#define PLUGIN_CONNECT_H

#include "plugin/meeting.h"

/*
 * connect_offer - remember what is to happen, and offer the link to begin
 *
 *   wish           who, and where; of a meeting also thread and topic
 *   only_connect   false: that meeting is started afterwards
 *   offer          out: a sentence with the link, markdown, arena
 */
bool connect_offer(struct ctx *c, const struct meeting_start *wish,
    bool only_connect, struct str *offer, struct err *err) MUST_USE;

/* The two routes. */
void connect_begin(struct ctx *c, struct mm_http *http);
void connect_complete(struct ctx *c, struct mm_http *http);

#endif
