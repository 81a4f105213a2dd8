#include "zoom/retry.h"

#include <check.h>
#include <stdlib.h>

/* 2025-10-09T08:53:20Z */
#define NOW_MS 1760000000000

struct row {
	const char *value;
	bool good;
	int64_t wait_ms;
};

static const struct row rows[] = {
	{ "1", true, 1000 },
	{ " 30 ", true, 30000 },
	{ "0", true, 0 },
	{ "86401", true, 86400000 },
	{ "9223372036854775807", true, 86400000 },
	{ "2025-10-09T08:53:25Z", true, 5000 },
	{ "2025-10-09T08:53:25.250Z", true, 5250 },
	{ "2025-10-09T08:00:00Z", true, 0 },
	{ "2026-10-09T08:00:00Z", true, 86400000 },
	{ "Thu, 09 Oct 2025 08:53:50 GMT", true, 30000 },
	{ "Thursday, 09-Oct-25 08:53:50 GMT", true, 30000 },
	{ "Thu, 09 Oct 2025 08:00:00 GMT", true, 0 },
	{ "", false, 0 },
	{ "-1", false, 0 },
	{ "1.5", false, 0 },
	{ "soon", false, 0 },
	{ "99999999999999999999", false, 0 },
	{ "Thu, 09 Oct 2025 08:53:50 GMT, and then some more words to be too "
	  "long for a date",
	    false, 0 },
};

START_TEST(reads_seconds_and_dates)
{
	const struct row *row = &rows[_i];
	int64_t wait_ms = -1;
	ck_assert_msg(zoom_retry_after(
	                  str_from(row->value), NOW_MS, &wait_ms) == row->good,
	    "%s", row->value);
	ck_assert_int_eq(wait_ms, row->wait_ms);
}
END_TEST

START_TEST(a_date_is_read_or_refused)
{
	int64_t ms = -1;
	ck_assert(zoom_retry_date(S("Sun, 06 Nov 1994 08:49:37 GMT"), &ms));
	ck_assert_int_eq(ms, 784111777000);
	ck_assert(!zoom_retry_date(S("soon"), &ms));
	ck_assert_int_eq(ms, 0);
	ck_assert(!zoom_retry_date(S(""), &ms));
	ck_assert(zoom_retry_date(S("Fri, 31 Dec 9999 23:59:59 GMT"), &ms));
	ck_assert_int_eq(ms, 253402300799000);
	ck_assert(!zoom_retry_date(S("Sat, 01 Jan 10000 00:00:00 GMT"), &ms));
	ck_assert(!zoom_retry_date(S("0006Nov390000000"), &ms));
	ck_assert_int_eq(ms, 0);
	ck_assert(!zoom_retry_date(S("Wed, 31 Dec 1969 00:00:00 GMT"), &ms));
}
END_TEST

START_TEST(backs_off_longer_each_time_up_to_a_bound)
{
	static const int64_t most[] = { 0, 500, 1000, 2000, 4000, 8000, 8000 };
	for (int n = 1; n < 7; n++) {
		int64_t wait_ms = zoom_retry_backoff_ms(n);
		ck_assert_int_ge(wait_ms, most[n] / 2);
		ck_assert_int_le(wait_ms, most[n]);
	}
	ck_assert_int_le(zoom_retry_backoff_ms(1000000), 8000);
}
END_TEST

START_TEST(callers_do_not_come_back_together)
{
	int64_t first = zoom_retry_backoff_ms(5);
	int n_same = 0;
	for (int i = 0; i < 100; i++)
		n_same += zoom_retry_backoff_ms(5) == first;
	ck_assert_int_lt(n_same, 50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_retry");
	TCase *tests = tcase_create("retry");
	tcase_add_loop_test(tests, reads_seconds_and_dates, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tests, a_date_is_read_or_refused);
	tcase_add_test(tests, backs_off_longer_each_time_up_to_a_bound);
	tcase_add_test(tests, callers_do_not_come_back_together);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
