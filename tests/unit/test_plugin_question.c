/* Personal or unique: asked, answered, remembered. */
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

#define KEY "zoomUserPreference_" ADA
#define ASK "/api/v1/askPMI"

static void asked(const char *command)
{
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(world_types(&w, ADA, command), "");
	ck_assert_int_eq(https_n_requests(w.zoom), 1);
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
}

static void zoom_makes_one(void)
{
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
}

static void expect_told(const char *part)
{
	ck_assert_msg(strstr(host_last_told(&w.host), part) != NULL, "%s",
	    host_last_told(&w.host));
}

START_TEST(two_buttons_carry_all_that_the_start_needs)
{
	static const char *const ids[] = { "WithPMI", "WithoutPMI" };
	static const char *const actions[] = { "USE PERSONAL MEETING ID",
		"USE A UNIQUE MEETING ID" };
	world_prefers(&w, ADA, "");
	asked("/zoom start Weekly sync");
	ck_assert_uint_eq(world_offer(&w)->actions.n, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct mm_post_action *b = world_button(&w, ids[i]);
		const struct {
			const char *name, *value;
		} want[] = { { "action", actions[i] }, { "userID", ADA },
			{ "channelID", TALK }, { "rootID", "" },
			{ "topic", "Weekly sync" } };
		ck_assert_str_eq(
		    str_c(b->integration->url), "/plugins/zoom/api/v1/askPMI");
		for (size_t j = 0; j < 5; j++)
			ck_assert_str_eq(
			    str_c(gob_any_get_string(
			        gob_any_map_get(&b->integration->context,
			            str_from(want[j].name)))),
			    want[j].value);
	}
}
END_TEST

START_TEST(the_first_answer_starts_and_is_remembered)
{
	world_prefers(&w, ADA, "");
	asked("/zoom start Weekly sync");
	ck_assert_ptr_nonnull(
	    strstr(str_c(world_offer(&w)->text), "is remembered"));
	zoom_makes_one();
	ck_assert_int_eq(world_presses(&w, ADA, "WithoutPMI"), 200);
	ck_assert_str_eq(
	    str_c(gob_any_get_string(gob_any_map_get(
	        &host_post(&w.host, 0)->props, S("meeting_topic")))),
	    "Weekly sync");
	ck_assert(str_eq(host_key(&w.host, KEY), S("\"false\"")));
	const struct mm_update_ephemeral_post_args *answer =
	    host_args(&w.host, MM_API_UPDATE_EPHEMERAL_POST, 0);
	ck_assert_str_eq(str_c(answer->post->id), "offer");
	ck_assert_str_eq(
	    str_c(answer->post->message), "You chose a unique meeting ID.");
}
END_TEST

START_TEST(who_wants_to_be_asked_is_asked_again)
{
	world_prefers(&w, ADA, "ask");
	asked("/zoom start");
	ck_assert_ptr_null(
	    strstr(str_c(world_offer(&w)->text), "is remembered"));
	zoom_makes_one();
	ck_assert_int_eq(world_presses(&w, ADA, "WithoutPMI"), 200);
	ck_assert(str_eq(host_key(&w.host, KEY), S("\"ask\"")));
}
END_TEST

START_TEST(a_choice_made_meanwhile_stays)
{
	world_prefers(&w, ADA, "");
	asked("/zoom start");
	world_prefers(&w, ADA, "true");
	zoom_makes_one();
	ck_assert_int_eq(world_presses(&w, ADA, "WithoutPMI"), 200);
	ck_assert(str_eq(host_key(&w.host, KEY), S("\"true\"")));
}
END_TEST

START_TEST(an_answer_that_is_not_remembered_is_logged)
{
	world_prefers(&w, ADA, "");
	asked("/zoom start");
	zoom_makes_one();
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert_int_eq(world_presses(&w, ADA, "WithoutPMI"), 200);
	ck_assert(host_logged(&w.host, "was not remembered"));
}
END_TEST

START_TEST(a_failure_is_told_and_nothing_is_remembered)
{
	world_prefers(&w, ADA, "");
	asked("/zoom start");
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 400, "", "{\"code\":300}");
	ck_assert_int_eq(world_presses(&w, ADA, "WithoutPMI"), 500);
	expect_told("Zoom refused");
	ck_assert_uint_eq(host_key(&w.host, KEY).len, 0);
}
END_TEST

