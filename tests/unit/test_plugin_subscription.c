/* /zoom subscription: what is understood, who may, what is stored. */
#include "plugin/grant.h"
#include "plugin/subscription.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY        "meeting_channel_85550001111"
#define ADAS_INDEX "subscription_index_" ADA
#define ADD        "/zoom subscription add 855 5000 1111"
#define REMOVE     "/zoom subscription remove 85550001111"
#define LIST       "/zoom subscription list"
#define ENTRY(channel, user)                                                   \
 "{\"channel_id\":\"" channel "\",\"is_subscription\":true,"                   \
 "\"created_by\":\"" user "\"}"
#define MEETING(type, host)                                                    \
 "{\"id\":85550001111,\"uuid\":\"" MEETING_UUID "\",\"type\":" type ","        \
 "\"topic\":\"Weekly\",\"host_id\":\"" host "\"}"
#define HOST     "hOsT0000000000000000AA"
#define WEEKLY   MEETING("8", HOST)
#define SOMEBODY "{\"id\":\"other\",\"email\":\"sam+x@example.com\"}"

static struct world w;

static void set_up(void)
{
	world_start(&w);
	world_connects(&w);
}

static void tear_down(void)
{
	world_stop(&w);
}

/* Zoom's answers to one add. */
static void zoom_knows(const char *meeting, const char *user)
{
	https_answers(w.zoom, 200, "", meeting);
	https_answers(w.zoom, 200, "", user);
}

static void expect_says(
    const char *user_id, const char *command, const char *part)
{
	const char *says = world_types(&w, user_id, command);
	ck_assert_msg(strstr(says, part) != NULL, "%s", says);
}

static void expect_key(const char *key, const char *value)
{
	ck_assert_str_eq(str_c(host_key(&w.host, key)), value);
}

static void ada_subscribes_talk(void)
{
	zoom_knows(WEEKLY, WORLD_USER);
	expect_says(ADA, ADD, "now subscribed to **Weekly** (`855 5000 1111`)");
}

/* ---- what is understood -------------------------------------------------------------- */

static const struct {
	const char *typed;
	int64_t id;
} typed[] = {
	{ "85550001111", 85550001111 },
	{ " 855 5000 1111 ", 85550001111 },
	{ "855-5000-1111", 85550001111 },
	{ "123456789", 123456789 },
	{ "https://zoom.us/j/85550001111", 85550001111 },
	{ "https://us05web.zoom.us/j/85550001111?pwd=a/s/1.1", 85550001111 },
	{ "https://acme.zoom.us/s/85550001111#success", 85550001111 },
	{ "https://acme.zoom.us/w/85550001111/?tk=x", 85550001111 },
	{ "acme.zoom.us/j/855-5000-1111", 85550001111 },
	{ "https://example.com/zoom/j/85550001111", 85550001111 },
	{ "", 0 },
	{ "12345678", 0 },
	{ "1234567890123456", 0 },
	{ "85550001111x", 0 },
	{ "-85550001111 tomorrow", 0 },
	{ "https://zoom.us/my/ada.lovelace", 0 },
	{ "https://zoom.us/my/j", 0 },
	{ "https://zoom.us/", 0 },
	{ "https://zoom.us/j/", 0 },
	{ "/", 0 },
};

START_TEST(an_id_is_found_in_what_people_paste)
{
	int64_t id;
	const char *why = "";
	bool found =
	    subscription_parse_id(str_from(typed[_i].typed), &id, &why);
	ck_assert_int_eq(found ? id : 0, typed[_i].id);
	ck_assert(found == (why[0] == '\0'));
	bool personal = strstr(typed[_i].typed, "/my/") != NULL;
	ck_assert(personal == (strstr(why, "personal meeting") != NULL));
}
END_TEST

START_TEST(a_bare_subscription_shows_the_three)
{
	expect_says(ADA, "/zoom subscription", "subscription add <meeting id>");
	expect_says(ADA, "/zoom subscription", "subscription remove");
	expect_says(ADA, "/zoom subscription", "subscription list");
	ck_assert_ptr_null(
	    strstr(world_types(&w, ADA, "/zoom subscription"), "zoom start"));
	expect_says(
	    ADA, "/zoom subscription add", "name the meeting by its ID");
	expect_says(ADA, "/zoom help", "subscription add");
}
END_TEST

/* ---- add -------------------------------------------------------------------------------- */

