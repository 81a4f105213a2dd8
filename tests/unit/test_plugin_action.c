/* What buttons carry, and bodies that make no sense. */
#include "plugin/action.h"
#include "tests/lib/world.h"

#include <check.h>
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

#define START  "/api/v1/meetings?force=true"
#define ASK    "/api/v1/askPMI"
#define UPDATE "/api/v1/updatePMI"

static const struct {
	const char *url, *body, *says;
} bad[] = {
	{ START, "", "no JSON object" },
	{ START, "{", "no JSON object" },
	{ START, "[]", "no JSON object" },
	{ START, "7", "no JSON object" },
	{ START, "{\"channel_id\":1e999}", "no JSON object" },
	{ START, "{\"channel_id\":\"a\\u0000b\"}", "no JSON object" },
	{ START, "{\"channel_id\":\"\xff\"}", "no JSON object" },
	{ START, "{\"channel_id\":\"" TALK "\"} {}", "no JSON object" },
	{ START, "{}", "channel_id is missing" },
	{ START, "{\"channel_id\":null}", "channel_id is missing" },
	{ START, "{\"channel_id\":\"\"}", "channel_id is missing" },
	{ START, "{\"channel_id\":7}", "channel_id must be a text" },
	{ START, "{\"channel_id\":99999999999999999}", "must be a text" },
	{ START, "{\"channel_id\":[\"" TALK "\"]}", "must be a text" },
	{ START, "{\"channel_id\":\"" TALK "\",\"topic\":{}}",
	    "topic must be a text" },
	{ START, "{\"channel_id\":\"" TALK "\",\"root_id\":false}",
	    "root_id must be a text" },
	{ START, "{\"channel_id\":\"" TALK TALK TALK "\"}", "is too long" },
	{ START, "{\"channel_id\":\"" TALK "\",\"use_pmi\":1}", "use_pmi" },
	{ START, "{\"channel_id\":\"" TALK "\",\"use_pmi\":\"ask\"}",
	    "use_pmi" },
	{ START, "{\"channel_id\":\"" TALK "\",\"use_pmi\":{}}", "use_pmi" },
	{ START, "{\"channel_id\":\"" TALK "\",\"context\":[]}",
	    "context must be an object" },
	{ START, "{\"context\":{\"channelID\":7}}", "must be a text" },
	{ START,
	    "{\"context\":{\"channelID\":\"" TALK "\",\"userID\":\"" SAM "\"}}",
	    "somebody else" },
	{ ASK,
	    "{\"context\":{\"channelID\":\"" TALK "\",\"userID\":\"" SAM
	    "\",\"action\":\"USE PERSONAL MEETING ID\"}}",
	    "somebody else" },
	{ UPDATE, "{\"context\":{\"userID\":\"" SAM "\",\"action\":\"Yes\"}}",
	    "somebody else" },
	{ UPDATE, "{\"context\":{\"action\":7}}", "action must be a text" },
};

START_TEST(a_bad_body_changes_nothing_and_is_logged_once)
{
	struct str before = host_key(&w.host, "zoomUserPreference_" ADA);
	size_t lines = host_n_called(&w.host, MM_API_LOG_WARN);
	ck_assert_int_eq(
	    world_posts(&w, ADA, bad[_i].url, str_from(bad[_i].body)), 400);
	ck_assert_msg(strstr(w.answer, bad[_i].says) != NULL, "%s", w.answer);
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_WARN), lines + 1);
	ck_assert(host_logged(&w.host, "A request was refused"));
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
	ck_assert(str_eq(host_key(&w.host, "zoomUserPreference_" ADA), before));
}
END_TEST

START_TEST(a_body_above_the_cap_is_too_big)
{
	char *big = arena_alloc(&w.arena, (size_t)1024 * 1024 + 1);
	ck_assert_int_eq(
	    world_posts(&w, ADA, ASK, str_n(big, (size_t)1024 * 1024 + 1)),
	    413);
}
END_TEST

START_TEST(a_context_holds_what_the_next_step_needs)
{
	const struct action press = {
		.name = S("Yes"),
		.owner_id = S(ADA),
		.channel_id = S(TALK),
		.root_id = S("root"),
		.topic = S("T"),
		.use_pmi = PREFERENCE_PERSONAL,
		.force = true,
		.post_id = S("not this"),
		.connection_id = S("nor this"),
	};
	static const char *const want[][2] = { { "action", "Yes" },
		{ "userID", ADA }, { "channelID", TALK }, { "rootID", "root" },
		{ "topic", "T" }, { "use_pmi", "true" } };
	struct gob_any_map context = action_context(&w.arena, &press);
	ck_assert_uint_eq(context.n, 7);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		ck_assert_str_eq(str_c(gob_any_get_string(gob_any_map_get(
		                     &context, str_from(want[i][0])))),
		    want[i][1]);
	ck_assert(gob_any_get_bool(gob_any_map_get(&context, S("force"))));
}
END_TEST

static const struct {
	const char *value;
	bool personal;
} wishes[] = {
	{ "true", true },
	{ "\"true\"", true },
	{ "false", false },
	{ "\"false\"", false },
	{ "\"\"", false },
	{ "null", false },
};

START_TEST(the_body_may_say_which_meeting_id)
{
	world_connects(&w);
	https_answers(w.zoom, 200, "", "{\"id\":\"u\",\"pmi\":5551234567}");
	if (wishes[_i].personal)
		https_answers(w.zoom, 200, "", "{\"id\":5551234567}");
	else
		https_answers(w.zoom, 201, "", world_meeting(&w));
	struct str body = arena_printf(&w.arena,
	    "{\"channel_id\":\"" TALK "\",\"use_pmi\":%s}", wishes[_i].value);
	ck_assert_int_eq(world_posts(&w, ADA, START, body), 200);
	ck_assert(
	    gob_any_get_bool(gob_any_map_get(&host_post(&w.host, 0)->props,
	        S("meeting_personal"))) == wishes[_i].personal);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin action");
	TCase *tc = tcase_create("actions");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_bad_body_changes_nothing_and_is_logged_once,
	    0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, a_body_above_the_cap_is_too_big);
	tcase_add_test(tc, a_context_holds_what_the_next_step_needs);
	tcase_add_loop_test(tc, the_body_may_say_which_meeting_id, 0,
	    (int)(sizeof(wishes) / sizeof(wishes[0])));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
