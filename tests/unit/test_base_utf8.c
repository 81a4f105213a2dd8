/* What is a character, and what is none. */
#include "base/utf8.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct character {
	const char *text;
	size_t bytes;
	uint32_t c;
} characters[] = {
	{ "a", 1, 'a' },
	{ "\x7f.", 1, 0x7f },
	{ "\xc2\x80", 2, 0x80 },
	{ "\xdf\xbf", 2, 0x7ff },
	{ "\xe0\xa0\x80", 3, 0x800 },
	{ "\xed\x9f\xbf", 3, 0xd7ff },
	{ "\xee\x80\x80", 3, 0xe000 },
	{ "\xef\xbf\xbd", 3, UTF8_REPLACEMENT },
	{ "\xf0\x90\x80\x80", 4, 0x10000 },
	{ "\xf4\x8f\xbf\xbf.", 4, 0x10ffff },
};

START_TEST(a_character_has_one_to_four_bytes)
{
	const struct character *row = &characters[_i];
	size_t bytes = 0;
	ck_assert_uint_eq(utf8_first(str_from(row->text), &bytes), row->c);
	ck_assert_uint_eq(bytes, row->bytes);
	ck_assert(utf8_valid(str_from(row->text)));
}
END_TEST

static const char *const none[] = {
	"\x80",
	"\xbf",
	"\xc3",
	"\xc3.",
	"\xe2\x82",
	"\xe2\x82.",
	"\xf0\x9f\x98",
	"\xf0\x9f\x98.",
	/* longer than they need be */
	"\xc0\x80",
	"\xc1\xbf",
	"\xe0\x9f\xbf",
	"\xf0\x8f\xbf\xbf",
	/* surrogates, and above the last character */
	"\xed\xa0\x80",
	"\xed\xbf\xbf",
	"\xf4\x90\x80\x80",
	"\xf7\xbf\xbf\xbf",
	"\xf8\x88\x80\x80\x80",
	"\xff",
};

#define N_NONE (sizeof(none) / sizeof(none[0]))

START_TEST(anything_else_is_one_byte_of_none)
{
	size_t bytes = 0;
	struct str s = str_from(none[_i]);
	ck_assert_uint_eq(utf8_first(s, &bytes), UTF8_REPLACEMENT);
	ck_assert_uint_eq(bytes, 1);
	ck_assert(!utf8_valid(s));
}
END_TEST

/* Steps of 8 bytes must not step over it, nor read on behind the end. */
START_TEST(it_is_found_wherever_it_stands)
{
	struct str bad = str_from(none[_i]);
	for (size_t before = 0; before < 20; before++) {
		for (size_t after = 0; after < 20; after++) {
			size_t n = before + bad.len + after;
			char *text = malloc(n);
			ck_assert_ptr_nonnull(text);
			memset(text, 'x', n);
			ck_assert(utf8_valid(str_n(text, n)));
			memcpy(text + before, bad.data, bad.len);
			ck_assert(!utf8_valid(str_n(text, n)));
			free(text);
		}
	}
}
END_TEST

START_TEST(a_text_of_many_scripts_is_valid)
{
	ck_assert(utf8_valid(str_n(NULL, 0)));
	ck_assert(utf8_valid(S("plain")));
	ck_assert(utf8_valid(S("a NUL \0 is a character as others are")));
	ck_assert(utf8_valid(S("Caf\xc3\xa9 \xe2\x82\xac 5, 12345678 "
	                       "\xf0\x9f\x98\x80\xe6\x97\xa5\xe6\x9c\xac")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base utf8");
	TCase *tc = tcase_create("utf8");
	tcase_add_loop_test(tc, a_character_has_one_to_four_bytes, 0,
	    (int)(sizeof(characters) / sizeof(characters[0])));
	tcase_add_loop_test(
	    tc, anything_else_is_one_byte_of_none, 0, (int)N_NONE);
	tcase_add_loop_test(tc, it_is_found_wherever_it_stands, 0, (int)N_NONE);
	tcase_add_test(tc, a_text_of_many_scripts_is_valid);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