START_TEST(a_host_subscribes_a_channel)
{
	ada_subscribes_talk();
	expect_key(KEY, ENTRY(TALK, ADA));
	ck_assert_int_eq(host_expires_s(&w.host, KEY), 0);
	expect_key(ADAS_INDEX, "{\"meeting_ids\":[85550001111]}");
	ck_assert_ptr_nonnull(
	    strstr(https_request(w.zoom, 0), "GET /v2/meetings/85550001111 "));
	ck_assert_ptr_nonnull(
	    strstr(https_request(w.zoom, 1), "GET /v2/users/ada@example.com "));
}
END_TEST

START_TEST(twice_is_told_and_changes_nothing)
{
	ada_subscribes_talk();
	zoom_knows(WEEKLY, WORLD_USER);
	expect_says(ADA, ADD, "already subscribed to **Weekly**");
	expect_key(ADAS_INDEX, "{\"meeting_ids\":[85550001111]}");
	/* an index that was lost comes back with it */
	host_stores(&w.host, ADAS_INDEX, S("{}"));
	zoom_knows(WEEKLY, WORLD_USER);
	expect_says(ADA, ADD, "already subscribed");
	expect_key(ADAS_INDEX, "{\"meeting_ids\":[85550001111]}");
}
END_TEST

START_TEST(the_meeting_of_a_start_can_be_subscribed)
{
	host_stores(&w.host, KEY,
	    S("{\"channel_id\":\"" TEAM "\",\"is_subscription\":false,"
	      "\"created_by\":\"" SAM "\"}"));
	ada_subscribes_talk();
	expect_key(KEY, ENTRY(TALK, ADA));
}
END_TEST

static const struct {
	const char *meeting, *user, *says;
} refused[] = {
	{ WEEKLY, SOMEBODY, "somebody else's meeting" },
	{ MEETING("8", ""), SOMEBODY, "somebody else's meeting" },
	{ MEETING("4", HOST), WORLD_USER, "personal meeting ID" },
	{ "{\"id\":85550001111,\"type\":8,\"pmi\":\"85550001111\","
	  "\"host_id\":\"" HOST "\"}",
	    WORLD_USER, "personal meeting ID" },
	{ WEEKLY, "{\"id\":\"" HOST "\",\"pmi\":85550001111}",
	    "personal meeting ID" },
};

START_TEST(a_meeting_that_will_not_do_is_refused)
{
	zoom_knows(refused[_i].meeting, refused[_i].user);
	expect_says(ADA, ADD, refused[_i].says);
	expect_key(KEY, "");
	expect_key(ADAS_INDEX, "");
}
END_TEST

START_TEST(a_system_admin_subscribes_any_meeting_but_a_personal_one)
{
	zoom_knows(WEEKLY, WORLD_USER);
	expect_says(ADMIN, ADD, "now subscribed");
	ck_assert_ptr_nonnull(
	    strstr(https_request(w.zoom, 1), "GET /v2/users/" HOST " "));
	expect_key(KEY, ENTRY(TALK, ADMIN));
	zoom_knows(WEEKLY, "{\"id\":\"" HOST "\",\"pmi\":85550001111}");
	expect_says(ADMIN, ADD, "personal meeting ID");
}
END_TEST

START_TEST(zooms_refusals_are_told)
{
	https_answers(w.zoom, 404, "",
	    "{\"code\":3001,\"message\":\"Meeting does not exist: 1.\"}");
	expect_says(ADA, ADD, "Zoom knows no meeting `855 5000 1111`");
	https_answers(w.zoom, 200, "", WEEKLY);
	https_answers(w.zoom, 404, "",
	    "{\"code\":1001,\"message\":\"User does not exist: x.\"}");
	expect_says(ADA, ADD, "nobody as `ada@example.com`");
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_WARN), 0);
	https_answers(w.zoom, 400, "x-zm-trackingid: track-7",
	    "{\"code\":4711,\"message\":\"Invalid access token, does not "
	    "contain scopes:[meeting:read:meeting:admin].\"}");
	expect_says(ADA, ADD, "`meeting:read:meeting:admin`");
	ck_assert(host_logged(&w.host, "track-7"));
	expect_key(KEY, "");
}
END_TEST

