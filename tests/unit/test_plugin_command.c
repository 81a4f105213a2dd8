/* /zoom: help by role, unknown ones, what is missing, connecting. */
#include "plugin/command.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct world w;

static void set_up(void)
{
	world_start(&w);
}

static void tear_down(void)
{
	world_stop(&w);
}

static const struct {
	const char *user_id, *command;
	const char *says, *says_not;
} typed[] = {
	{ ADA, "/zoom", "`/zoom start [topic]`", "connect" },
	{ ADA, "/zoom help", "`/zoom help`", "connect" },
	{ ADMIN, "/zoom help", "`/zoom connect`", "`/zoom connect " },
	{ ADA, "/zoom HELP", "`/zoom start", NULL },
	{ ADA, "/zoom help me", "do not know this command", NULL },
	{ ADMIN, "/zoom connect now", "do not know this command", "http" },
	{ ADMIN, "/zoom channel-settings", "", "Something" },
	{ ADA, "/zoom channel-settings", "Only admins of this channel", NULL },
	{ ADMIN, "/zoom channel-settings lists", "do not know", NULL },
	{ ADMIN, "/zoom channel-settings list all", "do not know", NULL },
	{ ADMIN, "/ZOOM Channel-Settings LIST", "No channel has", NULL },
	{ ADA, "/zoom help", "`/zoom channel-settings`", "settings list" },
	{ ADMIN, "/zoom help", "`/zoom channel-settings list`", NULL },
	{ ADA, "", "`/zoom start", NULL },
	{ ADA, "/zoom \x01\x7f\xff", "do not know this command", "\xff" },
	{ ADA, "/zoom start\x01", "do not know this command", NULL },
	{ ADA, "  /zoom   help  ", "`/zoom start", NULL },
	{ ADA, "/zoom dance", "do not know this command", NULL },
	{ ADA, "/zoom connect", "Only system admins", "http" },
	{ ADA, "/zoom Connect", "Only system admins", "http" },
	{ ADMIN, "/zoom connect",
	    "https://chat.example.com/plugins/zoom/oauth2/connect", "already" },
	{ ADMIN, "/zoom start", "Your meeting starts after that", NULL },
	{ ADA, "/zoom start", "No Zoom account is connected", "http" },
};

START_TEST(a_command_is_answered)
{
	const char *says =
	    world_types(&w, typed[_i].user_id, typed[_i].command);
	ck_assert_msg(strstr(says, typed[_i].says) != NULL, "%s", says);
	if (typed[_i].says_not != NULL)
		ck_assert_msg(
		    strstr(says, typed[_i].says_not) == NULL, "%s", says);
}
END_TEST

START_TEST(an_answer_comes_from_the_bot_for_one_user)
{
	world_types(&w, ADA, "/zoom help");
	const struct mm_send_ephemeral_post_args *args =
	    host_args(&w.host, MM_API_SEND_EPHEMERAL_POST, 0);
	ck_assert_str_eq(str_c(args->user_id), ADA);
	ck_assert_str_eq(str_c(args->post->user_id), HOST_BOT);
	ck_assert_str_eq(str_c(args->post->channel_id), TALK);
}
END_TEST

START_TEST(until_it_is_set_up_an_admin_hears_what_is_missing)
{
	world_configures(&w, "OAuthClientID", "\"\"");
	const char *says = world_types(&w, ADMIN, "/zoom start");
	ck_assert_ptr_nonnull(strstr(says, "System Console"));
	ck_assert_ptr_nonnull(strstr(says, "\n- **Zoom client ID**"));
	says = world_types(&w, ADA, "/zoom start");
	ck_assert_ptr_nonnull(strstr(says, "ask a system admin"));
	ck_assert_ptr_null(strstr(says, "client ID"));
	/* help works all the same */
	says = world_types(&w, ADA, "/zoom");
	ck_assert_ptr_nonnull(strstr(says, "/zoom start"));
}
END_TEST

START_TEST(who_is_connected_hears_to_whom)
{
	world_connects(&w);
	host_stores(&w.host, "z2_account",
	    S("{\"account_id\":\"a\",\"zoom_email\":\"boss@example.com\"}"));
	world_types(&w, ADMIN, "/zoom connect");
	const struct mm_send_ephemeral_post_args *args =
	    host_args(&w.host, MM_API_SEND_EPHEMERAL_POST, 0);
	ck_assert_ptr_nonnull(
	    strstr(str_c(args->post->message), "`boss@example.com`"));
	/* and gets the link besides */
	ck_assert_ptr_nonnull(
	    strstr(host_last_told(&w.host), "/oauth2/connect"));
}
END_TEST

