#include "plugin/grant.h"

#include "plugin/keyring.h"
#include "plugin/store.h"
#include "plugin/vault.h"
#include "zoom/time.h"

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

static struct zoom_token read_token(struct arena *a, const json_t *object)
{
	struct zoom_token token = {
		.access_token = js_text(a, object, "access_token"),
		.token_type = js_text(a, object, "token_type"),
		.refresh_token = js_text(a, object, "refresh_token"),
		.scope = js_text(a, object, "scope"),
	};
	/* year 1 comes out negative: never */
	if (!zoom_time_parse(js_text(a, object, "expiry"), &token.expires_ms) ||
	    token.expires_ms < 0)
		token.expires_ms = 0;
	return token;
}

/* ---- loading ------------------------------------------------------------------- */

/* The JSON behind a stored value, sealed or not. Owned. */
static json_t *open_json(struct ctx *c, struct str key, struct str raw,
    bool *is_former, struct err *err)
{
	struct str text = raw;
	*is_former = false;
	if (vault_is_sealed(raw) &&
	    !keyring_open(c, key, raw, &text, is_former, err))
		return NULL;
	json_t *object = js_parse(text);
	if (object == NULL)
		err_set(err, ERR_INVALID, "stored token is damaged");
	return object;
}

/* The Go predecessor encrypted a user's access token, and only that. */
static bool open_old_token(struct ctx *c, struct grant *g, struct err *err)
{
	struct str *access = &g->token.access_token;
	return access->len == 0 ||
	       keyring_open_old(c, *access, access, &g->is_former, err);
}

static bool read_user_grant(
    struct ctx *c, const json_t *object, struct grant *g, struct err *err)
{
	g->zoom_id = js_text(c->arena, object, "ZoomID");
	g->zoom_email = js_text(c->arena, object, "ZoomEmail");
	g->connected_ms =
	    json_integer_value(json_object_get(object, "connected"));
	g->token = read_token(c->arena, json_object_get(object, "OAuthToken"));
	return arena_ok(c->arena, err) &&
	       (vault_is_sealed(g->raw) || open_old_token(c, g, err));
}

struct str grant_owner(struct ctx *c, struct str user_id)
{
	return c->config->account_level_app ? S("") : user_id;
}

void grant_expect(struct ctx *c, struct str user_id)
{
	store_expect(c, token_key(c, grant_owner(c, user_id)));
}

bool grant_load(
    struct ctx *c, struct str user_id, struct grant *grant, struct err *err)
{
	return grant_load_of(c, grant_owner(c, user_id), grant, err);
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
	json_t *object = open_json(c, key, grant->raw, &grant->is_former, err);
	if (object == NULL)
		return false;
	bool done = true;
	grant->is_old = grant->is_former || !vault_is_sealed(grant->raw);
	if (user_id.len > 0)
		done = read_user_grant(c, object, grant, err);
	else
		grant->token = read_token(c->arena, object);
	json_decref(object);
	return done && arena_ok(c->arena, err);
}

/* Whose it is, by the index; empty: nobody's. */
static bool find_user(
    struct ctx *c, struct str zoom_id, struct str *user_id, struct err *err)
{
	struct str raw;
	bool is_former;
	struct str key = index_key(c, zoom_id);
	*user_id = (struct str){ NULL, 0 };
	if (!store_get(c, key, &raw, err))
		return false;
	if (raw.len == 0)
		return true;
	json_t *object = open_json(c, key, raw, &is_former, err);
	if (object == NULL)
		return false;
	*user_id = js_text(c->arena, object, "UserID");
	json_decref(object);
	return arena_ok(c->arena, err);
}

bool grant_find(
    struct ctx *c, struct str zoom_id, struct grant *grant, struct err *err)
{
	struct str user_id;
	struct err why = { 0 };
	*grant = (struct grant){ 0 };
	if (!find_user(c, zoom_id, &user_id, err))
		return false;
	if (user_id.len == 0)
		return true;
	bool read = grant_load_of(c, user_id, grant, &why);
	if (!read && grant->raw.len == 0)
		return err_set(err, why.code, "%s", why.text);
	if (!read)
		*grant =
		    (struct grant){ .user_id = user_id, .raw = grant->raw };
	else if (grant->raw.len > 0 && !str_eq(grant->zoom_id, zoom_id))
		*grant = (struct grant){ 0 }; /* the index has outlived it */
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
	json_t *connected =
	    token == NULL ? NULL : json_integer(g->connected_ms);
	return json_pack("{s:o,s:o,s:o,s:o*,s:o*}", "ZoomEmail",
	    js_string(g->zoom_email), "ZoomID", js_string(g->zoom_id), "UserID",
	    js_string(g->user_id), "connected", connected, "OAuthToken", token);
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

bool grant_leave(
    struct ctx *c, const struct grant *g, struct str zoom_id, struct err *err)
{
	return g->zoom_id.len == 0 || str_eq(g->zoom_id, zoom_id) ||
	       store_delete(c, index_key(c, g->zoom_id), err);
}
