#include "zoom/time.h"

#include <check.h>
#include <stdlib.h>

struct row {
	const char *text;
	int64_t ms;
};

static const struct row good[] = {
	{ "", 0 },
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2025-10-09T08:53:20Z", 1760000000000 },
	{ "2025-10-09t08:53:20z", 1760000000000 },
	{ "2025-10-09T10:53:20+02:00", 1760000000000 },
	{ "2025-10-09T03:23:20-05:30", 1760000000000 },
	{ "2025-10-09T08:53:20.1Z", 1760000000100 },
	{ "2026-10-06T13:52:28.632Z", 1791294748632 },
	{ "2025-10-09T08:53:20.123456789Z", 1760000000123 },
	{ "2024-02-29T00:00:00Z", 1709164800000 },
	{ "2000-02-29T23:59:59Z", 951868799000 },
	{ "1969-12-31T23:59:59.5Z", -500 },
	{ "2016-12-31T23:59:60Z", 1483228800000 },
	{ "0001-01-01T00:00:00Z", -62135596800000 },
	{ "9999-12-31T23:59:59Z", 253402300799000 },
};

static const struct row bad[] = {
	{ "2025-10-09", 0 },
	{ "2025-10-09T08:53:20", 0 },
	{ "2025-10-09 08:53:20Z", 0 },
	{ "2025-10-09T08:53:20Zx", 0 },
	{ "2025-10-09T08:53:20.Z", 0 },
	{ "2025-10-09T08:53:20+2:00", 0 },
	{ "2025-10-09T08:53:20+0200", 0 },
	{ "2025-10-09T08:53:20+24:00", 0 },
	{ "2025-13-09T08:53:20Z", 0 },
	{ "2025-00-09T08:53:20Z", 0 },
	{ "2025-02-29T08:53:20Z", 0 },
	{ "1900-02-29T08:53:20Z", 0 },
	{ "2025-04-31T08:53:20Z", 0 },
	{ "2025-10-00T08:53:20Z", 0 },
	{ "2025-10-09T24:00:00Z", 0 },
	{ "2025-10-09T08:60:00Z", 0 },
	{ "0000-01-01T00:00:00Z", 0 },
	{ "25-10-09T08:53:20Z", 0 },
	{ "-025-10-09T08:53:20Z", 0 },
	{ "yesterday", 0 },
	{ " ", 0 },
};

START_TEST(reads_times_of_rfc_3339)
{
	const struct row *row = &good[_i];
	int64_t ms = -1;
	ck_assert_msg(
	    zoom_time_parse(str_from(row->text), &ms), "%s", row->text);
	ck_assert_int_eq(ms, row->ms);
}
END_TEST

START_TEST(refuses_what_is_no_time)
{
	const struct row *row = &bad[_i];
	int64_t ms = -1;
	ck_assert_msg(
	    !zoom_time_parse(str_from(row->text), &ms), "%s", row->text);
	ck_assert_int_eq(ms, row->ms);
}
END_TEST

START_TEST(a_time_cut_anywhere_is_refused)
{
	struct str whole = S("2025-10-09T10:53:20.632+02:00");
	int64_t ms;
	for (size_t n = 1; n < whole.len; n++)
		ck_assert(!zoom_time_parse(str_sub(whole, 0, n), &ms));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_time");
	TCase *tests = tcase_create("time");
	tcase_add_loop_test(tests, reads_times_of_rfc_3339, 0,
	    (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(tests, refuses_what_is_no_time, 0,
	    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tests, a_time_cut_anywhere_is_refused);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
