/* One refresh per expiry, stored before use; early ends, dead grants. */
#include "plugin/token.h"
#include "plugin/vault.h"
#include "tests/lib/patience.h"
#include "tests/lib/peer.h"
#include "tests/lib/world.h"
#include "zoom/user.h"

#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_KEY "zoomSuperUserToken_"
#define DEAD      "{\"reason\":\"Invalid Token!\",\"error\":\"invalid_grant\"}"
#define REVOKED   "{\"code\":124,\"message\":\"Invalid access token.\"}"
#define CROWD     50

static struct world w;

static void set_up(void)
{
	world_start(&w);
}

static void tear_down(void)
{
	world_stop(&w);
}

static bool ask_me(struct zoom_call *call, void *ctx, struct err *err)
{
	return zoom_user_fetch(call, S("me"), ctx, err);
}

/* Ask on a call of its own; what a user would be told, "" when it works. */
static const char *ask_with(struct arena *a, struct err *err)
{
	struct mm_call call = { &w.host.plugin, a, &w.plugin };
	struct ctx c = ctx_begin(&w.plugin, &call);
	struct zoom_user user = { 0 };
	struct zoom_answer answer;
	*err = (struct err){ 0 };
	const char *says = "";
	if (!token_ask(&c, S(ADA), ask_me, &user, &answer, err))
		says = str_c(token_explain(&c, &answer, err));
	ctx_end(&c);
	return says;
}

static const char *ask(void)
{
	return ask_with(&w.arena, &w.err);
}

static struct zoom_token stored(void)
{
	struct ctx c = world_ctx(&w);
	struct grant now;
	ck_assert_msg(grant_load(&c, S(ADA), &now, &w.err), "%s", w.err.text);
	ctx_end(&c);
	return now.token;
}

static void expect_request(int i, const char *part)
{
	ck_assert_msg(strstr(https_request(w.zoom, i), part) != NULL,
	    "request %d: %s", i, https_request(w.zoom, i));
}

/* ---- expiry ------------------------------------------------------------------ */

START_TEST(a_fresh_token_is_used_as_it_is)
{
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	ck_assert_int_eq(https_n_requests(w.zoom), 1);
	expect_request(0, "Authorization: Bearer " ACCESS "\r\n");
}
END_TEST

START_TEST(a_token_that_never_expires_is_never_refreshed)
{
	host_stores(&w.host, TOKEN_KEY,
	    S("{\"access_token\":\"forever\",\"refresh_token\":\"r\","
	      "\"expiry\":\"0001-01-01T00:00:00Z\"}"));
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	expect_request(0, "Authorization: Bearer forever\r\n");
}
END_TEST

START_TEST(an_expired_token_is_refreshed_and_stored)
{
	world_connects_for(&w, 59 * 1000);
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	expect_request(0, "grant_type=refresh_token&refresh_token=" REFRESH);
	expect_request(1, "Authorization: Bearer " NEW_ACCESS "\r\n");
	struct zoom_token now = stored();
	ck_assert_str_eq(str_c(now.access_token), NEW_ACCESS);
	ck_assert_str_eq(str_c(now.refresh_token), NEW_REFRESH);
	ck_assert_str_eq(str_c(now.scope), "meeting:write user:read");
	ck_assert_int_gt(now.expires_ms, clock_wall_ms() + 3500 * 1000);
}
END_TEST

START_TEST(scopes_are_kept_when_zoom_does_not_repeat_them)
{
	world_connects_for(&w, 0);
	https_answers(w.zoom, 200, "",
	    "{\"access_token\":\"" NEW_ACCESS "\",\"refresh_token\":\"r\","
	    "\"token_type\":\"bearer\",\"expires_in\":3599}");
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	ck_assert_str_eq(str_c(stored().scope), "meeting:write");
}
END_TEST

START_TEST(a_token_in_the_clear_is_sealed_when_it_is_refreshed)
{
	host_stores(&w.host, TOKEN_KEY,
	    S("{\"access_token\":\"" ACCESS "\",\"refresh_token\":\"" REFRESH
	      "\",\"expiry\":\"2020-01-01T00:00:00.123456789+02:00\"}"));
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	ck_assert(vault_is_sealed(host_key(&w.host, TOKEN_KEY)));
	ck_assert_str_eq(str_c(stored().access_token), NEW_ACCESS);
}
END_TEST

