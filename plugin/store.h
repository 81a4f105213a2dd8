/*
 * store - what is kept in Mattermost's key-value store
 *
 *	key                            value
 *	zoomSuperUserToken_            tokens: see grant.h
 *	zoomtoken_<user id>
 *	zoomtokenbyzoomid_<zoom id>
 *	zoomuserstate_<user id>        <15 random>_<user>_<channel>_<true|false>
 *	post_meeting_<escaped uuid>    post id; for minutes to a day a note:
 *	                               see announce.h
 *	meeting_channel_<meeting id>   JSON channel_id, is_subscription,
 *	                               created_by
 *	subscription_index_<user id>   JSON meeting_ids: see subscription.h
 *	zoomUserPreference_<user id>   see preference.h
 *	zoomChannelSettings            JSON: channel id -> {"Preference": ...}
 *	z2_start_<user id>             JSON state, topic, root_id: what is to
 *	                               be started after connecting
 *	z2_account                     JSON: the linked Zoom account
 *	z2_recording_<escaped uuid>_<start, ms>, z2_recording_<escaped uuid>
 *	_transcript_<start, ms>        claims: see claim.h
 *	z2_last_webhook                see last_webhook.h
 *	z2_key_<id>, z2_told_key       former encryption keys: see keyring.h
 *	z2_schema                      number of the layout
 *	z2_bot_picture                 digest of the bot's picture
 *	z2_personal_<meeting id>       see personal.h
 *	z2_topic_<meeting id>          of a meeting with a subscription
 *	z2_job_<slot>, z2_jobs         webhooks that wait: see job.h
 *	z2_lease_<name>                see lease.h
 *	z2_claim_<digest>              see claim.h
 *	z2_told_account,               see news.h
 *	z2_told_<user id>
 *
 * Keys without z2_ are those of the plugin's Go predecessor, and keep their
 * formats but for the token, which it stored in the clear.
 *
 * Functions return false only when the store fails; what is absent comes
 * back empty.
 */
#ifndef PLUGIN_STORE_H
#define PLUGIN_STORE_H

#include "plugin/js.h"
#include "plugin/plugin.h"

/* How long a post is found by its meeting: recordings come days later. */
#define STORE_MEETING_S ((int64_t)30 * 24 * 3600)

/* How long an authorisation may take. */
#define STORE_STATE_S 300

#define STORE_SCHEMA "1"

/* ---- any key --------------------------------------------------------------- */

/* value: out, arena, empty when absent. */
bool store_get(
    struct ctx *c, struct str key, struct str *value, struct err *err) MUST_USE;

/*
 * store_expect - store_get will be asked for this key before the call ends
 *
 * The first one that is asked for brings them all, in one wait. What was
 * brought is good for one store_get: who asks again gets what is stored then.
 *
 *   key   arena
 */
void store_expect(struct ctx *c, struct str key);

/* expire_s: seconds, 0 = for good. */
bool store_put(struct ctx *c, struct str key, struct str value,
    int64_t expire_s, struct err *err) MUST_USE;

/*
 * store_swap - compare and set, for good
 *
 *   former   what must be stored now; empty: nothing
 *   saved    out: false when something else is
 */
bool store_swap(struct ctx *c, struct str key, struct str former,
    struct str value, bool *saved, struct err *err) MUST_USE;

/* The same for so many seconds. */
bool store_swap_for(struct ctx *c, struct str key, struct str former,
    struct str value, int64_t expire_s, bool *saved, struct err *err) MUST_USE;

/* No error when there is nothing. */
bool store_delete(struct ctx *c, struct str key, struct err *err) MUST_USE;

/*
 * store_edit - change a JSON object by compare-and-set
 *
 *   edit   changes the object ({} when absent) and returns true to have it
 *          stored; false with err unset to leave it. May be called several
 *          times, with what others have stored meanwhile
 *
 * Errors also: ERR_INVALID, what is stored is no object, and left alone;
 * ERR_BUSY.
 */
