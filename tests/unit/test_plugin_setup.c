/* /zoom setup: this server's addresses, and what is done already. */
#include "plugin/setup.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdio.h>
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

static void expect(const char *says, const char *part)
{
	ck_assert_msg(
	    strstr(says, part) != NULL, "%s\nis not in\n%s", part, says);
}

START_TEST(the_addresses_are_ready_to_copy)
{
	const char *says = world_types(&w, ADMIN, "/zoom setup");
	expect(says, "`https://chat.example.com/plugins/zoom/oauth2/complete`");
	expect(says, "`https://chat.example.com/plugins/zoom/"
	             "webhook?secret=" WEBHOOK_SECRET "`");
	expect(says, "`https://chat.example.com/plugins/zoom/deauthorization"
	             "?secret=" WEBHOOK_SECRET "`");
	expect(says, "`recording.transcript_completed`");
	expect(says, "Admin-managed");
	expect(says, "`meeting:write:meeting:admin` (older apps: "
	             "`meeting:write:admin`)");
	ck_assert_ptr_null(strstr(says, CLIENT_SECRET));
	ck_assert_ptr_null(strstr(says, SECRET_TOKEN));
	ck_assert_ptr_null(strstr(says, ENCRYPTION_KEY));
}
END_TEST

START_TEST(the_user_level_has_its_own_words)
{
	world_configures(&w, "AccountLevelApp", "false");
	const char *says = world_types(&w, ADMIN, "/zoom setup");
	expect(says, "User-managed");
	expect(says, "`user:read:user` (older apps: `user:read`)");
	expect(says, "everybody does that once");
}
END_TEST

START_TEST(only_system_admins_see_the_secret)
{
	expect(world_types(&w, ADA, "/zoom setup"), "Only system admins");
	ck_assert_ptr_null(
	    strstr(world_types(&w, ADA, "/zoom help"), "/zoom setup"));
	expect(world_types(&w, ADMIN, "/zoom help"), "`/zoom setup`");
}
END_TEST

START_TEST(a_secret_with_odd_characters_is_escaped)
{
	world_configures(&w, "WebhookSecret", "\"a&b c+`d\"");
	expect(
	    world_types(&w, ADMIN, "/zoom setup"), "?secret=a%26b+c%2B%60d`");
}
END_TEST

START_TEST(without_a_secret_there_is_no_address)
{
	world_configures(&w, "WebhookSecret", "\"\"");
	const char *says = world_types(&w, ADMIN, "/zoom setup");
	expect(says, "type `/zoom setup` again");
	ck_assert_ptr_null(strstr(says, "?secret="));
}
END_TEST

static const struct {
	const char *setting, *json, *part;
} portals[] = {
	{ "ZoomURL", "\"https://zoom.us\"", "At https://marketplace.zoom.us," },
	{ "ZoomURL", "\"https://x.zoomgov.com\"",
	    "At https://marketplace.zoomgov.com," },
	{ "ZoomURL", "\"https://zoom.example.com\"", "At your Zoom's" },
	{ "ZoomWebhookSecret", "\"\"",
	    ":black_square_button: Under **Features" },
	{ "OAuthClientID", "\"\"", ":black_square_button: Copy its **Client" },
	{ "RestrictMeetingCreation", "true",
	    ":white_check_mark: Copy its **Client" },
};

START_TEST(each_step_says_whether_it_is_done)
{
	world_configures(&w, portals[_i].setting, portals[_i].json);
	expect(world_types(&w, ADMIN, "/zoom setup"), portals[_i].part);
}
END_TEST

START_TEST(events_and_the_connection_are_seen)
{
	const char *says = world_types(&w, ADMIN, "/zoom setup");
	expect(says, ":black_square_button: There, add");
	expect(says, ":black_square_button: Leave **Install**");
	host_stores(&w.host, "z2_last_webhook", S("{\"at\":1,\"event_ts\":1}"));
	expect(says, "\n2. At ");
	expect(says, "\n5. As **OAuth");
	world_connects(&w);
	says = world_types(&w, ADMIN, "/zoom setup");
	expect(says, ":white_check_mark: There, add");
	expect(says, ":white_check_mark: Leave **Install**");
	expect(says, "\n2. :white_check_mark: At ");
	expect(says, "\n5. :white_check_mark: As **OAuth");
	/* the token may meeting:write, and nothing else */
	expect(says, ":black_square_button: Under **Scopes**");
}
END_TEST

START_TEST(a_store_that_fails_is_told)
{
	host_fails(&w.host, MM_API_KV_GET, 500);
	expect(world_types(&w, ADMIN, "/zoom setup"), "Something went wrong");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin setup");
	TCase *tc = tcase_create("setup");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_addresses_are_ready_to_copy);
	tcase_add_test(tc, the_user_level_has_its_own_words);
	tcase_add_test(tc, only_system_admins_see_the_secret);
	tcase_add_test(tc, a_secret_with_odd_characters_is_escaped);
	tcase_add_test(tc, without_a_secret_there_is_no_address);
	tcase_add_loop_test(tc, each_step_says_whether_it_is_done, 0,
	    (int)(sizeof(portals) / sizeof(portals[0])));
	tcase_add_test(tc, events_and_the_connection_are_seen);
	tcase_add_test(tc, a_store_that_fails_is_told);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
