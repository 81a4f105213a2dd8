#include "tests/lib/world.h"

#include "plugin/grant.h"
#include "plugin/js.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define ARENA_MAX ((size_t)64 * 1024 * 1024)

static void populate(struct host *h)
{
	host_adds_user(
	    h, ADMIN, "root", "root@example.com", "system_user system_admin");
	host_adds_user(h, ADA, "ada", "ada@example.com", "system_user");
	host_adds_user(h, SAM, "sam", "sam+x@example.com", "system_user");
	host_adds_user(h, EVE, "eve", "eve@example.com", "system_user");
	host_adds_channel(h, TALK, "O");
	host_adds_channel(h, TEAM, "P");
	host_adds_channel(h, OLD, "O");
	host_adds_channel(h, READ, "O");
	h->channels[2].delete_at = 1;
	host_adds_member(h, TALK, ADMIN, true);
	host_adds_member(h, TALK, ADA, true);
	host_adds_member(h, TALK, SAM, true);
	host_adds_member(h, TEAM, ADA, true);
	host_adds_member(h, OLD, ADA, true);
	host_adds_member(h, READ, ADA, false);
	host_stores(h, "zoomUserPreference_" ADMIN, S("\"false\""));
	host_stores(h, "zoomUserPreference_" ADA, S("\"false\""));
	host_stores(h, "zoomUserPreference_" SAM, S("\"false\""));
}

/* One setting, or what the test wants in its place. */
static struct str setting(struct arena *a, const char *present,
    const char *value, const char *name, const char *json)
{
	bool replaced = name != NULL && strcmp(name, present) == 0;
	return arena_printf(a, "\"%s\":%s", present, replaced ? json : value);
}

static void write_settings(struct world *w, const char *name, const char *json)
{
	const char *const rows[][2] = {
		{ "ZoomURL", NULL },
		{ "ZoomAPIURL", NULL },
		{ "AccountLevelApp", "true" },
		{ "OAuthClientID", "\"client-id\"" },
		{ "OAuthClientSecret", "\"" CLIENT_SECRET "\"" },
		{ "EncryptionKey", "\"" ENCRYPTION_KEY "\"" },
		{ "WebhookSecret", "\"" WEBHOOK_SECRET "\"" },
		{ "ZoomWebhookSecret", "\"" SECRET_TOKEN "\"" },
		{ "RequireVerifiedEmail", "false" },
		{ "RestrictMeetingCreation", "false" },
		{ "EnablePostingRecordingPassword", "false" },
	};
	struct str text = S("");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = rows[i][1];
		if (value == NULL)
			value = str_c(arena_printf(&w->arena, "\"%s%s\"",
			    https_url(w->zoom), i == 0 ? "" : "/v2/"));
		struct str one =
		    setting(&w->arena, rows[i][0], value, name, json);
		text = arena_printf(&w->arena, "%.*s%s%.*s", STR_ARG(text),
		    i == 0 ? "" : ",", STR_ARG(one));
	}
	snprintf(w->settings, sizeof(w->settings), "{%.*s}", STR_ARG(text));
	pthread_mutex_lock(&w->host.lock);
	w->host.settings = str_from(w->settings);
	pthread_mutex_unlock(&w->host.lock);
}

void world_start_with(struct world *w, const char *name, const char *json)
{
	memset(w, 0, sizeof(*w));
	arena_init(&w->arena, ARENA_MAX);
	w->zoom = https_start();
	https_trust(w->zoom);
	ck_assert_msg(zoom_global_init(&w->err), "%s", w->err.text);
	ck_assert_msg(plugin_init(&w->plugin, &w->err), "%s", w->err.text);
	const struct mm_plugin_def def = plugin_def(&w->plugin);
	host_start(&w->host, &def);
	populate(&w->host);
	write_settings(w, name, json);
	host_activates(&w->host);
}

void world_start(struct world *w)
{
	world_start_with(w, NULL, NULL);
}

void world_stop(struct world *w)
{
	host_stop(&w->host);
	plugin_fini(&w->plugin);
	https_stop(w->zoom);
	arena_fini(&w->arena);
	zoom_global_fini();
}

