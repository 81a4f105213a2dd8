/* /zoom status: what works, what does not, and what to do about it. */
#include "plugin/status.h"
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

#include "plugin/grant.h"
#include "plugin/job.h"

#define GRANTED                                                                \
 "user:read:admin meeting:write:admin meeting:read:admin recording:read:admin"

static void connect_with(const char *scope)
{
	struct ctx c = world_ctx(&w);
	bool saved;
	const struct grant grant = { .token = {
		                         .access_token = S(ACCESS),
		                         .refresh_token = S(REFRESH),
		                         .scope = str_from(scope),
		                         .expires_ms =
		                             clock_wall_ms() + 3599000,
		                     } };
	ck_assert_msg(
	    grant_save(&c, &grant, NULL, &saved, &w.err), "%s", w.err.text);
	ctx_end(&c);
	host_stores(&w.host, "z2_account",
	    S("{\"account_id\":\"a\",\"zoom_email\":\"ada@example.com\","
	      "\"connected_by\":\"" ADMIN "\"}"));
}

static void heard(int64_t ago_ms, int64_t lag_ms)
{
	long long at = clock_wall_ms() - ago_ms;
	host_stores(&w.host, "z2_last_webhook",
	    arena_printf(&w.arena, "{\"at\":%lld,\"event_ts\":%lld}", at,
	        at - (long long)lag_ms));
}

static const char *status(void)
{
	return world_types(&w, ADMIN, "/zoom status");
}

static void expect(const char *says, const char *part)
{
	ck_assert_msg(
	    strstr(says, part) != NULL, "%s\nis not in\n%s", part, says);
}

START_TEST(all_is_well)
{
	connect_with(GRANTED);
	heard(300000, 2000);
	https_answers(w.zoom, 200, "", WORLD_USER);
	const char *says = status();
	expect(says, "#### Zoom: everything works\n");
	expect(says, ":white_check_mark: Zoom is connected to the account of "
	             "`ada@example.com`, connected by @root.");
	expect(says, ":white_check_mark: Zoom has granted all scopes");
	expect(says, "good for another 59 minutes");
	expect(says, "An event came from Zoom 5 minutes ago, 2 seconds after "
	             "it was sent.");
	expect(says, "No recording is waiting");
	expect(says, "at account level");
	ck_assert_ptr_null(strstr(says, ":x:"));
	ck_assert_ptr_null(strstr(says, WEBHOOK_SECRET));
	ck_assert_ptr_null(strstr(says, ACCESS));
}
END_TEST