START_TEST(who_may_not_post_here_may_not_subscribe)
{
	expect_says(EVE, ADD, "not a member");
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(an_address_that_is_not_verified_makes_no_host)
{
	world_configures(&w, "RequireVerifiedEmail", "true");
	https_answers(w.zoom, 200, "", WEEKLY);
	expect_says(ADA, ADD, "is not verified");
	expect_key(KEY, "");
	zoom_knows(WEEKLY, WORLD_USER);
	expect_says(ADMIN, ADD, "now subscribed"); /* to anybody's */
	host_stores(&w.host, KEY, S(""));
	w.host.users[1].email_verified = true; /* ADA */
	ada_subscribes_talk();
}
END_TEST

START_TEST(a_meeting_of_another_channel_stays_there)
{
	host_stores(&w.host, KEY, S(ENTRY(TEAM, SAM)));
	host_adds_member(&w.host, TEAM, SAM, true);
	zoom_knows(WEEKLY, WORLD_USER);
	expect_says(ADA, ADD, "is posted in ~");
	expect_key(KEY, ENTRY(TEAM, SAM));
	/* who cannot see the channel does not hear its name */
	zoom_knows(MEETING("8", "other"), SOMEBODY);
	host_stores(&w.host, KEY, S(ENTRY(READ, ADMIN)));
	host_adds_member(&w.host, READ, ADMIN, true);
	expect_says(SAM, ADD, "is posted in another channel");
}
END_TEST

START_TEST(the_subscriber_moves_a_meeting_and_so_does_an_admin)
{
	host_stores(&w.host, KEY, S(ENTRY(TEAM, ADA)));
	host_stores(
	    &w.host, ADAS_INDEX, S("{\"meeting_ids\":[\"85550001111\",7]}"));
	zoom_knows(WEEKLY, WORLD_USER);
	expect_says(ADA, ADD, "Before, it was posted in ~");
	expect_key(KEY, ENTRY(TALK, ADA));
	expect_key(ADAS_INDEX, "{\"meeting_ids\":[7,85550001111]}");
	host_stores(&w.host, KEY, S(ENTRY(TEAM, ADA)));
	zoom_knows(WEEKLY, WORLD_USER);
	expect_says(ADMIN, ADD, "now subscribed");
	expect_key(KEY, ENTRY(TALK, ADMIN));
	expect_key(ADAS_INDEX, "{\"meeting_ids\":[7]}");
	expect_key(
	    "subscription_index_" ADMIN, "{\"meeting_ids\":[85550001111]}");
}
END_TEST

START_TEST(a_subscription_that_posts_nothing_any_more_can_be_taken_over)
{
	host_stores(&w.host, KEY, S(ENTRY(TALK, SAM)));
	w.host.users[2].delete_at = 1;
	zoom_knows(WEEKLY, WORLD_USER);
	expect_says(ADA, ADD, "now subscribed");
	expect_key(KEY, ENTRY(TALK, ADA));
	host_stores(&w.host, KEY, S(ENTRY(OLD, SAM)));
	zoom_knows(WEEKLY, WORLD_USER);
	expect_says(ADA, ADD, "now subscribed");
}
END_TEST

/* ---- remove ----------------------------------------------------------------------------- */

START_TEST(the_subscriber_removes_it)
{
	ada_subscribes_talk();
	expect_says(SAM, REMOVE, "Somebody else has subscribed");
	expect_says(ADA, REMOVE,
	    "**Weekly** (`855 5000 1111`) is no longer posted in this "
	    "channel");
	expect_key(KEY, "");
	expect_key(ADAS_INDEX, "{\"meeting_ids\":[]}");
	expect_key("z2_topic_85550001111", "");
	expect_says(ADA, REMOVE, "No channel is subscribed to `855 5000 1111`");
}
END_TEST

START_TEST(an_admin_removes_anybodys)
{
	ada_subscribes_talk();
	expect_says(ADMIN, REMOVE, "no longer posted");
	expect_key(KEY, "");
	expect_key(ADAS_INDEX, "{\"meeting_ids\":[]}");
}
END_TEST

START_TEST(what_a_start_left_is_no_subscription)
{
	const char *adhoc =
	    "{\"channel_id\":\"" TALK "\",\"is_subscription\":false,"
	    "\"created_by\":\"" ADA "\"}";
	host_stores(&w.host, KEY, str_from(adhoc));
	expect_says(ADA, REMOVE, "No channel is subscribed");
	expect_key(KEY, adhoc);
	expect_says(ADA, "/zoom subscription remove x", "name the meeting");
}
END_TEST

/* ---- list -------------------------------------------------------------------------------- */

START_TEST(the_list_shows_what_counts_and_cleans_the_rest)
{
	ada_subscribes_talk();
	host_stores(&w.host, ADAS_INDEX,
	    S("{\"meeting_ids\":[1,\"2\",3,85550001111,null,\"x\",4],"
	      "\"more\":true}"));
	host_stores(&w.host, "meeting_channel_2", S(ENTRY(TEAM, ADA)));
	host_stores(&w.host, "meeting_channel_3", S(ENTRY(TALK, SAM)));
	host_stores(&w.host, "meeting_channel_4",
	    S("{\"channel_id\":\"" TALK "\",\"is_subscription\":false,"
	      "\"created_by\":\"" ADA "\"}"));
	const char *says = world_types(&w, ADA, LIST);
	ck_assert_ptr_nonnull(
	    strstr(says, "- **Weekly** (`855 5000 1111`) in this channel"));
	ck_assert_ptr_nonnull(strstr(says, "- `2` in ~"));
	ck_assert_ptr_null(strstr(says, "`3`"));
	ck_assert_ptr_null(strstr(says, "`4`"));
	expect_key(
	    ADAS_INDEX, "{\"meeting_ids\":[2,85550001111],\"more\":true}");
}
END_TEST

START_TEST(an_empty_list_says_how_to_begin)
{
	expect_says(ADA, LIST, "/zoom subscription add");
	host_stores(&w.host, ADAS_INDEX, S("{\"meeting_ids\":null}"));
	expect_says(ADA, LIST, "You have not subscribed any channel");
	host_stores(&w.host, ADAS_INDEX, S("damaged"));
	expect_says(ADA, LIST, "You have not subscribed any channel");
}
END_TEST

START_TEST(a_long_list_is_cut)
{
	char index[2048] = "{\"meeting_ids\":[100000000";
	for (int i = 0; i < 60; i++) {
		char key[64];
		char id[16];
		snprintf(key, sizeof(key), "meeting_channel_%d", 100000000 + i);
		snprintf(id, sizeof(id), ",%d", 100000000 + i);
		host_stores(&w.host, key, S(ENTRY(TALK, ADA)));
		if (i > 0)
			strcat(index, id);
	}
	strcat(index, "]}");
	host_stores(&w.host, ADAS_INDEX, str_from(index));
	expect_says(ADA, LIST, "`100 000 049` in this channel\n- and 10 more");
}
END_TEST

/* ---- what can go wrong ---------------------------------------------------------------------- */

/* Another node changes the index in the middle of the first attempts. */
struct rival {
	int left;
};

static void set_late(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	struct rival *rival = object;
	const struct mm_kv_set_with_options_args *in = args;
	struct mm_kv_set_with_options_returns *out = returns;
	(void)a;
	bool index = str_has_prefix(in->key, S("subscription_index_"));
	if (index && rival->left > 0) {
		host_stores(h, ADAS_INDEX, S("{\"meeting_ids\":[7]}"));
		rival->left--;
		return;
	}
	out->result = true;
	if (in->value.len > 0)
		host_stores(h, str_c(in->key), in->value);
}

START_TEST(of_two_adds_at_once_none_is_lost)
{
	struct rival rival = { 1 };
	host_answers(&w.host, MM_API_KV_SET_WITH_OPTIONS, set_late, &rival);
	ada_subscribes_talk();
	expect_key(ADAS_INDEX, "{\"meeting_ids\":[7,85550001111]}");
	ck_assert_int_eq(rival.left, 0);
}
END_TEST

START_TEST(a_meeting_that_keeps_changing_is_given_up)
{
	zoom_knows(WEEKLY, WORLD_USER);
	host_answers(
	    &w.host, MM_API_KV_SET_WITH_OPTIONS, host_says_nothing, NULL);
	expect_says(ADA, ADD, "Something went wrong");
	ck_assert(host_logged(&w.host, "keeps changing"));
}
END_TEST

static const struct {
	enum mm_api_method method;
	const char *command;
} failures[] = {
	{ MM_API_GET_CHANNEL_MEMBER, ADD },
	{ MM_API_GET_CHANNEL, ADD },
	{ MM_API_GET_USER, ADD },
	{ MM_API_KV_SET_WITH_OPTIONS, ADD },
	{ MM_API_KV_GET, REMOVE },
	{ MM_API_KV_COMPARE_AND_DELETE, REMOVE },
	{ MM_API_KV_DELETE, REMOVE },
	{ MM_API_KV_GET, LIST },
};

START_TEST(a_server_that_fails_is_told_in_one_sentence)
{
	host_stores(&w.host, KEY, S(ENTRY(TALK, ADA)));
	zoom_knows(WEEKLY, WORLD_USER);
	if (failures[_i].method == MM_API_KV_SET_WITH_OPTIONS)
		host_stores(&w.host, KEY, S("damaged"));
	host_fails(&w.host, failures[_i].method, 500);
	expect_says(ADA, failures[_i].command, "Something went wrong");
	ck_assert(host_logged(&w.host, "A command failed"));
}
END_TEST

START_TEST(an_index_that_cannot_be_cleaned_is_logged)
{
	ada_subscribes_talk();
	host_stores(&w.host, ADAS_INDEX, S("damaged"));
	expect_says(ADA, REMOVE, "no longer posted");
	ck_assert(host_logged(&w.host, "A list of subscriptions is behind"));
}
END_TEST

/* ---- user level --------------------------------------------------------------------------- */

START_TEST(at_user_level_the_users_own_grant_is_asked)
{
	struct ctx c = world_ctx(&w);
	const struct config *present = c.config;
	struct config user_level = *present;
	const struct subscription_request request = {
		.user_id = S(ADA),
		.channel_id = S(TALK),
		.meeting = S("85550001111"),
		.is_admin = true,
	};
	const struct grant grant = {
		.user_id = S(ADA),
		.zoom_id = S(HOST),
		.zoom_email = S("ada@example.com"),
		.token = { .access_token = S("adas-own"),
		    .refresh_token = S("r"),
		    .expires_ms = clock_wall_ms() + 3600000 },
	};
	struct str says;
	bool saved;
	user_level.account_level_app = false;
	c.config = &user_level;
	ck_assert(subscription_add(&c, &request, &says, &w.err));
	ck_assert_ptr_nonnull(strstr(str_c(says), "/zoom connect"));
	ck_assert(grant_save(&c, &grant, NULL, &saved, &w.err));
	zoom_knows(WEEKLY, WORLD_USER);
	ck_assert(subscription_add(&c, &request, &says, &w.err));
	ck_assert_ptr_nonnull(strstr(str_c(says), "now subscribed"));
	ck_assert_ptr_nonnull(
	    strstr(https_request(w.zoom, 0), "Bearer adas-own"));
	ck_assert_ptr_nonnull(
	    strstr(https_request(w.zoom, 1), "GET /v2/users/me "));
	c.config = present;
	ctx_end(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin subscription");
	TCase *tc = tcase_create("commands");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, an_id_is_found_in_what_people_paste, 0,
	    (int)(sizeof(typed) / sizeof(typed[0])));
	tcase_add_test(tc, a_bare_subscription_shows_the_three);
	tcase_add_test(tc, a_host_subscribes_a_channel);
	tcase_add_test(tc, twice_is_told_and_changes_nothing);
	tcase_add_test(tc, the_meeting_of_a_start_can_be_subscribed);
	tcase_add_loop_test(tc, a_meeting_that_will_not_do_is_refused, 0,
	    (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(
	    tc, a_system_admin_subscribes_any_meeting_but_a_personal_one);
	tcase_add_test(tc, zooms_refusals_are_told);
	tcase_add_test(tc, who_may_not_post_here_may_not_subscribe);
	tcase_add_test(tc, an_address_that_is_not_verified_makes_no_host);
	tcase_add_test(tc, a_meeting_of_another_channel_stays_there);
	tcase_add_test(tc, the_subscriber_moves_a_meeting_and_so_does_an_admin);
	tcase_add_test(
	    tc, a_subscription_that_posts_nothing_any_more_can_be_taken_over);
	tcase_add_test(tc, the_subscriber_removes_it);
	tcase_add_test(tc, an_admin_removes_anybodys);
	tcase_add_test(tc, what_a_start_left_is_no_subscription);
	tcase_add_test(tc, the_list_shows_what_counts_and_cleans_the_rest);
	tcase_add_test(tc, an_empty_list_says_how_to_begin);
	tcase_add_test(tc, a_long_list_is_cut);
	tcase_add_test(tc, of_two_adds_at_once_none_is_lost);
	tcase_add_test(tc, a_meeting_that_keeps_changing_is_given_up);
	tcase_add_loop_test(tc, a_server_that_fails_is_told_in_one_sentence, 0,
	    (int)(sizeof(failures) / sizeof(failures[0])));
	tcase_add_test(tc, an_index_that_cannot_be_cleaned_is_logged);
	tcase_add_test(tc, at_user_level_the_users_own_grant_is_asked);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
