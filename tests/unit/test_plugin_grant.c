/* Tokens in the store: the account's and users', old ones and our own. */
#include "plugin/grant.h"
#include "plugin/vault.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_KEY "zoomSuperUserToken_"
#define USER_KEY  "zoomtoken_" ADA
#define ZOOM_ID   "hOsT0000000000000000AA"
#define INDEX_KEY "zoomtokenbyzoomid_" ZOOM_ID

static struct world w;
static struct ctx c;

static void set_up(void)
{
	world_start(&w);
	c = world_ctx(&w);
}

static void tear_down(void)
{
	ctx_end(&c);
	world_stop(&w);
}

#define WORKS(call) ck_assert_msg((call), "%s", w.err.text)

static struct grant load(const char *user_id)
{
	struct grant grant;
	WORKS(grant_load(&c, str_from(user_id), &grant, &w.err));
	return grant;
}

static bool save(struct zoom_token token, const struct str *former)
{
	bool saved;
	const struct grant grant = { .token = token };
	WORKS(grant_save(&c, &grant, former, &saved, &w.err));
	return saved;
}

/* ---- the account ------------------------------------------------------------------ */

START_TEST(a_token_is_stored_sealed_and_read_back)
{
	const struct zoom_token token = { S("acc"), S("bearer"), S("ref"),
		S("a b"), 1760000000123 };
	ck_assert(save(token, NULL));
	struct str raw = host_key(&w.host, TOKEN_KEY);
	ck_assert(vault_is_sealed(raw));
	ck_assert_int_eq(host_expires_s(&w.host, TOKEN_KEY), 0);
	struct zoom_token got = load(ADA).token;
	ck_assert_str_eq(str_c(got.access_token), "acc");
	ck_assert_str_eq(str_c(got.token_type), "bearer");
	ck_assert_str_eq(str_c(got.refresh_token), "ref");
	ck_assert_str_eq(str_c(got.scope), "a b");
	ck_assert_int_eq(got.expires_ms, 1760000000123);
}
END_TEST

START_TEST(what_is_sealed_is_the_json_of_gos_oauth2)
{
	struct str json;
	const struct zoom_token token = { S("a\"c"), S("bearer"), S("ref"),
		S("s"), 1760000000123 };
	ck_assert(save(token, NULL));
	WORKS(vault_open(&w.arena, S(ENCRYPTION_KEY), S(TOKEN_KEY),
	    host_key(&w.host, TOKEN_KEY), &json, &w.err));
	ck_assert_str_eq(str_c(arena_str(&w.arena, json)),
	    "{\"access_token\":\"a\\\"c\",\"token_type\":\"bearer\","
	    "\"refresh_token\":\"ref\",\"expiry\":"
	    "\"2025-10-09T08:53:20.123Z\",\"scope\":\"s\"}");
}
END_TEST

static const struct {
	const char *expiry;
	int64_t ms;
} expiries[] = {
	{ "2025-10-09T10:53:20.123456789+02:00", 1760000000123 },
	{ "2025-10-09T08:53:20Z", 1760000000000 },
	{ "0001-01-01T00:00:00Z", 0 },
	{ "", 0 },
	{ "nonsense", 0 },
};

START_TEST(a_token_that_go_wrote_in_the_clear_is_read)
{
	char json[512];
	snprintf(json, sizeof(json),
	    "{\"access_token\":\"acc\",\"token_type\":\"bearer\","
	    "\"refresh_token\":\"ref\",\"expiry\":\"%s\","
	    "\"expires_in\":3599}",
	    expiries[_i].expiry);
	host_stores(&w.host, TOKEN_KEY, str_from(json));
	struct grant stored = load(ADA);
	ck_assert_str_eq(str_c(stored.raw), json);
	ck_assert_str_eq(str_c(stored.token.access_token), "acc");
	ck_assert_str_eq(str_c(stored.token.refresh_token), "ref");
	ck_assert_int_eq(stored.token.expires_ms, expiries[_i].ms);
}
END_TEST

START_TEST(a_token_that_never_expires_stays_so)
{
	const struct zoom_token token = { .access_token = S("a") };
	ck_assert(save(token, NULL));
	ck_assert_int_eq(load(ADA).token.expires_ms, 0);
}
END_TEST

START_TEST(no_token_is_no_error)
{
	struct grant stored = load(ADA);
	ck_assert_uint_eq(stored.raw.len, 0);
	ck_assert_uint_eq(stored.token.access_token.len, 0);
}
END_TEST

