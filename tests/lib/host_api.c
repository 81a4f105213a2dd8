/*
 * host_api - the server's answers out of what it knows
 *
 * They are those of Mattermost 9.9: what is not there is an AppError of
 * status 404, but for keys. Here are those about the server itself, and the
 * way to the others.
 */
#include "tests/lib/host_parts.h"

bool host_refuses(const struct gob_type *returns_type, struct arena *a,
    void *returns, int status)
{
	for (size_t i = 0; returns_type != NULL && i < returns_type->n_fields;
	     i++) {
		const struct gob_field *f = &returns_type->fields[i];
		void *member = (char *)returns + f->offset;
		struct mm_app_error *e = mm_app_error(
		    a, "Host", status, "ordered to fail with %d", status);
		if (f->pointer && f->type == &mm_type_app_error) {
			*(struct mm_app_error **)member = e;
			return true;
		}
		if (f->type == &gob_type_interface) {
			*(struct gob_any *)member =
			    mm_error(a, "ordered to fail with %d", status);
			return true;
		}
	}
	return false;
}

struct mm_app_error *host_missing(struct arena *a, const char *what)
{
	return mm_app_error(a, what, 404, "there is none");
}

int64_t host_now_ms(const struct host *h)
{
	return clock_wall_ms() + h->clock_off_ms;
}

/* ---- the server itself -------------------------------------------------------------- */

static void load_plugin_configuration(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	struct mm_load_plugin_configuration_returns *out = ret;
	(void)a;
	(void)args;
	out->result = h->settings;
}

static void get_config(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	struct mm_get_config_returns *out = ret;
	(void)args;
	out->result = arena_new(a, struct mm_config);
	out->result->service_settings.site_url = &h->site_url;
	out->result->localization_settings.default_server_locale = &h->locale;
	out->result->team_settings.enable_open_server = &h->open_sign_up;
	out->result->team_settings.enable_user_creation = &h->open_sign_up;
	out->result->email_settings.enable_sign_up_with_email =
	    &h->open_sign_up;
	out->result->email_settings.require_email_verification =
	    &h->verifies_email;
}

static void ensure_bot_user(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	struct mm_ensure_bot_user_returns *out = ret;
	(void)h;
	(void)a;
	(void)args;
	out->result = S(HOST_BOT);
}

static void get_bot(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_bot_args *in = args;
	struct mm_get_bot_returns *out = ret;
	out->result = arena_new(a, struct mm_bot);
	out->result->user_id = in->bot_user_id;
	out->result->delete_at = h->bot_delete_at;
}

static void update_bot_active(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_update_bot_active_args *in = args;
	struct mm_update_bot_active_returns *out = ret;
	h->bot_delete_at = in->active ? 0 : host_now_ms(h);
	out->result = arena_new(a, struct mm_bot);
	out->result->user_id = in->bot_user_id;
	out->result->delete_at = h->bot_delete_at;
}

static void get_bundle_path(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	struct mm_get_bundle_path_returns *out = ret;
	(void)a;
	(void)args;
	out->result = str_from(h->bundle);
}

static void get_server_version(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	struct mm_get_server_version_returns *out = ret;
	(void)h;
	(void)a;
	(void)args;
	out->result = S("9.9.0");
}

/* Calls that are only kept. */
static void nothing(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	(void)h;
	(void)a;
	(void)args;
	(void)ret;
}

static host_known_fn *const server[MM_N_API] = {
	[MM_API_ENSURE_BOT_USER] = ensure_bot_user,
	[MM_API_GET_BOT] = get_bot,
	[MM_API_GET_BUNDLE_PATH] = get_bundle_path,
	[MM_API_GET_CONFIG] = get_config,
	[MM_API_GET_SERVER_VERSION] = get_server_version,
	[MM_API_LOAD_PLUGIN_CONFIGURATION] = load_plugin_configuration,
	[MM_API_LOG_AUDIT_REC] = nothing,
	[MM_API_LOG_DEBUG] = nothing,
	[MM_API_LOG_ERROR] = nothing,
	[MM_API_LOG_INFO] = nothing,
	[MM_API_LOG_WARN] = nothing,
	[MM_API_OPEN_INTERACTIVE_DIALOG] = nothing,
	[MM_API_PUBLISH_WEB_SOCKET_EVENT] = nothing,
	[MM_API_REGISTER_COMMAND] = nothing,
	[MM_API_SET_PROFILE_IMAGE] = nothing,
	[MM_API_UPDATE_BOT_ACTIVE] = update_bot_active,
	[MM_API_UPDATE_EPHEMERAL_POST] = nothing,
};

/* ---- all answers --------------------------------------------------------------------- */

static host_known_fn *const *const tables[] = { host_keys_api, host_people_api,
	host_posts_api, server };

bool host_knows(struct host *h, enum mm_api_method method, struct arena *a,
    const void *args, void *returns)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (tables[i][method] == NULL)
			continue;
		tables[i][method](h, a, args, returns);
		return true;
	}
	return false;
}
