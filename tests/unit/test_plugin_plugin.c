/* Activation: the bot, its picture, the command, what is missing. */
#include "tests/lib/host_parts.h"
#include "tests/lib/patience.h"
#include "tests/lib/peer.h"
#include "tests/lib/world.h"
#include "zoom/oauth.h"

#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct world w;

START_TEST(activation_makes_the_bot_and_its_picture)
{
	world_start(&w);
	const struct mm_ensure_bot_user_args *bot =
	    host_args(&w.host, MM_API_ENSURE_BOT_USER, 0);
	ck_assert_str_eq(str_c(bot->bot->username), "zoom");
	ck_assert_str_eq(str_c(bot->bot->display_name), "Zoom");
	ck_assert_str_eq(w.plugin.bot_id, HOST_BOT);
	const struct mm_set_profile_image_args *image =
	    host_args(&w.host, MM_API_SET_PROFILE_IMAGE, 0);
	ck_assert_str_eq(str_c(image->user_id), HOST_BOT);
	ck_assert_int_eq(memcmp(image->data.data, "\x89PNG", 4), 0);
	struct str picture = host_key(&w.host, "z2_bot_picture");
	ck_assert_uint_eq(picture.len, 64 + 1 + strlen(HOST_BOT));
	ck_assert(str_has_suffix(picture, S(" " HOST_BOT)));
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_UPDATE_BOT_ACTIVE), 0);
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_WARN), 0);
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_ERROR), 0);
	world_stop(&w);
}
END_TEST

/* A host of the test's own, to be spoiled before activation. */
static struct plugin plugin;
static struct host host;
static struct err err;

static void set_up(void)
{
	ck_assert_msg(zoom_global_init(&err), "%s", err.text);
	ck_assert_msg(plugin_init(&plugin, &err), "%s", err.text);
	const struct mm_plugin_def def = plugin_def(&plugin);
	host_start(&host, &def);
}

static void tear_down(void)
{
	host_stop(&host);
	plugin_fini(&plugin);
	zoom_global_fini();
}

START_TEST(the_same_picture_is_not_set_again)
{
	char digest[100] = "";
	set_up();
	host_activates(&host);
	strncpy(digest, str_c(host_key(&host, "z2_bot_picture")),
	    sizeof(digest) - 1);
	tear_down();
	set_up();
	host_stores(&host, "z2_bot_picture", str_from(digest));
	host_activates(&host);
	ck_assert_uint_eq(host_n_called(&host, MM_API_SET_PROFILE_IMAGE), 0);
	tear_down();
	set_up();
	digest[0] = digest[0] == '0' ? '1' : '0';
	host_stores(&host, "z2_bot_picture", str_from(digest));
	host_activates(&host);
	ck_assert_uint_eq(host_n_called(&host, MM_API_SET_PROFILE_IMAGE), 1);
	tear_down();
	set_up();
	digest[0] = digest[0] == '0' ? '1' : '0';
	digest[64] = '\0'; /* that of another bot, deleted since */
	host_stores(&host, "z2_bot_picture", str_from(digest));
	host_activates(&host);
	ck_assert_uint_eq(host_n_called(&host, MM_API_SET_PROFILE_IMAGE), 1);
	tear_down();
}
END_TEST

START_TEST(a_bot_that_was_deactivated_is_activated)
{
	set_up();
	host.bot_delete_at = 1;
	host_activates(&host);
	const struct mm_update_bot_active_args *args =
	    host_args(&host, MM_API_UPDATE_BOT_ACTIVE, 0);
	ck_assert_str_eq(str_c(args->bot_user_id), HOST_BOT);
	ck_assert(args->active);
	ck_assert_uint_eq(host_n_called(&host, MM_API_LOG_ERROR), 0);
	tear_down();
}
END_TEST

START_TEST(a_bot_that_is_none_is_logged)
{
	set_up();
	host_fails(&host, MM_API_GET_BOT, 404);
	host_activates(&host);
	ck_assert(host_logged(&host, "is no bot that works"));
	ck_assert(!host_logged(&host, "has no picture"));
	tear_down();
	set_up();
	host.bot_delete_at = 1;
	host_fails(&host, MM_API_UPDATE_BOT_ACTIVE, 500);
	host_activates(&host);
	ck_assert(host_logged(&host, "is no bot that works"));
	tear_down();
}
END_TEST

