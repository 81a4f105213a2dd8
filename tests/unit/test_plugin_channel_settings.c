/* Settings of channels: the dialog, its answer, the list. */
#include "plugin/channel_settings.h"
#include "plugin/routes.h"
#include "plugin/store.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY    "zoomChannelSettings"
#define DIRECT "directdirectdirectdirect11"
#define GROUP  "groupgroupgroupgroupgroup1"

static struct world w;
static struct host_answer answer;

static void name_channel(size_t i, struct str name)
{
	w.host.channels[i].name = name;
	w.host.channels[i].team_id = S("team");
}

/* ADA is an admin of TALK, TEAM, OLD and both messages; SAM a member. */
static void set_up(void)
{
	world_start(&w);
	host_adds_channel(&w.host, DIRECT, "D");
	host_adds_channel(&w.host, GROUP, "G");
	host_adds_member(&w.host, DIRECT, ADA, true);
	host_adds_member(&w.host, GROUP, ADA, true);
	static const char *const channels[] = { TALK, TEAM, OLD, DIRECT,
		GROUP };
	for (size_t i = 0; i < 5; i++)
		host_promotes(&w.host, channels[i], ADA);
	name_channel(0, S("talk"));
	name_channel(1, S("team-room"));
	name_channel(2, S("old"));
}

static void tear_down(void)
{
	host_answer_fini(&answer);
	world_stop(&w);
}

static void stored(const char *value)
{
	ck_assert_str_eq(str_c(host_key(&w.host, KEY)), value);
}

/* ---- the dialog ------------------------------------------------------------------ */

/* Type the command; what the bot says, "" for nothing. */
static const char *types_in(
    const char *user_id, const char *channel_id, const char *root_id)
{
	struct mm_context context = { .session_id = S("session") };
	struct mm_command_args typed = {
		.user_id = str_from(user_id),
		.channel_id = str_from(channel_id),
		.root_id = str_from(root_id),
		.trigger_id = S("trigger"),
		.command = S("/zoom channel-settings"),
	};
	const struct mm_hook_execute_command_args args = { &context, &typed };
	struct mm_hook_execute_command_returns ret = { 0 };
	size_t before = host_n_called(&w.host, MM_API_SEND_EPHEMERAL_POST);
	ck_assert(
	    host_calls(&w.host, "Plugin.ExecuteCommand", &args, &ret, &w.err));
	if (host_n_called(&w.host, MM_API_SEND_EPHEMERAL_POST) == before)
		return "";
	return host_last_told(&w.host);
}

static const struct mm_dialog *dialog(size_t i)
{
	const struct mm_open_interactive_dialog_args *args =
	    host_args(&w.host, MM_API_OPEN_INTERACTIVE_DIALOG, i);
	ck_assert_str_eq(str_c(args->dialog.trigger_id), "trigger");
	ck_assert_str_eq(
	    str_c(args->dialog.url), "/plugins/zoom/api/v1/channel-preference");
	return &args->dialog.dialog;
}

START_TEST(an_admin_of_the_channel_gets_a_dialog)
{
	ck_assert_str_eq(types_in(ADA, TALK, ""), "");
	const struct mm_dialog *d = dialog(0);
	ck_assert_str_eq(str_c(d->state), TALK);
	ck_assert_str_eq(str_c(d->callback_id), TALK);
	ck_assert_uint_le(d->title.len, 24);
	ck_assert_uint_eq(d->elements.n, 1);
	const struct mm_dialog_element *e = &d->elements.items[0];
	ck_assert_str_eq(str_c(e->name), "preference");
	ck_assert_str_eq(str_c(e->type), "radio");
	ck_assert_str_eq(str_c(e->default_), "default");
	ck_assert_uint_le(e->display_name.len, 24);
	ck_assert_uint_le(e->help_text.len, 150);
	static const char *const values[] = { "allow", "restrict", "default" };
	ck_assert_uint_eq(e->options.n, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_str_eq(str_c(e->options.items[i].value), values[i]);
		ck_assert_uint_gt(e->options.items[i].text.len, 0);
	}
}
END_TEST

