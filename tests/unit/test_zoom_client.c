#include "zoom/client.h"

#include "base/clock.h"
#include "tests/lib/patience.h"
#include "tests/lib/zoomtest.h"
#include "zoom/ask.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIME_LIMIT_S 30

#define LIMITED "{\"code\":429,\"message\":\"per-second rate limit\"}"

struct thing {
	int64_t id;
};

static const struct zoom_json_field fields[] = {
	{ STR("id"), ZOOM_JSON_INT, offsetof(struct thing, id) },
};

static const struct zoom_json_table table = { .fields = fields, .n_fields = 1 };

static struct zoomtest t;
static struct thing thing;

static void set_up(void)
{
	zoomtest_start_api(&t);
}

static void tear_down(void)
{
	zoomtest_stop(&t);
}

/* Ask the API; with a body it is a create, of which 201 is the success. */
static bool asks(const char *body, int64_t timeout_ms)
{
	struct zoom_ask ask = {
		.expect = body == NULL ? 200 : 201,
		.content_type = body == NULL ? NULL : "application/json",
		.body = str_from(body),
		.table = &table,
	};
	err_clear(&t.err);
	thing.id = 0;
	t.call.deadline_ms = clock_deadline_ms(timeout_ms);
	return zoom_ask_api(&t.call, S("/things"), ask, &thing, &t.err);
}

static bool reads(void)
{
	return asks(NULL, patience(8000));
}

static bool creates(void)
{
	return asks("{}", patience(8000));
}

START_TEST(an_answer_is_read)
{
	https_answers(
	    t.zoom, 200, "x-zm-trackingid: v=2.0;rid=7", "{\"id\":5}");
	ck_assert_msg(reads(), "%s", t.err.text);
	ck_assert_int_eq(thing.id, 5);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_OK);
	ck_assert_int_eq(t.call.answer.status, 200);
	ck_assert_str_eq(t.call.answer.tracking_id, "v=2.0;rid=7");
	ck_assert_ptr_nonnull(strstr(
	    https_request(t.zoom, 0), "\r\nAuthorization: Bearer t0ken\r\n"));
}
END_TEST

START_TEST(zooms_clock_is_told)
{
	https_answers(
	    t.zoom, 200, "Date: Sun, 06 Nov 1994 08:49:37 GMT", "{\"id\":5}");
	ck_assert_msg(reads(), "%s", t.err.text);
	ck_assert_int_eq(t.call.answer.date_ms, 784111777000);
	https_answers(t.zoom, 200, "Date: today", "{\"id\":5}");
	ck_assert_msg(reads(), "%s", t.err.text);
	ck_assert_int_eq(t.call.answer.date_ms, 0);
}
END_TEST

struct seen {
	int n, n_ok;
	enum zoom_op op;
	int64_t ms;
};

static void see(void *object, enum zoom_op op, bool ok, int64_t ms)
{
	struct seen *seen = object;
	seen->n++;
	seen->n_ok += ok;
	seen->op = op;
	seen->ms = ms;
}

START_TEST(who_observes_hears_of_each_call_once)
{
	struct seen seen = { .n = 0 };
	const struct zoom_client_options options = {
		.observe = see,
		.observe_object = &seen,
	};
	struct zoom_client *plain = t.call.client;
	t.call.client = zoom_client_new(&options, &t.err);
	t.call.op = ZOOM_OP_MEETING;
	https_answers(t.zoom, 500, "", "{}");
	https_answers(t.zoom, 200, "", "{\"id\":5}");
	ck_assert_msg(reads(), "%s", t.err.text);
	ck_assert_int_eq(seen.n, 1);
	ck_assert_int_eq(seen.n_ok, 1);
	ck_assert_int_eq(seen.op, ZOOM_OP_MEETING);
	ck_assert_int_ge(seen.ms, 200); /* with the wait before the repeat */
	https_answers(t.zoom, 404, "", "{}");
	ck_assert(!reads());
	ck_assert_int_eq(seen.n, 2);
	ck_assert_int_eq(seen.n_ok, 1);
	zoom_client_free(t.call.client);
	t.call.client = plain;
}
END_TEST

START_TEST(slashes_at_the_end_of_the_address_do_not_matter)
{
	char url[128];
	snprintf(url, sizeof(url), "%s/v2//", https_url(t.zoom));
	t.settings.api_url = str_from(url);
	https_answers(t.zoom, 200, "", "{}");
	ck_assert(reads());
	ck_assert_ptr_nonnull(
	    strstr(https_request(t.zoom, 0), "GET /v2/things HTTP"));
}
END_TEST

START_TEST(a_create_waits_for_retry_after_and_is_repeated)
{
	https_answers(t.zoom, 429, "Retry-After: 1", LIMITED);
	https_answers(t.zoom, 201, "", "{\"id\":5}");
	int64_t start_ms = clock_now_ms();
	ck_assert_msg(creates(), "%s", t.err.text);
	ck_assert_int_ge(clock_now_ms() - start_ms, 1000);
	ck_assert_int_eq(https_n_requests(t.zoom), 2);
	ck_assert_int_eq(thing.id, 5);
}
END_TEST

