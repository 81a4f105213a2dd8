#include "zoom/escape.h"

#include <check.h>
#include <stdlib.h>

struct row {
	const char *text;
	const char *path;
	const char *form;
};

/* Written by Go's url.PathEscape and url.QueryEscape. */
static const struct row rows[] = {
	{ "", "", "" },
	{ "abcXYZ019-_.~", "abcXYZ019-_.~", "abcXYZ019-_.~" },
	{ "$&+=:@", "$&+=:@", "%24%26%2B%3D%3A%40" },
	{ "/;,?", "%2F%3B%2C%3F", "%2F%3B%2C%3F" },
	{ "a b", "a%20b", "a+b" },
	{ "100%", "100%25", "100%25" },
	{ "!*'()", "%21%2A%27%28%29", "%21%2A%27%28%29" },
	{ "\"#<>[]\\^`{|}", "%22%23%3C%3E%5B%5D%5C%5E%60%7B%7C%7D",
	    "%22%23%3C%3E%5B%5D%5C%5E%60%7B%7C%7D" },
	{ "caf\xc3\xa9", "caf%C3%A9", "caf%C3%A9" },
	{ "\x01\x7f\xff", "%01%7F%FF", "%01%7F%FF" },
	{ "ada+zoom@example.com", "ada+zoom@example.com",
	    "ada%2Bzoom%40example.com" },
	{ "AbCdEf/12345+ghIJKLmno==", "AbCdEf%2F12345+ghIJKLmno==",
	    "AbCdEf%2F12345%2BghIJKLmno%3D%3D" },
};

START_TEST(escapes_as_go_does)
{
	const struct row *row = &rows[_i];
	struct arena a;
	arena_init(&a, 4096);
	ck_assert_str_eq(
	    str_c(zoom_path_escape(&a, str_from(row->text))), row->path);
	ck_assert_str_eq(
	    str_c(zoom_form_escape(&a, str_from(row->text))), row->form);
	arena_fini(&a);
}
END_TEST

START_TEST(a_nul_byte_is_escaped_too)
{
	struct arena a;
	arena_init(&a, 4096);
	ck_assert_str_eq(str_c(zoom_path_escape(&a, S("a\0b"))), "a%00b");
	arena_fini(&a);
}
END_TEST

START_TEST(without_memory_there_is_no_text)
{
	struct arena a = { .max = 0 };
	struct err err = { .code = ERR_NONE };
	ck_assert_ptr_null(zoom_path_escape(&a, S("a")).data);
	ck_assert_ptr_null(zoom_form_escape(&a, S("a")).data);
	ck_assert(!arena_ok(&a, &err));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_escape");
	TCase *tests = tcase_create("escape");
	tcase_add_loop_test(tests, escapes_as_go_does, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tests, a_nul_byte_is_escaped_too);
	tcase_add_test(tests, without_memory_there_is_no_text);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