static const char *const present[][2] = { { "allow", "allow" },
	{ "restrict", "restrict" }, { "default", "default" },
	{ "nonsense", "default" } };

START_TEST(the_present_value_is_preselected)
{
	host_stores(&w.host, KEY,
	    arena_printf(&w.arena, "{\"" TALK "\":{\"Preference\":\"%s\"}}",
	        present[_i][0]));
	types_in(ADMIN, TALK, "");
	ck_assert_str_eq(
	    str_c(dialog(0)->elements.items[0].default_), present[_i][1]);
}
END_TEST

START_TEST(typed_in_a_thread_it_is_answered_there)
{
	types_in(ADA, TEAM, "root");
	ck_assert_str_eq(str_c(dialog(0)->state), TEAM "/root");
}
END_TEST

static const struct {
	const char *user_id, *channel_id, *says;
} refusals[] = {
	{ SAM, TALK, "Only admins of this channel" },
	{ EVE, TALK, "Only admins of this channel" },
	{ ADA, DIRECT, "Direct and group messages" },
	{ ADMIN, GROUP, "Direct and group messages" },
	{ ADA, OLD, "archived" },
	{ ADMIN, "nowhere", "no such channel" },
};

START_TEST(who_may_not_hears_why)
{
	const char *says =
	    types_in(refusals[_i].user_id, refusals[_i].channel_id, "");
	ck_assert_msg(strstr(says, refusals[_i].says) != NULL, "%s", says);
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_OPEN_INTERACTIVE_DIALOG), 0);
}
END_TEST

static const enum mm_api_method asked[] = {
	MM_API_HAS_PERMISSION_TO_CHANNEL,
	MM_API_GET_CHANNEL,
	MM_API_KV_GET,
	MM_API_OPEN_INTERACTIVE_DIALOG,
};

START_TEST(a_dialog_that_cannot_be_opened_is_told_and_logged)
{
	host_breaks(&w.host, asked[_i], "out of order");
	ck_assert_ptr_nonnull(
	    strstr(types_in(ADA, TALK, ""), "Something went wrong"));
	ck_assert(host_logged(&w.host, "out of order"));
}
END_TEST

/* ---- its answer -------------------------------------------------------------------- */

static int submits(const char *user_id, struct str body)
{
	host_answer_fini(&answer);
	ck_assert_msg(host_http(&w.host,
	                  &(struct host_request){ .method = "POST",
	                      .url = CHANNEL_SETTINGS_PATH,
	                      .user_id = user_id,
	                      .body = body },
	                  &answer),
	    "%s", answer.err.text);
	ck_assert_str_eq(
	    host_header(&answer, "Content-Type"), "application/json");
	return answer.status;
}

static int chooses(const char *user_id, const char *channel_id,
    const char *state, const char *value)
{
	return submits(user_id,
	    arena_printf(&w.arena,
	        "{\"type\":\"dialog_submission\",\"callback_id\":\"x\","
	        "\"state\":\"%s\",\"user_id\":\"" ADMIN "\","
	        "\"channel_id\":\"%s\",\"team_id\":\"t\","
	        "\"submission\":{\"preference\":\"%s\"},\"cancelled\":false}",
	        state, channel_id, value));
}

static bool body_has(const char *text)
{
	return strstr(host_body(&answer), text) != NULL;
}

static const char *const choices[][2] = {
	{ "allow", "can be started in this channel, whatever" },
	{ "restrict", "switched off in this channel" },
	{ "default", "system admins' setting again: meetings can" },
};

