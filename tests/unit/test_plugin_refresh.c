/* Refreshing across nodes, and when storing fails or a grant has ended. */
#include "plugin/refresh.h"
#include "plugin/token.h"
#include "tests/lib/peer.h"
#include "tests/lib/world.h"
#include "zoom/user.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TOKEN_KEY "zoomSuperUserToken_"
#define LEASE_KEY "z2_lease_refresh_account"
#define DEAD      "{\"reason\":\"Invalid Token!\",\"error\":\"invalid_grant\"}"
#define OTHERS                                                                 \
 "{\"access_token\":\"of-the-other\",\"refresh_token\":\"x\","                 \
 "\"expiry\":\"2099-01-01T00:00:00Z\"}"

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

/* What a user would be told, "" when it works; asked within so long. */
static const char *ask_within(const char *user_id, int64_t ms)
{
	struct ctx c = world_ctx(&w);
	struct zoom_user user = { 0 };
	struct zoom_answer answer;
	const char *says = "";
	c.deadline_ms = clock_deadline_ms(ms);
	err_clear(&w.err);
	if (!token_ask(&c, str_from(user_id), ask_me, &user, &answer, &w.err))
		says = str_c(token_explain(&c, &answer, &w.err));
	ctx_end(&c);
	return says;
}

static const char *ask(void)
{
	return ask_within(ADA, 8000);
}

static void expect_request(int i, const char *part)
{
	ck_assert_msg(strstr(https_request(w.zoom, i), part) != NULL,
	    "request %d: %s", i, https_request(w.zoom, i));
}

/* ---- across nodes ---------------------------------------------------------------- */

/* Another node holds the lease, refreshes, stores and gives it back. */
static void *other_node(void *object)
{
	const struct timespec a_while = { 0, 300 * 1000 * 1000 };
	(void)object;
	nanosleep(&a_while, NULL);
	host_stores(&w.host, TOKEN_KEY, S(OTHERS));
	return NULL;
}

START_TEST(a_node_waits_for_another_ones_refresh)
{
	pthread_t thread;
	world_connects_for(&w, 0);
	host_stores(&w.host, LEASE_KEY, S("of another node"));
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 200, "", WORLD_USER);
	pthread_create(&thread, NULL, other_node, NULL);
	ck_assert_str_eq(ask(), "");
	pthread_join(thread, NULL);
	ck_assert_int_eq(https_n_requests(w.zoom), 2); /* one to learn whose */
	expect_request(0, "Authorization: Bearer of-the-other\r\n");
}
END_TEST

