/* Who reads an answer, in which language, and what it costs to know. */
#include "plugin/admins.h"
#include "plugin/say.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct world w;

static void set_up(void)
{
	world_start(&w);
	host_speaks(&w.host, ADA, "de-AT");
	host_speaks(&w.host, SAM, "en");
	host_speaks(&w.host, EVE, "fr");
}

static void tear_down(void)
{
	world_stop(&w);
}

static size_t n_asked(void)
{
	return host_n_called(&w.host, MM_API_GET_USER);
}

static void expect(const char *user_id, const char *part)
{
	const char *says = world_types(&w, user_id, "/zoom help");
	ck_assert_msg(strstr(says, part) != NULL, "%s", says);
}

#define ENGLISH "Start a meeting in this channel"
#define GERMAN  "`/zoom start [Thema]` - Ein Meeting in diesem Kanal starten"

START_TEST(everybody_reads_their_language)
{
	expect(ADA, GERMAN);
	expect(SAM, ENGLISH);
	expect(EVE, ENGLISH);
	expect(ADA, GERMAN);
}
END_TEST

START_TEST(a_language_is_asked_for_once_a_minute)
{
	for (int i = 0; i < 5; i++)
		expect(ADA, GERMAN);
	ck_assert_uint_eq(n_asked(), 1);
	host_speaks(&w.host, ADA, "en");
	expect(ADA, GERMAN);
	for (size_t i = 0; i < SAY_READERS; i++)
		w.plugin.readers.rows[i].until_ms = clock_now_ms();
	expect(ADA, ENGLISH);
	ck_assert_uint_eq(n_asked(), 2);
}
END_TEST

START_TEST(nobody_is_asked_for_before_something_is_said)
{
	struct ctx c = world_ctx(&w);
	c.reader = S(ADA);
	struct ctx to = say_to(&c, S(SAM));
	ck_assert_uint_eq(n_asked(), 0);
	ck_assert_str_eq(str_c(say(&c, "Save")), "Speichern");
	ck_assert_str_eq(str_c(say(&c, "Started")), "Beginn");
	ck_assert_str_eq(str_c(say(&to, "Save")), "Save");
	ck_assert_uint_eq(n_asked(), 2);
	ctx_end(&c);
}
END_TEST

START_TEST(a_user_who_is_loaded_need_not_be_asked_for)
{
	struct ctx c = world_ctx(&w);
	const struct mm_user ada = { .id = S(ADA), .locale = S("de") };
	c.reader = S(ADA);
	say_knows(&c, &ada);
	ck_assert_str_eq(str_c(say(&c, "Save")), "Speichern");
	ctx_end(&c);
	expect(ADA, GERMAN);
	ck_assert_uint_eq(n_asked(), 0);
}
END_TEST

START_TEST(the_many_do_not_fill_the_memory)
{
	struct ctx c = world_ctx(&w);
	for (int i = 0; i < 10 * SAY_READERS; i++) {
		const struct mm_user user = {
			.id = arena_printf(&w.arena, "%026d", i),
			.locale = S("de"),
		};
		say_knows(&c, &user);
		c.reader = user.id;
		c.lang = NULL;
		ck_assert_str_eq(str_c(say(&c, "Save")), "Speichern");
	}
	ck_assert_uint_eq(n_asked(), 0);
	c = say_to(&c, S("0000000000000000000000000000000000000000"));
	ck_assert_str_eq(str_c(say(&c, "Save")), "Save");
	ctx_end(&c);
}
END_TEST

START_TEST(one_who_takes_anothers_place_does_not_get_their_language)
{
	struct ctx c = world_ctx(&w);
	for (size_t i = 0; i < SAY_READERS; i++)
		w.plugin.readers.rows[i] = (struct say_reader){
			.id = "somebodyelsesomebodyelsesom",
			.lang = lang_find(S("de")),
			.until_ms = INT64_MAX,
		};
	c.reader = S(SAM);
	ck_assert_str_eq(str_c(say(&c, "Save")), "Save");
	ctx_end(&c);
}
END_TEST