START_TEST(a_choice_is_stored_and_confirmed)
{
	ck_assert_int_eq(chooses(ADA, TALK, TALK, choices[_i][0]), 200);
	ck_assert_str_eq(host_body(&answer), "{}");
	stored(str_c(arena_printf(&w.arena,
	    "{\"" TALK "\":{\"Preference\":\"%s\"}}", choices[_i][0])));
	ck_assert_int_eq(host_expires_s(&w.host, KEY), 0);
	ck_assert_ptr_nonnull(strstr(host_last_told(&w.host), choices[_i][1]));
	const struct mm_send_ephemeral_post_args *args =
	    host_args(&w.host, MM_API_SEND_EPHEMERAL_POST, 0);
	ck_assert_str_eq(str_c(args->user_id), ADA);
	ck_assert_str_eq(str_c(args->post->channel_id), TALK);
	ck_assert_uint_eq(args->post->root_id.len, 0);
}
END_TEST

START_TEST(the_confirmation_goes_into_the_thread)
{
	ck_assert_int_eq(chooses(ADA, TALK, TALK "/root", "allow"), 200);
	const struct mm_send_ephemeral_post_args *args =
	    host_args(&w.host, MM_API_SEND_EPHEMERAL_POST, 0);
	ck_assert_str_eq(str_c(args->post->root_id), "root");
}
END_TEST

START_TEST(what_default_means_depends_on_the_channel)
{
	world_configures(&w, "RestrictMeetingCreation", "true");
	ck_assert_int_eq(chooses(ADA, TALK, "", "default"), 200);
	ck_assert_ptr_nonnull(
	    strstr(host_last_told(&w.host), "off in public channels"));
	ck_assert_int_eq(chooses(ADA, TEAM, "", "default"), 200);
	ck_assert_ptr_nonnull(
	    strstr(host_last_told(&w.host), "meetings can be started"));
}
END_TEST

START_TEST(other_channels_and_unknown_fields_survive)
{
	host_stores(&w.host, KEY,
	    S("{\"" TEAM "\":{\"Preference\":\"restrict\",\"New\":[1]},"
	      "\"" TALK "\":{\"Later\":{\"x\":null},\"Preference\":\"allow\"},"
	      "\"odd\":7}"));
	ck_assert_int_eq(chooses(ADMIN, TALK, TALK, "restrict"), 200);
	stored(
	    "{\"" TEAM "\":{\"Preference\":\"restrict\",\"New\":[1]},"
	    "\"" TALK "\":{\"Later\":{\"x\":null},\"Preference\":\"restrict\"},"
	    "\"odd\":7}");
	host_stores(&w.host, KEY, S("{\"" TALK "\":\"odd\"}"));
	ck_assert_int_eq(chooses(ADA, TALK, TALK, "allow"), 200);
	stored("{\"" TALK "\":{\"Preference\":\"allow\"}}");
}
END_TEST

static const char *const no_choices[] = { "", "Allow", "deny", "allow " };

START_TEST(a_value_that_there_is_not_is_shown_at_its_field)
{
	for (size_t i = 0; i < sizeof(no_choices) / sizeof(no_choices[0]);
	     i++) {
		ck_assert_int_eq(chooses(ADA, TALK, TALK, no_choices[i]), 400);
		ck_assert(body_has("{\"errors\":{\"preference\":\"Please"));
	}
	ck_assert_int_eq(
	    submits(ADA, S("{\"channel_id\":\"" TALK "\",\"submission\":7}")),
	    400);
	ck_assert(body_has("{\"errors\":"));
	ck_assert_int_eq(chooses(ADA, TALK, TALK, "\\u0000"), 400);
	stored("");
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_SEND_EPHEMERAL_POST), 0);
}
END_TEST

static const char *const bad_bodies[] = { "", "x", "[]", "{}", "null",
	"{\"submission\":{\"preference\":\"allow\"}}",
	"{\"channel_id\":7,\"submission\":{\"preference\":\"allow\"}}",
	"{\"channel_id\":\"\xff\"}" };