START_TEST(a_bot_that_cannot_be_made_stops_the_activation)
{
	set_up();
	host_fails(&host, MM_API_ENSURE_BOT_USER, 500);
	ck_assert_ptr_nonnull(
	    strstr(host_tries_to_activate(&host), "creating the bot"));
	tear_down();
}
END_TEST

START_TEST(a_command_that_cannot_be_registered_stops_the_activation)
{
	set_up();
	host_fails(&host, MM_API_REGISTER_COMMAND, 500);
	ck_assert_ptr_nonnull(
	    strstr(host_tries_to_activate(&host), "ordered to fail"));
	tear_down();
}
END_TEST

START_TEST(a_picture_that_is_missing_does_not_stop_it)
{
	set_up();
	host.bundle = "/nonexistent";
	host_activates(&host);
	ck_assert(host_logged(&host, "The bot has no picture"));
	ck_assert_uint_eq(host_n_called(&host, MM_API_SET_PROFILE_IMAGE), 0);
	tear_down();
}
END_TEST

static const struct {
	off_t size;
	const char *why;
} no_pictures[] = { { 0, "is empty" }, { 100000, "is too large" } };

START_TEST(a_file_that_cannot_be_a_picture_is_not_sent)
{
	char bundle[] = "/tmp/bundle-XXXXXX";
	char folder[64], path[128];
	ck_assert_ptr_nonnull(mkdtemp(bundle));
	snprintf(folder, sizeof(folder), "%s/assets", bundle);
	snprintf(path, sizeof(path), "%s/profile.png", folder);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	FILE *file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(ftruncate(fileno(file), no_pictures[_i].size), 0);
	fclose(file);

	set_up();
	host.bundle = bundle;
	host_activates(&host);
	ck_assert(host_logged(&host, no_pictures[_i].why));
	ck_assert_uint_eq(host_n_called(&host, MM_API_SET_PROFILE_IMAGE), 0);
	tear_down();
	unlink(path);
	rmdir(folder);
	rmdir(bundle);
}
END_TEST

START_TEST(a_picture_that_the_server_refuses_is_tried_again_next_time)
{
	set_up();
	host_fails(&host, MM_API_SET_PROFILE_IMAGE, 500);
	host_activates(&host);
	ck_assert_uint_eq(host_key(&host, "z2_bot_picture").len, 0);
	tear_down();
}
END_TEST

START_TEST(without_settings_it_starts_and_says_what_is_missing)
{
	set_up();
	host_activates(&host);
	ck_assert(host_logged(&host, "Zoom is not set up yet"));
	ck_assert(host_logged(&host, "**Zoom client ID** is empty"));
	ck_assert_uint_eq(host_n_called(&host, MM_API_LOG_WARN), 4);
	tear_down();
}
END_TEST

START_TEST(without_a_secret_token_it_says_what_does_not_work)
{
	world_start_with(&w, "ZoomWebhookSecret", "\"\"");
	ck_assert(host_logged(&w.host, "every webhook is refused"));
	world_stop(&w);
}
END_TEST

START_TEST(settings_that_cannot_be_loaded_leave_the_former_ones)
{
	struct mm_hook_on_configuration_change_returns ret = { 0 };
	world_start(&w);
	host_breaks(&w.host, MM_API_GET_CONFIG, "no configuration");
	ck_assert(host_calls(
	    &w.host, "Plugin.OnConfigurationChange", NULL, &ret, &w.err));
	ck_assert_ptr_eq(ret.error.type, &mm_type_error_string);
	struct ctx c = world_ctx(&w);
	ck_assert(c.config->valid);
	ctx_end(&c);
	w.host.settings = S("[]");
	host_obeys(&w.host, MM_API_GET_CONFIG);
	ck_assert(host_calls(
	    &w.host, "Plugin.OnConfigurationChange", NULL, &ret, &w.err));
	c = world_ctx(&w);
	ck_assert(c.config->valid);
	ctx_end(&c);
	world_stop(&w);
}
END_TEST

/* Two changes at once: what the server answers the first one waits for the
 * end of the second. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool first_is_there; /* guarded by lock */
	bool second_is_done;
} two = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void answer_late(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	int64_t deadline = clock_deadline_ms(500);
	(void)object;
	pthread_mutex_lock(&two.lock);
	bool is_first = !two.first_is_there;
	two.first_is_there = true;
	while (is_first && !two.second_is_done &&
	       clock_wait(&two.changed, &two.lock, deadline))
		;
	pthread_mutex_unlock(&two.lock);
	pthread_mutex_lock(&h->lock);
	ck_assert(host_knows(h, MM_API_GET_CONFIG, a, args, returns));
	pthread_mutex_unlock(&h->lock);
}