START_TEST(a_429_without_headers_is_repeated_after_a_moment)
{
	https_answers(t.zoom, 429, "", LIMITED);
	https_answers(t.zoom, 429, "", LIMITED);
	https_answers(t.zoom, 201, "", "{\"id\":5}");
	ck_assert_msg(creates(), "%s", t.err.text);
	ck_assert_int_eq(https_n_requests(t.zoom), 3);
}
END_TEST

START_TEST(a_wait_beyond_the_deadline_is_not_begun)
{
	https_answers(t.zoom, 429, "Retry-After: 60", LIMITED);
	int64_t start_ms = clock_now_ms();
	ck_assert(!asks(NULL, 30000));
	ck_assert_int_lt(clock_now_ms() - start_ms, patience(1000));
	ck_assert_int_eq(t.err.code, ERR_BUSY);
	ck_assert_int_eq(t.err.status, 429);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_LIMITED);
	ck_assert_int_eq(t.call.answer.retry_ms, 60000);
	ck_assert_str_eq(t.call.answer.message, "per-second rate limit");
}
END_TEST

START_TEST(without_deadline_no_wait_is_longer_than_a_minute)
{
	https_answers(t.zoom, 429, "Retry-After: 61", LIMITED);
	ck_assert(!asks(NULL, INT64_MAX));
	ck_assert_int_eq(t.err.code, ERR_BUSY);
}
END_TEST

START_TEST(a_daily_limit_without_date_is_not_tried_again)
{
	https_answers(t.zoom, 429, "X-RateLimit-Type: Daily-limit", LIMITED);
	ck_assert(!reads());
	ck_assert_int_eq(https_n_requests(t.zoom), 1);
}
END_TEST

START_TEST(it_gives_up_after_three_attempts)
{
	for (int i = 0; i < 5; i++)
		https_answers(t.zoom, 503, "", "{}");
	ck_assert(!reads());
	ck_assert_int_eq(https_n_requests(t.zoom), 3);
	ck_assert_int_eq(t.err.code, ERR_REMOTE);
	ck_assert_int_eq(t.err.status, 503);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNAVAILABLE);
}
END_TEST

START_TEST(a_read_is_repeated_after_a_server_error)
{
	https_answers(t.zoom, 502, "Content-Type: text/html", "<html>");
	https_answers(t.zoom, 200, "", "{\"id\":5}");
	ck_assert_msg(reads(), "%s", t.err.text);
	ck_assert_int_eq(thing.id, 5);
}
END_TEST

START_TEST(a_create_is_not_repeated_after_a_server_error)
{
	https_answers(t.zoom, 503, "", "{}");
	ck_assert(!creates());
	ck_assert_int_eq(https_n_requests(t.zoom), 1);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNAVAILABLE);
}
END_TEST

START_TEST(what_a_gateway_answers_may_have_been_done)
{
	https_answers(t.zoom, 502, "", "{}");
	https_answers(t.zoom, 201, "Content-Type: text/html", "<html>");
	for (int i = 1; i <= 2; i++) {
		ck_assert(!creates());
		ck_assert_int_eq(https_n_requests(t.zoom), i);
		ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNKNOWN);
	}
}
END_TEST

START_TEST(a_read_is_repeated_after_a_reset)
{
	https_resets(t.zoom);
	https_answers_half(t.zoom, "{\"id\":5555555555}");
	https_answers(t.zoom, 200, "", "{\"id\":5}");
	ck_assert_msg(reads(), "%s", t.err.text);
	ck_assert_int_eq(thing.id, 5);
}
END_TEST

START_TEST(a_create_is_not_repeated_after_a_reset)
{
	https_resets(t.zoom);
	ck_assert(!creates());
	ck_assert_int_eq(https_n_requests(t.zoom), 1);
	ck_assert_int_eq(t.err.code, ERR_IO);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNKNOWN);
}
END_TEST

START_TEST(a_create_whose_answer_is_cut_has_an_unknown_outcome)
{
	https_answers_half(t.zoom, "{\"id\":5555555555}");
	ck_assert(!creates());
	ck_assert_int_eq(https_n_requests(t.zoom), 1);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNKNOWN);
}
END_TEST

START_TEST(nothing_is_repeated_after_a_time_out)
{
	https_waits_ms(t.zoom, (int)patience(5000));
	https_answers(t.zoom, 201, "", "{\"id\":5}");
	ck_assert(!asks("{}", patience(300)));
	ck_assert_int_eq(t.err.code, ERR_TIMEOUT);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNKNOWN);
	ck_assert_int_eq(https_n_requests(t.zoom), 1);
}
END_TEST

START_TEST(a_create_is_repeated_where_no_connection_was_made)
{
	char url[128];
	struct https *gone = https_start();
	strcpy(url, https_url(gone));
	https_stop(gone);
	t.settings.api_url = str_from(url);
	int64_t start_ms = clock_now_ms();
	ck_assert(!creates());
	ck_assert_int_ge(clock_now_ms() - start_ms, 700);
	ck_assert_int_eq(t.err.code, ERR_IO);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNAVAILABLE);
}
END_TEST

