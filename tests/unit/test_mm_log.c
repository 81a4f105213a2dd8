/* Log lines reach the server with their fields, or stderr. */
#include "tests/lib/host.h"
#include "tests/lib/peer.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct host host;
static char captured[16 * 1024];
static int file, former;

static const struct mm_plugin_def def = { .api_timeout_ms = 5000 };

/* stderr goes into a file until captured() looks at it. */
static void capture(void)
{
	file = memfd_create("stderr", MFD_CLOEXEC);
	former = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	ck_assert_int_ge(dup2(file, STDERR_FILENO), 0);
}

static const char *release(void)
{
	dup2(former, STDERR_FILENO);
	close(former);
	ssize_t n = pread(file, captured, sizeof(captured) - 1, 0);
	ck_assert_int_ge(n, 0);
	captured[n] = '\0';
	close(file);
	return captured;
}

static void set_up(void)
{
	host_start(&host, &def);
}

static void tear_down(void)
{
	host_stop(&host);
}

static const struct {
	enum log_level level;
	enum mm_api_method method;
	const char *prefix;
} levels[] = {
	{ LOG_LEVEL_DEBUG, MM_API_LOG_DEBUG, "[DEBUG] " },
	{ LOG_LEVEL_INFO, MM_API_LOG_INFO, "[INFO] " },
	{ LOG_LEVEL_WARN, MM_API_LOG_WARN, "[WARN] " },
	{ LOG_LEVEL_ERROR, MM_API_LOG_ERROR, "[ERROR] " },
};

static void expect_field(
    const struct mm_log_info_args *args, size_t i, const char *text)
{
	ck_assert_uint_lt(i, args->key_value_pairs.n);
	ck_assert_str_eq(
	    str_c(gob_any_get_string(&args->key_value_pairs.items[i])), text);
}

START_TEST(a_line_has_its_level_and_fields)
{
	host_activates(&host);
	mm_log(&host.plugin, levels[_i].level, "hello", "user", "ada", "n", "1",
	    NULL);
	const struct mm_log_info_args *args =
	    host_args(&host, levels[_i].method, 0);
	ck_assert_str_eq(str_c(args->msg), "hello");
	ck_assert_uint_eq(args->key_value_pairs.n, 4);
	expect_field(args, 0, "user");
	expect_field(args, 1, "ada");
	expect_field(args, 3, "1");
	ck_assert(host_logged(&host, "ada"));
}
END_TEST

START_TEST(a_line_may_have_no_fields_and_a_key_without_value_is_dropped)
{
	host_activates(&host);
	mm_log(&host.plugin, LOG_LEVEL_INFO, "bare", NULL);
	mm_log(&host.plugin, LOG_LEVEL_INFO, "odd", "a", "1", "b", NULL);
	const struct mm_log_info_args *args =
	    host_args(&host, MM_API_LOG_INFO, 0);
	ck_assert_uint_eq(args->key_value_pairs.n, 0);
	args = host_args(&host, MM_API_LOG_INFO, 1);
	ck_assert_uint_eq(args->key_value_pairs.n, 2);
}
END_TEST

START_TEST(more_fields_than_there_is_room_for_are_cut)
{
	host_activates(&host);
	mm_log(&host.plugin, LOG_LEVEL_INFO, "many", "1", "1", "2", "2", "3",
	    "3", "4", "4", "5", "5", "6", "6", "7", "7", "8", "8", "9", "9",
	    "10", "10", "11", "11", "12", "12", "13", "13", "14", "14", "15",
	    "15", "16", "16", "17", "17", NULL);
	const struct mm_log_info_args *args =
	    host_args(&host, MM_API_LOG_INFO, 0);
	ck_assert_uint_eq(args->key_value_pairs.n, 32);
	expect_field(args, 31, "16");
}
END_TEST

START_TEST(without_the_api_a_line_goes_to_stderr)
{
	capture();
	mm_log(&host.plugin, levels[_i].level, "too early", "user", "ada",
	    "why", "no\nline break", NULL);
	const char *line = release();
	ck_assert_int_eq(
	    strncmp(line, levels[_i].prefix, strlen(levels[_i].prefix)), 0);
	ck_assert_str_eq(line + strlen(levels[_i].prefix),
	    "too early user=ada why=no line break\n");
}
END_TEST

START_TEST(a_line_that_the_server_does_not_take_goes_to_stderr)
{
	host_activates(&host);
	host_breaks(&host, MM_API_LOG_WARN, "out of order");
	capture();
	mm_log(&host.plugin, LOG_LEVEL_WARN, "kept", "a", "1", NULL);
	ck_assert_str_eq(release(), "[WARN] kept a=1\n");
}
END_TEST

START_TEST(a_long_line_on_stderr_is_cut)
{
	char text[5000];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	capture();
	mm_log(&host.plugin, LOG_LEVEL_INFO, "long", "text", text, NULL);
	mm_log(&host.plugin, LOG_LEVEL_INFO, text, NULL);
	const char *lines = release();
	ck_assert_uint_le(strlen(lines), 2 * 1000);
	ck_assert_ptr_nonnull(strstr(lines, "long"));
	ck_assert_ptr_nonnull(strstr(lines, "xxxx"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mm log");
	TCase *tc = tcase_create("lines");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_line_has_its_level_and_fields, 0, 4);
	tcase_add_test(
	    tc, a_line_may_have_no_fields_and_a_key_without_value_is_dropped);
	tcase_add_test(tc, more_fields_than_there_is_room_for_are_cut);
	tcase_add_loop_test(tc, without_the_api_a_line_goes_to_stderr, 0, 4);
	tcase_add_test(tc, a_line_that_the_server_does_not_take_goes_to_stderr);
	tcase_add_test(tc, a_long_line_on_stderr_is_cut);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
