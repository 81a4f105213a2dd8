/*
 * An event is one table of fields for all its kinds: a field that an event
 * does not have stays empty. A signature is computed over the parts of a
 * delivery in place, without joining them.
 */
#include "zoom/webhook.h"

#include "zoom/json.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdatomic.h>
#include <string.h>

/* HMAC-SHA-256 in hex, and its NUL. */
#define HEX_ROOM 65

/* Seconds have 10 digits until the year 2286, milliseconds 13. */
#define DIGITS_OF_MS 13

static const struct zoom_json_field fields[] = {
	{ STR("event"), ZOOM_JSON_TEXT, offsetof(struct zoom_event, event) },
	{ STR("event_ts"), ZOOM_JSON_INT,
	    offsetof(struct zoom_event, event_ms) },
	{ STR("payload.account_id"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, account_id) },
	{ STR("payload.plainToken"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, plain_token) },
	{ STR("payload.user_id"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, user_id) },
	{ STR("payload.client_id"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, client_id) },
	{ STR("payload.user_data_retention"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, user_data_retention) },
	{ STR("payload.deauthorization_time"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, deauthorization_time) },
	{ STR("payload.signature"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, signature) },
	{ STR("payload.object.id"), ZOOM_JSON_INT,
	    offsetof(struct zoom_event, meeting_id) },
	{ STR("payload.object.uuid"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, uuid) },
	{ STR("payload.object.host_id"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, host_id) },
	{ STR("payload.object.host_email"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, host_email) },
	{ STR("payload.object.topic"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, topic) },
	{ STR("payload.object.timezone"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, timezone) },
	{ STR("payload.object.type"), ZOOM_JSON_INT,
	    offsetof(struct zoom_event, type) },
	{ STR("payload.object.duration"), ZOOM_JSON_INT,
	    offsetof(struct zoom_event, duration_min) },
	{ STR("payload.object.start_time"), ZOOM_JSON_TIME,
	    offsetof(struct zoom_event, start_ms) },
	{ STR("payload.object.end_time"), ZOOM_JSON_TIME,
	    offsetof(struct zoom_event, end_ms) },
	{ STR("download_token"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, download_token) },
	{ STR("payload.object.password"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_event, password) },
};

static const struct zoom_json_field file_fields[] = {
	{ STR("id"), ZOOM_JSON_TEXT, offsetof(struct zoom_recording_file, id) },
	{ STR("recording_start"), ZOOM_JSON_TIME,
	    offsetof(struct zoom_recording_file, start_ms) },
	{ STR("file_type"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_recording_file, file_type) },
	{ STR("recording_type"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_recording_file, recording_type) },
	{ STR("status"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_recording_file, status) },
	{ STR("play_url"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_recording_file, play_url) },
	{ STR("download_url"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_recording_file, download_url) },
};

static const struct zoom_json_table file_table = {
	.fields = file_fields,
	.n_fields = sizeof(file_fields) / sizeof(file_fields[0]),
};

static const struct zoom_json_list lists[] = {
	{
	    .path = STR("payload.object.recording_files"),
	    .item = &file_table,
	    .size = sizeof(struct zoom_recording_file),
	    .max = ZOOM_WEBHOOK_MAX_FILES,
	    .offset = offsetof(struct zoom_event, files),
	    .offset_n = offsetof(struct zoom_event, n_files),
	},
};

static const struct zoom_json_table table = {
	.fields = fields,
	.n_fields = sizeof(fields) / sizeof(fields[0]),
	.lists = lists,
	.n_lists = sizeof(lists) / sizeof(lists[0]),
};

