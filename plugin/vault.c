#include "plugin/vault.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define FIRST_BYTE 0x02
#define KEY_ID     4
#define NONCE      12
#define TAG        16
#define HEAD       (1 + KEY_ID + NONCE)

static bool derive(struct str key, const char *purpose, unsigned char out[32])
{
	unsigned len = 0;
	return HMAC(EVP_sha256(), key.data, (int)key.len,
	           (const unsigned char *)purpose, strlen(purpose), out,
	           &len) != NULL &&
	       len == 32;
}

static bool key_id(struct str key, unsigned char id[KEY_ID])
{
	unsigned char full[32];
	if (!derive(key, "z2 key id", full))
		return false;
	memcpy(id, full, KEY_ID);
	return true;
}

/* One pass of AES-256-GCM; sealing writes the tag, opening checks it. */
static bool crypt(bool seal, struct str key, const unsigned char *nonce,
    struct str place, struct str in, unsigned char *out, unsigned char *tag)
{
	unsigned char aes[32];
	int n = 0;
	int end = 0;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool done =
	    ctx != NULL && derive(key, "z2 token", aes) &&
	    EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, aes, nonce, seal) ==
	        1 &&
	    EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)place.data,
	        (int)place.len) == 1 &&
	    EVP_CipherUpdate(
	        ctx, out, &n, (const unsigned char *)in.data, (int)in.len) == 1;
	if (done && !seal)
		done = EVP_CIPHER_CTX_ctrl(
		           ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1;
	if (done)
		done = EVP_CipherFinal_ex(ctx, out + n, &end) == 1;
	if (done && seal)
		done = EVP_CIPHER_CTX_ctrl(
		           ctx, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	OPENSSL_cleanse(aes, sizeof(aes));
	return done;
}

bool vault_seal(struct arena *a, struct str key, struct str place,
    struct str text, struct str *sealed, struct err *err)
{
	size_t len = HEAD + text.len + TAG;
	unsigned char *out = arena_alloc(a, len);
	if (out == NULL)
		return arena_ok(a, err);
	out[0] = FIRST_BYTE;
	if (!key_id(key, out + 1) || RAND_bytes(out + 1 + KEY_ID, NONCE) != 1 ||
	    !crypt(true, key, out + 1 + KEY_ID, place, text, out + HEAD,
	        out + HEAD + text.len))
		return err_set(err, ERR_IO, "encryption failed");
	*sealed = str_n((char *)out, len);
	return true;
}

bool vault_is_sealed(struct str stored)
{
	return stored.len > 0 && stored.data[0] == FIRST_BYTE;
}

bool vault_open(struct arena *a, struct str key, struct str place,
    struct str sealed, struct str *text, struct err *err)
{
	unsigned char id[KEY_ID];
	unsigned char tag[TAG];
	if (!vault_is_sealed(sealed) || sealed.len < HEAD + TAG)
		return err_set(err, ERR_INVALID, "stored token is damaged");
	if (!key_id(key, id))
		return err_set(err, ERR_IO, "decryption failed");
	if (memcmp(id, sealed.data + 1, KEY_ID) != 0)
		return err_set(err, ERR_DENIED,
		    "stored token was encrypted with another encryption key");
	size_t len = sealed.len - HEAD - TAG;
	memcpy(tag, sealed.data + HEAD + len, TAG);
	unsigned char *out = arena_alloc(a, len + 1);
	if (out == NULL)
		return arena_ok(a, err);
	if (!crypt(false, key, (const unsigned char *)sealed.data + 1 + KEY_ID,
	        place, str_sub(sealed, HEAD, len), out, tag))
		return err_set(err, ERR_INVALID, "stored token is damaged");
	*text = str_n((char *)out, len);
	return true;
}