START_TEST(a_body_that_makes_no_sense_is_a_bad_request)
{
	for (size_t i = 0; i < sizeof(bad_bodies) / sizeof(bad_bodies[0]);
	     i++) {
		ck_assert_int_eq(submits(ADA, str_from(bad_bodies[i])), 400);
		ck_assert(body_has("{\"error\":"));
	}
	char *big = arena_alloc(&w.arena, ROUTES_MAX_BODY + 1);
	ck_assert_int_eq(submits(ADA, str_n(big, ROUTES_MAX_BODY + 1)), 413);
	stored("");
}
END_TEST

START_TEST(the_dialog_of_one_channel_does_not_set_another)
{
	ck_assert_int_eq(chooses(ADA, TEAM, TALK, "allow"), 400);
	ck_assert(body_has("another channel"));
	ck_assert_int_eq(chooses(ADA, TEAM, TALK "/root", "allow"), 400);
	stored("");
}
END_TEST

START_TEST(who_may_not_changes_nothing)
{
	ck_assert_int_eq(
	    chooses(refusals[_i].user_id, refusals[_i].channel_id, "", "allow"),
	    403);
	ck_assert(body_has(refusals[_i].says));
	stored("");
}
END_TEST

START_TEST(nobody_is_somebody)
{
	ck_assert_int_eq(chooses(NULL, TALK, TALK, "allow"), 401);
	stored("");
}
END_TEST

START_TEST(a_dialog_that_was_closed_changes_nothing)
{
	ck_assert_int_eq(
	    submits(ADA, S("{\"channel_id\":\"" TALK "\",\"cancelled\":true,"
	                   "\"submission\":{\"preference\":\"allow\"}}")),
	    200);
	stored("");
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_SEND_EPHEMERAL_POST), 0);
}
END_TEST

START_TEST(what_is_damaged_is_not_written_over)
{
	host_stores(&w.host, KEY, S("damaged"));
	ck_assert_int_eq(chooses(ADA, TALK, TALK, "allow"), 500);
	ck_assert(body_has("Something went wrong"));
	ck_assert(host_logged(&w.host, "zoomChannelSettings is damaged"));
	stored("damaged");
}
END_TEST

static const enum mm_api_method saving[] = {
	MM_API_HAS_PERMISSION_TO_CHANNEL,
	MM_API_GET_CHANNEL,
	MM_API_KV_GET,
	MM_API_KV_SET_WITH_OPTIONS,
};

START_TEST(a_server_that_fails_is_told_and_logged)
{
	host_breaks(&w.host, saving[_i], "out of order");
	ck_assert_int_eq(chooses(ADA, TALK, TALK, "allow"), 500);
	ck_assert(body_has("Something went wrong"));
	ck_assert(!body_has("out of order"));
	ck_assert(host_logged(&w.host, "out of order"));
}
END_TEST

/* ---- the list ------------------------------------------------------------------------ */

static const char *list(void)
{
	return world_types(&w, ADMIN, "/zoom channel-settings list");
}

START_TEST(only_settings_of_their_own_are_listed)
{
	ck_assert_ptr_nonnull(strstr(list(), "No channel has"));
	host_stores(&w.host, KEY,
	    S("{\"" TALK "\":{\"Preference\":\"restrict\"},"
	      "\"" TEAM "\":{\"Preference\":\"allow\"},"
	      "\"" OLD "\":{\"Preference\":\"allow\"},"
	      "\"" READ "\":{\"Preference\":\"default\"},"
	      "\"" DIRECT "\":{\"Preference\":\"allow\"},"
	      "\"gone\":{\"Preference\":\"allow\"},\"odd\":7}"));
	const char *says = list();
	ck_assert_ptr_nonnull(strstr(says, "~talk (team): `restrict`"));
	ck_assert_ptr_nonnull(strstr(says, "~team-room (team): `allow`"));
	ck_assert_ptr_null(strstr(says, "old"));
	ck_assert_ptr_null(strstr(says, "default"));
	ck_assert_ptr_null(strstr(says, "more"));
}
END_TEST