void world_configures(struct world *w, const char *name, const char *json)
{
	struct mm_hook_on_configuration_change_returns ret = { 0 };
	write_settings(w, name, json);
	ck_assert_msg(host_calls(&w->host, "Plugin.OnConfigurationChange", NULL,
	                  &ret, &w->err),
	    "%s", w->err.text);
	ck_assert_ptr_null(ret.error.type);
}

void world_prefers(struct world *w, const char *user_id, const char *word)
{
	struct str key =
	    arena_printf(&w->arena, "zoomUserPreference_%s", user_id);
	struct str value = arena_printf(&w->arena, "\"%s\"", word);
	host_stores(
	    &w->host, str_c(key), *word == '\0' ? (struct str){ 0 } : value);
}

struct ctx world_ctx(struct world *w)
{
	struct mm_call call = { &w->host.plugin, &w->arena, &w->plugin };
	return ctx_begin(&w->plugin, &call);
}

void world_loses_key(struct world *w)
{
	world_configures(w, "EncryptionKey", "\"\"");
	world_configures(w, "EncryptionKey", "\"" OTHER_KEY "\"");
}

void world_connects_for(struct world *w, int64_t ms)
{
	struct ctx c = world_ctx(w);
	bool saved;
	const struct grant grant = { .token = {
		                         .access_token = S(ACCESS),
		                         .token_type = S("bearer"),
		                         .refresh_token = S(REFRESH),
		                         .scope = S("meeting:write"),
		                         .expires_ms = clock_wall_ms() + ms,
		                     } };
	ck_assert_msg(
	    grant_save(&c, &grant, NULL, &saved, &w->err), "%s", w->err.text);
	ck_assert(saved);
	ctx_end(&c);
}

void world_connects(struct world *w)
{
	world_connects_for(w, (int64_t)3600 * 1000);
}

const char *world_types(
    struct world *w, const char *user_id, const char *command)
{
	struct mm_context context = { .session_id = S("session") };
	struct mm_command_args typed = {
		.user_id = str_from(user_id),
		.channel_id = S(TALK),
		.connection_id = S("tab"),
		.command = str_from(command),
	};
	const struct mm_hook_execute_command_args args = { &context, &typed };
	struct mm_hook_execute_command_returns ret = { 0 };
	size_t before = host_n_called(&w->host, MM_API_SEND_EPHEMERAL_POST);
	ck_assert_msg(
	    host_calls(&w->host, "Plugin.ExecuteCommand", &args, &ret, &w->err),
	    "%s", w->err.text);
	ck_assert_ptr_null(ret.app_error);
	if (host_n_called(&w->host, MM_API_SEND_EPHEMERAL_POST) == before)
		return "";
	return host_last_told(&w->host);
}

int world_posts(
    struct world *w, const char *user_id, const char *url, struct str body)
{
	struct host_answer answer;
	ck_assert_msg(host_http(&w->host,
	                  &(struct host_request){
	                      .method = "POST",
	                      .url = url,
	                      .user_id = user_id,
	                      .headers = "Content-Type: application/json\n",
	                      .body = body,
	                  },
	                  &answer),
	    "%s", answer.err.text);
	int status = answer.status;
	snprintf(w->answer, sizeof(w->answer), "%s", host_body(&answer));
	host_answer_fini(&answer);
	return status;
}

/* ---- buttons ------------------------------------------------------------------- */

const struct mm_message_attachment *world_offer(struct world *w)
{
	size_t n = host_n_called(&w->host, MM_API_SEND_EPHEMERAL_POST);
	while (n > 0) {
		const struct mm_send_ephemeral_post_args *args =
		    host_args(&w->host, MM_API_SEND_EPHEMERAL_POST, --n);
		const struct gob_any *any =
		    gob_any_map_get(&args->post->props, S("attachments"));
		if (any == NULL)
			continue;
		const struct mm_message_attachment_slice *list = any->value;
		ck_assert_uint_eq(list->n, 1);
		return &list->items[0];
	}
	ck_abort_msg("nothing with buttons was shown");
}

