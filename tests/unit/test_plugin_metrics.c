/* Counters, and the OpenMetrics that is made of them. */
#include "plugin/metrics.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct metrics m;
static struct arena a;
static const char *const routes[] = { "/webhook", "/api/v1/meetings" };

static void set_up(void)
{
	memset(&m, 0, sizeof(m));
	arena_init(&a, (size_t)8 * 1024 * 1024);
}

static void tear_down(void)
{
	arena_fini(&a);
}

static const char *text(int64_t jobs)
{
	return str_c(metrics_text(&m, &a, routes, 2, jobs));
}

static void expect(const char *line)
{
	ck_assert_msg(
	    strstr(text(3), line) != NULL, "%s\nis not in\n%s", line, text(3));
}

START_TEST(nothing_has_happened_yet)
{
	expect("# TYPE zoom_http_requests_seconds histogram\n");
	expect("zoom_token_refreshes_total{result=\"ok\"} 0\n");
	expect("zoom_jobs_waiting 3\n");
	ck_assert_ptr_null(strstr(text(3), "route="));
	ck_assert(str_has_suffix(str_from(text(3)), S("\n# EOF\n")));
}
END_TEST

START_TEST(requests_fall_into_buckets_that_add_up)
{
	metrics_route(&m, 0, true, 0);
	metrics_route(&m, 0, true, 10);
	metrics_route(&m, 0, false, 11);
	metrics_route(&m, 0, false, 60000);
	expect("zoom_http_requests_seconds_bucket{route=\"/webhook\","
	       "le=\"0.01\"} 2\n");
	expect("{route=\"/webhook\",le=\"0.1\"} 3\n");
	expect("{route=\"/webhook\",le=\"10\"} 3\n");
	expect("{route=\"/webhook\",le=\"+Inf\"} 4\n");
	expect("zoom_http_requests_seconds_count{route=\"/webhook\"} 4\n");
	expect("zoom_http_requests_seconds_sum{route=\"/webhook\"} 60.021\n");
	expect("zoom_http_requests_errors_total{route=\"/webhook\"} 2\n");
}
END_TEST

START_TEST(what_is_no_route_is_other)
{
	metrics_route(&m, 2, false, 1);
	expect("zoom_http_requests_errors_total{route=\"other\"} 1\n");
	metrics_route(&m, 1000, false, -5);
	metrics_call(&m, ZOOM_N_OPS, true, 1);
	expect("zoom_api_calls_errors_total{call=\"other\"} 0\n");
}
END_TEST

START_TEST(every_call_has_a_name)
{
	for (int op = 0; op < ZOOM_N_OPS; op++)
		metrics_call(&m, (enum zoom_op)op, op % 2 == 0, 700);
	ck_assert_ptr_null(strstr(text(0), "(null)"));
	expect("zoom_api_calls_seconds_bucket{call=\"download\",le=\"2\"} 1\n");
	expect("zoom_api_calls_seconds_bucket{call=\"user\",le=\"0.5\"} 0\n");
}
END_TEST

START_TEST(counts_are_told)
{
	for (int i = 0; i < METRICS_N_COUNTS; i++)
		for (int n = 0; n <= i; n++)
			metrics_count(&m, (enum metrics_count)i);
	m.webhook_lag_ms = -1500;
	expect("zoom_token_refreshes_total{result=\"failed\"} 2\n");
	expect("zoom_jobs_total{result=\"put_off\"} 5\n");
	expect("zoom_webhook_lag_seconds -1.500\n");
	ck_assert_ptr_null(strstr(text(-1), "jobs_waiting"));
}
END_TEST

START_TEST(without_memory_there_is_no_text)
{
	struct arena none = { 0 };
	ck_assert_uint_eq(metrics_text(&m, &none, routes, 2, 0).len, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin metrics");
	TCase *tc = tcase_create("metrics");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, nothing_has_happened_yet);
	tcase_add_test(tc, requests_fall_into_buckets_that_add_up);
	tcase_add_test(tc, what_is_no_route_is_other);
	tcase_add_test(tc, every_call_has_a_name);
	tcase_add_test(tc, counts_are_told);
	tcase_add_test(tc, without_memory_there_is_no_text);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
