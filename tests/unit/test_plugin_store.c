/* The key-value store: keys and formats of the contract, byte for byte. */
#include "plugin/store.h"
#include "plugin/vault.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_KEY "zoomSuperUserToken_"

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

static void expect_key(const char *key, const char *value)
{
	ck_assert_str_eq(str_c(host_key(&w.host, key)), value);
}

/* ---- the token ------------------------------------------------------------------ */

static struct stored_token load_token(void)
{
	struct stored_token stored;
	WORKS(store_load_token(&c, &stored, &w.err));
	return stored;
}

START_TEST(a_token_is_stored_sealed_and_read_back)
{
	bool saved;
	const struct zoom_token token = { S("acc"), S("bearer"), S("ref"),
		S("a b"), 1760000000123 };
	WORKS(store_save_token(&c, &token, NULL, &saved, &w.err));
	struct str raw = host_key(&w.host, TOKEN_KEY);
	ck_assert(vault_is_sealed(raw));
	ck_assert_int_eq(host_expires_s(&w.host, TOKEN_KEY), 0);
	struct zoom_token got = load_token().token;
	ck_assert_str_eq(str_c(got.access_token), "acc");
	ck_assert_str_eq(str_c(got.token_type), "bearer");
	ck_assert_str_eq(str_c(got.refresh_token), "ref");
	ck_assert_str_eq(str_c(got.scope), "a b");
	ck_assert_int_eq(got.expires_ms, 1760000000123);
}
END_TEST

START_TEST(what_is_sealed_is_the_json_of_gos_oauth2)
{
	bool saved;
	struct str json;
	const struct zoom_token token = { S("a\"c"), S("bearer"), S("ref"),
		S("s"), 1760000000123 };
	WORKS(store_save_token(&c, &token, NULL, &saved, &w.err));
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
	struct stored_token stored = load_token();
	ck_assert_str_eq(str_c(stored.raw), json);
	ck_assert_str_eq(str_c(stored.token.access_token), "acc");
	ck_assert_str_eq(str_c(stored.token.refresh_token), "ref");
	ck_assert_int_eq(stored.token.expires_ms, expiries[_i].ms);
}
END_TEST

START_TEST(a_token_that_never_expires_stays_so)
{
	bool saved;
	const struct zoom_token token = { .access_token = S("a") };
	WORKS(store_save_token(&c, &token, NULL, &saved, &w.err));
	ck_assert_int_eq(load_token().token.expires_ms, 0);
}
END_TEST

START_TEST(no_token_is_no_error)
{
	struct stored_token stored = load_token();
	ck_assert_uint_eq(stored.raw.len, 0);
	ck_assert_uint_eq(stored.token.access_token.len, 0);
}
END_TEST

START_TEST(a_damaged_token_is_told)
{
	static const char *const bad[] = { "{", "[]", "x", "\x02", "\x02short",
		"null" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct stored_token stored;
		err_clear(&w.err);
		host_stores(&w.host, TOKEN_KEY, str_from(bad[i]));
		ck_assert(!store_load_token(&c, &stored, &w.err));
		ck_assert_int_eq(w.err.code, ERR_INVALID);
	}
}
END_TEST

START_TEST(another_encryption_key_is_told_apart_from_damage)
{
	struct stored_token stored;
	world_connects(&w);
	ctx_end(&c);
	world_configures(
	    &w, "EncryptionKey", "\"another-key-0123456789abcdefghij\"");
	c = world_ctx(&w);
	ck_assert(!store_load_token(&c, &stored, &w.err));
	ck_assert_int_eq(w.err.code, ERR_DENIED);
}
END_TEST

