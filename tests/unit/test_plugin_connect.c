/* The OAuth flow, page by page. */
#include "plugin/grant.h"
#include "plugin/store.h"
#include "plugin/vault.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_KEY "zoomuserstate_" ADMIN
#define TOKEN_KEY "zoomSuperUserToken_"
#define CODE      "c0de-of-the-grant"

static struct world w;
static struct host_answer answer;

static void set_up(void)
{
	world_start(&w);
}

static void tear_down(void)
{
	host_answer_fini(&answer);
	world_stop(&w);
}

static int get(const char *user_id, const char *url)
{
	host_answer_fini(&answer);
	ck_assert_msg(
	    host_http(&w.host,
	        &(struct host_request){ .url = url, .user_id = user_id },
	        &answer),
	    "%s", answer.err.text);
	return answer.status;
}

static void expect_page(const char *part)
{
	ck_assert_msg(
	    strstr(host_body(&answer), part) != NULL, "%s", host_body(&answer));
}

static int complete(const char *user_id, struct str state, const char *code)
{
	return get(user_id,
	    str_c(arena_printf(&w.arena, "/oauth2/complete?code=%s&state=%.*s",
	        code, STR_ARG(state))));
}

/* An admin asks for the link; the state that is stored. */
static struct str connect_typed(const char *command)
{
	ck_assert_ptr_nonnull(
	    strstr(world_types(&w, ADMIN, command), "/oauth2/connect"));
	struct str state = host_key(&w.host, STATE_KEY);
	ck_assert_uint_gt(state.len, 0);
	return state;
}

static void zoom_is_well(void)
{
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", WORLD_USER);
}

/* ---- to Zoom ----------------------------------------------------------------------- */

START_TEST(the_link_leads_to_zoom_with_the_stored_state)
{
	struct str state = connect_typed("/zoom connect");
	ck_assert_int_eq(get(ADMIN, "/oauth2/connect"), 302);
	ck_assert_str_eq(host_header(&answer, "Location"),
	    str_c(arena_printf(&w.arena,
	        "%s/oauth/authorize?response_type=code&client_id=client-id"
	        "&redirect_uri=https%%3A%%2F%%2Fchat.example.com%%2Fplugins"
	        "%%2Fzoom%%2Foauth2%%2Fcomplete&state=%.*s",
	        https_url(w.zoom), STR_ARG(state))));
	ck_assert_str_eq(host_header(&answer, "Cache-Control"), "no-store");
	ck_assert(str_eq(host_key(&w.host, STATE_KEY), state));
}
END_TEST

START_TEST(a_link_that_has_expired_gets_a_new_state_that_only_connects)
{
	struct str former = connect_typed("/zoom start");
	ck_assert(str_has_suffix(former, S("_false")));
	w.host.clock_off_ms = 301 * 1000;
	ck_assert_int_eq(get(ADMIN, "/oauth2/connect"), 302);
	struct str state = host_key(&w.host, STATE_KEY);
	ck_assert(!str_eq(state, former));
	ck_assert(str_has_suffix(state, S("__true")));
	ck_assert_ptr_nonnull(
	    strstr(host_header(&answer, "Location"), str_c(state)));
}
END_TEST

