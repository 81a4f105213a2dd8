/* JSON answers of routes. */
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

START_TEST(a_text_with_quotes_is_json_all_the_same)
{
	ck_assert_int_eq(
	    world_posts(&w, ADA, "/api/v1/updatePMI", S("{\"post_id\":7}")),
	    400);
	ck_assert_str_eq(w.answer, "{\"error\":\"post_id must be a text\"}");
}
END_TEST

START_TEST(a_button_that_worked_is_answered_with_nothing_to_show)
{
	ck_assert_int_eq(world_posts(&w, ADA, "/api/v1/updatePMI",
	                     S("{\"context\":{\"action\":\"Ask\"}}")),
	    200);
	ck_assert_str_eq(w.answer, "{}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin reply");
	TCase *tc = tcase_create("replies");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_text_with_quotes_is_json_all_the_same);
	tcase_add_test(
	    tc, a_button_that_worked_is_answered_with_nothing_to_show);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
