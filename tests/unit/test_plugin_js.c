#include "plugin/js.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An object with so many levels, itself counted. */
static bool parses(size_t levels)
{
	char text[8 * JS_MAX_DEPTH];
	size_t n = 0;
	for (size_t i = 0; i < levels; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "{\"a\":");
	text[n++] = '1';
	memset(text + n, '}', levels);
	json_t *object = js_parse(str_n(text, n + levels));
	json_decref(object);
	return object != NULL;
}

START_TEST(nesting_has_a_limit)
{
	ck_assert(parses(1));
	ck_assert(parses(JS_MAX_DEPTH));
	ck_assert(!parses(JS_MAX_DEPTH + 1));
}
END_TEST

START_TEST(brackets_in_texts_are_no_nesting)
{
	json_t *object = js_parse(
	    S("{\"a\\\"{\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"));
	ck_assert_ptr_nonnull(object);
	json_decref(object);
}
END_TEST

START_TEST(what_is_no_object_is_none)
{
	static const char *const texts[] = { "", "1", "[]", "{", "{} x" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_ptr_null(js_parse(str_from(texts[i])));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin js");
	TCase *tests = tcase_create("js");
	tcase_add_test(tests, nesting_has_a_limit);
	tcase_add_test(tests, brackets_in_texts_are_no_nesting);
	tcase_add_test(tests, what_is_no_object_is_none);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