static void *ask_alone(void *object)
{
	struct arena a;
	struct err err;
	(void)object;
	arena_init(&a, 1024 * 1024);
	const char *says = ask_with(&a, &err);
	ck_assert_msg(says[0] == '\0', "%s (%s)", says, err.text);
	arena_fini(&a);
	return NULL;
}

START_TEST(fifty_at_once_refresh_once)
{
	pthread_t threads[CROWD];
	world_connects_for(&w, 0);
	https_waits_ms(w.zoom, (int)patience(200));
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	for (int i = 0; i < CROWD; i++)
		https_answers(w.zoom, 200, "", WORLD_USER);
	for (int i = 0; i < CROWD; i++)
		pthread_create(&threads[i], NULL, ask_alone, NULL);
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(https_n_requests(w.zoom), CROWD + 1);
	expect_request(0, "POST /oauth/token");
	for (int i = 1; i <= CROWD; i++)
		expect_request(i, "GET /v2/users/me");
}
END_TEST

START_TEST(a_store_that_takes_nothing_costs_no_refresh_token)
{
	world_connects_for(&w, 0);
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert_ptr_nonnull(strstr(ask(), "Something went wrong"));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

/* Another node stores its token while our refresh is under way. */
static void *other_node(void *object)
{
	int64_t deadline = SOON;
	(void)object;
	while (https_n_requests(w.zoom) == 0 && clock_now_ms() < deadline)
		sched_yield();
	host_stores(&w.host, TOKEN_KEY,
	    S("{\"access_token\":\"of-the-other\",\"refresh_token\":\"x\","
	      "\"expiry\":\"2099-01-01T00:00:00Z\"}"));
	return NULL;
}

static void refresh_beside_another(int status, const char *body)
{
	pthread_t thread;
	world_connects_for(&w, 0);
	https_waits_ms(w.zoom, (int)patience(500));
	https_answers(w.zoom, status, "", body);
	https_answers(w.zoom, 200, "", WORLD_USER);
	pthread_create(&thread, NULL, other_node, NULL);
	ck_assert_str_eq(ask(), "");
	pthread_join(thread, NULL);
	expect_request(1, "Authorization: Bearer of-the-other\r\n");
	ck_assert_str_eq(str_c(stored().access_token), "of-the-other");
}

START_TEST(a_node_that_was_faster_is_believed_when_our_grant_is_dead)
{
	refresh_beside_another(400, DEAD);
}
END_TEST

START_TEST(an_account_that_was_connected_meanwhile_counts)
{
	refresh_beside_another(200, WORLD_TOKEN);
}
END_TEST

/* ---- ends ---------------------------------------------------------------------- */

START_TEST(a_revoked_access_token_is_refreshed_once_and_asked_once_more)
{
	world_connects(&w);
	https_answers(w.zoom, 401, "", REVOKED);
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	ck_assert_int_eq(https_n_requests(w.zoom), 3);
	expect_request(2, "Authorization: Bearer " NEW_ACCESS "\r\n");
}
END_TEST

START_TEST(a_token_that_is_refused_twice_is_told)
{
	world_connects(&w);
	https_answers(w.zoom, 401, "", REVOKED);
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 401, "", REVOKED);
	ck_assert_ptr_nonnull(strstr(ask(), "does not accept the connection"));
	ck_assert_int_eq(https_n_requests(w.zoom), 3);
}
END_TEST

START_TEST(a_dead_grant_is_told)
{
	world_connects_for(&w, 0);
	https_answers(w.zoom, 400, "", DEAD);
	const char *says = ask();
	ck_assert_ptr_nonnull(strstr(says, "has ended"));
	ck_assert_ptr_nonnull(strstr(says, "`/zoom connect`"));
	ck_assert_int_eq(w.err.code, ERR_DENIED);
	ck_assert_int_eq(https_n_requests(w.zoom), 1);
}
END_TEST

START_TEST(a_refresh_that_fails_otherwise_keeps_the_token)
{
	world_connects_for(&w, 0);
	https_answers(w.zoom, 503, "", "{}");
	ck_assert_ptr_nonnull(strstr(ask(), "cannot be reached"));
	ck_assert_str_eq(str_c(stored().refresh_token), REFRESH);
}
END_TEST