static void *change_first(void *object)
{
	struct mm_hook_on_configuration_change_returns ret = { 0 };
	struct err why = { 0 };
	(void)object;
	ck_assert_msg(host_calls(&w.host, "Plugin.OnConfigurationChange", NULL,
	                  &ret, &why),
	    "%s", why.text);
	ck_assert_ptr_null(ret.error.type);
	return NULL;
}

START_TEST(of_two_changes_at_once_the_later_one_stays)
{
	pthread_t thread;
	world_start(&w);
	size_t before = host_n_called(&w.host, MM_API_GET_CONFIG);
	clock_cond_init(&two.changed);
	host_answers(&w.host, MM_API_GET_CONFIG, answer_late, NULL);
	pthread_create(&thread, NULL, change_first, NULL);
	host_is_called(&w.host, MM_API_GET_CONFIG, before + 1);
	world_configures(&w, "OAuthClientID", "\"the-later-one\"");
	pthread_mutex_lock(&two.lock);
	two.second_is_done = true;
	pthread_cond_broadcast(&two.changed);
	pthread_mutex_unlock(&two.lock);
	pthread_join(thread, NULL);
	struct ctx c = world_ctx(&w);
	ck_assert_str_eq(str_c(c.config->oauth_client_id), "the-later-one");
	ctx_end(&c);
	world_stop(&w);
	pthread_cond_destroy(&two.changed);
}
END_TEST

static void *ask_zoom(void *object)
{
	struct err *why = object;
	struct arena a;
	struct zoom_settings settings = {
		.web_url = str_from(https_url(w.zoom)),
		.client_id = S("id"),
		.client_secret = S("secret"),
	};
	arena_init(&a, 64 * 1024);
	struct zoom_call call = { .client = w.plugin.zoom,
		.settings = &settings,
		.arena = &a,
		.deadline_ms = clock_deadline_ms(20000) };
	struct zoom_token token;
	ck_assert(!zoom_oauth_refresh(&call, S("r"), &token, why));
	arena_fini(&a);
	return NULL;
}

START_TEST(a_host_that_goes_ends_questions_to_zoom)
{
	pthread_t thread;
	struct err why = { 0 };
	int64_t deadline = SOON;
	world_start(&w);
	https_waits_ms(w.zoom, (int)patience(15000));
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	pthread_create(&thread, NULL, ask_zoom, &why);
	while (https_n_requests(w.zoom) == 0 && clock_now_ms() < deadline)
		sched_yield();
	host_leaves(&w.host);
	pthread_join(thread, NULL);
	ck_assert_int_lt(clock_now_ms(), deadline);
	ck_assert_msg(why.code == ERR_CLOSED, "%s", why.text);
	world_stop(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin plugin");
	TCase *tc = tcase_create("activation");
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, activation_makes_the_bot_and_its_picture);
	tcase_add_test(tc, the_same_picture_is_not_set_again);
	tcase_add_test(tc, a_bot_that_was_deactivated_is_activated);
	tcase_add_test(tc, a_bot_that_is_none_is_logged);
	tcase_add_test(tc, a_bot_that_cannot_be_made_stops_the_activation);
	tcase_add_test(
	    tc, a_command_that_cannot_be_registered_stops_the_activation);
	tcase_add_test(tc, a_picture_that_is_missing_does_not_stop_it);
	tcase_add_loop_test(
	    tc, a_file_that_cannot_be_a_picture_is_not_sent, 0, 2);
	tcase_add_test(
	    tc, a_picture_that_the_server_refuses_is_tried_again_next_time);
	tcase_add_test(tc, without_settings_it_starts_and_says_what_is_missing);
	tcase_add_test(tc, without_a_secret_token_it_says_what_does_not_work);
	tcase_add_test(
	    tc, settings_that_cannot_be_loaded_leave_the_former_ones);
	tcase_add_test(tc, of_two_changes_at_once_the_later_one_stays);
	tcase_add_test(tc, a_host_that_goes_ends_questions_to_zoom);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