START_TEST(a_token_that_cannot_be_read_can_be_replaced)
{
	host_stores(&w.host, "zoomSuperUserToken_", S("\x02 damaged"));
	ck_assert_ptr_nonnull(
	    strstr(world_types(&w, ADMIN, "/zoom connect"), "/oauth2/connect"));
	ck_assert_ptr_nonnull(
	    strstr(world_types(&w, ADMIN, "/zoom start"), "/oauth2/connect"));
}
END_TEST

START_TEST(a_very_long_command_is_answered)
{
	char *text = arena_alloc(&w.arena, 16001);
	memset(text, 'x', 16000);
	memcpy(text, "/zoom ", 6);
	ck_assert_ptr_nonnull(
	    strstr(world_types(&w, ADA, text), "do not know"));
	memset(text + 6, ' ', 15994);
	ck_assert_ptr_nonnull(
	    strstr(world_types(&w, ADA, text), "`/zoom start"));
}
END_TEST

static const struct {
	enum mm_api_method method;
	const char *command;
} failures[] = {
	{ MM_API_HAS_PERMISSION_TO, "/zoom help" },
	{ MM_API_KV_GET, "/zoom connect" },
	{ MM_API_KV_SET_WITH_OPTIONS, "/zoom connect" },
	{ MM_API_KV_GET, "/zoom start" },
};

START_TEST(a_server_that_fails_is_told_and_logged)
{
	host_breaks(&w.host, failures[_i].method, "out of order");
	ck_assert_ptr_nonnull(
	    strstr(world_types(&w, ADMIN, failures[_i].command),
	        "Something went wrong"));
	ck_assert(host_logged(&w.host, "out of order"));
}
END_TEST

START_TEST(a_call_without_arguments_is_survived)
{
	const struct mm_hook_execute_command_args none = { 0 };
	struct mm_hook_execute_command_returns ret = { 0 };
	ck_assert(
	    host_calls(&w.host, "Plugin.ExecuteCommand", &none, &ret, &w.err));
	ck_assert_ptr_nonnull(ret.result);
	ck_assert_uint_eq(ret.result->text.len, 0);
}
END_TEST

START_TEST(the_command_is_registered_with_its_suggestions)
{
	const struct mm_register_command_args *args =
	    host_args(&w.host, MM_API_REGISTER_COMMAND, 0);
	const struct mm_command *command = args->command;
	ck_assert_str_eq(str_c(command->trigger), "zoom");
	ck_assert(command->auto_complete);
	const struct mm_autocomplete_data *data = command->autocomplete_data;
	ck_assert_str_eq(str_c(data->trigger), "zoom");
	ck_assert_uint_gt(data->sub_commands.n, 4);
	for (size_t i = 0; i < data->sub_commands.n; i++) {
		const struct mm_autocomplete_data *sub =
		    &data->sub_commands.items[i];
		bool admins = str_eq(sub->trigger, S("connect")) ||
		              str_eq(sub->trigger, S("disconnect")) ||
		              str_eq(sub->trigger, S("setup")) ||
		              str_eq(sub->trigger, S("status"));
		ck_assert_str_eq(str_c(sub->role_id),
		    admins ? "system_admin" : "system_user");
		ck_assert_uint_gt(sub->help_text.len, 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin command");
	TCase *tc = tcase_create("typed");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_command_is_answered, 0,
	    (int)(sizeof(typed) / sizeof(typed[0])));
	tcase_add_test(tc, an_answer_comes_from_the_bot_for_one_user);
	tcase_add_test(tc, until_it_is_set_up_an_admin_hears_what_is_missing);
	tcase_add_test(tc, a_very_long_command_is_answered);
	tcase_add_test(tc, who_is_connected_hears_to_whom);
	tcase_add_test(tc, a_token_that_cannot_be_read_can_be_replaced);
	tcase_add_loop_test(tc, a_server_that_fails_is_told_and_logged, 0,
	    (int)(sizeof(failures) / sizeof(failures[0])));
	tcase_add_test(tc, a_call_without_arguments_is_survived);
	tcase_add_test(tc, the_command_is_registered_with_its_suggestions);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
