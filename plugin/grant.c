#include "plugin/grant.h"

#include "plugin/keyring.h"
#include "plugin/store.h"
#include "plugin/vault.h"
#include "zoom/json.h"

#include <time.h>

#define ACCOUNT_KEY "zoomSuperUserToken_"

static struct str token_key(struct ctx *c, struct str user_id)
{
	if (user_id.len == 0)
		return S(ACCOUNT_KEY);
	return arena_printf(c->arena, "zoomtoken_%.*s", STR_ARG(user_id));
}

static struct str index_key(struct ctx *c, struct str zoom_id)
{
	return arena_printf(
	    c->arena, "zoomtokenbyzoomid_%.*s", STR_ARG(zoom_id));
}

/* ---- tokens as JSON --------------------------------------------------------- */

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

static json_t *token_json(struct ctx *c, const struct zoom_token *token)
{
	struct str expiry = time_text(c->arena, token->expires_ms);
	return json_pack("{s:o,s:o,s:o,s:o,s:o}", "access_token",
	    js_string(token->access_token), "token_type",
	    js_string(token->token_type), "refresh_token",
	    js_string(token->refresh_token), "expiry", js_string(expiry),
	    "scope", js_string(token->scope));
}

/* The rows of a token at `at` in the JSON and in the struct. */
#define TOKEN_FIELDS(at, offset)                                               \
 { at "access_token", ZOOM_JSON_TEXT,                                          \
	 (offset) + offsetof(struct zoom_token, access_token) },               \
     { at "token_type", ZOOM_JSON_TEXT,                                        \
	     (offset) + offsetof(struct zoom_token, token_type) },             \
     { at "refresh_token", ZOOM_JSON_TEXT,                                     \
	     (offset) + offsetof(struct zoom_token, refresh_token) },          \
     { at "scope", ZOOM_JSON_TEXT,                                             \
	     (offset) + offsetof(struct zoom_token, scope) },                  \
 {                                                                             \
  at "expiry", ZOOM_JSON_TIME,                                                 \
      (offset) + offsetof(struct zoom_token, expires_ms)                       \
 }

static const struct zoom_json_field account_fields[] = {
	TOKEN_FIELDS("", offsetof(struct grant, token)),
};

static const struct zoom_json_field user_fields[] = {
	{ "ZoomID", ZOOM_JSON_TEXT, offsetof(struct grant, zoom_id) },
	{ "ZoomEmail", ZOOM_JSON_TEXT, offsetof(struct grant, zoom_email) },
	TOKEN_FIELDS("OAuthToken.", offsetof(struct grant, token)),
};

static const struct zoom_json_field index_fields[] = {
	{ "UserID", ZOOM_JSON_TEXT, offsetof(struct grant, user_id) },
};

#define TABLE(rows)                                                            \
 {                                                                             \
  .fields = (rows), .n_fields = sizeof(rows) / sizeof((rows)[0])               \
 }
static const struct zoom_json_table account_table = TABLE(account_fields);
static const struct zoom_json_table user_table = TABLE(user_fields);
static const struct zoom_json_table index_table = TABLE(index_fields);

/* ---- loading ------------------------------------------------------------------- */

/* What the JSON behind a stored value says, sealed or not. */
static bool open_json(struct ctx *c, struct str key,
    const struct zoom_json_table *table, struct grant *g, struct err *err)
{
	struct str text = g->raw;
	struct err why = { 0 };
	if (vault_is_sealed(g->raw) &&
	    !keyring_open(c, key, g->raw, &text, &g->is_former, err))
		return false;
	if (zoom_json_read(c->arena, text, table, g, &why))
		return true;
	return arena_ok(c->arena, err) &&
	       err_set(err, ERR_INVALID, "stored token is damaged");
}

/* The Go predecessor encrypted a user's access token, and only that. */
static bool open_old_token(struct ctx *c, struct grant *g, struct err *err)
{
	struct str *access = &g->token.access_token;
	return access->len == 0 ||
	       keyring_open_old(c, *access, access, &g->is_former, err);
}

