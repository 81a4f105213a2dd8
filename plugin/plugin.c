/*
 * plugin - the hooks, and what is set up once
 *
 * Activation: the configuration is read, the bot and its picture are made,
 * the command is registered, and an admin is told what is missing.
 */
#include "plugin/audit.h"
#include "plugin/command.h"
#include "plugin/disconnect.h"
#include "plugin/job.h"
#include "plugin/keyring.h"
#include "plugin/refresh.h"
#include "plugin/routes.h"
#include "plugin/say.h"
#include "plugin/store.h"
#include "plugin/support.h"
#include "plugin/vault.h"
#include "plugin/webhook.h"

#include <stdio.h>

#define BOT_NAME    "zoom"
#define PICTURE     "assets/profile.png"
#define PICTURE_MAX ((size_t)64 * 1024)
#define PICTURE_KEY "z2_bot_picture"

/* Whoever has the turn gives it back by then: a call of the API ends by itself,
 * and it takes a few of them. */
#define TURN_MS ((int64_t)4 * MM_API_TIMEOUT_MS)

/* ---- calls --------------------------------------------------------------------------- */

struct ctx ctx_begin(struct plugin *p, struct mm_call *call)
{
	return (struct ctx){
		.plugin = p,
		.mm = call->plugin,
		.arena = call->arena,
		.config = config_hold(&p->config),
		.deadline_ms = clock_deadline_ms(REQUEST_MS),
	};
}

void ctx_end(struct ctx *c)
{
	config_release(
	    &c->plugin->config, (struct config *)(uintptr_t)c->config);
}

/* ---- configuration ---------------------------------------------------------------------- */

static struct str site_url(const struct mm_config *server)
{
	if (server == NULL || server->service_settings.site_url == NULL)
		return (struct str){ NULL, 0 };
	return *server->service_settings.site_url;
}

/* What the server itself speaks where it speaks to everybody. */
static const struct lang *server_lang(const struct mm_config *server)
{
	const struct str *locale = NULL;
	if (server != NULL)
		locale = server->localization_settings.default_server_locale;
	return lang_find(locale == NULL ? S("en") : *locale);
}

/* Swap the config, and remember the key that it ends. What is sealed under
 * that one must be found before anybody works with the new one. */
static void change_config(struct mm_call *call, struct config *config)
{
	struct plugin *p = call->user;
	struct err err = { 0 };
	struct ctx c = ctx_begin(p, call);
	bool changed =
	    !str_eq(c.config->encryption_key, config->encryption_key);
	if (changed && !keyring_follow(&c, config->encryption_key, &err))
		mm_log(c.mm, LOG_LEVEL_ERROR,
		    "The former encryption key could not be kept for what is "
		    "sealed under it",
		    "error", err.text, NULL);
	if (p->active)
		audit_settings(&c, config);
	config_swap(&p->config, config);
	ctx_end(&c);
	if (changed) {
		p->lag_ends_ms = 0;
		p->reseal_due = true;
		jobs_look(p->jobs);
	}
}

/* Turn held: plugin->configuring. What is read last is in force last. */
static bool load_config(struct mm_call *call, struct err *err)
{
	struct str json;
	struct mm_config *server = NULL;
	if (!mm_load_plugin_configuration(
	        call->plugin, call->arena, &json, err) ||
	    !mm_get_config(call->plugin, call->arena, &server, err))
		return false;
	struct config *config = config_parse(json, site_url(server), err);
	if (config == NULL)
		return false;
	config->lang = server_lang(server);
	change_config(call, config);
	return true;
}

/* Called for every change of the server's configuration, not just ours; and
 * by the SDK just before on_activate. */
static void on_configuration_change(
    struct mm_call *call, struct mm_hook_on_configuration_change_returns *ret)
{
	struct plugin *p = call->user;
	struct err err = { 0 };
	bool done =
	    turn_take(&p->configuring, clock_deadline_ms(TURN_MS), &err);
	if (done) {
		done = load_config(call, &err);
		turn_give(&p->configuring);
	}
	/* who may do what has changed, perhaps */
	if (done && p->active) {
		struct ctx c = ctx_begin(p, call);
		done = command_register(&c, &err);
		ctx_end(&c);
	}
	if (!done)
		ret->error = mm_error(call->arena, "%s", err.text);
}

/* The sentence is the id, too: the server shows what that stands for in its
 * translations, or else the id itself. */
static struct gob_any shown_error(struct arena *a, struct str sentence)
{
	struct mm_app_error *e = mm_app_error(
	    a, "ConfigurationWillBeSaved", 400, "%.*s", STR_ARG(sentence));
	if (e == NULL)
		return (struct gob_any){ .type = NULL };
	e->id = e->message;
	return (struct gob_any){
		.name = STR("*model.AppError"),
		.type = &mm_type_app_error,
		.value = e,
	};
}

