#include "plugin/store.h"

#include "plugin/vault.h"
#include "zoom/escape.h"
#include "zoom/time.h"

#include <jansson.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOKEN_KEY    "zoomSuperUserToken_"
#define CHANNELS_KEY "zoomChannelSettings"
#define ACCOUNT_KEY  "z2_account"
#define SCHEMA_KEY   "z2_schema"

#define STATE_RANDOM 15

/* ---- plain reading and writing ---------------------------------------------- */

static bool load(
    struct ctx *c, struct str key, struct str *value, struct err *err)
{
	return arena_ok(c->arena, err) &&
	       mm_kv_get(c->mm, c->arena, key, value, err);
}

/* expire_s 0: for good. */
static bool save(struct ctx *c, struct str key, struct str value,
    int64_t expire_s, struct err *err)
{
	bool saved = false;
	const struct mm_plugin_kv_set_options options = {
		.expire_in_seconds = expire_s,
	};
	if (!arena_ok(c->arena, err) || !mm_kv_set_with_options(c->mm, c->arena,
	                                    key, value, &options, &saved, err))
		return false;
	return saved ||
	       err_set(err, ERR_REMOTE, "%.*s was not saved", STR_ARG(key));
}

bool store_load_text(
    struct ctx *c, const char *key, struct str *text, struct err *err)
{
	return load(c, str_from(key), text, err);
}

bool store_save_text(
    struct ctx *c, const char *key, struct str text, struct err *err)
{
	return save(c, str_from(key), text, 0, err);
}

bool store_set_schema(struct ctx *c, struct err *err)
{
	struct str present;
	if (!store_load_text(c, SCHEMA_KEY, &present, err))
		return false;
	return str_eq(present, S(STORE_SCHEMA)) ||
	       store_save_text(c, SCHEMA_KEY, S(STORE_SCHEMA), err);
}

/* ---- JSON ------------------------------------------------------------------------ */

static struct str text_of(
    struct arena *a, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_string(value))
		return (struct str){ NULL, 0 };
	return arena_str(
	    a, str_n(json_string_value(value), json_string_length(value)));
}

/* The text of an object, which is freed. */
static struct str dump(struct arena *a, json_t *object)
{
	struct str text = { NULL, 0 };
	char *json = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
	if (json != NULL)
		text = arena_str(a, str_from(json));
	else if (a->fault == ERR_NONE)
		a->fault = ERR_NO_MEMORY;
	free(json);
	json_decref(object);
	return text;
}