START_TEST(a_damaged_token_is_told)
{
	static const char *const bad[] = { "{", "[]", "x", "\x02", "\x02short",
		"null" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct grant stored;
		err_clear(&w.err);
		host_stores(&w.host, TOKEN_KEY, str_from(bad[i]));
		ck_assert(!grant_load(&c, S(ADA), &stored, &w.err));
		ck_assert_int_eq(w.err.code, ERR_INVALID);
	}
}
END_TEST

START_TEST(another_encryption_key_is_told_apart_from_damage)
{
	struct grant stored;
	world_connects(&w);
	ctx_end(&c);
	world_loses_key(&w);
	c = world_ctx(&w);
	ck_assert(!grant_load(&c, S(ADA), &stored, &w.err));
	ck_assert_int_eq(w.err.code, ERR_DENIED);
}
END_TEST

START_TEST(a_token_is_replaced_only_when_it_is_still_the_one)
{
	const struct zoom_token token = { .access_token = S("new") };
	world_connects(&w);
	struct grant before = load(ADA);
	ck_assert(save(token, &before.raw));
	ck_assert(!save(token, &before.raw));
	ck_assert_str_eq(str_c(load(ADA).token.access_token), "new");
	const struct str nothing = { NULL, 0 };
	ck_assert(!save(token, &nothing));
}
END_TEST

/* ---- users ---------------------------------------------------------------------- */

static void user_level(void)
{
	ctx_end(&c);
	world_configures(&w, "AccountLevelApp", "false");
	c = world_ctx(&w);
}

static const struct zoom_token a_token = { S("acc"), S("bearer"), S("ref"),
	S("s"), 1760000000123 };

static void save_user(const struct str *former)
{
	bool saved;
	const struct grant grant = { .user_id = S(ADA),
		.zoom_id = S(ZOOM_ID),
		.zoom_email = S("ada@example.com"),
		.connected_ms = 1760000000456,
		.token = a_token };
	WORKS(grant_save(&c, &grant, former, &saved, &w.err));
	ck_assert(saved);
}

START_TEST(each_user_has_a_grant_of_their_own)
{
	struct grant found;
	user_level();
	save_user(NULL);
	struct grant got = load(ADA);
	ck_assert_str_eq(str_c(got.token.access_token), "acc");
	ck_assert_str_eq(str_c(got.token.refresh_token), "ref");
	ck_assert_str_eq(str_c(got.zoom_id), ZOOM_ID);
	ck_assert_str_eq(str_c(got.zoom_email), "ada@example.com");
	ck_assert_int_eq(got.connected_ms, 1760000000456);
	ck_assert(!got.is_old);
	ck_assert_uint_eq(load(SAM).token.access_token.len, 0);
	ck_assert(vault_is_sealed(host_key(&w.host, USER_KEY)));
	WORKS(grant_find(&c, S(ZOOM_ID), &found, &w.err));
	ck_assert_str_eq(str_c(found.user_id), ADA);
	ck_assert_str_eq(str_c(found.token.access_token), "acc");
	WORKS(grant_find(&c, S("somebody"), &found, &w.err));
	ck_assert_uint_eq(found.user_id.len, 0);
}
END_TEST

START_TEST(the_index_holds_no_token)
{
	struct str json;
	user_level();
	save_user(NULL);
	WORKS(vault_open(&w.arena, S(ENCRYPTION_KEY), S(INDEX_KEY),
	    host_key(&w.host, INDEX_KEY), &json, &w.err));
	ck_assert_str_eq(str_c(arena_str(&w.arena, json)),
	    "{\"ZoomEmail\":\"ada@example.com\",\"ZoomID\":\"" ZOOM_ID
	    "\",\"UserID\":\"" ADA "\"}");
}
END_TEST

/* "old-access-token-0001" under ENCRYPTION_KEY, by Go's crypto/cipher. */
#define OLD_ACCESS                                                             \
 "MDEyMzQ1Njc4OWFiY2RlZjqzQNvv0qpIKiM9XQUc_Lp1iZiEVebL4nu7uriIql5s"

static void store_old(const char *access)
{
	char json[1024];
	snprintf(json, sizeof(json),
	    "{\"ZoomEmail\":\"ada@example.com\",\"OAuthToken\":{"
	    "\"access_token\":\"%s\",\"token_type\":\"bearer\","
	    "\"refresh_token\":\"old-refresh\","
	    "\"expiry\":\"2030-10-09T10:53:20.123456789+02:00\"},"
	    "\"UserID\":\"" ADA "\",\"ZoomID\":\"" ZOOM_ID "\"}",
	    access);
	host_stores(&w.host, USER_KEY, str_from(json));
	host_stores(&w.host, INDEX_KEY, str_from(json));
}