START_TEST(the_button_is_no_way_around_the_policy)
{
	world_prefers(&w, ADA, "");
	asked("/zoom start");
	host_stores(&w.host, "zoomChannelSettings",
	    S("{\"" TALK "\":{\"Preference\":\"restrict\"}}"));
	ck_assert_int_eq(world_presses(&w, ADA, "WithPMI"), 403);
	expect_told("switched off in this channel");
	ck_assert_int_eq(https_n_requests(w.zoom), 1);
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
}
END_TEST

START_TEST(a_meeting_made_meanwhile_is_offered)
{
	world_prefers(&w, ADA, "");
	asked("/zoom start");
	struct gob_any_map props = { 0 };
	gob_any_map_set(&w.arena, &props, S("meeting_provider"),
	    gob_any_string(&w.arena, S("Jitsi")));
	gob_any_map_set(&w.arena, &props, S("meeting_link"),
	    gob_any_string(&w.arena, S("https://meet.example.org/x")));
	host_adds_post(&w.host,
	    &(struct mm_post){ .channel_id = S(TALK), .props = props });
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_int_eq(world_presses(&w, ADA, "WithPMI"), 200);
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	ck_assert_uint_eq(host_key(&w.host, KEY).len, 0);
	/* who wants another one all the same is not offered it once more */
	https_answers(w.zoom, 200, "", "{\"id\":\"u\",\"pmi\":5551234567}");
	https_answers(w.zoom, 200, "", "{\"id\":5551234567}");
	ck_assert_int_eq(world_presses(&w, ADA, "StartNew"), 200);
	ck_assert_uint_eq(host_n_posts(&w.host), 2);
	ck_assert(gob_any_get_bool(gob_any_map_get(
	    &host_post(&w.host, 1)->props, S("meeting_personal"))));
}
END_TEST

static const struct {
	const char *user_id, *context, *says;
} refused[] = {
	{ SAM, "\"userID\":\"" ADA "\",\"channelID\":\"" TALK "\"",
	    "somebody else" },
	{ ADA, "\"channelID\":\"" TALK "\"", "userID is missing" },
	{ ADA, "\"userID\":\"" ADA "\"", "channelID is missing" },
	{ ADA,
	    "\"userID\":\"" ADA "\",\"channelID\":\"" TALK
	    "\",\"action\":\"SING\"",
	    "unknown action" },
};

START_TEST(what_makes_no_sense_is_refused)
{
	struct str body =
	    arena_printf(&w.arena, "{\"context\":{%s%s}}", refused[_i].context,
	        strstr(refused[_i].context, "action") != NULL
	            ? ""
	            : ",\"action\":\"USE PERSONAL MEETING ID\"");
	ck_assert_int_eq(world_posts(&w, refused[_i].user_id, ASK, body), 400);
	ck_assert_ptr_nonnull(strstr(w.answer, refused[_i].says));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
	if (_i == 3)
		expect_told("/zoom start");
}
END_TEST

START_TEST(a_question_that_cannot_be_asked_is_a_failure)
{
	world_prefers(&w, ADA, "");
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	host_breaks(&w.host, MM_API_SEND_EPHEMERAL_POST, "broken");
	ck_assert_int_eq(world_posts(&w, ADA, "/api/v1/meetings",
	                     S("{\"channel_id\":\"" TALK "\"}")),
	    500);
	ck_assert(host_logged(&w.host, "A meeting could not be started"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin question");
	TCase *tc = tcase_create("questions");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, two_buttons_carry_all_that_the_start_needs);
	tcase_add_test(tc, the_first_answer_starts_and_is_remembered);
	tcase_add_test(tc, who_wants_to_be_asked_is_asked_again);
	tcase_add_test(tc, a_choice_made_meanwhile_stays);
	tcase_add_test(tc, an_answer_that_is_not_remembered_is_logged);
	tcase_add_test(tc, a_failure_is_told_and_nothing_is_remembered);
	tcase_add_test(tc, the_button_is_no_way_around_the_policy);
	tcase_add_test(tc, a_meeting_made_meanwhile_is_offered);
	tcase_add_loop_test(tc, what_makes_no_sense_is_refused, 0,
	    (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(tc, a_question_that_cannot_be_asked_is_a_failure);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