static EVP_MAC_CTX *new_mac(void)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	if (ctx == NULL || EVP_MAC_CTX_set_params(ctx, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

/* To look for the algorithm costs more than a small event: so one without a
 * key is kept for ever, to be copied. */
static EVP_MAC_CTX *copy_mac(void)
{
	static _Atomic(EVP_MAC_CTX *) kept;
	EVP_MAC_CTX *first = NULL;
	EVP_MAC_CTX *ctx = atomic_load(&kept);
	if (ctx != NULL)
		return EVP_MAC_CTX_dup(ctx);
	ctx = new_mac();
	if (ctx == NULL || atomic_compare_exchange_strong(&kept, &first, ctx))
		return ctx == NULL ? NULL : EVP_MAC_CTX_dup(ctx);
	return ctx; /* somebody else was first */
}

/* HMAC-SHA-256 of the parts joined, in lower-case hex. */
static bool sign(struct str secret, const struct str *parts, size_t n_parts,
    char hex[HEX_ROOM], struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	size_t n = 0;
	EVP_MAC_CTX *ctx = copy_mac();
	bool ok = ctx != NULL &&
	          EVP_MAC_init(ctx, (const unsigned char *)str_c(secret),
	              secret.len, NULL) == 1;
	for (size_t i = 0; i < n_parts && ok; i++)
		ok = EVP_MAC_update(ctx, (const unsigned char *)str_c(parts[i]),
		         parts[i].len) == 1;
	ok = ok && EVP_MAC_final(ctx, sum, &n, sizeof(sum)) == 1 && n == 32;
	EVP_MAC_CTX_free(ctx);
	for (size_t i = 0; i < 32 && ok; i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	hex[HEX_ROOM - 1] = '\0';
	OPENSSL_cleanse(sum, sizeof(sum));
	return ok || err_set(err, ERR_NO_MEMORY, "computing a signature");
}

static bool is_recent(struct str timestamp, int64_t now_s)
{
	int64_t then;
	if (timestamp.len == 0 || timestamp.data[0] == '-' ||
	    timestamp.len > DIGITS_OF_MS || !str_to_int64(timestamp, &then))
		return false;
	if (timestamp.len == DIGITS_OF_MS)
		then /= 1000;
	return then >= now_s - ZOOM_WEBHOOK_WINDOW_S &&
	       then <= now_s + ZOOM_WEBHOOK_WINDOW_S;
}

bool zoom_webhook_verify(struct str secret, const struct zoom_delivery *d,
    int64_t now_s, struct err *err)
{
	const struct str parts[] = { S("v0:"), d->timestamp, S(":"), d->body };
	char expected[3 + HEX_ROOM] = "v0=";
	if (secret.len == 0)
		return err_set(
		    err, ERR_INVALID, "no secret token of the Zoom app is set");
	if (!is_recent(d->timestamp, now_s))
		return err_set(err, ERR_DENIED,
		    "the delivery is too old, or one of the clocks is wrong");
	if (!sign(secret, parts, 4, expected + 3, err))
		return false;
	bool same = str_eq_constant_time(str_from(expected), d->signature);
	OPENSSL_cleanse(expected, sizeof(expected));
	return same || err_set(err, ERR_DENIED, "the signature does not match");
}

static bool is_unwanted(void *ctx, const void *object)
{
	zoom_webhook_wanted *const *wanted = ctx;
	const struct zoom_event *event = object;
	return event->event.len > 0 && event->event_ms != 0 &&
	       !(*wanted)(event->event);
}

bool zoom_webhook_parse(struct arena *a, struct str body,
    zoom_webhook_wanted *wanted, struct zoom_event *event, struct err *err)
{
	*event = (struct zoom_event){ .event_ms = 0 };
	if (!zoom_json_read_until(a, body, &table, event,
	        wanted == NULL ? NULL : is_unwanted, &wanted, err))
		return err_wrap(err, "webhook body");
	return event->event.len > 0 ||
	       err_set(err, ERR_PROTOCOL, "webhook body: no event name");
}

static bool is_plain_token(struct str token)
{
	if (token.len == 0 || token.len > ZOOM_WEBHOOK_TOKEN_MAX)
		return false;
	for (size_t i = 0; i < token.len; i++) {
		char c = token.data[i];
		bool alphanumeric = (c >= 'a' && c <= 'z') ||
		                    (c >= 'A' && c <= 'Z') ||
		                    (c >= '0' && c <= '9');
		if (!alphanumeric && (c == '\0' || strchr("+/=_-", c) == NULL))
			return false;
	}
	return true;
}

bool zoom_webhook_answer_challenge(struct arena *a, struct str secret,
    struct str plain_token, struct str *json, struct err *err)
{
	char hex[HEX_ROOM];
	*json = (struct str){ NULL, 0 };
	if (secret.len == 0)
		return err_set(
		    err, ERR_INVALID, "no secret token of the Zoom app is set");
	if (!is_plain_token(plain_token))
		return err_set(
		    err, ERR_INVALID, "not a challenge that Zoom would send");
	if (!sign(secret, &plain_token, 1, hex, err))
		return false;
	/* none of the characters needs escaping in JSON */
	*json = arena_printf(a,
	    "{\"plainToken\":\"%.*s\",\"encryptedToken\":\"%s\"}",
	    STR_ARG(plain_token), hex);
	return arena_ok(a, err);
}