/* Another encryption key is made ready for before it is in force; where that
 * fails, nothing is saved. No result: the configuration stays as it came. */
static void configuration_will_be_saved(struct mm_call *call,
    const struct mm_hook_configuration_will_be_saved_args *args,
    struct mm_hook_configuration_will_be_saved_returns *ret)
{
	struct ctx c = ctx_begin(call->user, call);
	struct err err = { 0 };
	const char *says = "";
	if (!keyring_prepare(&c, args->new_cfg, &says, &err)) {
		mm_log(c.mm, LOG_LEVEL_ERROR,
		    "Another encryption key was refused", "error", err.text,
		    NULL);
		ret->error = shown_error(call->arena, say_words(&c, says));
	}
	ctx_end(&c);
}

/* ---- the bot ----------------------------------------------------------------------------- */

static bool read_file(
    struct arena *a, const char *path, struct str *content, struct err *err)
{
	FILE *file = fopen(path, "rbe");
	if (file == NULL)
		return err_set_errno(err, "%s", path);
	char *data = arena_alloc(a, PICTURE_MAX);
	size_t n = data == NULL ? 0 : fread(data, 1, PICTURE_MAX, file);
	fclose(file);
	*content = str_n(data, n);
	if (!arena_ok(a, err))
		return false;
	if (n == 0 || n == PICTURE_MAX)
		return err_set(err, ERR_IO, "%s is %s", path,
		    n == 0 ? "empty" : "too large");
	return true;
}

/* Only when the picture, or the bot, is another one than last time: every
 * change is fetched again by every client. */
static bool set_picture(struct ctx *c, struct err *err)
{
	struct str folder = { 0 };
	struct str content = { 0 };
	struct str now = { 0 };
	struct str before = { 0 };
	if (!mm_get_bundle_path(c->mm, c->arena, &folder, err))
		return false;
	struct str path =
	    arena_printf(c->arena, "%.*s/" PICTURE, STR_ARG(folder));
	if (!arena_ok(c->arena, err) ||
	    !read_file(c->arena, str_c(path), &content, err) ||
	    !vault_digest(c->arena, content, &now, err) ||
	    !store_get(c, S(PICTURE_KEY), &before, err))
		return false;
	now =
	    arena_printf(c->arena, "%.*s %s", STR_ARG(now), c->plugin->bot_id);
	if (str_eq(now, before))
		return true;
	return mm_set_profile_image(c->mm, c->arena,
	           str_from(c->plugin->bot_id), content, err) &&
	       store_put(c, S(PICTURE_KEY), now, 0, err);
}

/* The server finds a bot that an admin has deactivated, and leaves it so. */
static bool wake_bot(struct ctx *c, struct err *err)
{
	struct mm_bot *bot = NULL;
	struct str id = str_from(c->plugin->bot_id);
	if (!mm_get_bot(c->mm, c->arena, id, true, &bot, err))
		return false;
	return bot == NULL || bot->delete_at == 0 ||
	       mm_update_bot_active(c->mm, c->arena, id, true, &bot, err);
}

static bool ensure_bot(struct ctx *c, struct err *err)
{
	struct str id;
	struct err why = { 0 };
	const struct mm_bot bot = {
		.username = S(BOT_NAME),
		.display_name = S("Zoom"),
		.description = say(c, "Posts Zoom meetings and answers /zoom"),
	};
	if (!mm_ensure_bot_user(c->mm, c->arena, &bot, &id, err))
		return err_wrap(err, "creating the bot");
	snprintf(
	    c->plugin->bot_id, sizeof(c->plugin->bot_id), "%.*s", STR_ARG(id));
	if (!wake_bot(c, &why))
		mm_log(c->mm, LOG_LEVEL_ERROR,
		    "The account @" BOT_NAME
		    " is no bot that works, so the plugin "
		    "cannot send direct messages; as a system admin, "
		    "try: mmctl user convert " BOT_NAME " --bot",
		    "error", why.text, NULL);
	err_clear(&why);
	if (!set_picture(c, &why))
		mm_log(c->mm, LOG_LEVEL_WARN, "The bot has no picture", "error",
		    why.text, NULL);
	return true;
}

/* ---- hooks -------------------------------------------------------------------------------- */

static void log_problems(const struct ctx *c)
{
	struct gob_strings problems =
	    config_problems(c->config, lang_find(S("en")), c->arena);
	for (size_t i = 0; i < problems.n; i++)
		mm_log(c->mm, LOG_LEVEL_WARN, "Zoom is not set up yet",
		    "problem", str_c(problems.items[i]), NULL);
	if (c->config->valid && c->config->zoom_webhook_secret.len == 0)
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "Without Zoom's secret token every webhook is refused: "
		    "meetings will not show as ended",
		    NULL);
}