START_TEST(what_all_read_is_in_the_servers_language)
{
	w.host.locale = S("de");
	world_configures(&w, NULL, NULL);
	struct ctx c = world_ctx(&w);
	c.reader = S(SAM);
	struct ctx all = say_to_all(&c);
	struct ctx english = say_in_english(&all);
	ck_assert_str_eq(str_c(say(&all, "Save")), "Speichern");
	ck_assert_str_eq(str_c(say(&english, "Save")), "Save");
	ck_assert_str_eq(say_lang(&all)->tag, "de");
	ck_assert_uint_eq(n_asked(), 0);
	ck_assert_str_eq(str_c(say(&c, "Save")), "Save");
	ctx_end(&c);
}
END_TEST

START_TEST(suggestions_follow_the_servers_language)
{
	size_t n = host_n_called(&w.host, MM_API_REGISTER_COMMAND);
	w.host.locale = S("de");
	world_configures(&w, NULL, NULL);
	const struct mm_register_command_args *args =
	    host_args(&w.host, MM_API_REGISTER_COMMAND, n);
	ck_assert_str_eq(str_c(args->command->auto_complete_desc),
	    "Zoom-Meetings starten und verwalten");
	const struct mm_autocomplete_data *start =
	    &args->command->autocomplete_data->sub_commands.items[0];
	ck_assert_str_eq(str_c(start->trigger), "start");
	ck_assert_str_eq(str_c(start->hint), "[Thema]");
}
END_TEST

START_TEST(a_language_that_cannot_be_found_is_the_servers)
{
	host_breaks(&w.host, MM_API_GET_USER, "broken");
	expect(ADA, ENGLISH);
	ck_assert(host_logged(&w.host, "A user's language is not known"));
	w.host.locale = S("de");
	world_configures(&w, NULL, NULL);
	expect(SAM, GERMAN);
	host_obeys(&w.host, MM_API_GET_USER);
	expect(SAM, ENGLISH);
}
END_TEST

START_TEST(each_admin_is_told_in_their_language)
{
	struct ctx c = world_ctx(&w);
	host_speaks(&w.host, ADMIN, "de");
	host_adds_user(&w.host, "admin2admin2admin2admin2ad", "boss",
	    "boss@example.com", "system_user system_admin");
	admins_tell(&c, "Only system admins can use `/zoom %s`.", "status");
	ck_assert_uint_eq(host_n_posts(&w.host), 2);
	ck_assert_str_eq(str_c(host_post(&w.host, 0)->message),
	    "Nur die Systemadministration kann `/zoom status` verwenden.");
	ck_assert_str_eq(str_c(host_post(&w.host, 1)->message),
	    "Only system admins can use `/zoom status`.");
	ck_assert_uint_eq(n_asked(), 0);
	ctx_end(&c);
}
END_TEST

START_TEST(values_and_numbers_are_printed)
{
	struct ctx c = world_ctx(&w);
	c.reader = S(ADA);
	ck_assert_str_eq(str_c(say(&c, "Meeting ID: %.*s", STR_ARG(S("1%s")))),
	    "Meeting-ID: 1%s");
	ck_assert_str_eq(
	    str_c(say_n(&c, 1, "%lld hour", "%lld hours", 1LL)), "1 Stunde");
	ck_assert_str_eq(
	    str_c(say_n(&c, 3, "%lld hour", "%lld hours", 3LL)), "3 Stunden");
	ctx_end(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin say");
	TCase *tc = tcase_create("sentences");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, everybody_reads_their_language);
	tcase_add_test(tc, a_language_is_asked_for_once_a_minute);
	tcase_add_test(tc, nobody_is_asked_for_before_something_is_said);
	tcase_add_test(tc, a_user_who_is_loaded_need_not_be_asked_for);
	tcase_add_test(tc, the_many_do_not_fill_the_memory);
	tcase_add_test(
	    tc, one_who_takes_anothers_place_does_not_get_their_language);
	tcase_add_test(tc, what_all_read_is_in_the_servers_language);
	tcase_add_test(tc, suggestions_follow_the_servers_language);
	tcase_add_test(tc, a_language_that_cannot_be_found_is_the_servers);
	tcase_add_test(tc, each_admin_is_told_in_their_language);
	tcase_add_test(tc, values_and_numbers_are_printed);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