START_TEST(a_list_that_is_too_long_says_how_many_more)
{
	static char json[100000];
	char *end = json;
	for (int i = 0; i < 1000; i++)
		end += sprintf(end, "%s\"id%d\":{\"Preference\":\"allow\"}",
		    i == 0 ? "{" : ",", i);
	for (int i = 0; i < 20; i++) {
		char *id = arena_alloc(&w.arena, 16);
		sprintf(id, "id%d", i * 50);
		host_adds_channel(&w.host, id, "O");
		char *name = arena_alloc(&w.arena, 1001);
		memset(name, 'n', 1000);
		name_channel(w.host.n_channels - 1, str_from(name));
	}
	sprintf(end, "}");
	host_stores(&w.host, KEY, str_from(json));
	const char *says = list();
	ck_assert_uint_lt(strlen(says), 16383);
	ck_assert_uint_gt(strlen(says), 15000);
	/* 15 lines fit; behind the 15th all are counted from id750 on */
	ck_assert_ptr_nonnull(strstr(says, "And up to 250 more."));
}
END_TEST

static const enum mm_api_method listing[] = { MM_API_KV_GET, MM_API_GET_CHANNEL,
	MM_API_GET_TEAM };

START_TEST(a_list_that_cannot_be_made_is_told)
{
	host_stores(
	    &w.host, KEY, S("{\"" TALK "\":{\"Preference\":\"allow\"}}"));
	host_breaks(&w.host, listing[_i], "out of order");
	ck_assert_ptr_nonnull(strstr(list(), "Something went wrong"));
	ck_assert(host_logged(&w.host, "out of order"));
}
END_TEST

START_TEST(the_list_is_for_system_admins)
{
	ck_assert_ptr_nonnull(
	    strstr(world_types(&w, ADA, "/zoom channel-settings list"),
	        "Only system admins"));
}
END_TEST

static TCase *dialogs(void)
{
	TCase *tc = tcase_create("dialog");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_admin_of_the_channel_gets_a_dialog);
	tcase_add_loop_test(tc, the_present_value_is_preselected, 0, 4);
	tcase_add_test(tc, typed_in_a_thread_it_is_answered_there);
	tcase_add_loop_test(tc, who_may_not_hears_why, 0,
	    (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_loop_test(
	    tc, a_dialog_that_cannot_be_opened_is_told_and_logged, 0, 4);
	return tc;
}

static TCase *answers(void)
{
	TCase *tc = tcase_create("answer");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_choice_is_stored_and_confirmed, 0, 3);
	tcase_add_test(tc, the_confirmation_goes_into_the_thread);
	tcase_add_test(tc, what_default_means_depends_on_the_channel);
	tcase_add_test(tc, other_channels_and_unknown_fields_survive);
	tcase_add_test(tc, a_value_that_there_is_not_is_shown_at_its_field);
	tcase_add_test(tc, a_body_that_makes_no_sense_is_a_bad_request);
	tcase_add_test(tc, the_dialog_of_one_channel_does_not_set_another);
	tcase_add_loop_test(tc, who_may_not_changes_nothing, 0,
	    (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(tc, nobody_is_somebody);
	tcase_add_test(tc, a_dialog_that_was_closed_changes_nothing);
	tcase_add_test(tc, what_is_damaged_is_not_written_over);
	tcase_add_loop_test(tc, a_server_that_fails_is_told_and_logged, 0, 4);
	return tc;
}

static TCase *lists(void)
{
	TCase *tc = tcase_create("list");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, only_settings_of_their_own_are_listed);
	tcase_add_test(tc, a_list_that_is_too_long_says_how_many_more);
	tcase_add_loop_test(tc, a_list_that_cannot_be_made_is_told, 0, 3);
	tcase_add_test(tc, the_list_is_for_system_admins);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("plugin channel_settings");
	suite_add_tcase(suite, dialogs());
	suite_add_tcase(suite, answers());
	suite_add_tcase(suite, lists());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