START_TEST(a_web_page_is_told_from_data)
{
	https_answers(t.zoom, 200, "Content-Type: text/html", "<html></html>");
	ck_assert(!reads());
	ck_assert_int_eq(t.err.code, ERR_PROTOCOL);
	ck_assert_ptr_nonnull(strstr(t.err.text, "web page instead of data"));
	ck_assert_int_eq(https_n_requests(t.zoom), 1);
}
END_TEST

START_TEST(an_answer_that_is_no_json_is_told)
{
	https_answers(t.zoom, 200, "", "OK");
	ck_assert(!reads());
	ck_assert_int_eq(t.err.code, ERR_PROTOCOL);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNAVAILABLE);
	https_answers(t.zoom, 201, "", "{\"id\":");
	ck_assert(!creates());
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNKNOWN);
}
END_TEST

START_TEST(a_huge_answer_is_an_error)
{
	https_streams(t.zoom, (size_t)100 * 1024 * 1024);
	ck_assert(!reads());
	ck_assert_int_eq(t.err.code, ERR_TOO_BIG);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNAVAILABLE);
}
END_TEST

START_TEST(a_damaged_token_is_not_sent)
{
	t.call.access_token = S("a\r\nX-Evil: 1");
	ck_assert(!reads());
	ck_assert_int_eq(t.err.code, ERR_INVALID);
	t.call.access_token = S("");
	ck_assert(!reads());
	ck_assert_int_eq(t.err.code, ERR_INVALID);
	ck_assert_int_eq(https_n_requests(t.zoom), 0);
}
END_TEST

START_TEST(no_text_of_an_error_holds_the_token)
{
	t.call.access_token = S("t0ken");
	https_answers(
	    t.zoom, 400, "", "{\"code\":300,\"message\":\"bad t0ken\"}");
	ck_assert(!reads());
	ck_assert_ptr_null(strstr(t.err.text, "t0ken"));
	ck_assert_ptr_null(strstr(t.call.answer.message, "t0ken"));
}
END_TEST

START_TEST(an_arena_that_has_failed_sends_nothing)
{
	struct arena none = { .max = 0 };
	t.call.arena = &none;
	ck_assert(!reads());
	ck_assert_int_eq(t.err.code, ERR_TOO_BIG);
	ck_assert_int_eq(https_n_requests(t.zoom), 0);
}
END_TEST

static void *stop_soon(void *object)
{
	usleep(100 * 1000);
	zoom_client_stop(object);
	return NULL;
}

START_TEST(stopping_ends_a_wait)
{
	pthread_t thread;
	https_answers(t.zoom, 429, "Retry-After: 7", LIMITED);
	pthread_create(&thread, NULL, stop_soon, t.call.client);
	int64_t start_ms = clock_now_ms();
	ck_assert(!reads());
	ck_assert_int_lt(clock_now_ms() - start_ms, patience(2000));
	pthread_join(thread, NULL);
	ck_assert(!reads());
	ck_assert_int_eq(t.err.code, ERR_CLOSED);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_NO_ANSWER);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_client");
	TCase *tests = tcase_create("client");
	tcase_set_timeout(tests, TIME_LIMIT_S);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, an_answer_is_read);
	tcase_add_test(tests, zooms_clock_is_told);
	tcase_add_test(tests, who_observes_hears_of_each_call_once);
	tcase_add_test(tests, slashes_at_the_end_of_the_address_do_not_matter);
	tcase_add_test(tests, a_create_waits_for_retry_after_and_is_repeated);
	tcase_add_test(tests, a_429_without_headers_is_repeated_after_a_moment);
	tcase_add_test(tests, a_wait_beyond_the_deadline_is_not_begun);
	tcase_add_test(tests, without_deadline_no_wait_is_longer_than_a_minute);
	tcase_add_test(tests, a_daily_limit_without_date_is_not_tried_again);
	tcase_add_test(tests, it_gives_up_after_three_attempts);
	tcase_add_test(tests, a_read_is_repeated_after_a_server_error);
	tcase_add_test(tests, a_create_is_not_repeated_after_a_server_error);
	tcase_add_test(tests, what_a_gateway_answers_may_have_been_done);
	tcase_add_test(tests, a_read_is_repeated_after_a_reset);
	tcase_add_test(tests, a_create_is_not_repeated_after_a_reset);
	tcase_add_test(
	    tests, a_create_whose_answer_is_cut_has_an_unknown_outcome);
	tcase_add_test(tests, nothing_is_repeated_after_a_time_out);
	tcase_add_test(
	    tests, a_create_is_repeated_where_no_connection_was_made);
	tcase_add_test(tests, a_web_page_is_told_from_data);
	tcase_add_test(tests, an_answer_that_is_no_json_is_told);
	tcase_add_test(tests, a_huge_answer_is_an_error);
	tcase_add_test(tests, a_damaged_token_is_not_sent);
	tcase_add_test(tests, no_text_of_an_error_holds_the_token);
	tcase_add_test(tests, an_arena_that_has_failed_sends_nothing);
	tcase_add_test(tests, stopping_ends_a_wait);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
