/*
 * user - Zoom's users
 *
 * Source: FACTS 3.1
 */
#ifndef ZOOM_USER_H
#define ZOOM_USER_H

#include "zoom/client.h"

/*
 * A user of Zoom. Texts live in the arena of the call; all but the id may be
 * empty: a pending user has nothing but the id, and not even a status.
 */
struct zoom_user {
	struct str id;
	struct str email;
	struct str first_name;
	struct str last_name;
	struct str display_name;
	struct str account_id;
	struct str status; /* "active", "inactive", "pending", or empty */
	struct str timezone;
	struct str personal_meeting_url;
	int64_t type; /* 1 basic, 2 licensed, 4 unassigned, 0 unknown */
	int64_t pmi;  /* personal meeting id, 0 = none */
};

/*
 * zoom_user_path - "/users/{who}" and what follows, for a request
 *
 *   who   as below; escaped here
 *   path  out: arena of the call
 *
 * Errors   ERR_INVALID (who is empty or would walk up the path)
 */
bool zoom_user_path(struct zoom_call *call, struct str who, const char *rest,
    struct str *path, struct err *err) MUST_USE;

/*
 * zoom_user_fetch - look a user up
 *
 *   who   "me" (user-level tokens), an e-mail address or a Zoom user id
 *
 * Errors   ERR_NOT_FOUND (no such user in this account), ERR_DENIED (token,
 *          scopes: see call->answer.verdict), ERR_BUSY, ERR_REMOTE,
 *          ERR_TIMEOUT, ERR_IO, ERR_PROTOCOL, ERR_INVALID (who is empty)
 * Threads  any thread
 */
bool zoom_user_fetch(struct zoom_call *call, struct str who,
    struct zoom_user *user, struct err *err) MUST_USE;

/* What a user, or the account's admin, has switched on and off. */
struct zoom_user_settings {
	bool personal_meeting; /* the personal meeting id; true if not said */
};

/* The same for settings; the scope user:read:settings is one that many apps
 * lack. */
bool zoom_user_fetch_settings(struct zoom_call *call, struct str who,
    struct zoom_user_settings *settings, struct err *err) MUST_USE;

#endif
