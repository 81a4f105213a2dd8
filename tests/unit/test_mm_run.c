/* From the dispensed plugin to its end: activation, dispatch, stopping. */
#include "tests/lib/host.h"
#include "tests/lib/peer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct host host;
static struct err err;
static int self; /* whose address is the user's pointer */

/* What happened, in order: one letter each. */
static char story[64];
static pthread_mutex_t story_lock = PTHREAD_MUTEX_INITIALIZER;

static void tell(char what)
{
	pthread_mutex_lock(&story_lock);
	size_t n = strlen(story);
	ck_assert_uint_lt(n + 1, sizeof(story));
	story[n] = what;
	pthread_mutex_unlock(&story_lock);
}

static void start(const struct mm_plugin_def *def)
{
	memset(story, 0, sizeof(story));
	err_clear(&err);
	host_start(&host, def);
}

/* ---- hooks of the tests -------------------------------------------------------- */

static void on_configuration_change(
    struct mm_call *call, struct mm_hook_on_configuration_change_returns *ret)
{
	struct str json;
	struct err why = { 0 };
	tell('c');
	ck_assert_ptr_eq(call->user, &self);
	if (!mm_load_plugin_configuration(
	        call->plugin, call->arena, &json, &why))
		ret->error = mm_error(call->arena, "%s", why.text);
}

static bool on_activate(struct mm_call *call, struct err *why)
{
	struct str value;
	tell('a');
	ck_assert_ptr_eq(call->user, &self);
	return mm_kv_get(call->plugin, call->arena, S("k"), &value, why);
}

static bool refuse_activation(struct mm_call *call, struct err *why)
{
	(void)call;
	return err_set(why, ERR_INVALID, "not in this \"mood\"");
}

static void on_deactivate(
    struct mm_call *call, struct mm_hook_on_deactivate_returns *ret)
{
	(void)call;
	(void)ret;
	tell('d');
}

static void on_stop(void *user)
{
	ck_assert_ptr_eq(user, &self);
	tell('s');
}

static void execute_command(struct mm_call *call,
    const struct mm_hook_execute_command_args *args,
    struct mm_hook_execute_command_returns *ret)
{
	struct mm_post post = { .message = S("by a command") };
	struct mm_post *created;
	struct err why = { 0 };
	ret->result = arena_new(call->arena, struct mm_command_response);
	ret->result->text =
	    arena_printf(call->arena, "%.*s %.*s %.*s %.*s %.*s %.*s",
	        STR_ARG(args->args->user_id), STR_ARG(args->args->channel_id),
	        STR_ARG(args->args->root_id), STR_ARG(args->args->trigger_id),
	        STR_ARG(args->args->command), STR_ARG(args->c->session_id));
	if (str_eq(args->args->command, S("/fail")))
		ret->app_error =
		    mm_app_error(call->arena, "Command", 400, "no such thing");
	if (str_eq(args->args->command, S("/post")))
		ck_assert_msg(mm_create_post(call->plugin, call->arena, &post,
		                  &created, &why),
		    "%s", why.text);
}

static void message_will_be_posted(struct mm_call *call,
    const struct mm_hook_message_will_be_posted_args *args,
    struct mm_hook_message_will_be_posted_returns *ret)
{
	tell('p');
	if (str_eq(args->post->message, S("bad")))
		ret->result2 = S("no such words");
	else if (str_eq(args->post->message, S("change"))) {
		ret->result = arena_new(call->arena, struct mm_post);
		*ret->result = *args->post;
		ret->result->message = S("changed");
	}
}

static void user_has_logged_in(
    struct mm_call *call, const struct mm_hook_user_has_logged_in_args *args)
{
	(void)call;
	ck_assert_str_eq(str_c(args->user->username), "ada");
	ck_assert_uint_eq(args->user->notify_props.n, 1);
	tell('u');
}

static void serve_http(struct mm_call *call, struct mm_http *http)
{
	(void)call;
	mm_http_reply(http, 200, S("text/plain"), S("here"));
}

static const struct mm_plugin_def def = {
	.hooks = {
		.execute_command = execute_command,
		.message_will_be_posted = message_will_be_posted,
		.on_configuration_change = on_configuration_change,
		.on_deactivate = on_deactivate,
		.user_has_logged_in = user_has_logged_in,
	},
	.on_activate = on_activate,
	.serve_http = serve_http,
	.on_stop = on_stop,
	.user = &self,
	.max_calls = 8,
	.api_timeout_ms = 5000,
};
static const struct mm_plugin_def bare = { .user = &self };

/* ---- activation ------------------------------------------------------------------ */

