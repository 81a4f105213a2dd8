/* Lines on stderr, as the host reads them. */
#include "base/log.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ends[2];
static int saved;
static char got[4096];

static void set_up(void)
{
	ck_assert_int_eq(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
}

static void tear_down(void)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[0]);
	close(ends[1]);
}

static void expect_line(const char *want)
{
	ssize_t n = read(ends[0], got, sizeof(got) - 1);
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_str_eq(got, want);
}

START_TEST(a_line_begins_with_its_level)
{
	log_line(LOG_LEVEL_DEBUG, "a %d", 1);
	expect_line("[DEBUG] a 1\n");
	log_line(LOG_LEVEL_INFO, "b");
	expect_line("[INFO] b\n");
	log_line(LOG_LEVEL_WARN, "c");
	expect_line("[WARN] c\n");
	log_line(LOG_LEVEL_ERROR, "d");
	expect_line("[ERROR] d\n");
}
END_TEST

START_TEST(line_breaks_inside_become_spaces)
{
	log_line(LOG_LEVEL_INFO, "one\ntwo\r\n[ERROR] three");
	expect_line("[INFO] one two  [ERROR] three\n");
}
END_TEST

START_TEST(a_long_line_is_cut_at_a_thousand_bytes)
{
	log_line(LOG_LEVEL_INFO, "%5000d", 1);
	ssize_t n = read(ends[0], got, sizeof(got));
	ck_assert_int_le(n, 1000);
	ck_assert_int_gt(n, 990);
	ck_assert(got[n - 1] == '\n');
}
END_TEST

START_TEST(nobody_at_the_other_end_is_no_harm)
{
	close(STDERR_FILENO);
	log_line(LOG_LEVEL_INFO, "lost");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base log");
	TCase *tc = tcase_create("log");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_line_begins_with_its_level);
	tcase_add_test(tc, line_breaks_inside_become_spaces);
	tcase_add_test(tc, a_long_line_is_cut_at_a_thousand_bytes);
	tcase_add_test(tc, nobody_at_the_other_end_is_no_harm);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
