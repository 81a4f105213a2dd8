#include "plugin/config.h"

#include "plugin/lang.h"
#include "plugin/url.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ZOOM_URL     "https://zoom.us"
#define DEFAULT_ZOOM_API_URL "https://api.zoom.us/v2"

/* Settings are a few lines of text. */
#define MEMORY_MAX ((size_t)256 * 1024)

#define MAX_PROBLEMS 16

enum setting_kind { SETTING_TEXT, SETTING_BOOL };

struct setting {
	const char *name; /* as in plugin.json */
	enum setting_kind kind;
	size_t offset;
	const char *required; /* what to do when it is empty, or NULL */
};

static const struct setting settings[] = {
	{ "ZoomURL", SETTING_TEXT, offsetof(struct config, zoom_url), NULL },
	{ "ZoomAPIURL", SETTING_TEXT, offsetof(struct config, zoom_api_url),
	    NULL },
	{ "AccountLevelApp", SETTING_BOOL,
	    offsetof(struct config, account_level_app), NULL },
	{ "OAuthClientID", SETTING_TEXT,
	    offsetof(struct config, oauth_client_id),
	    SAY("**Zoom client ID** is empty: copy it from your app at Zoom") },
	{ "OAuthClientSecret", SETTING_TEXT,
	    offsetof(struct config, oauth_client_secret),
	    SAY("**Zoom client secret** is empty: copy it from your app at "
	        "Zoom") },
	{ "EncryptionKey", SETTING_TEXT,
	    offsetof(struct config, encryption_key),
	    SAY("**Encryption key** is empty: press Regenerate") },
	{ "WebhookSecret", SETTING_TEXT,
	    offsetof(struct config, webhook_secret),
	    SAY("**Webhook secret** is empty: press Regenerate") },
	{ "ZoomWebhookSecret", SETTING_TEXT,
	    offsetof(struct config, zoom_webhook_secret), NULL },
	{ "RequireVerifiedEmail", SETTING_BOOL,
	    offsetof(struct config, require_verified_email), NULL },
	{ "RestrictMeetingCreation", SETTING_BOOL,
	    offsetof(struct config, restrict_meeting_creation), NULL },
	{ "EnablePostingRecordingPassword", SETTING_BOOL,
	    offsetof(struct config, enable_posting_recording_password), NULL },
};
#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* ---- reading ----------------------------------------------------------------- */

static const struct setting *find_setting(const char *name)
{
	for (size_t i = 0; i < N_SETTINGS; i++) {
		if (str_eq_nocase(str_from(name), str_from(settings[i].name)))
			return &settings[i];
	}
	return NULL;
}

static bool is_true(const json_t *value)
{
	return json_is_true(value) ||
	       (json_is_string(value) &&
	           strcmp(json_string_value(value), "true") == 0);
}

static void read_settings(struct config *c, json_t *object)
{
	const char *name;
	json_t *value;
	json_object_foreach(object, name, value) {
		const struct setting *s = find_setting(name);
		if (s == NULL)
			continue;
		void *member = (char *)c + s->offset;
		if (s->kind == SETTING_BOOL)
			*(bool *)member = is_true(value);
		else if (json_is_string(value))
			*(struct str *)member = str_trim(arena_str(
			    &c->memory, str_n(json_string_value(value),
			                    json_string_length(value))));
	}
}

/* ---- checking ---------------------------------------------------------------- */

/* In which language, and what has been found so far. */
struct review {
	const struct lang *lang;
	struct arena *arena;
	struct gob_strings found;
};

static void problem(struct review *r, const char *english, ...)
    PRINTF_LIKE(2, 3);

/* Translated here. */
static void problem(struct review *r, const char *english, ...)
{
	va_list ap;
	if (r->found.items == NULL || r->found.n == MAX_PROBLEMS)
		return;
	va_start(ap, english);
	r->found.items[r->found.n++] =
	    arena_vprintf(r->arena, lang_text(r->lang, english), ap);
	va_end(ap);
}

static struct str without_slash(struct str url)
{
	while (str_has_suffix(url, S("/")) && !str_has_suffix(url, S("://")))
		url.len--;
	return url;
}

/* The Zooms that Zoom runs, whose users and apps have nothing in common. */
static const struct str clouds[] = { STR("zoom.us"), STR("zoomgov.com") };
#define N_CLOUDS (sizeof(clouds) / sizeof(clouds[0]))

/* The cloud that a host is in, or NULL. */
static const struct str *cloud_of(struct str url)
{
	for (size_t i = 0; i < N_CLOUDS; i++) {
		if (url_host_is_in(url_host(url), clouds[i]))
			return &clouds[i];
	}
	return NULL;
}

/* Whether an address is broken, and then named. */
static bool is_broken(
    struct review *r, struct str url, const char *name, const char *example)
{
	const char *must = url_problem(url);
	if (must != NULL)
		problem(r, "**%s** %s, as in `%s`", name,
		    lang_words(r->lang, must), example);
	return must != NULL;
}

