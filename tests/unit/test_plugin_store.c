/* The key-value store: keys and formats of the contract, byte for byte. */
#include "plugin/store.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- the linked account ---------------------------------------------------------- */

START_TEST(the_linked_account_is_kept)
{
	struct store_account got;
	const struct store_account account = { S("acc1"), S("a\"b@x.org"),
		S(ADMIN), 1760000000123 };
	WORKS(store_load_account(&c, &got, &w.err));
	ck_assert_uint_eq(got.account_id.len, 0);
	WORKS(store_save_account(&c, &account, &w.err));
	expect_key("z2_account",
	    "{\"account_id\":\"acc1\",\"zoom_email\":\"a\\\"b@x.org\","
	    "\"connected_by\":\"" ADMIN "\",\"connected\":1760000000123}");
	WORKS(store_load_account(&c, &got, &w.err));
	ck_assert_str_eq(str_c(got.zoom_email), "a\"b@x.org");
	ck_assert_str_eq(str_c(got.connected_by), ADMIN);
	ck_assert_int_eq(got.connected_ms, 1760000000123);
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

START_TEST(of_two_that_use_a_state_at_once_one_wins)
{
	struct str text = new_state(true).text;
	host_answers(
	    &w.host, MM_API_KV_COMPARE_AND_DELETE, host_says_nothing, NULL);
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

/* ---- expecting ------------------------------------------------------------------------ */

static const char *get(const char *key)
{
	struct str value;
	WORKS(store_get(&c, str_from(key), &value, &w.err));
	return value.len == 0 ? "" : str_c(value);
}

/* The plugin's own threads ask, too, for other keys. */
static size_t n_asked(const char *key)
{
	size_t n = host_n_called(&w.host, MM_API_KV_GET);
	size_t found = 0;
	for (size_t i = 0; i < n; i++) {
		const struct mm_kv_get_args *args =
		    host_args(&w.host, MM_API_KV_GET, i);
		found += str_eq(args->key, str_from(key));
	}
	return found;
}

START_TEST(what_is_expected_comes_with_the_first_that_is_asked_for)
{
	host_stores(&w.host, "one", S("1"));
	host_stores(&w.host, "two", S("2"));
	store_expect(&c, S("one"));
	store_expect(&c, S("two"));
	store_expect(&c, S("three"));
	ck_assert_str_eq(get("other"), "");
	ck_assert_uint_eq(n_asked("one") + n_asked("two"), 0);
	ck_assert_str_eq(get("two"), "2");
	ck_assert_uint_eq(n_asked("one"), 1);
	ck_assert_uint_eq(n_asked("three"), 1);
	ck_assert_str_eq(get("one"), "1");
	ck_assert_str_eq(get("three"), "");
	ck_assert_uint_eq(n_asked("one"), 1);
	ck_assert_uint_eq(n_asked("two"), 1);
	ck_assert_uint_eq(n_asked("three"), 1);
}
END_TEST

START_TEST(what_was_expected_is_good_for_once)
{
	store_expect(&c, S("one"));
	ck_assert_str_eq(get("one"), "");
	host_stores(&w.host, "one", S("1"));
	ck_assert_str_eq(get("one"), "1");
	/* also for a copy of the call */
	store_expect(&c, S("one"));
	struct ctx copy = c;
	struct str value;
	WORKS(store_get(&copy, S("one"), &value, &w.err));
	host_stores(&w.host, "one", S("another"));
	ck_assert_str_eq(get("one"), "another");
	/* what was brought before it is expected once more */
	store_expect(&c, S("one"));
	store_expect(&c, S("two"));
	ck_assert_str_eq(get("two"), "");
	host_stores(&w.host, "one", S("newer"));
	store_expect(&c, S("one"));
	ck_assert_str_eq(get("one"), "newer");
}
END_TEST

START_TEST(more_may_be_expected_than_is_asked_for_at_once)
{
	char key[32];
	for (int i = 0; i < 2 * MM_API_AT_ONCE + 1; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		host_stores(&w.host, key, str_from(key));
		store_expect(&c, arena_str(c.arena, str_from(key)));
	}
	for (int i = 0; i < 2 * MM_API_AT_ONCE + 1; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		ck_assert_str_eq(get(key), key);
	}
}
END_TEST

START_TEST(what_could_not_be_brought_is_asked_for_again)
{
	struct str value;
	host_stores(&w.host, "one", S("1"));
	host_stores(&w.host, "two", S("2"));
	store_expect(&c, S("one"));
	store_expect(&c, S("two"));
	host_breaks(&w.host, MM_API_KV_GET, "out of order");
	ck_assert(!store_get(&c, S("one"), &value, &w.err));
	ck_assert_int_eq(w.err.code, ERR_REMOTE);
	err_clear(&w.err);
	host_obeys(&w.host, MM_API_KV_GET);
	ck_assert_str_eq(get("two"), "2");
	ck_assert_str_eq(get("one"), "1");
	/* an AppError is one key's */
	store_expect(&c, S("one"));
	host_fails(&w.host, MM_API_KV_GET, 500);
	ck_assert(!store_get(&c, S("one"), &value, &w.err));
	ck_assert_int_eq(w.err.code, ERR_REMOTE);
	err_clear(&w.err);
	host_obeys(&w.host, MM_API_KV_GET);
	ck_assert_str_eq(get("one"), "1");
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

START_TEST(a_note_is_no_post)
{
	struct str text;
	bool saved;
	WORKS(store_swap_meeting_note(
	    &c, S("u"), S(""), S("posting:7"), 60, &saved, &w.err));
	ck_assert(saved);
	ck_assert_int_gt(host_expires_s(&w.host, "post_meeting_u"), 58);
	WORKS(store_load_meeting_post(&c, S("u"), &text, &w.err));
	ck_assert_uint_eq(text.len, 0);
	WORKS(store_load_meeting_note(&c, S("u"), &text, &w.err));
	ck_assert_str_eq(str_c(text), "posting:7");
	/* of two at once one wins */
	WORKS(store_swap_meeting_note(
	    &c, S("u"), S(""), S("posting:8"), 60, &saved, &w.err));
	ck_assert(!saved);
	WORKS(store_swap_meeting_note(
	    &c, S("u"), S("posting:8"), S(""), 0, &saved, &w.err));
	ck_assert(!saved);
	WORKS(store_swap_meeting_note(
	    &c, S("u"), S("posting:7"), S(""), 0, &saved, &w.err));
	ck_assert(saved);
	expect_key("post_meeting_u", "");
}
END_TEST

START_TEST(a_meetings_channel_has_the_json_of_the_contract)
{
	struct store_channel got;
	const struct store_channel channel = { .channel_id = S(TALK),
		.created_by = S(ADA) };
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

#define NEW_POST    "post_meeting_AbCdEf%2F12345+ghIJKLmno=="
#define NEW_CHANNEL "meeting_channel_85550001111"

static bool save_new(const char *uuid)
{
	const struct store_channel channel = { .channel_id = S(TALK),
		.created_by = S(ADA) };
	return store_save_new_meeting(
	    &c, str_from(uuid), S("thepost"), MEETING_ID, &channel, &w.err);
}

START_TEST(a_new_meeting_is_stored_in_one_wait)
{
	WORKS(save_new(MEETING_UUID));
	expect_key(NEW_POST, "thepost");
	expect_key(NEW_CHANNEL,
	    "{\"channel_id\":\"" TALK "\",\"is_subscription\":false,"
	    "\"created_by\":\"" ADA "\"}");
	ck_assert_int_gt(host_expires_s(&w.host, NEW_POST), 86399);
	ck_assert_int_gt(host_expires_s(&w.host, NEW_CHANNEL), 86399);
	ck_assert_uint_eq(n_asked(NEW_CHANNEL), 0);
}
END_TEST

START_TEST(a_new_meeting_may_have_been_somewhere_before)
{
	host_stores(&w.host, NEW_CHANNEL, S("{\"channel_id\":\"" TEAM "\"}"));
	WORKS(save_new(""));
	expect_key("post_meeting_", "");
	expect_key(NEW_CHANNEL,
	    "{\"channel_id\":\"" TALK "\",\"is_subscription\":false,"
	    "\"created_by\":\"" ADA "\"}");
	const char *subscribed =
	    "{\"channel_id\":\"" TEAM "\",\"is_subscription\":true}";
	host_stores(&w.host, NEW_CHANNEL, str_from(subscribed));
	WORKS(save_new(MEETING_UUID));
	expect_key(NEW_POST, "thepost");
	expect_key(NEW_CHANNEL, subscribed);
}
END_TEST

START_TEST(a_new_meeting_that_cannot_be_stored_is_an_error)
{
	for (int after = 0; after < 2; after++) {
		host_fails_after(
		    &w.host, MM_API_KV_SET_WITH_OPTIONS, after, 500);
		ck_assert(!save_new(MEETING_UUID));
		ck_assert_int_eq(w.err.code, ERR_REMOTE);
		err_clear(&w.err);
	}
}
END_TEST

START_TEST(a_subscription_is_for_good_and_takes_the_place_of_a_start)
{
	struct store_channel former;
	bool done;
	const struct store_channel adhoc = { .channel_id = S(TEAM),
		.created_by = S(SAM) };
	const struct store_channel mine = { .channel_id = S(TALK),
		.created_by = S(ADA),
		.is_subscription = true };
	WORKS(store_save_meeting_channel(&c, 7, &adhoc, &w.err));
	WORKS(store_load_meeting_channel(&c, 7, &former, &w.err));
	WORKS(store_swap_meeting_channel(&c, 7, &former, &mine, &done, &w.err));
	ck_assert(done);
	ck_assert_int_eq(host_expires_s(&w.host, "meeting_channel_7"), 0);
	/* neither a start nor a late swap replaces it */
	WORKS(store_save_meeting_channel(&c, 7, &adhoc, &w.err));
	WORKS(
	    store_swap_meeting_channel(&c, 7, &former, &adhoc, &done, &w.err));
	ck_assert(!done);
	expect_key("meeting_channel_7",
	    "{\"channel_id\":\"" TALK "\",\"is_subscription\":true,"
	    "\"created_by\":\"" ADA "\"}");
	WORKS(store_delete_meeting_channel(&c, 7, &former, &done, &w.err));
	ck_assert(!done);
	WORKS(store_load_meeting_channel(&c, 7, &former, &w.err));
	WORKS(store_delete_meeting_channel(&c, 7, &former, &done, &w.err));
	ck_assert(done);
	expect_key("meeting_channel_7", "");
}
END_TEST

START_TEST(a_damaged_channel_is_none_and_can_be_replaced)
{
	struct store_channel got;
	bool done;
	const struct store_channel mine = { .channel_id = S(TALK),
		.created_by = S(ADA),
		.is_subscription = true };
	host_stores(&w.host, "meeting_channel_7", S("[1"));
	WORKS(store_load_meeting_channel(&c, 7, &got, &w.err));
	ck_assert_uint_eq(got.channel_id.len, 0);
	WORKS(store_swap_meeting_channel(&c, 7, &got, &mine, &done, &w.err));
	ck_assert(done);
	host_stores(
	    &w.host, "meeting_channel_7", S("{\"is_subscription\":true}"));
	WORKS(store_load_meeting_channel(&c, 7, &got, &w.err));
	ck_assert(!got.is_subscription);
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

START_TEST(channels_preferences_are_kept_side_by_side)
{
	struct store_preference *list;
	size_t n;
	WORKS(store_load_channel_preferences(&c, &list, &n, &w.err));
	ck_assert_uint_eq(n, 0);
	WORKS(store_save_channel_preference(&c, S(TALK), S("allow"), &w.err));
	WORKS(store_save_channel_preference(&c, S(TEAM), S("default"), &w.err));
	WORKS(
	    store_save_channel_preference(&c, S(TALK), S("restrict"), &w.err));
	expect_key("zoomChannelSettings",
	    "{\"" TALK "\":{\"Preference\":\"restrict\"},"
	    "\"" TEAM "\":{\"Preference\":\"default\"}}");
	WORKS(store_load_channel_preferences(&c, &list, &n, &w.err));
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(str_c(list[0].channel_id), TALK);
	ck_assert_str_eq(str_c(list[0].preference), "restrict");
	ck_assert_str_eq(str_c(list[1].channel_id), TEAM);
	host_stores(&w.host, "zoomChannelSettings", S("{\"x\":7}"));
	WORKS(store_load_channel_preferences(&c, &list, &n, &w.err));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(list[0].preference.len, 0);
	host_stores(&w.host, "zoomChannelSettings", S("damaged"));
	WORKS(store_load_channel_preferences(&c, &list, &n, &w.err));
	ck_assert_uint_eq(n, 0);
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
	struct store_account account;
	struct store_state state;
	struct store_channel channel;
	struct str text;
	host_fails(&w.host, MM_API_KV_GET, 500);
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert(!store_load_account(&c, &account, &w.err));
	ck_assert(!store_load_state(&c, S(ADA), &state, &w.err));
	ck_assert(!store_use_state(&c, S(ADA), S("x"), &state, &w.err));
	ck_assert(!store_new_state(&c, S(ADA), S(""), true, &state, &w.err));
	ck_assert(!store_load_meeting_channel(&c, 1, &channel, &w.err));
	ck_assert(!store_load_meeting_post(&c, S("u"), &text, &w.err));
	ck_assert(!store_save_meeting_post(&c, S("u"), S("p"), &w.err));
	ck_assert(!store_load_channel_preference(&c, S("c"), &text, &w.err));
	ck_assert(
	    !store_save_channel_preference(&c, S("c"), S("allow"), &w.err));
	struct store_preference *list;
	size_t n;
	ck_assert(!store_load_channel_preferences(&c, &list, &n, &w.err));
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
	tcase_add_test(tc, a_note_is_no_post);
	tcase_add_test(
	    tc, what_is_expected_comes_with_the_first_that_is_asked_for);
	tcase_add_test(tc, what_was_expected_is_good_for_once);
	tcase_add_test(tc, more_may_be_expected_than_is_asked_for_at_once);
	tcase_add_test(tc, what_could_not_be_brought_is_asked_for_again);
	tcase_add_test(tc, a_new_meeting_is_stored_in_one_wait);
	tcase_add_test(tc, a_new_meeting_may_have_been_somewhere_before);
	tcase_add_test(tc, a_new_meeting_that_cannot_be_stored_is_an_error);
	tcase_add_test(
	    tc, a_subscription_is_for_good_and_takes_the_place_of_a_start);
	tcase_add_test(tc, a_damaged_channel_is_none_and_can_be_replaced);
	tcase_add_test(tc, a_channels_preference_is_read);
	tcase_add_test(tc, channels_preferences_are_kept_side_by_side);
	tcase_add_test(tc, activation_has_left_the_layouts_number);
	tcase_add_test(tc, a_store_that_fails_is_told_by_every_function);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
