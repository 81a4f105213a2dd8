/* Which meeting ID: kept, moved, shown and changed. */
#include "plugin/preference.h"
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

#define KEY    "zoomUserPreference_" ADA
#define UPDATE "/api/v1/updatePMI"

static enum preference loaded(void)
{
	struct ctx c = world_ctx(&w);
	enum preference now;
	ck_assert_msg(
	    preference_load(&c, S(ADA), &now, &w.err), "%s", w.err.text);
	ctx_end(&c);
	return now;
}

static const struct {
	const char *stored;
	enum preference preference;
} values[] = {
	{ "\"true\"", PREFERENCE_PERSONAL },
	{ "\"false\"", PREFERENCE_UNIQUE },
	{ "\"ask\"", PREFERENCE_ASK },
	{ "\"\"", PREFERENCE_NONE },
	{ "true", PREFERENCE_NONE },
	{ "\"maybe\"", PREFERENCE_NONE },
	{ "\"", PREFERENCE_NONE },
};

START_TEST(a_stored_value_is_read)
{
	host_stores(&w.host, KEY, str_from(values[_i].stored));
	ck_assert_int_eq(loaded(), values[_i].preference);
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_GET_PREFERENCES_FOR_USER), 0);
}
END_TEST

START_TEST(it_is_stored_as_the_go_plugin_does)
{
	struct ctx c = world_ctx(&w);
	ck_assert(preference_save(&c, S(ADA), PREFERENCE_ASK, &w.err));
	ctx_end(&c);
	ck_assert(str_eq(host_key(&w.host, KEY), S("\"ask\"")));
	ck_assert_int_eq(host_expires_s(&w.host, KEY), 0);
}
END_TEST

static void old_is(const char *value)
{
	world_prefers(&w, ADA, "");
	host_adds_preference(&w.host, ADA, "plugin:zoom", "use-pmi", value);
	host_adds_preference(&w.host, ADA, "plugin:zoom", "other", "kept");
	host_adds_preference(&w.host, ADA, "other", "use-pmi", "kept");
	host_adds_preference(&w.host, SAM, "plugin:zoom", "use-pmi", "kept");
}

START_TEST(an_old_preference_is_moved_once)
{
	old_is("true");
	ck_assert_int_eq(loaded(), PREFERENCE_PERSONAL);
	ck_assert(str_eq(host_key(&w.host, KEY), S("\"true\"")));
	ck_assert_uint_eq(w.host.n_preferences, 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert_str_eq(str_c(w.host.preferences[i].value), "kept");
	ck_assert_int_eq(loaded(), PREFERENCE_PERSONAL);
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_GET_PREFERENCES_FOR_USER), 1);
}
END_TEST

START_TEST(an_old_preference_that_makes_no_sense_is_dropped)
{
	old_is("perhaps");
	ck_assert_int_eq(loaded(), PREFERENCE_NONE);
	ck_assert_uint_eq(host_key(&w.host, KEY).len, 0);
	ck_assert_uint_eq(w.host.n_preferences, 3);
}
END_TEST

START_TEST(an_old_preference_that_stays_is_logged)
{
	old_is("ask");
	host_fails(&w.host, MM_API_DELETE_PREFERENCES_FOR_USER, 500);
	ck_assert_int_eq(loaded(), PREFERENCE_ASK);
	ck_assert(host_logged(&w.host, "could not be deleted"));
}
END_TEST

static const enum mm_api_method needed[] = { MM_API_KV_GET,
	MM_API_GET_PREFERENCES_FOR_USER, MM_API_KV_SET_WITH_OPTIONS };

START_TEST(a_server_that_fails_is_an_error)
{
	enum preference now;
	old_is("ask");
	host_fails(&w.host, needed[_i], 500);
	struct ctx c = world_ctx(&w);
	ck_assert(!preference_load(&c, S(ADA), &now, &w.err));
	ctx_end(&c);
}
END_TEST

static const struct {
	const char *button, *before, *shows;
} choices[] = {
	{ "Yes", "true", "use your personal meeting ID" },
	{ "No", "false", "an ID of its own" },
	{ "Ask", "ask", "every time" },
};

