/* Text of strangers, made fit to show. */
#include "plugin/text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;

static void set_up(void)
{
	arena_init(&arena, (size_t)64 * 1024);
}

static void tear_down(void)
{
	arena_fini(&arena);
}

#define BAD "\xef\xbf\xbd"

static const struct {
	const char *text, *line;
} lines[] = {
	{ "", "" },
	{ " \t\n ", "" },
	{ " a b ", "a b" },
	{ "a\nb\rc\td", "a b c d" },
	{ "a\x7f"
	  "b\xc2\x85"
	  "c",
	    "a b c" },
	{ "a\xe2\x80\xa8"
	  "b\xe2\x80\xa9"
	  "c",
	    "a b c" },
	{ "a\xe2\x80\xae"
	  "b\xe2\x81\xa6"
	  "c\xd8\x9c",
	    "abc" },
	{ "\xe2\x80\x8f", "" },
	{ "Gr\xc3\xb6\xc3\x9f"
	  "e \xf0\x9f\x98\x80",
	    "Gr\xc3\xb6\xc3\x9f"
	    "e \xf0\x9f\x98\x80" },
	{ "a\xff"
	  "b",
	    "a" BAD "b" },
	{ "\xc3", BAD },
	{ "\xe2\x82", BAD BAD },
	{ "\xc3(", BAD "(" },
	{ "\xc0\xaf", BAD BAD },                 /* an overlong slash */
	{ "\xed\xa0\x80", BAD BAD BAD },         /* a surrogate */
	{ "\xf4\x90\x80\x80", BAD BAD BAD BAD }, /* above U+10FFFF */
	{ "0123456789", "0123456789" },
	{ "0123456789a", "012345678\xe2\x80\xa6" },
	{ "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
	  "\xc3\xa9\xc3\xa9\xc3\xa9",
	    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
	    "\xc3\xa9\xe2\x80\xa6" },
};

START_TEST(a_text_becomes_one_line)
{
	ck_assert_str_eq(str_c(text_line(&arena, str_from(lines[_i].text), 10)),
	    lines[_i].line);
}
END_TEST

START_TEST(a_long_text_costs_no_more_than_its_line)
{
	static char big[1024 * 1024];
	memset(big, 'x', sizeof(big));
	struct str line = text_line(&arena, str_n(big, sizeof(big)), 200);
	ck_assert_uint_eq(line.len, 199 + 3);
	ck_assert_uint_eq(arena.fault, ERR_NONE);
}
END_TEST

static const struct {
	const char *url;
	bool good;
} links[] = {
	{ "https://zoom.us/j/1", true },
	{ "http://meet.example.org/Room", true },
	{ "HTTPS://zoom.us/j/1", true },
	{ "https://teams.example.com/l/19%3ameeting/0?context=%7b%22a%22%7d",
	    true },
	{ "https://x", true },
	{ "", false },
	{ "https://", false },
	{ "https:///x", false },
	{ "zoom.us/j/1", false },
	{ "//zoom.us/j/1", false },
	{ "javascript:alert(1)", false },
	{ "data:text/html,x", false },
	{ "ftp://x/y", false },
	{ " https://x", false },
	{ "https://x/a b", false },
	{ "https://x/a\nb", false },
	{ "https://x/\"onclick", false },
	{ "https://x/<b>", false },
	{ "https://x/`", false },
	{ "https://x/\x7f", false },
};

START_TEST(a_link_is_offered_or_not)
{
	ck_assert(text_is_link(str_from(links[_i].url)) == links[_i].good);
}
END_TEST

START_TEST(a_link_has_a_length_that_is_reasonable)
{
	char url[4096] = "https://x/";
	memset(url + 10, 'y', 2038);
	ck_assert(text_is_link(str_n(url, 2048)));
	ck_assert(!text_is_link(str_n(url, 2049)));
}
END_TEST

START_TEST(a_link_stays_inside_its_parentheses)
{
	ck_assert_str_eq(
	    str_c(text_link_target(&arena, S("https://x/a(1)[2]\\%20"))),
	    "https://x/a%281%29%5B2%5D%5C%20");
	ck_assert_str_eq(str_c(text_link_target(&arena, S(""))), "");
}
END_TEST

START_TEST(a_plain_name_has_letters_digits_spaces_and_hyphens)
{
	ck_assert(text_is_name(S("Jitsi Meet-2")));
	ck_assert(!text_is_name(S("")));
	ck_assert(!text_is_name(S("a_b_")));
	ck_assert(!text_is_name(S("[x](y)")));
	ck_assert(!text_is_name(S("www.x.org")));
	ck_assert(!text_is_name(S("@all")));
	ck_assert(!text_is_name(S("Caf\xc3\xa9")));
	ck_assert(text_is_name(S("0123456789012345678901234567890123456789")));
	ck_assert(
	    !text_is_name(S("01234567890123456789012345678901234567890")));
}
END_TEST

START_TEST(without_memory_there_is_nothing)
{
	struct arena none = { 0 };
	ck_assert_uint_eq(text_line(&none, S("x"), 10).len, 0);
	ck_assert_uint_eq(text_link_target(&none, S("x")).len, 0);
	ck_assert_uint_ne(none.fault, ERR_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin text");
	TCase *tc = tcase_create("text");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_text_becomes_one_line, 0,
	    (int)(sizeof(lines) / sizeof(lines[0])));
	tcase_add_test(tc, a_long_text_costs_no_more_than_its_line);
	tcase_add_loop_test(tc, a_link_is_offered_or_not, 0,
	    (int)(sizeof(links) / sizeof(links[0])));
	tcase_add_test(tc, a_link_has_a_length_that_is_reasonable);
	tcase_add_test(tc, a_link_stays_inside_its_parentheses);
	tcase_add_test(tc, a_plain_name_has_letters_digits_spaces_and_hyphens);
	tcase_add_test(tc, without_memory_there_is_nothing);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
