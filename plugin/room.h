/*
 * room - the Zoom side of a start: who hosts, and where people meet
 */
#ifndef PLUGIN_ROOM_H
#define PLUGIN_ROOM_H

#include "plugin/plugin.h"
#include "zoom/user.h"

struct room_host {
	struct str user_id; /* of Mattermost: whose token is used */
	struct str who;     /* as the API takes it: e-mail address or "me" */
	struct zoom_user user;
};

struct room {
	int64_t id;
	struct str uuid; /* of this instance; empty: it has not begun */
	struct str link; /* on one of Zoom's hosts */
	bool personal;
};

/*
 * room_find_host - the Zoom user of a Mattermost user
 *
 *   email   of Mattermost; without meaning with a user-level app
 *   answer  out: for the words to the user; errors as token_ask
 */
bool room_find_host(struct ctx *c, struct str user_id, struct str email,
    struct room_host *host, struct zoom_answer *answer,
    struct err *err) MUST_USE;

/* The first of Zoom's links that is on a host of Zoom's, else one made from
 * the configured address. Arena. */
struct str room_link(
    struct ctx *c, int64_t id, struct str first, struct str second);

/* A new meeting, made by Zoom. Errors as token_ask. */
bool room_create(struct ctx *c, const struct room_host *host, struct str topic,
    struct room *room, struct zoom_answer *answer, struct err *err) MUST_USE;

/*
 * room_find_personal - the personal meeting of a host, which always exists
 *
 * False when the host has none, or it is switched off at Zoom. What Zoom does
 * not want to tell about it is replaced by what is known, and logged.
 */
bool room_find_personal(
    struct ctx *c, const struct room_host *host, struct room *room) MUST_USE;

#endif
