#include "plugin/vault.h"

#include <limits.h>
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
	OPENSSL_cleanse(full, sizeof(full));
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

bool vault_digest(
    struct arena *a, struct str content, struct str *hex, struct err *err)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	if (EVP_Digest(
	        content.data, content.len, bytes, &n, EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_IO, "SHA-256");
	*hex = arena_hex(a, str_n((char *)bytes, n));
	return arena_ok(a, err);
}

bool vault_is_sealed(struct str stored)
{
	return stored.len > 0 && stored.data[0] == FIRST_BYTE;
}

bool vault_key_id(
    struct arena *a, struct str key, struct str *id, struct err *err)
{
	unsigned char bytes[KEY_ID];
	if (!key_id(key, bytes))
		return err_set(err, ERR_IO, "the encryption key has no id");
	*id = arena_hex(a, str_n((char *)bytes, KEY_ID));
	return arena_ok(a, err);
}

struct str vault_sealed_by(struct arena *a, struct str sealed)
{
	if (!vault_is_sealed(sealed) || sealed.len < HEAD + TAG)
		return (struct str){ NULL, 0 };
	return arena_hex(a, str_sub(sealed, 1, KEY_ID));
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

/* ---- the Go predecessor's ------------------------------------------------------ */

#define BLOCK 16

/* Standard base64, as OpenSSL reads it, of the URL-safe one. */
static unsigned char *decode(
    struct arena *a, struct str stored, size_t *len, struct err *err)
{
	char *base64 = (char *)(uintptr_t)arena_str(a, stored).data;
	unsigned char *bytes = arena_alloc(a, stored.len);
	if (!arena_ok(a, err))
		return NULL;
	for (size_t i = 0; i < stored.len; i++) {
		if (base64[i] == '-')
			base64[i] = '+';
		else if (base64[i] == '_')
			base64[i] = '/';
	}
	int n = EVP_DecodeBlock(
	    bytes, (const unsigned char *)base64, (int)stored.len);
	size_t padding = 0;
	while (padding < 2 && padding < stored.len &&
	       stored.data[stored.len - 1 - padding] == '=')
		padding++;
	if (n < 0 || (size_t)n < padding) {
		err_set(err, ERR_INVALID, "stored token is damaged");
		return NULL;
	}
	*len = (size_t)n - padding;
	return bytes;
}

static const EVP_CIPHER *old_cipher(size_t key_len)
{
	return key_len == 16   ? EVP_aes_128_cfb128()
	       : key_len == 24 ? EVP_aes_192_cfb128()
	       : key_len == 32 ? EVP_aes_256_cfb128()
	                       : NULL;
}

static bool decrypt_old(struct str key, const unsigned char *iv,
    const unsigned char *in, size_t len, unsigned char *out)
{
	const EVP_CIPHER *cipher = old_cipher(key.len);
	int n = 0;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool done = ctx != NULL && cipher != NULL &&
	            EVP_DecryptInit_ex(ctx, cipher, NULL,
	                (const unsigned char *)key.data, iv) == 1 &&
	            EVP_DecryptUpdate(ctx, out, &n, in, (int)len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return done;
}

/* The length without padding; 0 when this is no text of a token. */
static size_t text_length(const unsigned char *text, size_t len)
{
	size_t padding = text[len - 1];
	if (padding == 0 || padding > BLOCK || padding > len)
		return 0;
	for (size_t i = 0; i < len; i++) {
		bool good = i < len - padding ? text[i] > ' ' && text[i] <= '~'
		                              : text[i] == padding;
		if (!good)
			return 0;
	}
	return len - padding;
}

bool vault_open_old(struct arena *a, struct str key, struct str stored,
    struct str *text, struct err *err)
{
	size_t len = 0;
	if (stored.len == 0 || stored.len % 4 != 0 || stored.len > INT_MAX)
		return err_set(err, ERR_INVALID, "stored token is damaged");
	unsigned char *bytes = decode(a, stored, &len, err);
	if (bytes == NULL)
		return false;
	if (len < (size_t)2 * BLOCK || len % BLOCK != 0)
		return err_set(err, ERR_INVALID, "stored token is damaged");
	unsigned char *out = arena_alloc(a, len);
	if (out == NULL)
		return arena_ok(a, err);
	if (!decrypt_old(key, bytes, bytes + BLOCK, len - BLOCK, out))
		return err_set(err, ERR_IO, "decryption failed");
	size_t n = text_length(out, len - BLOCK);
	if (n == 0)
		return err_set(err, ERR_DENIED,
		    "stored token was encrypted with another encryption key");
	*text = arena_str(a, str_n((char *)out, n));
	return arena_ok(a, err);
}