START_TEST(a_token_is_replaced_only_when_it_is_still_the_one)
{
	bool saved;
	const struct zoom_token token = { .access_token = S("new") };
	world_connects(&w);
	struct stored_token before = load_token();
	WORKS(store_save_token(&c, &token, &before.raw, &saved, &w.err));
	ck_assert(saved);
	WORKS(store_save_token(&c, &token, &before.raw, &saved, &w.err));
	ck_assert(!saved);
	ck_assert_str_eq(str_c(load_token().token.access_token), "new");
	const struct str nothing = { NULL, 0 };
	WORKS(store_save_token(&c, &token, &nothing, &saved, &w.err));
	ck_assert(!saved);
}
END_TEST

START_TEST(the_linked_account_is_kept)
{
	struct store_account got;
	const struct store_account account = { S("acc1"), S("a\"b@x.org"),
		S(ADMIN) };
	WORKS(store_load_account(&c, &got, &w.err));
	ck_assert_uint_eq(got.account_id.len, 0);
	WORKS(store_save_account(&c, &account, &w.err));
	expect_key("z2_account",
	    "{\"account_id\":\"acc1\",\"zoom_email\":\"a\\\"b@x.org\","
	    "\"connected_by\":\"" ADMIN "\"}");
	WORKS(store_load_account(&c, &got, &w.err));
	ck_assert_str_eq(str_c(got.zoom_email), "a\"b@x.org");
	ck_assert_str_eq(str_c(got.connected_by), ADMIN);
	host_stores(&w.host, "z2_account", S("damaged"));
	WORKS(store_load_account(&c, &got, &w.err));
	ck_assert_uint_eq(got.zoom_email.len, 0);
}
END_TEST

/* ---- states ------------------------------------------------------------------------- */

#define STATE_KEY "zoomuserstate_" ADMIN

static struct store_state new_state(bool only_connect)
{
	struct store_state state;
	WORKS(store_new_state(
	    &c, S(ADMIN), S(TALK), only_connect, &state, &w.err));
	return state;
}

static struct store_state use(const char *user_id, struct str text)
{
	struct store_state state;
	WORKS(store_use_state(&c, str_from(user_id), text, &state, &w.err));
	return state;
}

START_TEST(a_state_has_the_form_of_the_contract)
{
	struct str text = new_state(true).text;
	ck_assert_str_eq(
	    str_c(str_sub(text, 15, 99)), "_" ADMIN "_" TALK "_true");
	ck_assert_ptr_null(memchr(text.data, '_', 15));
	expect_key(STATE_KEY, str_c(text));
	ck_assert_int_eq(host_expires_s(&w.host, STATE_KEY), 300);
	ck_assert(str_has_suffix(new_state(false).text, S("_false")));
}
END_TEST

START_TEST(states_are_random)
{
	struct str first = new_state(true).text;
	ck_assert(!str_eq(
	    str_sub(first, 0, 15), str_sub(new_state(true).text, 0, 15)));
}
END_TEST

START_TEST(a_state_works_once)
{
	struct str text = new_state(false).text;
	struct store_state state = use(ADMIN, text);
	ck_assert(str_eq(state.text, text));
	ck_assert_str_eq(str_c(arena_str(&w.arena, state.user_id)), ADMIN);
	ck_assert_str_eq(str_c(arena_str(&w.arena, state.channel_id)), TALK);
	ck_assert(!state.only_connect);
	expect_key(STATE_KEY, "");
	ck_assert_uint_eq(use(ADMIN, text).text.len, 0);
}
END_TEST

START_TEST(a_state_of_somebody_else_or_a_wrong_one_does_not_work)
{
	struct str text = new_state(true).text;
	ck_assert_uint_eq(use(ADA, text).text.len, 0);
	ck_assert_uint_eq(use(ADMIN, S("")).text.len, 0);
	ck_assert_uint_eq(
	    use(ADMIN, str_sub(text, 0, text.len - 1)).text.len, 0);
	/* and is still there */
	ck_assert(str_eq(use(ADMIN, text).text, text));
}
END_TEST

START_TEST(a_state_works_for_five_minutes)
{
	struct str text = new_state(true).text;
	w.host.clock_off_ms = 301 * 1000;
	ck_assert_uint_eq(use(ADMIN, text).text.len, 0);
	w.host.clock_off_ms = 299 * 1000;
	ck_assert(str_eq(use(ADMIN, text).text, text));
}
END_TEST