typedef bool store_editor(
    struct ctx *c, json_t *object, void *ctx, struct err *err);
bool store_edit(struct ctx *c, struct str key, store_editor *edit, void *ctx,
    struct err *err) MUST_USE;

/* ---- the linked account ------------------------------------------------------- */

/* Who is linked; empty strings where unknown. */
struct store_account {
	struct str account_id;
	struct str zoom_email;
	struct str connected_by; /* Mattermost user id */
	int64_t connected_ms;    /* UTC; 0: unknown */
};

bool store_load_account(
    struct ctx *c, struct store_account *account, struct err *err) MUST_USE;
bool store_save_account(struct ctx *c, const struct store_account *account,
    struct err *err) MUST_USE;
bool store_forget_account(struct ctx *c, struct err *err) MUST_USE;

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

/* All that is looked up first about a meeting. */
void store_expect_meeting(struct ctx *c, struct str uuid, int64_t meeting_id);

/*
 * A note in the place of the post id, while there is no post yet. It has a
 * colon, which no id has. note: out, a note or the post id, empty for neither.
 */
bool store_load_meeting_note(
    struct ctx *c, struct str uuid, struct str *note, struct err *err) MUST_USE;

/* The post id in what was loaded, empty for a note. */
struct str store_note_post(struct str note);

/* Compare and set of a note or post id; an empty value deletes. uuid must not
 * be empty; expire_s: seconds. */
bool store_swap_meeting_note(struct ctx *c, struct str uuid, struct str former,
    struct str value, int64_t expire_s, bool *saved, struct err *err) MUST_USE;

struct store_channel {
	struct str channel_id; /* empty: unknown */
	struct str created_by; /* Mattermost user id */
	bool is_subscription;
	struct str raw; /* out: the stored bytes, also damaged ones */
};

/* Where a meeting was started. Of no effect on a meeting with a subscription,
 * which stays in its channel. */
bool store_save_meeting_channel(struct ctx *c, int64_t meeting_id,
    const struct store_channel *channel, struct err *err) MUST_USE;

/* The same by compare-and-set, over whatever there was: `former` as loaded. */
bool store_swap_meeting_channel(struct ctx *c, int64_t meeting_id,
    const struct store_channel *former, const struct store_channel *channel,
    bool *saved, struct err *err) MUST_USE;

/* Unless it has changed since it was loaded. */
bool store_delete_meeting_channel(struct ctx *c, int64_t meeting_id,
    const struct store_channel *former, bool *deleted,
    struct err *err) MUST_USE;
bool store_load_meeting_channel(struct ctx *c, int64_t meeting_id,
    struct store_channel *channel, struct err *err) MUST_USE;

/* store_save_meeting_post and store_save_meeting_channel of a meeting that has
 * just been posted, in one wait. */
bool store_save_new_meeting(struct ctx *c, struct str uuid, struct str post_id,
    int64_t meeting_id, const struct store_channel *channel,
    struct err *err) MUST_USE;

/* ---- settings of channels, and the rest ------------------------------------------- */

void store_expect_channel_preference(struct ctx *c);

/* "allow", "restrict", "default", or empty. */
bool store_load_channel_preference(struct ctx *c, struct str channel_id,
    struct str *preference, struct err *err) MUST_USE;

/* Other channels, and what else is stored of this one, stay as they are. */
bool store_save_channel_preference(struct ctx *c, struct str channel_id,
    struct str preference, struct err *err) MUST_USE;

struct store_preference {
	struct str channel_id;
	struct str preference; /* may be empty */
};

/* All channels that have one; list and n: out, arena. */
bool store_load_channel_preferences(struct ctx *c,
    struct store_preference **list, size_t *n, struct err *err) MUST_USE;

bool store_set_schema(struct ctx *c, struct err *err) MUST_USE;

#endif