static bool on_activate(struct mm_call *call, struct err *err)
{
	struct plugin *p = call->user;
	struct ctx c = ctx_begin(p, call);
	bool done = ensure_bot(&c, err) && command_register(&c, err) &&
	            store_set_schema(&c, err);
	/* of a change while the plugin was off, or one not worked off */
	p->reseal_due = true;
	if (done)
		p->jobs = jobs_start(p, call->plugin, webhook_handle, err);
	done = done && p->jobs != NULL;
	if (done) {
		p->active = true;
		log_problems(&c);
	}
	ctx_end(&c);
	return done;
}

static void execute_command(struct mm_call *call,
    const struct mm_hook_execute_command_args *args,
    struct mm_hook_execute_command_returns *ret)
{
	struct ctx c = ctx_begin(call->user, call);
	if (args->args != NULL) {
		c.reader = args->args->user_id;
		command_execute(&c, args->args);
	}
	ctx_end(&c);
	/* the bot has answered; an empty response adds nothing to it */
	ret->result = arena_new(call->arena, struct mm_command_response);
}

static void user_has_been_deactivated(struct mm_call *call,
    const struct mm_hook_user_has_been_deactivated_args *args)
{
	struct ctx c = ctx_begin(call->user, call);
	if (args->user != NULL && c.config->valid)
		disconnect_deactivated(&c, args->user->id);
	ctx_end(&c);
}

static void serve_http(struct mm_call *call, struct mm_http *http)
{
	struct ctx c = ctx_begin(call->user, call);
	c.reader = mm_http_user_id(http);
	routes_serve(&c, http);
	ctx_end(&c);
}

static enum mm_http_ahead ahead(
    struct mm_call *call, const struct mm_http *http)
{
	struct ctx c = ctx_begin(call->user, call);
	enum mm_http_ahead what = routes_ahead(&c, http);
	ctx_end(&c);
	return what;
}

static void serve_metrics(struct mm_call *call, struct mm_http *http)
{
	struct ctx c = ctx_begin(call->user, call);
	routes_serve_metrics(&c, http);
	ctx_end(&c);
}

static void generate_support_data(struct mm_call *call,
    const struct mm_hook_generate_support_data_args *args,
    struct mm_hook_generate_support_data_returns *ret)
{
	struct ctx c = ctx_begin(call->user, call);
	struct err err = { 0 };
	(void)args;
	if (!support_files(&c, &ret->result, &err))
		ret->error = mm_error(call->arena, "%s", err.text);
	ctx_end(&c);
}

/* End what goes on beside calls. */
static void on_stop(void *user)
{
	struct plugin *p = user;
	zoom_client_stop(p->zoom);
	jobs_stop(p->jobs);
}

/* While the server still answers: leases are given back, so that whoever comes next
 * need not wait for their end. */
static void on_deactivate(
    struct mm_call *call, struct mm_hook_on_deactivate_returns *ret)
{
	(void)ret;
	on_stop(call->user);
}

/* ---- life ------------------------------------------------------------------------------------ */

struct mm_plugin_def plugin_def(struct plugin *p)
{
	return (struct mm_plugin_def){
		.hooks = {
			.configuration_will_be_saved =
			    configuration_will_be_saved,
			.execute_command = execute_command,
			.on_configuration_change = on_configuration_change,
			.generate_support_data = generate_support_data,
			.on_deactivate = on_deactivate,
			.user_has_been_deactivated = user_has_been_deactivated,
		},
		.on_activate = on_activate,
		.serve_http = serve_http,
		.ahead = ahead,
		.serve_metrics = serve_metrics,
		.on_stop = on_stop,
		.user = p,
	};
}

bool plugin_init(struct plugin *p, struct err *err)
{
	const struct zoom_client_options options = {
		.user_agent = "mattermost-zoom-c/" PLUGIN_VERSION,
		.observe = metrics_call,
		.observe_object = &p->metrics,
	};
	turn_init(&p->configuring);
	refresh_init(&p->kept);
	say_init(&p->readers);
	for (size_t i = 0; i < PLUGIN_TURNS; i++)
		turn_init(&p->token_turns[i]);
	if (!config_slot_init(&p->config, err))
		return false;
	p->zoom = zoom_client_new(&options, err);
	return p->zoom != NULL;
}

void plugin_fini(struct plugin *p)
{
	jobs_free(p->jobs);
	zoom_client_free(p->zoom);
	config_slot_fini(&p->config);
	turn_fini(&p->configuring);
	refresh_fini(&p->kept);
	say_fini(&p->readers);
	for (size_t i = 0; i < PLUGIN_TURNS; i++)
		turn_fini(&p->token_turns[i]);
}
