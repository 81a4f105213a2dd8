/*
 * The token endpoint. Credentials travel in the Basic header, the rest as a
 * form. Everything secret that is put together here is overwritten before
 * the function returns.
 */
#include "zoom/oauth.h"

#include "base/clock.h"

#include "zoom/ask.h"
#include "zoom/escape.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>

/* Longer than any token of Zoom's lives; above it expires_in is nonsense. */
#define LONGEST_LIFE_S ((int64_t)20 * 365 * 24 * 3600)

struct answer {
	struct zoom_token token;
	int64_t expires_in; /* seconds */
};

static const struct zoom_json_field fields[] = {
	{ STR("access_token"), ZOOM_JSON_TEXT,
	    offsetof(struct answer, token.access_token) },
	{ STR("token_type"), ZOOM_JSON_TEXT,
	    offsetof(struct answer, token.token_type) },
	{ STR("refresh_token"), ZOOM_JSON_TEXT,
	    offsetof(struct answer, token.refresh_token) },
	{ STR("scope"), ZOOM_JSON_TEXT, offsetof(struct answer, token.scope) },
	{ STR("expires_in"), ZOOM_JSON_INT,
	    offsetof(struct answer, expires_in) },
};

static const struct zoom_json_table table = {
	.fields = fields,
	.n_fields = sizeof(fields) / sizeof(fields[0]),
};

struct str zoom_oauth_authorize_url(struct arena *a,
    const struct zoom_settings *settings, struct str redirect_uri,
    struct str state)
{
	struct str base = zoom_base_url(settings->web_url);
	struct str id = zoom_form_escape(a, settings->client_id);
	struct str redirect = zoom_form_escape(a, redirect_uri);
	struct str escaped = zoom_form_escape(a, state);
	return arena_printf(a,
	    "%.*s/oauth/authorize?response_type=code&client_id=%.*s"
	    "&redirect_uri=%.*s&state=%.*s",
	    STR_ARG(base), STR_ARG(id), STR_ARG(redirect), STR_ARG(escaped));
}

static struct str base64(struct arena *a, struct str text)
{
	unsigned char *out = arena_alloc(a, (text.len + 2) / 3 * 4 + 1);
	if (out == NULL)
		return (struct str){ NULL, 0 };
	int n = EVP_EncodeBlock(
	    out, (const unsigned char *)str_c(text), (int)text.len);
	return str_n((const char *)out, (size_t)n);
}

/* Both parts are form-encoded before they are joined. Source: RFC 6749 2.3.1 */
static struct str basic_credentials(
    struct arena *a, const struct zoom_settings *settings)
{
	struct str id = zoom_form_escape(a, settings->client_id);
	struct str secret = zoom_form_escape(a, settings->client_secret);
	struct str pair =
	    arena_printf(a, "%.*s:%.*s", STR_ARG(id), STR_ARG(secret));
	struct str coded = base64(a, pair);
	struct str header = arena_printf(a, "Basic %.*s", STR_ARG(coded));
	zoom_wipe(secret);
	zoom_wipe(pair);
	zoom_wipe(coded);
	return header;
}

/* Send something as the app itself. */
static bool send_as_app(struct zoom_call *call, struct str url,
    const char *content_type, struct str body, struct answer *answer,
    struct err *err)
{
	const struct zoom_settings *settings = call->settings;
	struct zoom_ask ask = {
		.url = url,
		.authorization = basic_credentials(call->arena, settings),
		.content_type = content_type,
		.body = body,
		.expect = 200,
		.oauth = true,
		.table = answer == NULL ? NULL : &table,
	};
	call->answer = (struct zoom_answer){ .status = 0 };
	bool ok =
	    settings->client_id.len > 0 && settings->client_secret.len > 0;
	if (!ok)
		err_set(err, ERR_INVALID, "no client id or client secret");
	ok = ok && zoom_ask(call, &ask, answer, err);
	zoom_wipe(ask.authorization);
	return ok;
}

/* Send a form to the web address; the form is wiped. */
static bool send_form(struct zoom_call *call, const char *path, struct str form,
    struct answer *answer, struct err *err)
{
	struct str base = zoom_base_url(call->settings->web_url);
	bool ok = send_as_app(call,
	    arena_printf(call->arena, "%.*s%s", STR_ARG(base), path),
	    "application/x-www-form-urlencoded", form, answer, err);
	zoom_wipe(form);
	return ok;
}

