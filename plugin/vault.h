/*
 * vault - tokens at rest
 *
 * What is stored:
 *
 *	offset  size
 *	0       1     0x02, which begins no JSON: a plugin that expects JSON
 *	              there asks to connect again
 *	1       4     id of the encryption key: a wrong key is known before it
 *	              is tried
 *	5       12    nonce, random
 *	17      n     AES-256-GCM ciphertext
 *	17+n    16    tag
 *
 * Additional data: the key under which it is stored, so that no value can be
 * moved to another place. The AES key is HMAC-SHA-256(encryption key,
 * "z2 token"), the id the first four bytes of HMAC-SHA-256(encryption key,
 * "z2 key id").
 *
 * Threads: any thread.
 */
#ifndef PLUGIN_VAULT_H
#define PLUGIN_VAULT_H

#include "base/arena.h"

/*
 * vault_seal - encrypt a text for one place of the store
 *
 *   key     the setting EncryptionKey
 *   place   the key-value key
 *   sealed  out: arena
 */
bool vault_seal(struct arena *a, struct str key, struct str place,
    struct str text, struct str *sealed, struct err *err) MUST_USE;

/* SHA-256 in hex. */
bool vault_digest(struct arena *a, struct str content, struct str *hex,
    struct err *err) MUST_USE;

/* Whether a stored value is sealed; if not, it is from before. */
bool vault_is_sealed(struct str stored);

/* The id of an encryption key, and of the one that a value is sealed under, as
 * eight hexadecimal digits; arena. */
bool vault_key_id(
    struct arena *a, struct str key, struct str *id, struct err *err) MUST_USE;
struct str vault_sealed_by(struct arena *a, struct str sealed);

/*
 * vault_open - the reverse
 *
 * Errors   ERR_DENIED: sealed under another encryption key; ERR_INVALID: not
 *          sealed, cut, changed, or from another place
 */
bool vault_open(struct arena *a, struct str key, struct str place,
    struct str sealed, struct str *text, struct err *err) MUST_USE;

/*
 * vault_open_old - decrypt what the plugin's Go predecessor encrypted
 *
 *	URL-safe base64 of: 16 random bytes, the IV | AES-CFB of the text,
 *	padded to whole blocks of 16 with bytes that say how many they are
 *
 *   key     used as it is: 16, 24 or 32 bytes
 *   stored  as it stood in the token's JSON; borrowed
 *   text    out: arena
 *
 * Nothing authenticates it: a wrong key is noticed by the padding and by
 * characters that no token has.
 *
 * Errors   ERR_DENIED (wrong key), ERR_INVALID (damaged)
 */
bool vault_open_old(struct arena *a, struct str key, struct str stored,
    struct str *text, struct err *err) MUST_USE;

#endif