START_TEST(settings_show_the_choice_and_change_it)
{
	world_prefers(&w, ADA, choices[_i].before);
	ck_assert_str_eq(world_types(&w, ADA, "/zoom settings"), "");
	const struct mm_message_attachment *offer = world_offer(&w);
	ck_assert_ptr_nonnull(strstr(str_c(offer->text), choices[_i].shows));
	ck_assert_uint_eq(offer->actions.n, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    world_presses(&w, ADA, choices[i].button), 200);
		ck_assert(str_eq(host_key(&w.host, KEY),
		    arena_printf(&w.arena, "\"%s\"", choices[i].before)));
		const struct mm_update_ephemeral_post_args *answer =
		    host_args(&w.host, MM_API_UPDATE_EPHEMERAL_POST, i);
		ck_assert_str_eq(str_c(answer->user_id), ADA);
		ck_assert_str_eq(str_c(answer->post->id), "offer");
		ck_assert_ptr_nonnull(
		    strstr(str_c(answer->post->message), choices[i].shows));
	}
}
END_TEST

START_TEST(who_has_not_chosen_is_told_so)
{
	world_prefers(&w, ADA, "");
	world_types(&w, ADA, "/zoom settings");
	ck_assert_ptr_nonnull(
	    strstr(str_c(world_offer(&w)->text), "answered once"));
}
END_TEST

START_TEST(settings_that_cannot_be_read_are_told)
{
	host_fails(&w.host, MM_API_KV_GET, 500);
	ck_assert_ptr_nonnull(strstr(
	    world_types(&w, ADA, "/zoom settings"), "Something went wrong"));
}
END_TEST

START_TEST(somebody_elses_button_does_nothing)
{
	world_types(&w, ADA, "/zoom settings");
	ck_assert_int_eq(world_presses(&w, SAM, "Yes"), 400);
	ck_assert(str_eq(host_key(&w.host, KEY), S("\"false\"")));
	ck_assert(str_eq(
	    host_key(&w.host, "zoomUserPreference_" SAM), S("\"false\"")));
}
END_TEST

START_TEST(an_unknown_button_is_told)
{
	ck_assert_int_eq(world_posts(&w, ADA, UPDATE,
	                     S("{\"channel_id\":\"" TALK
	                       "\",\"context\":{\"action\":\"yes\"}}")),
	    400);
	ck_assert_ptr_nonnull(
	    strstr(host_last_told(&w.host), "/zoom settings"));
	ck_assert_int_eq(world_posts(&w, ADA, UPDATE, S("{}")), 400);
	ck_assert(str_eq(host_key(&w.host, KEY), S("\"false\"")));
}
END_TEST

START_TEST(a_choice_that_cannot_be_saved_is_told)
{
	world_types(&w, ADA, "/zoom settings");
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert_int_eq(world_presses(&w, ADA, "Yes"), 500);
	ck_assert_ptr_nonnull(
	    strstr(host_last_told(&w.host), "could not be saved"));
	ck_assert(host_logged(&w.host, "could not be saved"));
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_DELETE_EPHEMERAL_POST), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin preference");
	TCase *tc = tcase_create("preferences");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_stored_value_is_read, 0,
	    (int)(sizeof(values) / sizeof(values[0])));
	tcase_add_test(tc, it_is_stored_as_the_go_plugin_does);
	tcase_add_test(tc, an_old_preference_is_moved_once);
	tcase_add_test(tc, an_old_preference_that_makes_no_sense_is_dropped);
	tcase_add_test(tc, an_old_preference_that_stays_is_logged);
	tcase_add_loop_test(tc, a_server_that_fails_is_an_error, 0,
	    (int)(sizeof(needed) / sizeof(needed[0])));
	tcase_add_loop_test(tc, settings_show_the_choice_and_change_it, 0,
	    (int)(sizeof(choices) / sizeof(choices[0])));
	tcase_add_test(tc, who_has_not_chosen_is_told_so);
	tcase_add_test(tc, settings_that_cannot_be_read_are_told);
	tcase_add_test(tc, somebody_elses_button_does_nothing);
	tcase_add_test(tc, an_unknown_button_is_told);
	tcase_add_test(tc, a_choice_that_cannot_be_saved_is_told);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