START_TEST(exactly_the_hooks_that_are_set_are_announced)
{
	start(&def);
	ck_assert_str_eq(host_implemented(&host),
	    "Implemented OnActivate ServeHTTP ExecuteCommand "
	    "MessageWillBePosted OnConfigurationChange OnDeactivate "
	    "UserHasLoggedIn");
	host_stop(&host);
	start(&bare);
	ck_assert_str_eq(host_implemented(&host), "Implemented OnActivate");
	host_stop(&host);
}
END_TEST

START_TEST(activation_dials_both_and_loads_the_configuration_first)
{
	start(&def);
	host_activates(&host);
	ck_assert_str_eq(story, "ca");
	ck_assert_ptr_nonnull(host.api_stream);
	ck_assert_ptr_nonnull(host.driver_stream);
	ck_assert_uint_eq(host_n_stray(&host, 0), 0);
	/* in the order of the dials */
	ck_assert_uint_lt(yamux_stream_id(host.api_stream),
	    yamux_stream_id(host.driver_stream));
	host_stop(&host);
	ck_assert_str_eq(story, "cads");
	ck_assert_int_eq(host.why.code, ERR_CLOSED);
}
END_TEST

START_TEST(a_plugin_without_hooks_can_be_activated)
{
	start(&bare);
	host_activates(&host);
	host_stop(&host);
	ck_assert_int_eq(host.why.code, ERR_CLOSED);
}
END_TEST

START_TEST(a_failed_activation_is_told_in_the_reply)
{
	struct mm_plugin_def unwilling = def;
	unwilling.on_activate = refuse_activation;
	start(&unwilling);
	ck_assert_str_eq(host_tries_to_activate(&host), "not in this \"mood\"");
	host_stop(&host);
}
END_TEST

START_TEST(an_api_that_fails_during_activation_is_told_too)
{
	start(&def);
	host_fails(&host, MM_API_KV_GET, 500);
	ck_assert_ptr_nonnull(
	    strstr(host_tries_to_activate(&host), "ordered to fail"));
	host_stop(&host);
}
END_TEST

START_TEST(a_configuration_that_cannot_be_loaded_is_only_logged)
{
	start(&def);
	host_breaks(&host, MM_API_LOAD_PLUGIN_CONFIGURATION, "no settings");
	host_activates(&host);
	ck_assert_str_eq(story, "ca");
	ck_assert(host_logged(&host, "no settings"));
	ck_assert_uint_eq(host_n_called(&host, MM_API_LOG_ERROR), 1);
	host_stop(&host);
}
END_TEST

START_TEST(a_second_activation_is_refused)
{
	start(&def);
	host_activates(&host);
	ck_assert_str_eq(host_tries_to_activate(&host), "activated twice");
	ck_assert_str_eq(story, "ca");
	host_stop(&host);
}
END_TEST

START_TEST(an_api_that_cannot_be_dialled_fails_the_activation)
{
	const struct mm_hook_on_activate_args args = { 4711, 4712 };
	struct mm_hook_on_activate_returns ret = { 0 };
	start(&def);
	ck_assert(host_calls(&host, "Plugin.OnActivate", &args, &ret, &err));
	ck_assert_ptr_eq(ret.error.type, &mm_type_error_string);
	ck_assert_ptr_nonnull(
	    strstr(str_c(((struct mm_error_string *)ret.error.value)->err),
	        "dialling 4711"));
	ck_assert_str_eq(story, "");
	host_stop(&host);
}
END_TEST

/* ---- dispatch ---------------------------------------------------------------------- */

static struct mm_command_args command_args = {
	.user_id = STR("user"),
	.channel_id = STR("channel"),
	.root_id = STR("root"),
	.trigger_id = STR("trigger"),
	.command = STR("/x y"),
};
static struct mm_context context = { .session_id = STR("session") };

START_TEST(a_command_arrives_with_all_its_fields)
{
	const struct mm_hook_execute_command_args args = { &context,
		&command_args };
	struct mm_hook_execute_command_returns ret = { 0 };
	start(&def);
	host_activates(&host);
	ck_assert(
	    host_calls(&host, "Plugin.ExecuteCommand", &args, &ret, &err));
	ck_assert_str_eq(
	    str_c(ret.result->text), "user channel root trigger /x y session");
	ck_assert_ptr_null(ret.app_error);
	host_stop(&host);
}
END_TEST

START_TEST(a_hooks_app_error_arrives)
{
	struct mm_command_args fail = { .command = S("/fail") };
	const struct mm_hook_execute_command_args args = { &context, &fail };
	struct mm_hook_execute_command_returns ret = { 0 };
	start(&def);
	host_activates(&host);
	ck_assert(
	    host_calls(&host, "Plugin.ExecuteCommand", &args, &ret, &err));
	ck_assert_int_eq(ret.app_error->status_code, 400);
	ck_assert_str_eq(str_c(ret.app_error->message), "no such thing");
	host_stop(&host);
}
END_TEST