START_TEST(a_newer_state_replaces_the_former_one)
{
	struct str first = new_state(true).text;
	struct str second = new_state(false).text;
	ck_assert_uint_eq(use(ADMIN, first).text.len, 0);
	ck_assert(str_eq(use(ADMIN, second).text, second));
}
END_TEST

static void nobody_deletes(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	(void)h;
	(void)a;
	(void)args;
	(void)returns;
	(void)object;
}

START_TEST(of_two_that_use_a_state_at_once_one_wins)
{
	struct str text = new_state(true).text;
	host_answers(
	    &w.host, MM_API_KV_COMPARE_AND_DELETE, nobody_deletes, NULL);
	ck_assert_uint_eq(use(ADMIN, text).text.len, 0);
}
END_TEST

START_TEST(a_damaged_state_does_not_work)
{
	static const char *const bad[] = { "x", "_", "a_b", "___",
		"a_" ADA "_c_true" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		host_stores(&w.host, STATE_KEY, str_from(bad[i]));
		ck_assert_uint_eq(use(ADMIN, str_from(bad[i])).text.len, 0);
	}
}
END_TEST

/* ---- meetings ------------------------------------------------------------------------- */

START_TEST(a_meetings_post_is_found_by_its_escaped_uuid)
{
	struct str post_id;
	WORKS(
	    store_save_meeting_post(&c, S(MEETING_UUID), S("thepost"), &w.err));
	expect_key("post_meeting_AbCdEf%2F12345+ghIJKLmno==", "thepost");
	ck_assert_int_eq(
	    host_expires_s(&w.host, "post_meeting_AbCdEf%2F12345+ghIJKLmno=="),
	    (int64_t)30 * 24 * 3600);
	WORKS(store_load_meeting_post(&c, S(MEETING_UUID), &post_id, &w.err));
	ck_assert_str_eq(str_c(post_id), "thepost");
	WORKS(store_load_meeting_post(&c, S("other"), &post_id, &w.err));
	ck_assert_uint_eq(post_id.len, 0);
}
END_TEST

START_TEST(a_meeting_without_uuid_is_not_stored)
{
	struct str post_id;
	WORKS(store_save_meeting_post(&c, S(""), S("p"), &w.err));
	expect_key("post_meeting_", "");
	WORKS(store_load_meeting_post(&c, S(""), &post_id, &w.err));
	ck_assert_uint_eq(post_id.len, 0);
}
END_TEST

START_TEST(a_meetings_channel_has_the_json_of_the_contract)
{
	struct store_channel got;
	const struct store_channel channel = { S(TALK), S(ADA), false };
	WORKS(store_save_meeting_channel(&c, MEETING_ID, &channel, &w.err));
	expect_key("meeting_channel_85550001111",
	    "{\"channel_id\":\"" TALK "\",\"is_subscription\":false,"
	    "\"created_by\":\"" ADA "\"}");
	ck_assert_int_gt(
	    host_expires_s(&w.host, "meeting_channel_85550001111"), 86399);
	WORKS(store_load_meeting_channel(&c, MEETING_ID, &got, &w.err));
	ck_assert_str_eq(str_c(got.channel_id), TALK);
	ck_assert_str_eq(str_c(got.created_by), ADA);
	ck_assert(!got.is_subscription);
}
END_TEST

START_TEST(a_subscription_is_for_good)
{
	struct store_channel got;
	const struct store_channel channel = { S(TALK), S(ADA), true };
	WORKS(store_save_meeting_channel(&c, 7, &channel, &w.err));
	ck_assert_int_eq(host_expires_s(&w.host, "meeting_channel_7"), 0);
	WORKS(store_load_meeting_channel(&c, 7, &got, &w.err));
	ck_assert(got.is_subscription);
	host_stores(&w.host, "meeting_channel_7", S("[1"));
	WORKS(store_load_meeting_channel(&c, 7, &got, &w.err));
	ck_assert_uint_eq(got.channel_id.len, 0);
}
END_TEST