START_TEST(without_settings_zoom_is_not_asked)
{
	world_configures(&w, "OAuthClientID", "\"\"");
	const char *says = status();
	expect(says, ":x: **Zoom client ID** is empty");
	expect(says, "was not checked");
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(what_is_not_connected_is_said)
{
	expect(status(), ":x: No Zoom account is connected yet.");
	world_configures(&w, "AccountLevelApp", "false");
	expect(status(),
	    ":information_source: Your Zoom account is not connected yet.");
}
END_TEST

START_TEST(a_token_that_zoom_refuses_is_said)
{
	connect_with(GRANTED);
	https_answers(w.zoom, 401, "", "{\"code\":124,\"message\":\"x\"}");
	https_answers(w.zoom, 400, "",
	    "{\"reason\":\"Invalid Token!\",\"error\":\"invalid_grant\"}");
	expect(status(), ":x: The connection to Zoom has ended.");
}
END_TEST

START_TEST(missing_scopes_are_named)
{
	connect_with("user:read:admin meeting:write:admin meeting:read:admin");
	https_answers(w.zoom, 200, "", WORLD_USER);
	expect(status(), ":x: Scopes are missing: `recording:read:admin`.");
	connect_with("");
	https_answers(w.zoom, 200, "", WORLD_USER);
	expect(status(), "did not store which scopes");
}
END_TEST

START_TEST(a_clock_that_is_wrong_is_seen_by_zooms_date)
{
	connect_with(GRANTED);
	https_answers(
	    w.zoom, 200, "Date: Tue, 03 Feb 2015 10:00:00 GMT", WORLD_USER);
	expect(status(), "days ahead of Zoom's");
	https_answers(
	    w.zoom, 200, "Date: Sun, 03 Feb 2075 10:00:00 GMT", WORLD_USER);
	expect(status(), "days behind Zoom's");
}
END_TEST

START_TEST(late_events_are_seen)
{
	heard(0, 400000);
	expect(status(), ":x: It was 6 minutes old");
	heard(0, -400000);
	expect(status(), ":x: It was 6 minutes early");
	host_stores(&w.host, "z2_last_webhook", (struct str){ 0 });
	expect(status(), ":x: No event has come from Zoom yet.");
}
END_TEST

static const struct {
	const char *setting, *json, *part;
} settings[] = {
	{ "ZoomWebhookSecret", "\"\"", ":x: **Zoom secret token** is empty" },
	{ "AccountLevelApp", "false", "at user level" },
	{ "EncryptionKey", "\"short\"", ":x: **Encryption key** must have" },
};

START_TEST(settings_are_looked_at)
{
	world_configures(&w, settings[_i].setting, settings[_i].json);
	expect(status(), settings[_i].part);
}
END_TEST

START_TEST(jobs_that_wait_are_counted)
{
	struct ctx c = world_ctx(&w);
	host_stores(&w.host, "z2_lease_job_7", S("another node's"));
	host_stores(&w.host, "z2_job_7", S("another key's"));
	host_stores(&w.host, "z2_jobs", S("x"));
	ctx_end(&c);
	expect(status(), "Waiting to be posted: 1 recording, ");
}
END_TEST

START_TEST(who_connected_and_is_gone)
{
	connect_with(GRANTED);
	host_stores(&w.host, "z2_account", S("{\"connected_by\":\"nobody\"}"));
	https_answers(w.zoom, 200, "", WORLD_USER);
	expect(status(), "connected by somebody who is gone");
}
END_TEST

START_TEST(at_user_level_the_admins_own_connection_is_checked)
{
	world_configures(&w, "AccountLevelApp", "false");
	struct ctx c = world_ctx(&w);
	bool saved;
	const struct grant grant = { .user_id = S(ADMIN),
		.zoom_id = S("z"),
		.zoom_email = S("ada@example.com"),
		.token = { .access_token = S(ACCESS) } };
	ck_assert(grant_save(&c, &grant, NULL, &saved, &w.err));
	ctx_end(&c);
	https_answers(w.zoom, 200, "", WORLD_USER);
	expect(
	    status(), "You are connected to the account of `ada@example.com`.");
}
END_TEST

static const struct {
	bool open_sign_up, verifies_email;
	const char *setting, *json, *part;
} trusts[] = {
	{ false, false, NULL, NULL, ":information_source: Members can change" },
	{ true, false, NULL, NULL, ":x: Anybody can sign up here" },
	{ true, false, "RequireVerifiedEmail", "true", "Only e-mail" },
	{ true, true, NULL, NULL, NULL },
	{ true, false, "AccountLevelApp", "false", NULL },
};

START_TEST(addresses_that_anybody_can_have_are_told)
{
	w.host.open_sign_up = trusts[_i].open_sign_up;
	w.host.verifies_email = trusts[_i].verifies_email;
	world_configures(&w, trusts[_i].setting, trusts[_i].json);
	if (trusts[_i].part != NULL)
		expect(status(), trusts[_i].part);
	else
		ck_assert_ptr_null(strstr(status(), "e-mail"));
}
END_TEST

START_TEST(only_system_admins_may_ask)
{
	expect(world_types(&w, ADA, "/zoom status"), "Only system admins");
}
END_TEST

START_TEST(a_store_that_fails_is_told)
{
	host_fails(&w.host, MM_API_KV_GET, 500);
	expect(status(), "Something went wrong");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin status");
	TCase *tc = tcase_create("status");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, all_is_well);
	tcase_add_test(tc, without_settings_zoom_is_not_asked);
	tcase_add_test(tc, what_is_not_connected_is_said);
	tcase_add_test(tc, a_token_that_zoom_refuses_is_said);
	tcase_add_test(tc, missing_scopes_are_named);
	tcase_add_test(tc, a_clock_that_is_wrong_is_seen_by_zooms_date);
	tcase_add_test(tc, late_events_are_seen);
	tcase_add_loop_test(tc, settings_are_looked_at, 0,
	    (int)(sizeof(settings) / sizeof(settings[0])));
	tcase_add_test(tc, jobs_that_wait_are_counted);
	tcase_add_test(tc, who_connected_and_is_gone);
	tcase_add_test(tc, at_user_level_the_admins_own_connection_is_checked);
	tcase_add_loop_test(tc, addresses_that_anybody_can_have_are_told, 0,
	    (int)(sizeof(trusts) / sizeof(trusts[0])));
	tcase_add_test(tc, only_system_admins_may_ask);
	tcase_add_test(tc, a_store_that_fails_is_told);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