static bool fetch_token(struct zoom_call *call, struct str form,
    struct zoom_token *token, struct err *err)
{
	struct answer answer = { .expires_in = 0 };
	int64_t asked_ms = clock_wall_ms();
	*token = (struct zoom_token){ .expires_ms = 0 };
	call->op = ZOOM_OP_TOKEN;
	if (!send_form(call, "/oauth/token", form, &answer, err))
		return false;
	if (answer.token.access_token.len == 0) {
		call->answer.verdict = ZOOM_UNKNOWN;
		return err_set(err, ERR_PROTOCOL, "Zoom sent no access token");
	}
	*token = answer.token;
	if (token->token_type.len == 0)
		token->token_type = S("bearer");
	if (answer.expires_in > 0 && answer.expires_in < LONGEST_LIFE_S)
		token->expires_ms = asked_ms + answer.expires_in * 1000;
	return true;
}

bool zoom_oauth_exchange(struct zoom_call *call, struct str code,
    struct str redirect_uri, struct zoom_token *token, struct err *err)
{
	struct str escaped = zoom_form_escape(call->arena, code);
	struct str redirect = zoom_form_escape(call->arena, redirect_uri);
	struct str form = arena_printf(call->arena,
	    "grant_type=authorization_code&code=%.*s&redirect_uri=%.*s",
	    STR_ARG(escaped), STR_ARG(redirect));
	zoom_wipe(escaped);
	return fetch_token(call, form, token, err);
}

bool zoom_oauth_refresh(struct zoom_call *call, struct str refresh_token,
    struct zoom_token *token, struct err *err)
{
	struct str escaped = zoom_form_escape(call->arena, refresh_token);
	struct str form = arena_printf(call->arena,
	    "grant_type=refresh_token&refresh_token=%.*s", STR_ARG(escaped));
	zoom_wipe(escaped);
	if (!fetch_token(call, form, token, err))
		return false;
	if (token->refresh_token.len == 0)
		token->refresh_token = arena_str(call->arena, refresh_token);
	return arena_ok(call->arena, err);
}

bool zoom_oauth_revoke(
    struct zoom_call *call, struct str token, struct err *err)
{
	struct str escaped = zoom_form_escape(call->arena, token);
	struct str form =
	    arena_printf(call->arena, "token=%.*s", STR_ARG(escaped));
	zoom_wipe(escaped);
	call->op = ZOOM_OP_REVOKE;
	return send_form(call, "/oauth/revoke", form, NULL, err);
}

/* Beside the API, not below its version. */
static struct str compliance_url(struct zoom_call *call)
{
	struct str scheme, host, path;
	struct str rest = call->settings->api_url;
	str_cut(rest, ':', &scheme, &rest);
	str_cut(str_sub(rest, 2, rest.len), '/', &host, &path);
	return arena_printf(call->arena, "%.*s://%.*s/oauth/data/compliance",
	    STR_ARG(scheme), STR_ARG(host));
}

bool zoom_oauth_report_compliance(
    struct zoom_call *call, const struct zoom_event *event, struct err *err)
{
	struct str id = call->settings->client_id;
	json_t *object = json_pack(
	    "{s:s%,s:s%,s:s%,s:b,s:{s:s%,s:s%,s:s%,s:s%,s:s%,s:s%}}",
	    "client_id", str_c(id), id.len, "user_id", str_c(event->user_id),
	    event->user_id.len, "account_id", str_c(event->account_id),
	    event->account_id.len, "compliance_completed", 1,
	    "deauthorization_event_received", "user_data_retention",
	    str_c(event->user_data_retention), event->user_data_retention.len,
	    "account_id", str_c(event->account_id), event->account_id.len,
	    "user_id", str_c(event->user_id), event->user_id.len, "signature",
	    str_c(event->signature), event->signature.len,
	    "deauthorization_time", str_c(event->deauthorization_time),
	    event->deauthorization_time.len, "client_id",
	    str_c(event->client_id), event->client_id.len);
	char *json = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (json == NULL)
		return err_set(err, ERR_NO_MEMORY, "compliance report");
	call->op = ZOOM_OP_COMPLIANCE;
	bool ok = send_as_app(call, compliance_url(call), "application/json",
	    str_from(json), NULL, err);
	free(json);
	return ok;
}

void zoom_token_wipe(struct zoom_token *token)
{
	zoom_wipe(token->access_token);
	zoom_wipe(token->refresh_token);
	*token = (struct zoom_token){ .expires_ms = 0 };
}