START_TEST(only_system_admins_may_connect)
{
	ck_assert_int_eq(get(ADA, "/oauth2/connect"), 403);
	expect_page("For system admins");
	ck_assert_str_eq(host_header(&answer, "Location"), "");
	ck_assert_int_eq(complete(ADA, S("x"), CODE), 403);
	ck_assert_int_eq(get(NULL, "/oauth2/connect"), 401);
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(a_server_that_fails_lets_nobody_in)
{
	host_breaks(&w.host, MM_API_HAS_PERMISSION_TO, "broken");
	ck_assert_int_eq(get(ADMIN, "/oauth2/connect"), 500);
	ck_assert_int_eq(complete(ADMIN, S("x"), CODE), 500);
	ck_assert(host_logged(&w.host, "broken"));
	ck_assert_ptr_null(strstr(host_body(&answer), "broken"));
}
END_TEST

/* ---- and back ------------------------------------------------------------------------- */

static void expect_recent(int64_t ms)
{
	ck_assert_int_le(ms, clock_wall_ms());
	ck_assert_int_gt(ms, clock_wall_ms() - 60000);
}

START_TEST(a_connection_is_tried_stored_and_told)
{
	struct str state = connect_typed("/zoom connect");
	zoom_is_well();
	ck_assert_int_eq(complete(ADMIN, state, CODE), 200);
	expect_page("completed");
	expect_page("window.close()");
	expect_page("ada@example.com");
	ck_assert_ptr_nonnull(strstr(https_request(w.zoom, 0),
	    "grant_type=authorization_code&code=" CODE "&redirect_uri="));
	ck_assert_ptr_nonnull(
	    strstr(https_request(w.zoom, 1), "GET /v2/users/me HTTP"));
	ck_assert(vault_is_sealed(host_key(&w.host, TOKEN_KEY)));
	struct ctx c = world_ctx(&w);
	struct store_account account;
	ck_assert(store_load_account(&c, &account, &w.err));
	ck_assert_str_eq(str_c(account.account_id), "acc0000000000000000001");
	ck_assert_str_eq(str_c(account.zoom_email), "ada@example.com");
	ck_assert_str_eq(str_c(account.connected_by), ADMIN);
	expect_recent(account.connected_ms);
	ctx_end(&c);
	ck_assert_ptr_nonnull(
	    strstr(host_last_told(&w.host), "`ada@example.com`"));
	ck_assert(host_logged(&w.host, "Zoom account connected"));
}
END_TEST

START_TEST(a_state_works_once)
{
	struct str state = connect_typed("/zoom connect");
	zoom_is_well();
	ck_assert_int_eq(complete(ADMIN, state, CODE), 200);
	ck_assert_int_eq(complete(ADMIN, state, CODE), 401);
	expect_page("/zoom connect");
	ck_assert_int_eq(https_n_requests(w.zoom), 2);
}
END_TEST

START_TEST(a_state_that_is_unknown_exchanges_nothing)
{
	ck_assert_int_eq(complete(ADMIN, S("unknown"), CODE), 401);
	connect_typed("/zoom connect");
	ck_assert_int_eq(complete(ADMIN, S("unknown"), CODE), 401);
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(a_visit_without_state_is_harmless)
{
	ck_assert_int_eq(get(ADMIN, "/oauth2/complete?code=" CODE), 200);
	expect_page("Nothing has changed");
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(who_declines_at_zoom_is_told_that_nothing_changed)
{
	struct str state = connect_typed("/zoom connect");
	ck_assert_int_eq(complete(ADMIN, state, ""), 200);
	expect_page("was not connected");
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

static const struct {
	int status;
	const char *error, *says;
} code_errors[] = {
	{ 400, "invalid_request", "did not accept the authorisation code" },
	{ 400, "invalid_grant", "did not accept the authorisation code" },
	{ 401, "else", "did not accept the authorisation code" },
	{ 401, "invalid_client", "client ID or secret" },
	{ 500, "invalid_request", "cannot be reached" },
};

START_TEST(a_code_that_zoom_refuses_changes_nothing)
{
	world_connects(&w);
	struct str before = host_key(&w.host, TOKEN_KEY);
	struct str state = connect_typed("/zoom connect");
	https_answers(w.zoom, code_errors[_i].status, "",
	    str_c(arena_printf(&w.arena,
	        "{\"reason\":\"Invalid authorization code " CODE
	        "\",\"error\":\"%s\"}",
	        code_errors[_i].error)));
	ck_assert_int_eq(complete(ADMIN, state, CODE), 502);
	expect_page(code_errors[_i].says);
	ck_assert_ptr_null(strstr(host_body(&answer), CODE));
	ck_assert(!host_logged(&w.host, CODE));
	ck_assert(str_eq(host_key(&w.host, TOKEN_KEY), before));
}
END_TEST

START_TEST(a_token_that_does_not_work_replaces_none)
{
	world_connects(&w);
	struct str before = host_key(&w.host, TOKEN_KEY);
	struct str state = connect_typed("/zoom connect");
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 400, "",
	    "{\"code\":4711,\"message\":\"does not contain "
	    "scopes:[user:read]\"}");
	https_answers(w.zoom, 200, "", "{\"status\":\"success\"}");
	ck_assert_int_eq(complete(ADMIN, state, CODE), 502);
	expect_page("user:read");
	ck_assert(str_eq(host_key(&w.host, TOKEN_KEY), before));
	/* and does not live on at Zoom */
	const char *request = https_request(w.zoom, 2);
	ck_assert_ptr_nonnull(strstr(request, "POST /oauth/revoke "));
	ck_assert_ptr_nonnull(strstr(request, "token=" NEW_ACCESS));
}
END_TEST

START_TEST(a_token_that_cannot_be_stored_is_a_failure)
{
	struct str state = connect_typed("/zoom connect");
	zoom_is_well();
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert_int_eq(complete(ADMIN, state, CODE), 500);
	ck_assert_ptr_null(strstr(host_body(&answer), "completed"));
}
END_TEST

START_TEST(a_meeting_that_was_asked_for_starts_after_it)
{
	struct str state = connect_typed("/zoom start");
	zoom_is_well();
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
	ck_assert_int_eq(complete(ADMIN, state, CODE), 200);
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	const struct mm_post *post = host_post(&w.host, 0);
	ck_assert_str_eq(str_c(post->channel_id), TALK);
	ck_assert_str_eq(str_c(post->user_id), ADMIN);
}
END_TEST

/* The meeting that is there once a state is completed. */
static const struct mm_post *started_by(struct str state)
{
	zoom_is_well();
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
	ck_assert_int_eq(complete(ADMIN, state, CODE), 200);
	ck_assert_uint_gt(host_n_posts(&w.host), 0);
	return host_post(&w.host, host_n_posts(&w.host) - 1);
}

static const char *topic_of(const struct mm_post *post)
{
	return str_c(gob_any_get_string(
	    gob_any_map_get(&post->props, S("meeting_topic"))));
}

#define WISH_KEY "z2_start_" ADMIN

START_TEST(its_topic_is_kept_meanwhile)
{
	struct str state = connect_typed("/zoom start Planning");
	ck_assert_int_gt(host_expires_s(&w.host, WISH_KEY), 0);
	ck_assert_str_eq(topic_of(started_by(state)), "Planning");
}
END_TEST

START_TEST(its_thread_is_kept_meanwhile)
{
	struct str state = connect_typed("/zoom start");
	const struct mm_post *root =
	    host_adds_post(&w.host, &(struct mm_post){ .channel_id = S(TALK) });
	host_stores(&w.host, WISH_KEY,
	    arena_printf(&w.arena,
	        "{\"state\":\"%.*s\",\"topic\":\"\",\"root_id\":\"%.*s\"}",
	        STR_ARG(state), STR_ARG(root->id)));
	ck_assert(str_eq(started_by(state)->root_id, root->id));
}
END_TEST

START_TEST(the_topic_of_an_earlier_wish_is_not_that_of_a_later_one)
{
	connect_typed("/zoom start Planning");
	struct str state = connect_typed("/zoom start");
	ck_assert_str_eq(topic_of(started_by(state)), "Zoom Meeting");
}
END_TEST

START_TEST(without_its_topic_a_meeting_starts_all_the_same)
{
	struct str state = connect_typed("/zoom start Planning");
	host_stores(&w.host, WISH_KEY, S("no JSON"));
	ck_assert_str_eq(topic_of(started_by(state)), "Zoom Meeting");
}
END_TEST

START_TEST(scopes_that_are_missing_are_told)
{
	struct str state = connect_typed("/zoom connect");
	zoom_is_well();
	ck_assert_int_eq(complete(ADMIN, state, CODE), 200);
	ck_assert_ptr_nonnull(strstr(host_last_told(&w.host),
	    "Zoom has not granted `meeting:read:admin`, "
	    "`recording:read:admin`. Please add them to the app at Zoom"));
}
END_TEST

START_TEST(after_a_plain_connect_no_meeting_starts)
{
	struct str state = connect_typed("/zoom connect");
	zoom_is_well();
	ck_assert_int_eq(complete(ADMIN, state, CODE), 200);
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
	ck_assert_int_eq(https_n_requests(w.zoom), 2);
}
END_TEST

START_TEST(who_came_by_the_link_alone_gets_a_direct_message)
{
	ck_assert_int_eq(get(ADMIN, "/oauth2/connect"), 302);
	zoom_is_well();
	ck_assert_int_eq(
	    complete(ADMIN, host_key(&w.host, STATE_KEY), CODE), 200);
	ck_assert_str_eq(
	    str_c(host_post(&w.host, 0)->channel_id), "direct_" ADMIN);
}
END_TEST

/* ---- replacing, and users for themselves ------------------------------------------------- */

#define OTHER_USER                                                             \
 "{\"id\":\"oThEr000000000000000AA\",\"email\":\"eve@example.com\","           \
 "\"type\":2,\"account_id\":\"acc0000000000000000002\"}"

static struct str users_state(const char *user_id)
{
	char key[64];
	snprintf(key, sizeof(key), "zoomuserstate_%s", user_id);
	ck_assert_ptr_nonnull(strstr(
	    world_types(&w, user_id, "/zoom connect"), "/oauth2/connect"));
	return host_key(&w.host, key);
}

static void connect_as(const char *user_id, const char *zoom_user)
{
	struct str state = users_state(user_id);
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", zoom_user);
	ck_assert_int_eq(complete(user_id, state, CODE), 200);
}

START_TEST(a_former_account_is_given_back)
{
	connect_as(ADMIN, WORLD_USER);
	struct str state = connect_typed("/zoom connect");
	ck_assert_ptr_nonnull(
	    strstr(host_last_told(&w.host), "ada@example.com"));
	ck_assert_ptr_nonnull(
	    strstr(host_last_told(&w.host), "/zoom disconnect"));
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", OTHER_USER);
	https_answers(w.zoom, 200, "", "{\"status\":\"success\"}");
	ck_assert_int_eq(complete(ADMIN, state, CODE), 200);
	ck_assert_int_eq(https_n_requests(w.zoom), 5);
	ck_assert_ptr_nonnull(
	    strstr(https_request(w.zoom, 4), "POST /oauth/revoke "));
}
END_TEST

START_TEST(the_same_account_again_is_not)
{
	connect_as(ADMIN, WORLD_USER);
	connect_as(ADMIN, WORLD_USER);
	ck_assert_int_eq(https_n_requests(w.zoom), 4);
}
END_TEST

START_TEST(users_connect_themselves)
{
	world_configures(&w, "AccountLevelApp", "false");
	ck_assert_int_eq(get(NULL, "/oauth2/connect"), 401);
	connect_as(ADA, WORLD_USER);
	expect_page("completed");
	ck_assert(vault_is_sealed(host_key(&w.host, "zoomtoken_" ADA)));
	struct ctx c = world_ctx(&w);
	struct grant grant;
	ck_assert(grant_load(&c, S(ADA), &grant, &w.err));
	expect_recent(grant.connected_ms);
	ctx_end(&c);
	ck_assert_uint_gt(
	    host_key(&w.host, "zoomtokenbyzoomid_hOsT0000000000000000AA").len,
	    0);
	ck_assert_uint_eq(host_key(&w.host, TOKEN_KEY).len, 0);
	ck_assert_uint_eq(host_key(&w.host, "z2_account").len, 0);
	ck_assert_ptr_nonnull(strstr(
	    host_last_told(&w.host), "Your Zoom account `ada@example.com`"));
	ck_assert_ptr_nonnull(
	    strstr(world_types(&w, ADA, "/zoom connect"), "already connected "
	                                                  "to the account of "
	                                                  "`ada@example.com`"));
}
END_TEST

START_TEST(another_users_state_is_worth_nothing)
{
	world_configures(&w, "AccountLevelApp", "false");
	struct str state = users_state(ADA);
	ck_assert_int_eq(complete(SAM, state, CODE), 401);
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(two_users_of_one_zoom_account_are_told)
{
	world_configures(&w, "AccountLevelApp", "false");
	connect_as(ADA, WORLD_USER);
	connect_as(SAM, WORLD_USER);
	ck_assert_uint_eq(host_key(&w.host, "zoomtoken_" ADA).len, 0);
	ck_assert_uint_gt(host_key(&w.host, "zoomtoken_" SAM).len, 0);
	const struct mm_post *post = host_post(&w.host, 0);
	ck_assert_str_eq(str_c(post->channel_id), "direct_" ADA);
	ck_assert_ptr_nonnull(strstr(str_c(post->message), "somebody else"));
	/* Zoom has ended the former grant itself */
	ck_assert_int_eq(https_n_requests(w.zoom), 4);
}
END_TEST

START_TEST(a_users_former_zoom_account_is_given_back)
{
	world_configures(&w, "AccountLevelApp", "false");
	connect_as(ADA, WORLD_USER);
	if (_i == 1)
		host_stores(&w.host, "zoomtokenbyzoomid_hOsT0000000000000000AA",
		    S("damaged"));
	struct str state = users_state(ADA);
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", OTHER_USER);
	https_answers(w.zoom, 200, "", "{\"status\":\"success\"}");
	ck_assert_int_eq(complete(ADA, state, CODE), 200);
	ck_assert_ptr_nonnull(
	    strstr(https_request(w.zoom, 4), "POST /oauth/revoke "));
	/* what Zoom says of the former one is not about the present one */
	ck_assert_uint_eq(
	    host_key(&w.host, "zoomtokenbyzoomid_hOsT0000000000000000AA").len,
	    0);
	ck_assert_uint_gt(host_key(&w.host, "zoomtoken_" ADA).len, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin connect");
	TCase *tc = tcase_create("flow");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_link_leads_to_zoom_with_the_stored_state);
	tcase_add_test(
	    tc, a_link_that_has_expired_gets_a_new_state_that_only_connects);
	tcase_add_test(tc, only_system_admins_may_connect);
	tcase_add_test(tc, a_server_that_fails_lets_nobody_in);
	tcase_add_test(tc, a_connection_is_tried_stored_and_told);
	tcase_add_test(tc, a_state_works_once);
	tcase_add_test(tc, a_state_that_is_unknown_exchanges_nothing);
	tcase_add_test(tc, a_visit_without_state_is_harmless);
	tcase_add_test(tc, who_declines_at_zoom_is_told_that_nothing_changed);
	tcase_add_loop_test(tc, a_code_that_zoom_refuses_changes_nothing, 0,
	    (int)(sizeof(code_errors) / sizeof(code_errors[0])));
	tcase_add_test(tc, a_token_that_does_not_work_replaces_none);
	tcase_add_test(tc, a_token_that_cannot_be_stored_is_a_failure);
	tcase_add_test(tc, a_meeting_that_was_asked_for_starts_after_it);
	tcase_add_test(tc, its_topic_is_kept_meanwhile);
	tcase_add_test(tc, its_thread_is_kept_meanwhile);
	tcase_add_test(
	    tc, the_topic_of_an_earlier_wish_is_not_that_of_a_later_one);
	tcase_add_test(tc, without_its_topic_a_meeting_starts_all_the_same);
	tcase_add_test(tc, scopes_that_are_missing_are_told);
	tcase_add_test(tc, after_a_plain_connect_no_meeting_starts);
	tcase_add_test(tc, who_came_by_the_link_alone_gets_a_direct_message);
	tcase_add_test(tc, a_former_account_is_given_back);
	tcase_add_test(tc, the_same_account_again_is_not);
	tcase_add_test(tc, users_connect_themselves);
	tcase_add_test(tc, another_users_state_is_worth_nothing);
	tcase_add_test(tc, two_users_of_one_zoom_account_are_told);
	tcase_add_loop_test(
	    tc, a_users_former_zoom_account_is_given_back, 0, 2);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
