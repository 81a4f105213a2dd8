/* Languages: found by locale, sentences by their English, forms by number. */
#include "plugin/lang.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *locale, *tag;
} locales[] = {
	{ "en", "en" },
	{ "de", "de" },
	{ "de-AT", "de" },
	{ "de_CH", "de" },
	{ "DE", "de" },
	{ "en-AU", "en" },
	{ "del", "en" },
	{ "d", "en" },
	{ "fr", "en" },
	{ "", "en" },
	{ "-de", "en" },
};

START_TEST(a_language_is_found_by_its_locale)
{
	const struct lang *lang = lang_find(str_from(locales[_i].locale));
	ck_assert_str_eq(lang->tag, locales[_i].tag);
}
END_TEST

START_TEST(a_sentence_is_found_by_its_english)
{
	const char *english = "No Zoom account is connected.";
	ck_assert_str_eq(lang_text(lang_find(S("en")), english), english);
	ck_assert_str_eq(lang_text(lang_find(S("de")), english),
	    "Es ist kein Zoom-Konto verbunden.");
	ck_assert_str_eq(lang_words(lang_find(S("de")), "Allowed"), "Erlaubt");
}
END_TEST

START_TEST(what_is_not_translated_stays_english)
{
	const struct lang *de = lang_find(S("de"));
	ck_assert_str_eq(
	    lang_text(de, "Nobody says this."), "Nobody says this.");
	/* the file's header stands under the empty text */
	ck_assert_str_eq(lang_words(de, ""), "");
	ck_assert_str_eq(lang_form(de, 1, "a thing", "things"), "a thing");
	ck_assert_str_eq(lang_form(de, 2, "a thing", "things"), "things");
}
END_TEST

static const struct {
	long long n;
	const char *english, *german;
} numbers[] = {
	{ 0, "0 days", "0 Tage" },
	{ 1, "1 day", "1 Tag" },
	{ 2, "2 days", "2 Tage" },
	{ 101, "101 days", "101 Tage" },
	{ -1, "-1 days", "-1 Tage" },
};

START_TEST(a_number_has_its_form)
{
	const char *locale[] = { "en", "de" };
	const char *want[] = { numbers[_i].english, numbers[_i].german };
	for (size_t i = 0; i < 2; i++) {
		char text[64];
		const struct lang *lang = lang_find(str_from(locale[i]));
		snprintf(text, sizeof(text),
		    lang_form(lang, numbers[_i].n, "%lld day", "%lld days"),
		    numbers[_i].n);
		ck_assert_str_eq(text, want[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin lang");
	TCase *tc = tcase_create("languages");
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, a_language_is_found_by_its_locale, 0,
	    (int)(sizeof(locales) / sizeof(locales[0])));
	tcase_add_test(tc, a_sentence_is_found_by_its_english);
	tcase_add_test(tc, what_is_not_translated_stays_english);
	tcase_add_loop_test(tc, a_number_has_its_form, 0,
	    (int)(sizeof(numbers) / sizeof(numbers[0])));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