START_TEST(wrong_app_settings_are_told)
{
	world_connects_for(&w, 0);
	https_answers(w.zoom, 401, "",
	    "{\"reason\":\"Invalid client_id or client_secret\","
	    "\"error\":\"invalid_client\"}");
	ck_assert_ptr_nonnull(strstr(ask(), "client ID or secret"));
}
END_TEST

START_TEST(without_a_token_nobody_is_asked)
{
	ck_assert_ptr_nonnull(strstr(ask(), "No Zoom account is connected"));
	ck_assert_int_eq(w.err.code, ERR_NOT_FOUND);
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(a_token_under_another_key_is_told)
{
	world_connects(&w);
	world_loses_key(&w);
	ck_assert_ptr_nonnull(strstr(ask(), "present encryption key"));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(a_store_that_fails_is_told_without_details)
{
	world_connects(&w);
	host_fails(&w.host, MM_API_KV_GET, 500);
	ck_assert_str_eq(
	    ask(), "Something went wrong. The server's log has the details.");
}
END_TEST

/* ---- words ------------------------------------------------------------------------ */

static const struct {
	struct zoom_answer answer;
	const char *says;
} words[] = {
	{ { .verdict = ZOOM_LIMITED, .retry_ms = 3600 * 1000 }, "midnight" },
	{ { .verdict = ZOOM_LIMITED, .message = "daily" }, "midnight" },
	{ { .verdict = ZOOM_LIMITED, .retry_ms = 2000 }, "in a minute" },
	{ { .verdict = ZOOM_LIMITED, .brief = true }, "in a minute" },
	{ { .verdict = ZOOM_LIMITED, .retry_ms = 3600 * 1000, .brief = true },
	    "midnight" },
	{ { .verdict = ZOOM_APP_DISABLED }, "switched off at Zoom" },
	{ { .verdict = ZOOM_UNTRUSTED }, "certificate" },
	{ { .verdict = ZOOM_SCOPES_MISSING, .scopes = "a:b, c:d" },
	    "permissions (`a:b, c:d`)" },
	{ { .verdict = ZOOM_SCOPES_MISSING }, "lacks permissions." },
	{ { .verdict = ZOOM_UNKNOWN }, "may or may not exist" },
	{ { .verdict = ZOOM_REFUSED }, "Zoom refused" },
	{ { .verdict = ZOOM_NOT_FOUND }, "does not know" },
	{ { .verdict = (enum zoom_verdict)99 }, "Something went wrong" },
};

START_TEST(every_answer_has_its_sentence)
{
	struct ctx c = { .arena = &w.arena, .lang = lang_find(S("en")) };
	const char *says = str_c(token_explain(&c, &words[_i].answer, &w.err));
	ck_assert_msg(strstr(says, words[_i].says) != NULL, "%s", says);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin token");
	TCase *tc = tcase_create("refreshes");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_fresh_token_is_used_as_it_is);
	tcase_add_test(tc, a_token_that_never_expires_is_never_refreshed);
	tcase_add_test(tc, an_expired_token_is_refreshed_and_stored);
	tcase_add_test(tc, scopes_are_kept_when_zoom_does_not_repeat_them);
	tcase_add_test(tc, a_token_in_the_clear_is_sealed_when_it_is_refreshed);
	tcase_add_test(tc, fifty_at_once_refresh_once);
	tcase_add_test(tc, a_store_that_takes_nothing_costs_no_refresh_token);
	tcase_add_test(
	    tc, a_node_that_was_faster_is_believed_when_our_grant_is_dead);
	tcase_add_test(tc, an_account_that_was_connected_meanwhile_counts);
	tcase_add_test(
	    tc, a_revoked_access_token_is_refreshed_once_and_asked_once_more);
	tcase_add_test(tc, a_token_that_is_refused_twice_is_told);
	tcase_add_test(tc, a_dead_grant_is_told);
	tcase_add_test(tc, a_refresh_that_fails_otherwise_keeps_the_token);
	tcase_add_test(tc, wrong_app_settings_are_told);
	tcase_add_test(tc, without_a_token_nobody_is_asked);
	tcase_add_test(tc, a_token_under_another_key_is_told);
	tcase_add_test(tc, a_store_that_fails_is_told_without_details);
	tcase_add_loop_test(tc, every_answer_has_its_sentence, 0,
	    (int)(sizeof(words) / sizeof(words[0])));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
