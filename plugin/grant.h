/*
 * grant - tokens in the store: the account's one, or each user's own
 *
 *	key                            value, sealed (vault.h)
 *	zoomSuperUserToken_            JSON of the token
 *	zoomtoken_<user id>            JSON ZoomEmail, ZoomID, UserID,
 *	                               OAuthToken: the token, connected
 *	zoomtokenbyzoomid_<zoom id>    the same without a token, to find the
 *	                               user when Zoom speaks of its own
 *
 * The plugin's Go predecessor keeps the account's token in the clear, and of
 * users' tokens encrypts the access token alone (vault_open_old). Both are
 * read, and sealed by grant_renew at their first use, as is what was sealed
 * under a former encryption key (keyring.h). Which of the two kinds is meant
 * follows from the setting AccountLevelApp.
 */
#ifndef PLUGIN_GRANT_H
#define PLUGIN_GRANT_H

#include "plugin/plugin.h"
#include "zoom/oauth.h"

/* A grant as it was read, to be replaced by compare-and-set. */
struct grant {
	struct str user_id;      /* of Mattermost; empty: the account's */
	struct str zoom_id;      /* of a user's grant */
	struct str zoom_email;   /* of a user's grant */
	int64_t connected_ms;    /* of a user's grant, UTC; 0: unknown */
	struct zoom_token token; /* access_token empty: there is none */
	struct str raw;          /* the stored bytes */
	bool is_old;             /* to be sealed anew: see grant_renew */
	bool is_former;          /* under a former encryption key */
	struct str spent;        /* the refresh token that token came for */
};

/*
 * grant_load - the grant that this user's questions to Zoom go out with
 *
 *   user_id   of Mattermost; without meaning at account level
 *
 * Errors   ERR_DENIED, sealed under another encryption key; ERR_BUSY, under
 *          one that this node does not know yet; ERR_INVALID, damaged; those
 *          of the store. grant->raw is set in the first three cases.
 */
bool grant_load(struct ctx *c, struct str user_id, struct grant *grant,
    struct err *err) MUST_USE;

/* Whose grant a user's questions go out with: theirs; empty, the account's. */
struct str grant_owner(struct ctx *c, struct str user_id);

/* It will be loaded, see store_expect. */
void grant_expect(struct ctx *c, struct str user_id);

/* The same whatever AccountLevelApp says; user_id empty: the account's. */
bool grant_load_of(struct ctx *c, struct str user_id, struct grant *grant,
    struct err *err) MUST_USE;

/*
 * grant_save - store the grant of g->user_id
 *
 *   former   raw bytes it must still have; NULL: whatever is there
 *   saved    out: false when somebody else has changed it in between
 */
bool grant_save(struct ctx *c, const struct grant *g, const struct str *former,
    bool *saved, struct err *err) MUST_USE;

/*
 * grant_confirm - is what was loaded still what is stored
 *
 * The server may answer reads from a copy of the database that is behind;
 * only a write tells. current: out.
 */
bool grant_confirm(struct ctx *c, const struct grant *g, bool *current,
    struct err *err) MUST_USE;

/* Seal what the Go predecessor stored, or what is sealed under a former key,
 * under the present one; the grant stays the same. */
bool grant_renew(
    struct ctx *c, const struct grant *g, struct err *err) MUST_USE;

/* Forget a grant that was loaded. removed: out, false when another one has
 * been stored meanwhile, which stays. */
bool grant_remove(struct ctx *c, const struct grant *g, bool *removed,
    struct err *err) MUST_USE;

/*
 * grant_find - the grant of this Zoom user
 *
 * Its user_id is empty when there is none; of one that cannot be read that and
 * raw are all there is; raw is empty of one that has just been forgotten.
 */
bool grant_find(struct ctx *c, struct str zoom_id, struct grant *grant,
    struct err *err) MUST_USE;

/* Find a user by their former Zoom user no more, when zoom_id is another. */
bool grant_leave(struct ctx *c, const struct grant *g, struct str zoom_id,
    struct err *err) MUST_USE;

#endif