static struct mm_hook_message_will_be_posted_returns ask_to_post(
    const char *message)
{
	struct gob_any_entry prop = { S("n"),
		{ .type = &gob_type_string, .value = &(struct str)STR("v") } };
	struct mm_post post = { .id = S("p"),
		.message = str_from(message),
		.props = { &prop, 1 } };
	const struct mm_hook_message_will_be_posted_args args = { &context,
		&post };
	struct mm_hook_message_will_be_posted_returns ret = { 0 };
	ck_assert_msg(
	    host_calls(&host, "Plugin.MessageWillBePosted", &args, &ret, &err),
	    "%s", err.text);
	return ret;
}

START_TEST(a_message_is_accepted_refused_or_changed)
{
	start(&def);
	host_activates(&host);
	ck_assert_ptr_null(ask_to_post("good").result);
	ck_assert_str_eq(str_c(ask_to_post("bad").result2), "no such words");
	struct mm_post *changed = ask_to_post("change").result;
	ck_assert_str_eq(str_c(changed->message), "changed");
	ck_assert_str_eq(str_c(changed->id), "p");
	ck_assert_str_eq(
	    str_c(gob_any_get_string(gob_any_map_get(&changed->props, S("n")))),
	    "v");
	host_stop(&host);
}
END_TEST

START_TEST(a_hook_without_results_is_answered)
{
	struct mm_string_string_entry notify = { S("email"), S("true") };
	struct mm_user user = { .username = S("ada"),
		.notify_props = { &notify, 1 } };
	const struct mm_hook_user_has_logged_in_args args = { &context, &user };
	start(&def);
	host_activates(&host);
	ck_assert(
	    host_calls(&host, "Plugin.UserHasLoggedIn", &args, NULL, &err));
	ck_assert_str_eq(story, "cau");
	host_stop(&host);
}
END_TEST

START_TEST(a_hook_that_is_not_served_is_refused_by_name)
{
	static const char *const names[] = { "Plugin.ServeHTTP",
		"Plugin.ExecuteCommand", "Plugin.NoSuchHook" };
	start(&bare);
	host_activates(&host);
	for (size_t i = 0; i < 3; i++) {
		ck_assert(!host_calls(&host, names[i], NULL, NULL, &err));
		ck_assert_int_eq(err.code, ERR_REMOTE);
		ck_assert_ptr_nonnull(
		    strstr(err.text, "rpc: can't find method Plugin."));
	}
	/* and the connection goes on */
	ck_assert_str_eq(host_implemented(&host), "Implemented OnActivate");
	host_stop(&host);
}
END_TEST

/* CreatePost as the server does it: the plugin is asked first. */
static void create_asking(struct host *h, struct arena *a, const void *in,
    void *returns, void *object)
{
	struct mm_create_post_returns *out = returns;
	(void)h;
	(void)in;
	(void)object;
	out->result = arena_new(a, struct mm_post);
	out->result->id = S("asked");
	ck_assert_ptr_null(ask_to_post("good").result);
}

START_TEST(a_hook_may_be_called_while_another_waits_for_the_api)
{
	struct mm_command_args post = { .command = S("/post") };
	const struct mm_hook_execute_command_args args = { &context, &post };
	struct mm_hook_execute_command_returns ret = { 0 };
	start(&def);
	host_activates(&host);
	host_answers(&host, MM_API_CREATE_POST, create_asking, NULL);
	ck_assert(
	    host_calls(&host, "Plugin.ExecuteCommand", &args, &ret, &err));
	ck_assert_str_eq(story, "cap");
	host_stop(&host);
}
END_TEST

static void *run_command(void *object)
{
	static struct mm_command_args post = { .command = STR("/post") };
	const struct mm_hook_execute_command_args args = { &context, &post };
	struct err why;
	(void)object;
	ck_assert_msg(
	    host_calls(&host, "Plugin.ExecuteCommand", &args, NULL, &why), "%s",
	    why.text);
	return NULL;
}

START_TEST(beyond_the_limit_a_hook_is_refused_and_ping_is_not)
{
	pthread_t threads[8];
	start(&def);
	host_activates(&host);
	host_hangs(&host, MM_API_CREATE_POST);
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, run_command, NULL);
	host_is_called(&host, MM_API_CREATE_POST, 8);
	ck_assert(!host_calls(
	    &host, "Plugin.OnConfigurationChange", NULL, NULL, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "too many calls in flight"));
	ck_assert(host_controls(&host, "Control.Ping", &err));
	host_releases(&host);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	host_stop(&host);
}
END_TEST

/* ---- the end ------------------------------------------------------------------------ */