/* ---- channels, and the rest --------------------------------------------------------------- */

static const char *preference_of(const char *channel_id)
{
	struct str preference;
	WORKS(store_load_channel_preference(
	    &c, str_from(channel_id), &preference, &w.err));
	return str_c(preference);
}

START_TEST(a_channels_preference_is_read)
{
	ck_assert_str_eq(preference_of(TALK), "");
	host_stores(&w.host, "zoomChannelSettings",
	    S("{\"" TALK "\":{\"Preference\":\"restrict\"},"
	      "\"x\":7,\"y\":{\"Preference\":true}}"));
	ck_assert_str_eq(preference_of(TALK), "restrict");
	ck_assert_str_eq(preference_of(TEAM), "");
	ck_assert_str_eq(preference_of("x"), "");
	ck_assert_str_eq(preference_of("y"), "");
	host_stores(&w.host, "zoomChannelSettings", S("damaged"));
	ck_assert_str_eq(preference_of(TALK), "");
}
END_TEST

START_TEST(activation_has_left_the_layouts_number)
{
	expect_key("z2_schema", "1");
	size_t before = host_n_called(&w.host, MM_API_KV_SET_WITH_OPTIONS);
	WORKS(store_set_schema(&c, &w.err));
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_KV_SET_WITH_OPTIONS), before);
}
END_TEST

START_TEST(a_store_that_fails_is_told_by_every_function)
{
	struct stored_token token;
	struct store_account account;
	struct store_state state;
	struct store_channel channel;
	struct str text;
	host_fails(&w.host, MM_API_KV_GET, 500);
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert(!store_load_token(&c, &token, &w.err));
	ck_assert(!store_load_account(&c, &account, &w.err));
	ck_assert(!store_load_state(&c, S(ADA), &state, &w.err));
	ck_assert(!store_use_state(&c, S(ADA), S("x"), &state, &w.err));
	ck_assert(!store_new_state(&c, S(ADA), S(""), true, &state, &w.err));
	ck_assert(!store_load_meeting_channel(&c, 1, &channel, &w.err));
	ck_assert(!store_load_meeting_post(&c, S("u"), &text, &w.err));
	ck_assert(!store_save_meeting_post(&c, S("u"), S("p"), &w.err));
	ck_assert(!store_load_channel_preference(&c, S("c"), &text, &w.err));
	ck_assert(!store_set_schema(&c, &w.err));
	ck_assert_int_eq(w.err.code, ERR_REMOTE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin store");
	TCase *tc = tcase_create("keys");
	tcase_set_timeout(tc, 30);
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
	tcase_add_test(tc, the_linked_account_is_kept);
	tcase_add_test(tc, a_state_has_the_form_of_the_contract);
	tcase_add_test(tc, states_are_random);
	tcase_add_test(tc, a_state_works_once);
	tcase_add_test(
	    tc, a_state_of_somebody_else_or_a_wrong_one_does_not_work);
	tcase_add_test(tc, a_state_works_for_five_minutes);
	tcase_add_test(tc, a_newer_state_replaces_the_former_one);
	tcase_add_test(tc, of_two_that_use_a_state_at_once_one_wins);
	tcase_add_test(tc, a_damaged_state_does_not_work);
	tcase_add_test(tc, a_meetings_post_is_found_by_its_escaped_uuid);
	tcase_add_test(tc, a_meeting_without_uuid_is_not_stored);
	tcase_add_test(tc, a_meetings_channel_has_the_json_of_the_contract);
	tcase_add_test(tc, a_subscription_is_for_good);
	tcase_add_test(tc, a_channels_preference_is_read);
	tcase_add_test(tc, activation_has_left_the_layouts_number);
	tcase_add_test(tc, a_store_that_fails_is_told_by_every_function);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