const struct mm_post_action *world_button(struct world *w, const char *id)
{
	const struct mm_message_attachment *offer = world_offer(w);
	for (size_t i = 0; i < offer->actions.n; i++) {
		if (str_eq(offer->actions.items[i].id, str_from(id)))
			return &offer->actions.items[i];
	}
	ck_abort_msg("no button %s", id);
}

int world_presses(struct world *w, const char *user_id, const char *id)
{
	const struct mm_post_action *button = world_button(w, id);
	const struct gob_any_map *context = &button->integration->context;
	json_t *object = json_object();
	for (size_t i = 0; i < context->n; i++) {
		const struct gob_any *value = &context->items[i].value;
		bool flag = str_eq(value->name, S("bool"));
		json_object_set_new(object, str_c(context->items[i].key),
		    flag ? json_boolean(gob_any_get_bool(value))
		         : json_string(str_c(gob_any_get_string(value))));
	}
	struct str body =
	    js_dump(&w->arena, json_pack("{s:s,s:s,s:o}", "post_id", "offer",
	                           "user_id", user_id, "context", object));
	struct str url = button->integration->url;
	ck_assert(str_has_prefix(url, S(PLUGIN_PATH)));
	return world_posts(
	    w, user_id, url.data + sizeof(PLUGIN_PATH) - 1, body);
}

const char *world_link(struct world *w)
{
	return str_c(arena_printf(&w->arena, "%s/j/%lld?pwd=s1m.1",
	    https_url(w->zoom), (long long)MEETING_ID));
}

const char *world_meeting(struct world *w)
{
	snprintf(w->meeting, sizeof(w->meeting),
	    "{\"uuid\":\"" MEETING_UUID "\",\"id\":%lld,"
	    "\"topic\":\"Zoom Meeting\",\"type\":1,"
	    "\"start_url\":\"%s/s/1?zak=start-url-secret\","
	    "\"join_url\":\"%s\"}",
	    (long long)MEETING_ID, https_url(w->zoom), world_link(w));
	return w->meeting;
}

/* ---- webhooks ------------------------------------------------------------------ */

struct str world_signature(
    struct arena *a, const char *secret, const char *timestamp, struct str body)
{
	unsigned char mac[32];
	char hex[65];
	unsigned n = 0;
	struct str text =
	    arena_printf(a, "v0:%s:%.*s", timestamp, STR_ARG(body));
	HMAC(EVP_sha256(), secret, (int)strlen(secret),
	    (const unsigned char *)text.data, text.len, mac, &n);
	for (size_t i = 0; i < sizeof(mac); i++)
		snprintf(hex + 2 * i, 3, "%02x", mac[i]);
	return arena_printf(a, "v0=%s", hex);
}

int world_delivers(struct world *w, const char *event)
{
	struct host_answer answer;
	char now[32];
	struct str body = str_from(event);
	snprintf(now, sizeof(now), "%lld", (long long)clock_wall_ms() / 1000);
	struct str signature =
	    world_signature(&w->arena, SECRET_TOKEN, now, body);
	struct str headers = arena_printf(&w->arena,
	    "Content-Type: application/json; charset=utf-8\n"
	    "X-Zm-Request-Timestamp: %s\nX-Zm-Signature: %.*s\n",
	    now, STR_ARG(signature));
	ck_assert_msg(host_http(&w->host,
	                  &(struct host_request){
	                      .url = "/webhook?secret=" WEBHOOK_SECRET,
	                      .headers = str_c(headers),
	                      .body = body,
	                  },
	                  &answer),
	    "%s", answer.err.text);
	int status = answer.status;
	host_answer_fini(&answer);
	return status;
}

const char *world_event(struct world *w, const char *event, const char *id,
    const char *uuid, const char *more)
{
	return str_c(arena_printf(&w->arena,
	    "{\"event\":\"%s\",\"event_ts\":%lld,\"payload\":{\"object\":"
	    "{\"id\":%s,\"uuid\":\"%s\",\"topic\":\"T\"%s}}}",
	    event, (long long)clock_wall_ms(), id, uuid, more));
}