/* NULL for anything but an object. Owned. */
static json_t *parse(struct str text)
{
	json_t *object = json_loadb(str_c(text), text.len, 0, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *json_text(struct str s)
{
	return json_stringn_nocheck(str_c(s), s.len);
}

/* ---- the account's token ----------------------------------------------------------- */

/* RFC 3339 as Go writes it; Go's zero time means "never". */
static struct str time_text(struct arena *a, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[32];
	if (ms == 0)
		return S("0001-01-01T00:00:00Z");
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return arena_printf(a, "%s.%03dZ", text, (int)(ms % 1000));
}

static struct str token_json(struct ctx *c, const struct zoom_token *token)
{
	struct str expiry = time_text(c->arena, token->expires_ms);
	return dump(
	    c->arena, json_pack("{s:o,s:o,s:o,s:o,s:o}", "access_token",
	                  json_text(token->access_token), "token_type",
	                  json_text(token->token_type), "refresh_token",
	                  json_text(token->refresh_token), "expiry",
	                  json_text(expiry), "scope", json_text(token->scope)));
}

static bool read_token(
    struct ctx *c, struct str text, struct zoom_token *token, struct err *err)
{
	json_t *object = parse(text);
	if (object == NULL)
		return err_set(err, ERR_INVALID, "stored token is damaged");
	struct str expiry = text_of(c->arena, object, "expiry");
	*token = (struct zoom_token){
		.access_token = text_of(c->arena, object, "access_token"),
		.token_type = text_of(c->arena, object, "token_type"),
		.refresh_token = text_of(c->arena, object, "refresh_token"),
		.scope = text_of(c->arena, object, "scope"),
	};
	json_decref(object);
	/* year 1 comes out negative: never */
	if (!zoom_time_parse(expiry, &token->expires_ms) ||
	    token->expires_ms < 0)
		token->expires_ms = 0;
	return arena_ok(c->arena, err);
}

bool store_load_token(
    struct ctx *c, struct stored_token *stored, struct err *err)
{
	struct str text;
	*stored = (struct stored_token){ 0 };
	if (!load(c, S(TOKEN_KEY), &stored->raw, err))
		return false;
	if (stored->raw.len == 0)
		return true;
	text = stored->raw;
	if (vault_is_sealed(stored->raw) &&
	    !vault_open(c->arena, c->config->encryption_key, S(TOKEN_KEY),
	        stored->raw, &text, err))
		return false;
	return read_token(c, text, &stored->token, err);
}

bool store_save_token(struct ctx *c, const struct zoom_token *token,
    const struct str *former, bool *saved, struct err *err)
{
	struct str sealed;
	struct mm_plugin_kv_set_options options = { 0 };
	struct str json = token_json(c, token);
	*saved = false;
	if (!arena_ok(c->arena, err) ||
	    !vault_seal(c->arena, c->config->encryption_key, S(TOKEN_KEY), json,
	        &sealed, err))
		return false;
	if (former != NULL) {
		options.atomic = true;
		options.old_value = *former;
	}
	return mm_kv_set_with_options(
	    c->mm, c->arena, S(TOKEN_KEY), sealed, &options, saved, err);
}

bool store_load_account(
    struct ctx *c, struct store_account *account, struct err *err)
{
	struct str text;
	*account = (struct store_account){ 0 };
	if (!load(c, S(ACCOUNT_KEY), &text, err))
		return false;
	json_t *object = parse(text);
	if (object == NULL)
		return true;
	*account = (struct store_account){
		.account_id = text_of(c->arena, object, "account_id"),
		.zoom_email = text_of(c->arena, object, "zoom_email"),
		.connected_by = text_of(c->arena, object, "connected_by"),
	};
	json_decref(object);
	return arena_ok(c->arena, err);
}

bool store_save_account(
    struct ctx *c, const struct store_account *account, struct err *err)
{
	return save(c, S(ACCOUNT_KEY),
	    dump(c->arena, json_pack("{s:o,s:o,s:o}", "account_id",
	                       json_text(account->account_id), "zoom_email",
	                       json_text(account->zoom_email), "connected_by",
	                       json_text(account->connected_by))),
	    0, err);
}

/* ---- authorisation states ------------------------------------------------------------ */

static struct str state_key(struct ctx *c, struct str user_id)
{
	return arena_printf(c->arena, "zoomuserstate_%.*s", STR_ARG(user_id));
}

static bool random_text(char out[STATE_RANDOM + 1], struct err *err)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	unsigned char bytes[STATE_RANDOM];
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return err_set(err, ERR_IO, "no random numbers");
	for (int i = 0; i < STATE_RANDOM; i++)
		out[i] = letters[bytes[i] % 64];
	out[STATE_RANDOM] = '\0';
	return true;
}

bool store_new_state(struct ctx *c, struct str user_id, struct str channel_id,
    bool only_connect, struct store_state *state, struct err *err)
{
	char random[STATE_RANDOM + 1];
	if (!random_text(random, err))
		return false;
	*state = (struct store_state){
		.text = arena_printf(c->arena, "%s_%.*s_%.*s_%s", random,
		    STR_ARG(user_id), STR_ARG(channel_id),
		    only_connect ? "true" : "false"),
		.user_id = user_id,
		.channel_id = channel_id,
		.only_connect = only_connect,
	};
	return save(c, state_key(c, user_id), state->text, STORE_STATE_S, err);
}

static void split_state(struct str text, struct store_state *state)
{
	struct str random, rest, last;
	*state = (struct store_state){ .text = text };
	str_cut(text, '_', &random, &rest);
	str_cut(rest, '_', &state->user_id, &rest);
	str_cut(rest, '_', &state->channel_id, &last);
	state->only_connect = !str_eq(last, S("false"));
}

bool store_load_state(struct ctx *c, struct str user_id,
    struct store_state *state, struct err *err)
{
	struct str text;
	if (!load(c, state_key(c, user_id), &text, err))
		return false;
	split_state(text, state);
	return true;
}

bool store_use_state(struct ctx *c, struct str user_id, struct str text,
    struct store_state *state, struct err *err)
{
	bool deleted = false;
	struct str key = state_key(c, user_id);
	if (!store_load_state(c, user_id, state, err))
		return false;
	bool same = state->text.len > 0 && str_eq(state->user_id, user_id) &&
	            str_eq_constant_time(state->text, text);
	if (!same) {
		*state = (struct store_state){ 0 };
		return true;
	}
	/* of two that come at once, one deletes it */
	if (!mm_kv_compare_and_delete(
	        c->mm, c->arena, key, state->text, &deleted, err))
		return false;
	if (!deleted)
		*state = (struct store_state){ 0 };
	return true;
}

/* ---- meetings --------------------------------------------------------------------------- */

static struct str post_key(struct ctx *c, struct str uuid)
{
	return arena_printf(c->arena, "post_meeting_%.*s",
	    STR_ARG(zoom_path_escape(c->arena, uuid)));
}

bool store_save_meeting_post(
    struct ctx *c, struct str uuid, struct str post_id, struct err *err)
{
	if (uuid.len == 0)
		return true;
	return save(c, post_key(c, uuid), post_id, STORE_MEETING_S, err);
}

bool store_load_meeting_post(
    struct ctx *c, struct str uuid, struct str *post_id, struct err *err)
{
	*post_id = (struct str){ NULL, 0 };
	if (uuid.len == 0)
		return true;
	return load(c, post_key(c, uuid), post_id, err);
}

static struct str channel_key(struct ctx *c, int64_t meeting_id)
{
	return arena_printf(
	    c->arena, "meeting_channel_%lld", (long long)meeting_id);
}

bool store_save_meeting_channel(struct ctx *c, int64_t meeting_id,
    const struct store_channel *channel, struct err *err)
{
	struct str json =
	    dump(c->arena, json_pack("{s:o,s:b,s:o}", "channel_id",
	                       json_text(channel->channel_id),
	                       "is_subscription", channel->is_subscription,
	                       "created_by", json_text(channel->created_by)));
	return save(c, channel_key(c, meeting_id), json,
	    channel->is_subscription ? 0 : STORE_MEETING_S, err);
}

bool store_load_meeting_channel(struct ctx *c, int64_t meeting_id,
    struct store_channel *channel, struct err *err)
{
	struct str text;
	*channel = (struct store_channel){ 0 };
	if (!load(c, channel_key(c, meeting_id), &text, err))
		return false;
	json_t *object = parse(text);
	if (object == NULL)
		return true;
	*channel = (struct store_channel){
		.channel_id = text_of(c->arena, object, "channel_id"),
		.created_by = text_of(c->arena, object, "created_by"),
		.is_subscription =
		    json_is_true(json_object_get(object, "is_subscription")),
	};
	json_decref(object);
	return arena_ok(c->arena, err);
}

bool store_load_channel_preference(struct ctx *c, struct str channel_id,
    struct str *preference, struct err *err)
{
	struct str text;
	*preference = (struct str){ NULL, 0 };
	if (!load(c, S(CHANNELS_KEY), &text, err))
		return false;
	json_t *object = parse(text);
	*preference = text_of(c->arena,
	    json_object_get(object, str_c(arena_str(c->arena, channel_id))),
	    "Preference");
	json_decref(object);
	return arena_ok(c->arena, err);
}
