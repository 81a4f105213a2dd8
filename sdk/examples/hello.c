/*
 * hello - a whole Mattermost plugin in one file
 *
 * The command /hello <name> posts a greeting as the plugin's bot and answers
 * with a post that only its user sees; the route /echo sends back whatever it
 * is sent, as it comes; the setting "Greeting" takes effect when saved.
 */
#include "mm/mm.h"

#include <pthread.h>
#include <stdio.h>

static struct {
	char bot_id[32]; /* set once, before any command */
	pthread_mutex_t lock;
	char greeting[64]; /* guarded by lock: commands run on many threads */
} hello = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The settings were saved; also called once, before on_activate. */
static void on_configuration_change(
    struct mm_call *call, struct mm_hook_on_configuration_change_returns *ret)
{
	struct gob_any_map all;
	struct err err = { 0 };
	if (!mm_get_plugin_config(call->plugin, call->arena, &all, &err)) {
		ret->error = mm_error(call->arena, "%s", err.text);
		return;
	}
	struct str greeting =
	    gob_any_get_string(gob_any_map_get_nocase(&all, S("Greeting")));
	pthread_mutex_lock(&hello.lock);
	snprintf(hello.greeting, sizeof(hello.greeting), "%s",
	    greeting.len > 0 ? str_c(greeting) : "Hello");
	pthread_mutex_unlock(&hello.lock);
}

static bool on_activate(struct mm_call *call, struct err *err)
{
	const struct mm_bot bot = { .username = S("hello") };
	const struct mm_command command = { .trigger = S("hello"),
		.auto_complete = true,
		.auto_complete_hint = S("[name]") };
	struct str id;
	if (!mm_ensure_bot_user(call->plugin, call->arena, &bot, &id, err) ||
	    !mm_register_command(call->plugin, call->arena, &command, err))
		return false;
	snprintf(hello.bot_id, sizeof(hello.bot_id), "%s", str_c(id));
	mm_log(call->plugin, LOG_LEVEL_INFO, "Hello is here", "bot_id",
	    hello.bot_id, NULL);
	return true;
}

static void execute_command(struct mm_call *call,
    const struct mm_hook_execute_command_args *args,
    struct mm_hook_execute_command_returns *ret)
{
	struct arena *a = call->arena;
	struct mm_post post = { .user_id = str_from(hello.bot_id),
		.channel_id = args->args->channel_id };
	struct mm_post answer = post, *sent;
	struct str word, name;
	struct err err = { 0 };
	str_cut(args->args->command, ' ', &word, &name);
	pthread_mutex_lock(&hello.lock);
	post.message =
	    arena_printf(a, "%s %.*s!", hello.greeting, STR_ARG(name));
	pthread_mutex_unlock(&hello.lock);
	answer.message = S("Greeted.");
	ret->result = arena_new(a, struct mm_command_response);
	if (!arena_ok(a, &err) ||
	    !mm_create_post(call->plugin, a, &post, &sent, &err) ||
	    !mm_send_ephemeral_post(
	        call->plugin, a, args->args->user_id, &answer, &sent, &err))
		ret->app_error = mm_app_error(a, "hello", 500,
		    "The greeting could not be posted: %s", err.text);
}

static void serve_http(struct mm_call *call, struct mm_http *http)
{
	char piece[16 * 1024];
	size_t got = 0;
	struct err err = { 0 };
	(void)call;
	mm_http_set_header(
	    http, S("Content-Type"), mm_http_header(http, S("Content-Type")));
	while (mm_http_read(http, piece, sizeof(piece), &got, &err) && got > 0)
		mm_http_write(http, piece, got);
}

int main(void)
{
	const struct mm_plugin_def def = {
		.hooks = { .execute_command = execute_command,
		    .on_configuration_change = on_configuration_change },
		.on_activate = on_activate,
		.serve_http = serve_http,
	};
	return mm_plugin_run(&def);
}