bool grant_load(
    struct ctx *c, struct str user_id, struct grant *grant, struct err *err)
{
	return grant_load_of(
	    c, c->config->account_level_app ? S("") : user_id, grant, err);
}

bool grant_load_of(
    struct ctx *c, struct str user_id, struct grant *grant, struct err *err)
{
	*grant = (struct grant){ .user_id = user_id };
	struct str key = token_key(c, user_id);
	if (!store_get(c, key, &grant->raw, err))
		return false;
	if (grant->raw.len == 0)
		return true;
	if (!open_json(c, key, user_id.len > 0 ? &user_table : &account_table,
	        grant, err))
		return false;
	grant->is_old = grant->is_former || !vault_is_sealed(grant->raw);
	/* year 1 comes out negative: never */
	if (grant->token.expires_ms < 0)
		grant->token.expires_ms = 0;
	return user_id.len == 0 || vault_is_sealed(grant->raw) ||
	       open_old_token(c, grant, err);
}

bool grant_find(
    struct ctx *c, struct str zoom_id, struct str *user_id, struct err *err)
{
	struct grant found = { .user_id = { NULL, 0 } };
	struct str key = index_key(c, zoom_id);
	*user_id = (struct str){ NULL, 0 };
	if (!store_get(c, key, &found.raw, err))
		return false;
	if (found.raw.len > 0 && !open_json(c, key, &index_table, &found, err))
		return false;
	*user_id = found.user_id;
	return true;
}

/* ---- saving ----------------------------------------------------------------------- */

static bool seal(struct ctx *c, struct str key, json_t *object,
    struct str *sealed, struct err *err)
{
	struct str json = js_dump(c->arena, object);
	return arena_ok(c->arena, err) &&
	       keyring_seal(c, key, json, sealed, err);
}

/* token: NULL in the index; stolen. */
static json_t *user_json(const struct grant *g, json_t *token)
{
	return json_pack("{s:o,s:o,s:o,s:o*}", "ZoomEmail",
	    js_string(g->zoom_email), "ZoomID", js_string(g->zoom_id), "UserID",
	    js_string(g->user_id), "OAuthToken", token);
}

static bool save_index(struct ctx *c, const struct grant *g, struct err *err)
{
	struct str sealed;
	if (g->zoom_id.len == 0)
		return true;
	struct str key = index_key(c, g->zoom_id);
	return seal(c, key, user_json(g, NULL), &sealed, err) &&
	       store_put(c, key, sealed, 0, err);
}

bool grant_save(struct ctx *c, const struct grant *g, const struct str *former,
    bool *saved, struct err *err)
{
	struct str sealed;
	struct str key = token_key(c, g->user_id);
	json_t *token = token_json(c, &g->token);
	json_t *object = g->user_id.len == 0 ? token : user_json(g, token);
	*saved = false;
	if (!seal(c, key, object, &sealed, err))
		return false;
	if (former != NULL)
		return store_swap(c, key, *former, sealed, saved, err);
	*saved = (g->user_id.len == 0 || save_index(c, g, err)) &&
	         store_put(c, key, sealed, 0, err);
	return *saved;
}

bool grant_confirm(
    struct ctx *c, const struct grant *g, bool *current, struct err *err)
{
	return store_swap(
	    c, token_key(c, g->user_id), g->raw, g->raw, current, err);
}

bool grant_renew(struct ctx *c, const struct grant *g, struct err *err)
{
	bool saved;
	return (g->user_id.len == 0 || save_index(c, g, err)) &&
	       grant_save(c, g, &g->raw, &saved, err);
}

bool grant_remove(
    struct ctx *c, const struct grant *g, bool *removed, struct err *err)
{
	*removed = false;
	if (!mm_kv_compare_and_delete(c->mm, c->arena, token_key(c, g->user_id),
	        g->raw, removed, err))
		return false;
	return !*removed || g->user_id.len == 0 || g->zoom_id.len == 0 ||
	       store_delete(c, index_key(c, g->zoom_id), err);
}
