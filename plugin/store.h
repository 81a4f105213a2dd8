/*
 * store - what is kept in Mattermost's key-value store
 *
 *	key                            value
 *	zoomSuperUserToken_            sealed JSON of the account's token
 *	zoomuserstate_<user id>        <15 random>_<user>_<channel>_<true|false>
 *	post_meeting_<escaped uuid>    post id
 *	meeting_channel_<meeting id>   JSON channel_id, is_subscription,
 *	                               created_by
 *	zoomChannelSettings            JSON: channel id -> {"Preference": ...}
 *	z2_account                     JSON: the linked Zoom account
 *	z2_schema                      number of the layout
 *	z2_bot_picture                 digest of the bot's picture
 *
 * Keys without z2_ are those of the plugin's Go predecessor, and keep their
 * formats but for the token, which it stored in the clear.
 *
 * Functions return false only when the store fails; what is absent comes
 * back empty.
 */
#ifndef PLUGIN_STORE_H
#define PLUGIN_STORE_H

#include "plugin/plugin.h"
#include "zoom/oauth.h"

/* How long a post is found by its meeting: recordings come days later. */
#define STORE_MEETING_S ((int64_t)30 * 24 * 3600)

/* How long an authorisation may take. */
#define STORE_STATE_S 300

#define STORE_SCHEMA "1"

/* ---- the account's token --------------------------------------------------- */

/* A token as it was read, to be replaced by compare-and-set. */
struct stored_token {
	struct zoom_token token; /* access_token empty: none is stored */
	struct str raw;          /* the stored bytes */
};

/* Errors also: ERR_DENIED, another encryption key; ERR_INVALID, damaged. */
bool store_load_token(
    struct ctx *c, struct stored_token *stored, struct err *err) MUST_USE;

/*
 * store_save_token - replace the token
 *
 *   former   raw bytes it must still have; NULL: whatever is there
 *   saved    out: false when somebody else has changed it in between
 */
bool store_save_token(struct ctx *c, const struct zoom_token *token,
    const struct str *former, bool *saved, struct err *err) MUST_USE;

/* Who is linked; empty strings where unknown. */
struct store_account {
	struct str account_id;
	struct str zoom_email;
	struct str connected_by; /* Mattermost user id */
};

bool store_load_account(
    struct ctx *c, struct store_account *account, struct err *err) MUST_USE;
bool store_save_account(struct ctx *c, const struct store_account *account,
    struct err *err) MUST_USE;

/* ---- authorisation states ----------------------------------------------------- */

struct store_state {
	struct str text; /* as it travels to Zoom and back; empty: none */
	struct str user_id;
	struct str channel_id; /* may be empty */
	bool only_connect;     /* false: a meeting is to be started after it */
};

/* Make a new state for a user and store it in place of any former one. */
bool store_new_state(struct ctx *c, struct str user_id, struct str channel_id,
    bool only_connect, struct store_state *state, struct err *err) MUST_USE;

bool store_load_state(struct ctx *c, struct str user_id,
    struct store_state *state, struct err *err) MUST_USE;

/*
 * store_use_state - take a state out of the store, once
 *
 *   text    as it came back from Zoom
 *   state   out: empty when it is unknown, used, expired or another user's
 */
bool store_use_state(struct ctx *c, struct str user_id, struct str text,
    struct store_state *state, struct err *err) MUST_USE;

/* ---- meetings ------------------------------------------------------------------- */

bool store_save_meeting_post(struct ctx *c, struct str uuid, struct str post_id,
    struct err *err) MUST_USE;
bool store_load_meeting_post(struct ctx *c, struct str uuid,
    struct str *post_id, struct err *err) MUST_USE;

struct store_channel {
	struct str channel_id; /* empty: unknown */
	struct str created_by; /* Mattermost user id */
	bool is_subscription;
};

bool store_save_meeting_channel(struct ctx *c, int64_t meeting_id,
    const struct store_channel *channel, struct err *err) MUST_USE;
bool store_load_meeting_channel(struct ctx *c, int64_t meeting_id,
    struct store_channel *channel, struct err *err) MUST_USE;

/* ---- settings of channels, and the rest ------------------------------------------- */

/* "allow", "restrict", "default", or empty. */
bool store_load_channel_preference(struct ctx *c, struct str channel_id,
    struct str *preference, struct err *err) MUST_USE;

bool store_set_schema(struct ctx *c, struct err *err) MUST_USE;

bool store_load_text(
    struct ctx *c, const char *key, struct str *text, struct err *err) MUST_USE;
bool store_save_text(
    struct ctx *c, const char *key, struct str text, struct err *err) MUST_USE;

#endif