static void check_addresses(struct review *r, const struct config *c)
{
	bool broken = is_broken(r, c->zoom_url, "Zoom URL", DEFAULT_ZOOM_URL);
	if (is_broken(
	        r, c->zoom_api_url, "Zoom API URL", DEFAULT_ZOOM_API_URL) ||
	    broken)
		return;
	const struct str *web = cloud_of(c->zoom_url);
	const struct str *api = cloud_of(c->zoom_api_url);
	if (web != NULL && url_path(c->zoom_url).len > 0)
		problem(r, "**Zoom URL** must end behind the host, as in `%s`",
		    DEFAULT_ZOOM_URL);
	if (api != NULL && !str_has_prefix(url_path(c->zoom_api_url), S("/v")))
		problem(r,
		    "**Zoom API URL** must end in the API's version, as in "
		    "`%s`",
		    DEFAULT_ZOOM_API_URL);
	if (web != NULL && api != NULL && web != api)
		problem(r,
		    "**Zoom URL** is in %.*s and **Zoom API URL** in %.*s: "
		    "with this Zoom URL it must be `https://api.%.*s/v2`",
		    STR_ARG(*web), STR_ARG(*api), STR_ARG(*web));
}

bool config_is_key(struct str key)
{
	return key.len == 16 || key.len == 24 || key.len == 32;
}

static void review(struct review *r, const struct config *c)
{
	for (size_t i = 0; i < N_SETTINGS; i++) {
		const struct str *text =
		    (const void *)((const char *)c + settings[i].offset);
		if (settings[i].required != NULL && text->len == 0)
			problem(
			    r, "%s", lang_words(r->lang, settings[i].required));
	}
	if (c->encryption_key.len != 0 && !config_is_key(c->encryption_key))
		problem(r, "**Encryption key** must have 32 characters: press "
		           "Regenerate");
	check_addresses(r, c);
	if (c->site_url.len == 0)
		problem(r, "The server has no **Site URL**: set it under "
		           "Environment > Web Server");
}

struct gob_strings config_problems(
    const struct config *config, const struct lang *lang, struct arena *a)
{
	struct review r = { .lang = lang, .arena = a };
	r.found.items = arena_array(a, MAX_PROBLEMS, sizeof(struct str));
	review(&r, config);
	return r.found;
}

static struct config *config_new(void)
{
	struct config *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->references = 1;
	arena_init(&c->memory, MEMORY_MAX);
	c->lang = lang_find(S("en"));
	return c;
}

static void config_free(struct config *c)
{
	arena_fini(&c->memory);
	free(c);
}

struct config *config_parse(
    struct str json, struct str site_url, struct err *err)
{
	json_error_t error;
	struct config *c = config_new();
	if (c == NULL) {
		err_set(err, ERR_NO_MEMORY, "settings");
		return NULL;
	}
	c->zoom_url = S(DEFAULT_ZOOM_URL);
	c->zoom_api_url = S(DEFAULT_ZOOM_API_URL);
	json_t *object = json_loadb(str_c(json), json.len, 0, &error);
	if (!json_is_object(object)) {
		err_set(err, ERR_INVALID, "settings are no JSON object");
		json_decref(object);
		config_free(c);
		return NULL;
	}
	read_settings(c, object);
	json_decref(object);
	if (c->zoom_url.len == 0)
		c->zoom_url = S(DEFAULT_ZOOM_URL);
	if (c->zoom_api_url.len == 0)
		c->zoom_api_url = S(DEFAULT_ZOOM_API_URL);
	c->zoom_url = without_slash(c->zoom_url);
	c->zoom_api_url = without_slash(c->zoom_api_url);
	c->site_url = without_slash(arena_str(&c->memory, site_url));
	c->redirect_uri = arena_printf(&c->memory,
	    "%.*s/plugins/zoom/oauth2/complete", STR_ARG(c->site_url));
	c->valid = config_problems(c, c->lang, &c->memory).n == 0;
	if (arena_ok(&c->memory, err))
		return c;
	config_free(c);
	return NULL;
}

/* ---- the slot ------------------------------------------------------------------ */

bool config_slot_init(struct config_slot *slot, struct err *err)
{
	pthread_mutex_init(&slot->lock, NULL);
	slot->present = config_parse(S("{}"), S(""), err);
	return slot->present != NULL;
}

void config_slot_fini(struct config_slot *slot)
{
	if (slot->present != NULL)
		config_free(slot->present);
	pthread_mutex_destroy(&slot->lock);
}

void config_release(struct config_slot *slot, struct config *config)
{
	pthread_mutex_lock(&slot->lock);
	bool last = --config->references == 0;
	pthread_mutex_unlock(&slot->lock);
	if (last)
		config_free(config);
}

void config_swap(struct config_slot *slot, struct config *config)
{
	pthread_mutex_lock(&slot->lock);
	struct config *former = slot->present;
	slot->present = config;
	pthread_mutex_unlock(&slot->lock);
	config_release(slot, former);
}

struct config *config_hold(struct config_slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	struct config *config = slot->present;
	config->references++;
	pthread_mutex_unlock(&slot->lock);
	return config;
}

/* ---- what others want to know --------------------------------------------------- */

struct zoom_settings config_zoom(const struct config *config)
{
	return (struct zoom_settings){
		.web_url = config->zoom_url,
		.api_url = config->zoom_api_url,
		.client_id = config->oauth_client_id,
		.client_secret = config->oauth_client_secret,
	};
}

bool config_zoom_is_public(const struct config *config)
{
	return cloud_of(config->zoom_url) != NULL &&
	       cloud_of(config->zoom_api_url) != NULL;
}

bool config_trusts(const struct config *config, struct str url)
{
	struct str host = url_host(url);
	const struct str *cloud = cloud_of(url);
	if (host.len == 0)
		return false;
	return url_host_is_in(host, url_host(config->zoom_url)) ||
	       url_host_is_in(host, url_host(config->zoom_api_url)) ||
	       (cloud != NULL && (cloud == cloud_of(config->zoom_url) ||
	                             cloud == cloud_of(config->zoom_api_url)));
}