START_TEST(what_the_go_plugin_stored_is_read_and_sealed)
{
	struct grant found;
	user_level();
	store_old(OLD_ACCESS);
	struct grant old = load(ADA);
	ck_assert_str_eq(
	    str_c(old.token.access_token), "old-access-token-0001");
	ck_assert_str_eq(str_c(old.token.refresh_token), "old-refresh");
	ck_assert(old.is_old);
	WORKS(grant_find(&c, S(ZOOM_ID), &found, &w.err));
	ck_assert_str_eq(str_c(found.user_id), ADA);
	WORKS(grant_renew(&c, &old, &w.err));
	struct grant renewed = load(ADA);
	ck_assert(!renewed.is_old);
	ck_assert(str_eq(renewed.token.access_token, old.token.access_token));
	ck_assert_int_eq(renewed.token.expires_ms, old.token.expires_ms);
	ck_assert(vault_is_sealed(host_key(&w.host, USER_KEY)));
	ck_assert(vault_is_sealed(host_key(&w.host, INDEX_KEY)));
	WORKS(grant_find(&c, S(ZOOM_ID), &found, &w.err));
	ck_assert_str_eq(str_c(found.user_id), ADA);
}
END_TEST

START_TEST(a_damaged_old_token_is_told)
{
	struct grant grant;
	user_level();
	store_old("AAAA");
	ck_assert(!grant_load(&c, S(ADA), &grant, &w.err));
	ck_assert_int_eq(w.err.code, ERR_INVALID);
	ck_assert_uint_gt(grant.raw.len, 0);
}
END_TEST

START_TEST(a_removed_grant_is_gone_from_both_places)
{
	bool removed;
	user_level();
	save_user(NULL);
	struct grant grant = load(ADA);
	WORKS(grant_remove(&c, &grant, &removed, &w.err));
	ck_assert(removed);
	ck_assert_uint_eq(host_key(&w.host, USER_KEY).len, 0);
	ck_assert_uint_eq(host_key(&w.host, INDEX_KEY).len, 0);
}
END_TEST

START_TEST(a_grant_that_was_replaced_meanwhile_is_not_removed)
{
	bool removed;
	user_level();
	save_user(NULL);
	struct grant grant = load(ADA);
	save_user(NULL);
	WORKS(grant_remove(&c, &grant, &removed, &w.err));
	ck_assert(!removed);
	ck_assert_uint_gt(host_key(&w.host, USER_KEY).len, 0);
	ck_assert_uint_gt(host_key(&w.host, INDEX_KEY).len, 0);
}
END_TEST

START_TEST(a_store_that_fails_is_told)
{
	struct grant grant;
	struct grant found;
	bool saved;
	const struct grant mine = { .token = a_token };
	host_fails(&w.host, MM_API_KV_GET, 500);
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert(!grant_load(&c, S(ADA), &grant, &w.err));
	ck_assert(!grant_find(&c, S("z"), &found, &w.err));
	ck_assert(!grant_save(&c, &mine, NULL, &saved, &w.err));
	ck_assert(!grant_renew(&c, &mine, &w.err));
	ck_assert_int_eq(w.err.code, ERR_REMOTE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin grant");
	TCase *tc = tcase_create("tokens");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_token_is_stored_sealed_and_read_back);
	tcase_add_test(tc, what_is_sealed_is_the_json_of_gos_oauth2);
	tcase_add_loop_test(tc, a_token_that_go_wrote_in_the_clear_is_read, 0,
	    (int)(sizeof(expiries) / sizeof(expiries[0])));
	tcase_add_test(tc, a_token_that_never_expires_stays_so);
	tcase_add_test(tc, no_token_is_no_error);
	tcase_add_test(tc, a_damaged_token_is_told);
	tcase_add_test(tc, another_encryption_key_is_told_apart_from_damage);
	tcase_add_test(tc, a_token_is_replaced_only_when_it_is_still_the_one);
	tcase_add_test(tc, each_user_has_a_grant_of_their_own);
	tcase_add_test(tc, the_index_holds_no_token);
	tcase_add_test(tc, what_the_go_plugin_stored_is_read_and_sealed);
	tcase_add_test(tc, a_damaged_old_token_is_told);
	tcase_add_test(tc, a_removed_grant_is_gone_from_both_places);
	tcase_add_test(tc, a_grant_that_was_replaced_meanwhile_is_not_removed);
	tcase_add_test(tc, a_store_that_fails_is_told);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