START_TEST(quit_is_answered_also_without_activation)
{
	start(&def);
	ck_assert(host_controls(&host, "Control.Ping", &err));
	/* host_stop calls OnDeactivate and Quit and expects answers */
	host_stop(&host);
	ck_assert_str_eq(story, "ds");
	ck_assert_int_eq(host.why.code, ERR_CLOSED);
}
END_TEST

START_TEST(after_quit_the_plugin_does_not_wait_for_ever)
{
	struct err why = { 0 };
	start(&def);
	host_activates(&host);
	ck_assert(host_controls(&host, "Control.Quit", &err));
	/* the host forgets to close; the plugin does after a second */
	yamux_session_wait(host.session, &why);
	host.left = true;
	host_stop(&host);
	ck_assert_str_eq(story, "cas");
}
END_TEST

static void *run_cut_command(void *object)
{
	static struct mm_command_args args_of = { .command = STR("/x") };
	const struct mm_hook_execute_command_args args = { &context, &args_of };
	struct err why;
	(void)object;
	ck_assert(
	    !host_calls(&host, "Plugin.ExecuteCommand", &args, NULL, &why));
	return NULL;
}

static void command_that_asks(struct mm_call *call,
    const struct mm_hook_execute_command_args *args,
    struct mm_hook_execute_command_returns *ret)
{
	struct str value;
	struct err why = { 0 };
	(void)args;
	(void)ret;
	ck_assert(!mm_kv_get(call->plugin, call->arena, S("k"), &value, &why));
	ck_assert_int_eq(why.code, ERR_CLOSED);
	tell('k');
}

START_TEST(a_host_that_dies_ends_all_calls_under_way)
{
	struct mm_plugin_def asking = def;
	pthread_t threads[4];
	asking.hooks.execute_command = command_that_asks;
	asking.on_activate = NULL;
	start(&asking);
	host_activates(&host);
	host_hangs(&host, MM_API_KV_GET);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, run_cut_command, NULL);
	host_is_called(&host, MM_API_KV_GET, 4);
	host_leaves(&host);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	host_stop(&host);
	ck_assert_uint_eq(strlen(story), strlen("cskkkk"));
}
END_TEST

START_TEST(a_host_that_dies_at_once_is_survived)
{
	start(&def);
	host_leaves(&host);
	host_stop(&host);
	ck_assert_str_eq(story, "s");
}
END_TEST

static void *do_nothing(void *object)
{
	return object;
}

/* Threads of the test itself; TSan starts one of its own with the first. */
static size_t count_own_threads(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, do_nothing, NULL);
	pthread_join(thread, NULL);
	return count_threads();
}

START_TEST(nothing_is_left_after_fifty_activations)
{
	struct host_answer answer;
	size_t threads = count_own_threads();
	size_t descriptors = count_descriptors();
	for (int i = 0; i < 50; i++) {
		start(&def);
		host_activates(&host);
		ck_assert(host_http(&host,
		    &(struct host_request){ .url = "/", .body = S("x") },
		    &answer));
		host_answer_fini(&answer);
		if (i % 2 == 1)
			host_leaves(&host);
		host_stop(&host);
	}
	ck_assert_uint_eq(count_descriptors(), descriptors);
	ck_assert(threads_become(threads));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mm run");
	TCase *tc = tcase_create("life");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, exactly_the_hooks_that_are_set_are_announced);
	tcase_add_test(
	    tc, activation_dials_both_and_loads_the_configuration_first);
	tcase_add_test(tc, a_plugin_without_hooks_can_be_activated);
	tcase_add_test(tc, a_failed_activation_is_told_in_the_reply);
	tcase_add_test(tc, an_api_that_fails_during_activation_is_told_too);
	tcase_add_test(
	    tc, a_configuration_that_cannot_be_loaded_is_only_logged);
	tcase_add_test(tc, a_second_activation_is_refused);
	tcase_add_test(tc, an_api_that_cannot_be_dialled_fails_the_activation);
	tcase_add_test(tc, a_command_arrives_with_all_its_fields);
	tcase_add_test(tc, a_hooks_app_error_arrives);
	tcase_add_test(tc, a_message_is_accepted_refused_or_changed);
	tcase_add_test(tc, a_hook_without_results_is_answered);
	tcase_add_test(tc, a_hook_that_is_not_served_is_refused_by_name);
	tcase_add_test(
	    tc, a_hook_may_be_called_while_another_waits_for_the_api);
	tcase_add_test(tc, beyond_the_limit_a_hook_is_refused_and_ping_is_not);
	tcase_add_test(tc, quit_is_answered_also_without_activation);
	tcase_add_test(tc, after_quit_the_plugin_does_not_wait_for_ever);
	tcase_add_test(tc, a_host_that_dies_ends_all_calls_under_way);
	tcase_add_test(tc, a_host_that_dies_at_once_is_survived);
	tcase_add_test(tc, nothing_is_left_after_fifty_activations);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