START_TEST(a_lease_that_does_not_end_is_told)
{
	world_connects_for(&w, 0);
	host_stores(&w.host, LEASE_KEY, S("of a dead node"));
	ck_assert_ptr_nonnull(strstr(ask_within(ADA, 300), "being renewed"));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(the_lease_is_given_back_whatever_happens)
{
	world_connects_for(&w, 0);
	https_answers(w.zoom, 500, "", "oops");
	ask();
	ck_assert_uint_eq(host_key(&w.host, LEASE_KEY).len, 0);
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	ck_assert_uint_eq(host_key(&w.host, LEASE_KEY).len, 0);
}
END_TEST

static struct str older; /* what a copy of the database still has */

static void behind(
    struct host *h, struct arena *a, const void *args, void *ret, void *object)
{
	const struct mm_kv_get_args *in = args;
	struct mm_kv_get_returns *out = ret;
	(void)a;
	(void)object;
	if (str_eq(in->key, S(TOKEN_KEY)))
		out->result = older;
	(void)h;
}

START_TEST(a_read_that_is_behind_costs_no_refresh_token)
{
	world_connects_for(&w, 0);
	older = host_key(&w.host, TOKEN_KEY);
	world_connects(&w); /* refreshed on another node */
	host_answers(&w.host, MM_API_KV_GET, behind, NULL);
	ck_assert_ptr_nonnull(strstr(ask(), "busy or being renewed"));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

/* ---- storing ------------------------------------------------------------------------ */

/* An expired token is refreshed, and what comes of it cannot be stored. */
static void keep_a_token(void)
{
	/* the lease is still taken and the token confirmed, no more */
	host_fails_after(&w.host, MM_API_KV_SET_WITH_OPTIONS, 2, 500);
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	ck_assert(host_logged(&w.host, "kept in memory"));
}

START_TEST(a_token_that_cannot_be_stored_is_kept_used_and_stored_later)
{
	world_connects_for(&w, 0);
	struct str before = host_key(&w.host, TOKEN_KEY);
	keep_a_token();
	ck_assert(str_eq(host_key(&w.host, TOKEN_KEY), before));
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	expect_request(2, "Authorization: Bearer " NEW_ACCESS "\r\n");
	host_obeys(&w.host, MM_API_KV_SET_WITH_OPTIONS);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	ck_assert(!str_eq(host_key(&w.host, TOKEN_KEY), before));
	/* and read from there */
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	expect_request(4, "Authorization: Bearer " NEW_ACCESS "\r\n");
	ck_assert_int_eq(https_n_requests(w.zoom), 5);
}
END_TEST

/* Not the one that is stored, which is spent. */
START_TEST(a_token_that_is_only_kept_is_given_back)
{
	world_connects_for(&w, 0);
	keep_a_token();
	host_obeys(&w.host, MM_API_KV_SET_WITH_OPTIONS);
	https_answers(w.zoom, 200, "", "{\"status\":\"success\"}");
	ck_assert_ptr_nonnull(strstr(
	    world_types(&w, ADMIN, "/zoom disconnect"), "Zoom has been told"));
	expect_request(2, "POST /oauth/revoke ");
	expect_request(2, "token=" NEW_ACCESS);
	ck_assert_uint_eq(host_key(&w.host, TOKEN_KEY).len, 0);
}
END_TEST

START_TEST(what_is_kept_knows_when_it_was_connected)
{
	struct ctx c = world_ctx(&w);
	bool saved;
	struct grant grant = { .user_id = S(ADA),
		.zoom_id = S("z"),
		.connected_ms = 1760000000456,
		.token = { S("old"), S("bearer"), S("refresh"), S(""), 1 } };
	world_configures(&w, "AccountLevelApp", "false");
	ck_assert(grant_save(&c, &grant, NULL, &saved, &w.err));
	ctx_end(&c);
	keep_a_token();
	host_obeys(&w.host, MM_API_KV_SET_WITH_OPTIONS);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	c = world_ctx(&w);
	ck_assert(grant_load(&c, S(ADA), &grant, &w.err));
	ck_assert_str_eq(str_c(grant.token.access_token), NEW_ACCESS);
	ck_assert_int_eq(grant.connected_ms, 1760000000456);
	ctx_end(&c);
}
END_TEST

static void connects_again(void)
{
	bool saved;
	struct ctx c = world_ctx(&w);
	const struct grant grant = { .token = {
		                         .access_token =
		                             S("access-token-three"),
		                         .refresh_token =
		                             S("refresh-token-three"),
		                     } };
	ck_assert(grant_save(&c, &grant, NULL, &saved, &w.err));
	ctx_end(&c);
}

START_TEST(a_key_that_is_changed_meanwhile_loses_nothing)
{
	world_connects_for(&w, 0);
	keep_a_token();
	host_obeys(&w.host, MM_API_KV_SET_WITH_OPTIONS);
	/* what is stored is sealed anew, and is still the spent token */
	struct str before = host_key(&w.host, "zoomSuperUserToken_");
	world_configures(&w, "EncryptionKey", "\"" OTHER_KEY "\"");
	while (str_eq(before, host_key(&w.host, "zoomSuperUserToken_")))
		usleep(1000);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	expect_request(2, "Authorization: Bearer " NEW_ACCESS "\r\n");
	struct ctx c = world_ctx(&w);
	struct grant grant;
	ck_assert(grant_load(&c, S(""), &grant, &w.err));
	ck_assert_str_eq(str_c(grant.token.refresh_token), NEW_REFRESH);
	ctx_end(&c);
}
END_TEST

START_TEST(what_was_stored_since_counts_more_than_what_was_kept)
{
	world_connects_for(&w, 0);
	keep_a_token();
	host_obeys(&w.host, MM_API_KV_SET_WITH_OPTIONS);
	connects_again();
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
	expect_request(2, "Authorization: Bearer access-token-three\r\n");
}
END_TEST

START_TEST(what_is_kept_at_the_end_is_freed)
{
	world_connects_for(&w, 0);
	host_fails_after(&w.host, MM_API_KV_SET_WITH_OPTIONS, 2, 500);
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(ask(), "");
}
END_TEST

/* ---- the end of a grant ----------------------------------------------------------------- */

START_TEST(the_admins_are_told_once_that_the_grant_has_ended)
{
	world_connects_for(&w, 0);
	for (int i = 0; i < 3; i++) {
		https_answers(w.zoom, 400, "", DEAD);
		ck_assert_ptr_nonnull(strstr(ask(), "has ended"));
	}
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	const struct mm_post *post = host_post(&w.host, 0);
	ck_assert_str_eq(str_c(post->channel_id), "direct_" ADMIN);
	ck_assert_ptr_nonnull(strstr(str_c(post->message), "/zoom connect"));
	/* another grant, another word */
	world_connects_for(&w, 0);
	https_answers(w.zoom, 400, "", DEAD);
	ask();
	ck_assert_uint_eq(host_n_posts(&w.host), 2);
}
END_TEST

static void passes_s(int64_t seconds)
{
	pthread_mutex_lock(&w.host.lock);
	w.host.clock_off_ms += seconds * 1000;
	pthread_mutex_unlock(&w.host.lock);
}

static void notices(void)
{
	https_answers(w.zoom, 400, "", DEAD);
	ck_assert_ptr_nonnull(strstr(ask(), "has ended"));
}

/* While a method of the server's fails nobody is told, and later once. */
static void is_told_later(enum mm_api_method method)
{
	host_fails(&w.host, method, 500);
	notices();
	host_obeys(&w.host, method);
	/* whoever notices it now leaves it to the one that is telling */
	notices();
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
	passes_s(61);
	notices();
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	passes_s(24 * 3600);
	notices();
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
}

START_TEST(what_no_admin_got_is_told_later)
{
	world_connects_for(&w, 0);
	is_told_later(MM_API_CREATE_POST);
}
END_TEST

START_TEST(when_the_admins_are_not_known_they_are_told_later)
{
	world_connects_for(&w, 0);
	is_told_later(MM_API_GET_USERS);
}
END_TEST

static void connects_ada(void)
{
	bool saved;
	world_configures(&w, "AccountLevelApp", "false");
	struct ctx c = world_ctx(&w);
	const struct grant grant = { .user_id = S(ADA),
		.zoom_id = S("z"),
		.token = { .access_token = S(ACCESS),
		    .refresh_token = S(REFRESH),
		    .expires_ms = 1 } };
	ck_assert(grant_save(&c, &grant, NULL, &saved, &w.err));
	ctx_end(&c);
}

START_TEST(what_the_user_did_not_get_is_told_later)
{
	connects_ada();
	is_told_later(MM_API_GET_DIRECT_CHANNEL);
	ck_assert_str_eq(
	    str_c(host_post(&w.host, 0)->channel_id), "direct_" ADA);
}
END_TEST

START_TEST(a_user_is_told_that_their_own_has_ended)
{
	connects_ada();
	https_answers(w.zoom, 400, "", DEAD);
	ck_assert_ptr_nonnull(strstr(ask(), "Please type `/zoom connect`"));
	ck_assert_str_eq(
	    str_c(host_post(&w.host, 0)->channel_id), "direct_" ADA);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin refresh");
	TCase *tc = tcase_create("refreshes");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_node_waits_for_another_ones_refresh);
	tcase_add_test(tc, a_lease_that_does_not_end_is_told);
	tcase_add_test(tc, the_lease_is_given_back_whatever_happens);
	tcase_add_test(tc, a_read_that_is_behind_costs_no_refresh_token);
	tcase_add_test(
	    tc, a_token_that_cannot_be_stored_is_kept_used_and_stored_later);
	tcase_add_test(
	    tc, what_was_stored_since_counts_more_than_what_was_kept);
	tcase_add_test(tc, a_token_that_is_only_kept_is_given_back);
	tcase_add_test(tc, what_is_kept_knows_when_it_was_connected);
	tcase_add_test(tc, a_key_that_is_changed_meanwhile_loses_nothing);
	tcase_add_test(tc, what_is_kept_at_the_end_is_freed);
	tcase_add_test(tc, the_admins_are_told_once_that_the_grant_has_ended);
	tcase_add_test(tc, what_no_admin_got_is_told_later);
	tcase_add_test(tc, when_the_admins_are_not_known_they_are_told_later);
	tcase_add_test(tc, what_the_user_did_not_get_is_told_later);
	tcase_add_test(tc, a_user_is_told_that_their_own_has_ended);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
