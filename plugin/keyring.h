/*
 * keyring - what was sealed under former encryption keys
 *
 * An admin may change the setting EncryptionKey at any time, on any node. The
 * former key is then stored, sealed under the new one, before that one is in
 * force; so nothing is lost, whatever fails or dies in between, and a reader of
 * the database alone learns nothing.
 *
 *	z2_key_<id of a key>   sealed under that key: JSON list of the keys
 *	                       before it, newest first, KEYRING_MAX at most
 *	z2_told_key            id of the key of which the admins were told that
 *	                       it opens not all
 *
 * It is written by the hook that precedes a save, and again by each node that
 * learns of a change: whichever processes have sealed under the former key.
 * It goes a day after nothing is left under the keys in it (reseal.h), and so do
 * lists of keys that are not in force. A key that is put back is a change like
 * any other.
 *
 * Threads: any.
 */
#ifndef PLUGIN_KEYRING_H
#define PLUGIN_KEYRING_H

#include "plugin/plugin.h"

#define KEYRING_MAX 8

/* How long former keys are kept when nothing is sealed under them any more. */
#define KEYRING_KEPT_S ((int64_t)24 * 3600)

/* By then another key has come to all nodes. */
#define KEYRING_LAG_MS 30000

/* The keys before the present one. */
struct keyring {
	struct str keys[KEYRING_MAX];
	size_t n;
	struct str place; /* z2_key_<id> */
	struct str raw;   /* as it is stored; empty: there are none */
};

/*
 * keyring_prepare - look at a configuration that is about to be saved
 *
 *   says   out: why not, for the admin and say_words
 *
 * Errors   ERR_INVALID, the key in it is none; those of the store: the former
 *          key would be lost
 */
bool keyring_prepare(struct ctx *c, const struct mm_config *server,
    const char **says, struct err *err) MUST_USE;

/* Make the present key, and those before it, former keys of another one. An
 * empty key, of either side, has nothing to do with it. */
bool keyring_follow(struct ctx *c, struct str next, struct err *err) MUST_USE;

bool keyring_load(
    struct ctx *c, struct keyring *ring, struct err *err) MUST_USE;

/*
 * keyring_retire - let a list go, in KEYRING_KEPT_S
 *
 * Not at once: another node may still be on its way to another key, or back.
 *
 *   place     z2_key_<id>
 *   raw       what must be stored there
 *   retired   out: false when it has changed meanwhile
 */
bool keyring_retire(struct ctx *c, struct str place, struct str raw,
    bool *retired, struct err *err) MUST_USE;

/* vault_seal with the key that is in force at this moment, also where the call
 * began under another one. */
bool keyring_seal(struct ctx *c, struct str place, struct str text,
    struct str *sealed, struct err *err) MUST_USE;

/*
 * keyring_open - vault_open with the present key, or a former one
 *
 *   is_former   out: it was a former one
 *
 * Errors   ERR_DENIED, none of them; ERR_BUSY, for KEYRING_LAG_MS, one that
 *          another node knows and this one not yet; ERR_INVALID as vault_open; those of the store
 */
bool keyring_open(struct ctx *c, struct str place, struct str sealed,
    struct str *text, bool *is_former, struct err *err) MUST_USE;

/* The same with vault_open_old. */
bool keyring_open_old(struct ctx *c, struct str stored, struct str *text,
    bool *is_former, struct err *err) MUST_USE;

/* When why is ERR_DENIED: tell log and admins, once for each key that is in
 * force, on all nodes together. */
void keyring_tell(struct ctx *c, const struct err *why);

#endif
