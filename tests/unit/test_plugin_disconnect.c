/* The end of a grant: by /zoom disconnect, and by Zoom's word. */
#include "plugin/grant.h"
#include "tests/lib/patience.h"
#include "tests/lib/world.h"
#include "zoom/time.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNT_KEY "zoomSuperUserToken_"
#define USER_KEY    "zoomtoken_" ADA
#define ZOOM_ID     "hOsT0000000000000000AA"
#define INDEX_KEY   "zoomtokenbyzoomid_" ZOOM_ID
#define ACCOUNT     "acc0000000000000000001"
#define REVOKED     "{\"status\":\"success\"}"

static struct world w;

static void set_up(void)
{
	world_start(&w);
}

static void tear_down(void)
{
	world_stop(&w);
}

static void link_account_at(const char *account_id, int64_t connected_ms)
{
	char json[256];
	world_connects(&w);
	snprintf(json, sizeof(json),
	    "{\"account_id\":\"%s\",\"zoom_email\":\"boss@example.com\","
	    "\"connected\":%lld}",
	    account_id, (long long)connected_ms);
	host_stores(&w.host, "z2_account", str_from(json));
}

static void link_account(const char *account_id)
{
	link_account_at(account_id, 0);
}

static void user_level_at(int64_t connected_ms)
{
	world_configures(&w, "AccountLevelApp", "false");
	struct ctx c = world_ctx(&w);
	bool saved;
	const struct grant grant = { .user_id = S(ADA),
		.zoom_id = S(ZOOM_ID),
		.zoom_email = S("ada@example.com"),
		.connected_ms = connected_ms,
		.token = {
		    .access_token = S(ACCESS), .refresh_token = S(REFRESH) } };
	ck_assert(grant_save(&c, &grant, NULL, &saved, &w.err));
	ctx_end(&c);
}

static void user_level(void)
{
	user_level_at(0);
}

static bool has(const char *key)
{
	return host_key(&w.host, key).len > 0;
}

static void expect_says(const char *user_id, const char *part)
{
	const char *says = world_types(&w, user_id, "/zoom disconnect");
	ck_assert_msg(strstr(says, part) != NULL, "%s", says);
}

/* ---- the command ---------------------------------------------------------------- */

START_TEST(an_admin_disconnects_the_account)
{
	link_account(ACCOUNT);
	https_answers(w.zoom, 200, "", REVOKED);
	expect_says(ADMIN, "disconnected for everybody");
	ck_assert(!has(ACCOUNT_KEY));
	ck_assert(!has("z2_account"));
	const char *request = https_request(w.zoom, 0);
	ck_assert_ptr_nonnull(strstr(request, "POST /oauth/revoke "));
	ck_assert_ptr_nonnull(strstr(request, "token=" ACCESS));
	expect_says(ADMIN, "No Zoom account is connected");
	ck_assert_int_eq(https_n_requests(w.zoom), 1);
}
END_TEST

START_TEST(zoom_need_not_be_there)
{
	link_account(ACCOUNT);
	https_answers(w.zoom, 400, "", "{\"reason\":\"x\"}");
	expect_says(ADMIN, "could not be told");
	ck_assert(!has(ACCOUNT_KEY));
	ck_assert(!host_logged(&w.host, ACCESS));
}
END_TEST

START_TEST(nobody_else_disconnects_the_account)
{
	link_account(ACCOUNT);
	expect_says(ADA, "Only system admins");
	ck_assert(has(ACCOUNT_KEY));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(a_token_under_another_key_is_forgotten_all_the_same)
{
	link_account(ACCOUNT);
	world_loses_key(&w);
	expect_says(ADMIN, "could not be told");
	ck_assert(!has(ACCOUNT_KEY));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(a_store_that_fails_leaves_the_connection)
{
	link_account(ACCOUNT);
	host_fails(&w.host, MM_API_KV_COMPARE_AND_DELETE, 500);
	expect_says(ADMIN, "still connected");
	ck_assert(has(ACCOUNT_KEY));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(users_disconnect_themselves)
{
	user_level();
	expect_says(SAM, "not connected");
	https_answers(w.zoom, 200, "", REVOKED);
	expect_says(ADA, "Your Zoom account is disconnected");
	ck_assert(!has(USER_KEY));
	ck_assert(!has(INDEX_KEY));
}
END_TEST

START_TEST(an_expired_token_is_refreshed_to_be_given_back)
{
	world_connects_for(&w, -1000);
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", REVOKED);
	expect_says(ADMIN, "Zoom has been told");
	ck_assert_ptr_nonnull(strstr(https_request(w.zoom, 0), REFRESH));
	ck_assert_ptr_nonnull(
	    strstr(https_request(w.zoom, 1), "token=" NEW_ACCESS));
	/* one that Zoom has ended by itself needs no more */
	world_connects_for(&w, -1000);
	https_answers(w.zoom, 400, "", "{\"error\":\"invalid_grant\"}");
	expect_says(ADMIN, "Zoom has been told");
	/* one of which nobody knows */
	world_connects_for(&w, -1000);
	https_answers(w.zoom, 503, "", "");
	expect_says(ADMIN, "could not be told");
}
END_TEST

/* ---- deactivation ---------------------------------------------------------------- */

static void is_deactivated(const char *user_id)
{
	struct mm_user user = { .id = str_from(user_id) };
	const struct mm_hook_user_has_been_deactivated_args args = {
		.user = &user,
	};
	ck_assert_msg(host_calls(&w.host, "Plugin.UserHasBeenDeactivated",
	                  &args, NULL, &w.err),
	    "%s", w.err.text);
}

START_TEST(a_deactivated_users_grant_is_given_back)
{
	user_level();
	is_deactivated(SAM);
	ck_assert(has(USER_KEY));
	https_answers(w.zoom, 200, "", REVOKED);
	is_deactivated(ADA);
	ck_assert(!has(USER_KEY));
	ck_assert(!has(INDEX_KEY));
	ck_assert_ptr_nonnull(
	    strstr(https_request(w.zoom, 0), "POST /oauth/revoke "));
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
	is_deactivated(ADA);
	ck_assert_int_eq(https_n_requests(w.zoom), 1);
}
END_TEST

START_TEST(the_accounts_grant_outlives_who_connected_it)
{
	link_account(ACCOUNT);
	is_deactivated(ADMIN);
	is_deactivated("");
	ck_assert(has(ACCOUNT_KEY));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(a_deactivation_that_fails_is_logged)
{
	user_level();
	host_fails(&w.host, MM_API_KV_COMPARE_AND_DELETE, 500);
	is_deactivated(ADA);
	ck_assert(host_logged(&w.host, "is still connected"));
	host_obeys(&w.host, MM_API_KV_COMPARE_AND_DELETE);
	https_answers(w.zoom, 400, "", "{\"reason\":\"x\"}");
	is_deactivated(ADA);
	ck_assert(!has(USER_KEY));
	ck_assert(host_logged(&w.host, "Zoom was not told"));
}
END_TEST

/* ---- at Zoom ----------------------------------------------------------------------- */

#define REMOVED_AT "2026-10-06T13:52:28.632Z"

static const char *event(
    const char *client, const char *account, const char *retention)
{
	return str_c(arena_printf(&w.arena,
	    "{\"event\":\"app_deauthorized\",\"payload\":{%s"
	    "\"account_id\":\"%s\",\"user_id\":\"" ZOOM_ID
	    "\",\"signature\":\"827e\",\"deauthorization_time\":"
	    "\"" REMOVED_AT "\",\"client_id\":\"%s\"}}",
	    retention, account, client));
}

static int deliver(const char *url, const char *body, bool is_signed)
{
	struct host_answer answer;
	char now[32];
	struct str headers = S("Content-Type: application/json\n");
	snprintf(now, sizeof(now), "%lld", (long long)clock_wall_ms() / 1000);
	if (is_signed)
		headers = arena_printf(&w.arena,
		    "%sX-Zm-Request-Timestamp: %s\nX-Zm-Signature: %s\n",
		    str_c(headers), now,
		    str_c(world_signature(
		        &w.arena, SECRET_TOKEN, now, str_from(body))));
	ck_assert(host_http(&w.host,
	    &(struct host_request){
	        .url = url, .headers = str_c(headers), .body = str_from(body) },
	    &answer));
	int status = answer.status;
	host_answer_fini(&answer);
	return status;
}

#define HERE "/deauthorization?secret=" WEBHOOK_SECRET

START_TEST(the_account_is_forgotten_and_the_admins_told)
{
	link_account(ACCOUNT);
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", ACCOUNT, ""), true), 200);
	ck_assert(!has(ACCOUNT_KEY));
	ck_assert(!has("z2_account"));
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	const struct mm_post *post = host_post(&w.host, 0);
	ck_assert_str_eq(str_c(post->channel_id), "direct_" ADMIN);
	ck_assert_ptr_nonnull(strstr(str_c(post->message), "/zoom connect"));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
	/* the same once more: nothing left to do */
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", ACCOUNT, ""), true), 200);
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
}
END_TEST

START_TEST(what_is_not_about_us_changes_nothing)
{
	link_account(ACCOUNT);
	ck_assert_int_eq(
	    deliver(HERE, event("other-app", ACCOUNT, ""), true), 200);
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", "another", ""), true), 200);
	ck_assert_int_eq(deliver(HERE, event("", "", ""), true), 200);
	ck_assert(has(ACCOUNT_KEY));
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
}
END_TEST

START_TEST(forgers_change_nothing)
{
	const char *body = event("client-id", ACCOUNT, "");
	link_account(ACCOUNT);
	ck_assert_int_eq(deliver(HERE, body, false), 401);
	ck_assert_int_eq(deliver("/deauthorization", body, true), 401);
	ck_assert_int_eq(deliver("/deauthorization?secret=x", body, true), 401);
	ck_assert(has(ACCOUNT_KEY));
}
END_TEST

START_TEST(without_a_secret_token_the_address_must_do)
{
	const char *body = event("client-id", ACCOUNT, "");
	link_account(ACCOUNT);
	world_configures(&w, "ZoomWebhookSecret", "\"\"");
	ck_assert_int_eq(
	    deliver("/webhook?secret=" WEBHOOK_SECRET, body, false), 401);
	ck_assert_int_eq(
	    deliver(HERE,
	        "{\"event\":\"meeting.ended\",\"payload\":{\"object\":{}}}",
	        false),
	    401);
	ck_assert(has(ACCOUNT_KEY));
	ck_assert_int_eq(deliver(HERE, body, false), 200);
	ck_assert(!has(ACCOUNT_KEY));
}
END_TEST

static void wait_until_forgotten(void)
{
	int64_t end_ms = clock_deadline_ms(patience(15000));
	while (has(ACCOUNT_KEY) && clock_now_ms() < end_ms)
		usleep(10000);
	ck_assert(!has(ACCOUNT_KEY));
}

START_TEST(an_unknown_account_is_asked_for)
{
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", "another", ""), true), 200);
	ck_assert(has(ACCOUNT_KEY));
	for (int i = 0; i < 2; i++)
		https_answers(w.zoom, 401, "",
		    "{\"code\":124,\"message\":\"Invalid access token.\"}");
	https_answers(w.zoom, 400, "",
	    "{\"reason\":\"Invalid Token!\",\"error\":\"invalid_grant\"}");
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", ACCOUNT, ""), true), 200);
	wait_until_forgotten();
}
END_TEST

START_TEST(a_slow_zoom_neither_holds_nor_loses_a_removal)
{
	world_connects_for(&w, -1000);
	https_waits_ms(w.zoom, 4000);
	https_answers(w.zoom, 200, "",
	    "{\"access_token\":\"new\",\"refresh_token\":\"r2\","
	    "\"expires_in\":3600}");
	https_answers(
	    w.zoom, 200, "", "{\"id\":\"u\",\"account_id\":\"" ACCOUNT "\"}");
	int64_t began_ms = clock_now_ms();
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", ACCOUNT, ""), true), 200);
	ck_assert_int_lt(clock_now_ms() - began_ms, patience(2900));
	ck_assert(has(ACCOUNT_KEY));
	wait_until_forgotten();
}
END_TEST

START_TEST(a_users_grant_is_forgotten_and_the_user_told)
{
	user_level();
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", "any", ""), true), 200);
	ck_assert(!has(USER_KEY));
	ck_assert(!has(INDEX_KEY));
	ck_assert_str_eq(
	    str_c(host_post(&w.host, 0)->channel_id), "direct_" ADA);
	/* nobody's */
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", "any", ""), true), 200);
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
}
END_TEST

/* When it was connected, from the time in the event on; is it forgotten? The
 * clocks of Zoom and of the server may be some seconds apart. */
static const struct {
	int64_t after_ms;
	bool forgotten;
} connections[] = { { -3600000, true }, { 5000, true }, { 20000, false } };

START_TEST(a_connection_that_is_newer_than_its_removal_stays)
{
	int64_t removed_ms;
	ck_assert(zoom_time_parse(S(REMOVED_AT), &removed_ms));
	link_account_at(ACCOUNT, removed_ms + connections[_i].after_ms);
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", ACCOUNT, ""), true), 200);
	ck_assert(has(ACCOUNT_KEY) != connections[_i].forgotten);
	ck_assert(has("z2_account") != connections[_i].forgotten);
	user_level_at(removed_ms + connections[_i].after_ms);
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", "any", ""), true), 200);
	ck_assert(has(USER_KEY) != connections[_i].forgotten);
	ck_assert_uint_eq(
	    host_n_posts(&w.host), connections[_i].forgotten ? 2 : 0);
}
END_TEST

/* The index is what an earlier version left behind. */
START_TEST(a_users_former_zoom_user_is_not_the_present_one)
{
	user_level();
	struct ctx c = world_ctx(&w);
	bool saved;
	const struct grant grant = { .user_id = S(ADA),
		.zoom_id = S("another0000000000000AA"),
		.token = { .access_token = S(ACCESS) } };
	ck_assert(grant_save(&c, &grant, NULL, &saved, &w.err));
	ctx_end(&c);
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", "any", ""), true), 200);
	ck_assert(has(USER_KEY));
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
}
END_TEST

/* As after a kill in between. */
START_TEST(what_was_told_and_not_forgotten_is_forgotten_by_the_repeat)
{
	const char *body = event("client-id", ACCOUNT, "");
	link_account(ACCOUNT);
	host_fails(&w.host, MM_API_KV_COMPARE_AND_DELETE, 500);
	ck_assert_int_eq(deliver(HERE, body, true), 500);
	ck_assert(has(ACCOUNT_KEY));
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	host_obeys(&w.host, MM_API_KV_COMPARE_AND_DELETE);
	ck_assert_int_eq(deliver(HERE, body, true), 200);
	ck_assert(!has(ACCOUNT_KEY));
	ck_assert(!has("z2_account"));
}
END_TEST

START_TEST(an_account_that_outlived_its_grant_is_forgotten_by_the_repeat)
{
	const char *body = event("client-id", ACCOUNT, "");
	link_account(ACCOUNT);
	host_fails(&w.host, MM_API_KV_DELETE, 500);
	ck_assert_int_eq(deliver(HERE, body, true), 500);
	ck_assert(!has(ACCOUNT_KEY));
	ck_assert(has("z2_account"));
	host_obeys(&w.host, MM_API_KV_DELETE);
	ck_assert_int_eq(deliver(HERE, body, true), 200);
	ck_assert(!has("z2_account"));
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
}
END_TEST

START_TEST(a_users_grant_is_forgotten_by_the_repeat)
{
	const char *body = event("client-id", "any", "");
	user_level();
	host_fails(&w.host, MM_API_KV_COMPARE_AND_DELETE, 500);
	ck_assert_int_eq(deliver(HERE, body, true), 500);
	ck_assert(has(USER_KEY));
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	host_obeys(&w.host, MM_API_KV_COMPARE_AND_DELETE);
	ck_assert_int_eq(deliver(HERE, body, true), 200);
	ck_assert(!has(USER_KEY));
	ck_assert(!has(INDEX_KEY));
}
END_TEST

START_TEST(a_grant_is_forgotten_also_when_nobody_can_be_told)
{
	static const enum mm_api_method methods[] = { MM_API_CREATE_POST,
		MM_API_GET_USERS };
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		link_account(ACCOUNT);
		host_fails(&w.host, methods[i], 500);
		ck_assert_int_eq(
		    deliver(HERE, event("client-id", ACCOUNT, ""), true), 200);
		ck_assert(!has(ACCOUNT_KEY));
		ck_assert(!has("z2_account"));
	}
	user_level();
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", "any", ""), true), 200);
	ck_assert(!has(USER_KEY));
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
}
END_TEST

START_TEST(zoom_is_told_that_the_data_are_gone_when_it_asks)
{
	link_account(ACCOUNT);
	https_answers(w.zoom, 200, "", REVOKED);
	ck_assert_int_eq(deliver(HERE,
	                     event("client-id", ACCOUNT,
	                         "\"user_data_retention\":\"false\","),
	                     true),
	    200);
	const char *request = https_request(w.zoom, 0);
	ck_assert_ptr_nonnull(
	    strstr(request, "POST /oauth/data/compliance HTTP"));
	ck_assert_ptr_nonnull(strstr(request, "Authorization: Basic "));
	ck_assert_ptr_nonnull(strstr(request,
	    "{\"client_id\":\"client-id\",\"user_id\":\"" ZOOM_ID
	    "\",\"account_id\":\"" ACCOUNT "\",\"compliance_completed\":true,"
	    "\"deauthorization_event_received\":{"
	    "\"user_data_retention\":\"false\","
	    "\"account_id\":\"" ACCOUNT "\",\"user_id\":\"" ZOOM_ID
	    "\",\"signature\":\"827e\","
	    "\"deauthorization_time\":"
	    "\"2026-10-06T13:52:28.632Z\","
	    "\"client_id\":\"client-id\"}}"));
}
END_TEST

START_TEST(zoom_is_not_told_when_the_data_may_stay)
{
	link_account(ACCOUNT);
	ck_assert_int_eq(deliver(HERE,
	                     event("client-id", ACCOUNT,
	                         "\"user_data_retention\":\"true\","),
	                     true),
	    200);
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(a_store_that_fails_makes_zoom_come_again)
{
	link_account(ACCOUNT);
	host_fails(&w.host, MM_API_KV_GET, 500);
	ck_assert_int_eq(
	    deliver(HERE, event("client-id", ACCOUNT, ""), true), 500);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin disconnect");
	TCase *tc = tcase_create("ends");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_admin_disconnects_the_account);
	tcase_add_test(tc, zoom_need_not_be_there);
	tcase_add_test(tc, nobody_else_disconnects_the_account);
	tcase_add_test(tc, a_token_under_another_key_is_forgotten_all_the_same);
	tcase_add_test(tc, a_store_that_fails_leaves_the_connection);
	tcase_add_test(tc, users_disconnect_themselves);
	tcase_add_test(tc, an_expired_token_is_refreshed_to_be_given_back);
	tcase_add_test(tc, a_deactivated_users_grant_is_given_back);
	tcase_add_test(tc, the_accounts_grant_outlives_who_connected_it);
	tcase_add_test(tc, a_deactivation_that_fails_is_logged);
	tcase_add_test(tc, the_account_is_forgotten_and_the_admins_told);
	tcase_add_test(tc, what_is_not_about_us_changes_nothing);
	tcase_add_test(tc, forgers_change_nothing);
	tcase_add_test(tc, without_a_secret_token_the_address_must_do);
	tcase_add_test(tc, an_unknown_account_is_asked_for);
	tcase_add_test(tc, a_slow_zoom_neither_holds_nor_loses_a_removal);
	tcase_add_loop_test(tc,
	    a_connection_that_is_newer_than_its_removal_stays, 0,
	    (int)(sizeof(connections) / sizeof(connections[0])));
	tcase_add_test(tc, a_users_former_zoom_user_is_not_the_present_one);
	tcase_add_test(tc, a_users_grant_is_forgotten_and_the_user_told);
	tcase_add_test(
	    tc, what_was_told_and_not_forgotten_is_forgotten_by_the_repeat);
	tcase_add_test(
	    tc, an_account_that_outlived_its_grant_is_forgotten_by_the_repeat);
	tcase_add_test(tc, a_users_grant_is_forgotten_by_the_repeat);
	tcase_add_test(tc, a_grant_is_forgotten_also_when_nobody_can_be_told);
	tcase_add_test(tc, zoom_is_told_that_the_data_are_gone_when_it_asks);
	tcase_add_test(tc, zoom_is_not_told_when_the_data_may_stay);
	tcase_add_test(tc, a_store_that_fails_makes_zoom_come_again);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
