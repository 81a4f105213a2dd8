/* ServeHTTP: heads, bodies of every size in both directions, early ends. */
#include "tests/lib/host.h"
#include "tests/lib/peer.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct host host;
static struct host_answer answer;
static char big[300000];

/* What the handler does; set before the request. */
static void (*handler)(struct mm_call *call, struct mm_http *http);

static void serve(struct mm_call *call, struct mm_http *http)
{
	handler(call, http);
}

static const struct mm_plugin_def def = { .serve_http = serve, .max_calls = 4 };

static void set_up(void)
{
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 31 + i / 251);
	host_start(&host, &def);
	host_activates(&host);
}

static void tear_down(void)
{
	host_answer_fini(&answer);
	host_stop(&host);
}

static void request(const struct host_request *q)
{
	host_answer_fini(&answer);
	ck_assert_msg(host_http(&host, q, &answer), "%s", answer.err.text);
}

static void expect_order(const char *order)
{
	ck_assert_str_eq(
	    str_c(arena_str(&answer.memory, buf_str(&answer.order))), order);
}

static void expect_body(struct str body)
{
	ck_assert_uint_eq(answer.body.len, body.len);
	ck_assert(body.len == 0 ||
	          memcmp(answer.body.data, body.data, body.len) == 0);
}

/* ---- the head ------------------------------------------------------------------ */

static void nothing(struct mm_call *call, struct mm_http *http)
{
	(void)call;
	(void)http;
}

START_TEST(a_handler_that_does_nothing_answers_200)
{
	handler = nothing;
	request(&(struct host_request){ .url = "/" });
	ck_assert_int_eq(answer.status, 200);
	expect_order("");
	ck_assert_str_eq(host_header(&answer, "X-Request-Id"), "request-1");
	ck_assert_uint_eq(answer.body.len, 0);
}
END_TEST

static void two_headers(struct mm_call *call, struct mm_http *http)
{
	(void)call;
	mm_http_set_header(http, S("X-One"), S("1"));
	mm_http_set_header(http, S("x-one"), S("2"));
	mm_http_set_header(http, S("X-Two"), S("two"));
	ck_assert_int_eq(mm_http_status(http), 0);
	mm_http_write_header(http, 404);
	mm_http_set_header(http, S("X-Late"), S("late"));
	mm_http_write_header(http, 500);
	ck_assert_int_eq(mm_http_status(http), 404);
	mm_http_write(http, "gone\n", 5);
}

START_TEST(headers_are_merged_with_those_of_the_server)
{
	handler = two_headers;
	request(&(struct host_request){ .url = "/" });
	ck_assert_int_eq(answer.status, 404);
	expect_order("Header SyncHeader WriteHeader Write");
	ck_assert_str_eq(host_header(&answer, "X-Request-Id"), "request-1");
	ck_assert_str_eq(host_header(&answer, "X-One"), "2");
	ck_assert_str_eq(host_header(&answer, "X-Two"), "two");
	ck_assert_str_eq(host_header(&answer, "X-Late"), "");
	ck_assert_uint_eq(answer.headers.n, 3);
	expect_body(S("gone\n"));
}
END_TEST

static void overwrite(struct mm_call *call, struct mm_http *http)
{
	(void)call;
	mm_http_set_header(http, S("x-request-id"), S("mine"));
	mm_http_write(http, "", 0);
}

START_TEST(a_header_of_the_server_can_be_replaced)
{
	handler = overwrite;
	request(&(struct host_request){ .url = "/" });
	ck_assert_str_eq(host_header(&answer, "X-Request-Id"), "mine");
	ck_assert_uint_eq(answer.headers.n, 1);
	expect_order("Header SyncHeader");
}
END_TEST

static void tell_request(struct mm_call *call, struct mm_http *http)
{
	struct str text =
	    arena_printf(call->arena, "%.*s|%.*s|%.*s|%.*s|%.*s|%.*s|%.*s|%.*s",
	        STR_ARG(mm_http_method(http)), STR_ARG(mm_http_path(http)),
	        STR_ARG(mm_http_query(http)),
	        STR_ARG(mm_http_query_get(http, S("a"))),
	        STR_ARG(mm_http_query_get(http, S("b c"))),
	        STR_ARG(mm_http_query_get(http, S("none"))),
	        STR_ARG(mm_http_user_id(http)),
	        STR_ARG(mm_http_header(http, S("x-own"))));
	ck_assert(str_eq(mm_http_context(http)->request_id, S("request-1")));
	ck_assert(str_eq(mm_http_request(http)->proto, S("HTTP/1.1")));
	mm_http_reply(http, 200, S(""), text);
}

START_TEST(the_handler_sees_all_parts_of_the_request)
{
	handler = tell_request;
	request(&(struct host_request){
	    .method = "PUT",
	    .url = "/x%20y?a=1+2%21%zz&b+c=%C3%A9&a=second",
	    .user_id = "ada",
	    .headers = "X-Own: value\nX-Other: o\n",
	});
	expect_body(S("PUT|/x%20y|a=1+2%21%zz&b+c=%C3%A9&a=second|1 2!%zz|"
	              "\xc3\xa9||ada|value"));
}
END_TEST

START_TEST(a_request_may_come_without_query_user_and_body)
{
	handler = tell_request;
	request(&(struct host_request){ .url = "/", .no_body = true });
	expect_body(S("GET|/||||||"));
	ck_assert_uint_eq(answer.asked, 0);
}
END_TEST

static void bad_status(struct mm_call *call, struct mm_http *http)
{
	struct err err = { 0 };
	(void)call;
	mm_http_write_header(http, 42);
	mm_http_write(http, "never", 5);
	ck_assert(!mm_http_ok(http, &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
}

START_TEST(the_first_error_of_the_answer_sticks)
{
	handler = bad_status;
	request(&(struct host_request){ .url = "/" });
	expect_order("WriteHeader");
}
END_TEST

static void flush_and_go_on(struct mm_call *call, struct mm_http *http)
{
	struct err err = { 0 };
	(void)call;
	mm_http_write(http, "one", 3);
	mm_http_flush(http);
	mm_http_write(http, "two", 3);
	ck_assert_msg(mm_http_ok(http, &err), "%s", err.text);
}

START_TEST(an_answer_can_be_flushed)
{
	handler = flush_and_go_on;
	request(&(struct host_request){ .url = "/", .flushes = true });
	expect_order("Write Flush Write");
	expect_body(S("onetwo"));
}
END_TEST

START_TEST(a_server_that_cannot_flush_loses_nothing)
{
	handler = flush_and_go_on;
	request(&(struct host_request){ .url = "/" });
	expect_order("Write Write");
	expect_body(S("onetwo"));
}
END_TEST

static void only_flush(struct mm_call *call, struct mm_http *http)
{
	(void)call;
	mm_http_flush(http);
	ck_assert_int_eq(mm_http_status(http), 200);
}

START_TEST(flushing_sends_the_head)
{
	handler = only_flush;
	request(&(struct host_request){ .url = "/", .flushes = true });
	expect_order("Flush");
	ck_assert_int_eq(answer.status, 200);
}
END_TEST

/* ---- bodies ---------------------------------------------------------------------- */

static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 300000 };
#define N_SIZES ((int)(sizeof(sizes) / sizeof(sizes[0])))

static void echo(struct mm_call *call, struct mm_http *http)
{
	struct err err = { 0 };
	char piece[10000];
	size_t got;
	(void)call;
	do {
		ck_assert_msg(
		    mm_http_read(http, piece, sizeof(piece), &got, &err), "%s",
		    err.text);
		mm_http_write(http, piece, got);
	} while (got > 0);
	ck_assert_msg(mm_http_ok(http, &err), "%s", err.text);
}

START_TEST(a_body_comes_and_goes_in_pieces)
{
	struct str body = str_n(big, sizes[_i]);
	handler = echo;
	request(&(struct host_request){ .url = "/", .body = body });
	ck_assert_int_eq(answer.status, 200);
	expect_body(body);
}
END_TEST

static void read_whole(struct mm_call *call, struct mm_http *http)
{
	struct str body;
	struct err err = { 0 };
	(void)call;
	if (mm_http_read_all(http, 65536, &body, &err)) {
		mm_http_reply(http, 200, S("text/plain"), body);
		return;
	}
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	mm_http_reply(http, 413, S("text/plain"), S("too big"));
}

START_TEST(a_whole_body_is_read_up_to_its_cap)
{
	struct str body = str_n(big, sizes[_i]);
	handler = read_whole;
	for (int without_length = 0; without_length < 2; without_length++) {
		request(&(struct host_request){ .url = "/",
		    .body = body,
		    .no_length = without_length == 1 });
		ck_assert_int_eq(answer.status, body.len <= 65536 ? 200 : 413);
		expect_body(body.len <= 65536 ? body : S("too big"));
	}
}
END_TEST

START_TEST(a_body_may_trickle_in)
{
	struct str body = str_n(big, 1000);
	handler = echo;
	request(&(struct host_request){
	    .url = "/", .body = body, .piece = 1, .no_length = true });
	expect_body(body);
}
END_TEST

START_TEST(a_body_that_breaks_off_ends_there)
{
	handler = read_whole;
	request(&(struct host_request){
	    .url = "/", .body = str_n(big, 50000), .cut = 20000 });
	expect_body(str_n(big, 20000));
}
END_TEST

static void answer_at_once(struct mm_call *call, struct mm_http *http)
{
	struct str body;
	struct err err = { 0 };
	(void)call;
	mm_http_write_header(http, 201);
	mm_http_write(http, "early ", 6);
	ck_assert_msg(
	    mm_http_read_all(http, sizeof(big), &body, &err), "%s", err.text);
	mm_http_write(http, body.data, body.len);
}

START_TEST(an_answer_may_begin_before_the_body_was_read)
{
	struct str body = str_n(big, sizes[_i]);
	handler = answer_at_once;
	request(&(struct host_request){ .url = "/", .body = body });
	ck_assert_int_eq(answer.status, 201);
	ck_assert_uint_eq(answer.body.len, 6 + body.len);
	ck_assert_int_eq(memcmp(answer.body.data, "early ", 6), 0);
	ck_assert_int_eq(memcmp(answer.body.data + 6, body.data, body.len), 0);
}
END_TEST

START_TEST(memory_of_a_large_body_goes_when_the_session_is_quiet)
{
	handler = answer_at_once;
	request(&(struct host_request){
	    .url = "/", .body = str_n(big, sizeof(big)) });
	/* the call ends behind its reply */
	usleep(200 * 1000);
	int64_t deadline = SOON;
	while (arena_trim_due_ms() != DEADLINE_NEVER) {
		ck_assert(clock_now_ms() < deadline);
		usleep(1000);
	}
}
END_TEST

static void read_some_then_answer(struct mm_call *call, struct mm_http *http)
{
	char start[100];
	size_t got;
	struct err err = { 0 };
	ck_assert(mm_http_read(http, start, sizeof(start), &got, &err));
	ck_assert_uint_gt(got, 0);
	mm_http_write(http, start, got);
	answer_at_once(call, http);
}

START_TEST(an_answer_may_begin_in_the_middle_of_the_body)
{
	handler = read_some_then_answer;
	for (int i = 1; i < N_SIZES; i++) {
		request(&(struct host_request){
		    .url = "/", .body = str_n(big, sizes[i]) });
		ck_assert_uint_eq(answer.body.len, 6 + sizes[i]);
	}
}
END_TEST

START_TEST(a_handler_that_reads_nothing_does_not_stop_the_host)
{
	handler = nothing;
	for (int i = 0; i < N_SIZES; i++) {
		request(&(struct host_request){ .url = "/",
		    .body = str_n(big, sizes[i]),
		    .no_length = true });
		ck_assert_int_eq(answer.status, 200);
		ck_assert_uint_eq(answer.taken, 0);
	}
}
END_TEST

static void refuse(struct mm_call *call, struct mm_http *http)
{
	(void)call;
	mm_http_reply(http, 401, S("text/plain"), S("no"));
}

START_TEST(a_reply_without_reading_asks_for_nothing)
{
	handler = refuse;
	for (int i = 0; i < N_SIZES; i++) {
		request(&(struct host_request){
		    .url = "/", .body = str_n(big, sizes[i]) });
		ck_assert_int_eq(answer.status, 401);
		ck_assert_uint_eq(answer.asked, 0);
	}
}
END_TEST

static void take_all(struct mm_call *call, struct mm_http *http)
{
	struct str body;
	struct err err = { 0 };
	(void)call;
	ck_assert_msg(
	    mm_http_read_all(http, sizeof(big), &body, &err), "%s", err.text);
	ck_assert_int_eq(memcmp(body.data, big, body.len), 0);
}

START_TEST(a_body_of_known_length_is_asked_for_once)
{
	handler = take_all;
	for (int i = 1; i < N_SIZES; i++) {
		request(&(struct host_request){
		    .url = "/", .body = str_n(big, sizes[i]) });
		ck_assert_uint_eq(answer.asks, 1);
		ck_assert_uint_eq(
		    answer.asked, sizes[i] < 65536 ? 65536 : answer.taken);
	}
}
END_TEST

static void give_up(struct mm_call *call, struct mm_http *http)
{
	static char room[sizeof(big)];
	size_t got;
	struct err err = { 0 };
	(void)call;
	ck_assert(mm_http_read(http, room, sizeof(room), &got, &err));
	/* as one who finds the start of it wrong */
	mm_http_reply(http, 400, S("text/plain"), S("no"));
}

/* Its host waits for window: all of it was asked for. */
START_TEST(a_large_body_may_be_given_up)
{
	handler = give_up;
	request(&(struct host_request){
	    .url = "/", .body = str_n(big, sizeof(big)) });
	ck_assert_int_eq(answer.status, 400);
	ck_assert_uint_eq(answer.asked, sizeof(big));
}
END_TEST

static void read_length_that_lies(struct mm_call *call, struct mm_http *http)
{
	struct str body;
	struct err err = { 0 };
	(void)call;
	mm_http_write_header(http, 200);
	ck_assert(mm_http_read_all(http, 1000, &body, &err));
	mm_http_write(http, body.data, body.len);
}

START_TEST(a_content_length_that_makes_no_sense_is_harmless)
{
	static const char *const lengths[] = { "Content-Length: -1\n",
		"Content-Length: x\n", "Content-Length: 99\n" };
	handler = read_length_that_lies;
	for (size_t i = 0; i < 3; i++) {
		request(&(struct host_request){ .url = "/",
		    .headers = lengths[i],
		    .body = S("0123456789"),
		    .no_length = true });
		expect_body(S("0123456789"));
	}
}
END_TEST

START_TEST(a_body_that_says_it_is_too_long_is_not_read)
{
	handler = read_whole;
	request(&(struct host_request){ .url = "/",
	    .headers = "Content-Length: 9223372036854775807\n",
	    .body = S("0123456789"),
	    .no_length = true });
	ck_assert_int_eq(answer.status, 413);
	ck_assert_uint_eq(answer.asked, 0);
}
END_TEST

static void write_much(struct mm_call *call, struct mm_http *http)
{
	struct err err = { 0 };
	(void)call;
	for (int i = 0; i < 10; i++)
		mm_http_write(http, big, 1000);
	ck_assert(!mm_http_ok(http, &err));
}

START_TEST(a_client_that_goes_ends_the_writing)
{
	handler = write_much;
	request(&(struct host_request){ .url = "/", .gone_after = 2500 });
	ck_assert_uint_eq(answer.body.len, 2000);
	expect_order("Write Write Write");
}
END_TEST

/* ---- many at once --------------------------------------------------------------------- */

static void ask_api(struct mm_call *call, struct mm_http *http)
{
	struct str value;
	struct err err = { 0 };
	ck_assert(mm_kv_get(call->plugin, call->arena, S("k"), &value, &err));
	mm_http_reply(http, 200, S(""), S("done"));
}

static void *one_request(void *object)
{
	struct host_answer *a = object;
	static const struct host_request q = { .url = "/" };
	ck_assert_msg(host_http(&host, &q, a), "%s", a->err.text);
	return NULL;
}

START_TEST(beyond_the_limit_requests_are_told_to_come_again)
{
	pthread_t threads[4];
	struct host_answer answers[4];
	handler = ask_api;
	host_hangs(&host, MM_API_KV_GET);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, one_request, &answers[i]);
	host_is_called(&host, MM_API_KV_GET, 4);
	request(&(struct host_request){ .url = "/" });
	ck_assert_int_eq(answer.status, 503);
	ck_assert_str_eq(host_header(&answer, "Retry-After"), "1");
	ck_assert_ptr_nonnull(strstr(host_body(&answer), "try again"));
	host_releases(&host);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(answers[i].status, 200);
		host_answer_fini(&answers[i]);
	}
	/* the threads have answered, but may still be counted */
	host_obeys(&host, MM_API_KV_GET);
	for (int64_t end = SOON; answer.status == 503 && clock_now_ms() < end;)
		request(&(struct host_request){ .url = "/" });
	ck_assert_int_eq(answer.status, 200);
}
END_TEST

static void *echo_request(void *object)
{
	struct host_answer a;
	struct str body = str_n(big, 100000 + *(size_t *)object);
	ck_assert_msg(
	    host_http(
	        &host, &(struct host_request){ .url = "/", .body = body }, &a),
	    "%s", a.err.text);
	ck_assert_uint_eq(a.body.len, body.len);
	ck_assert_int_eq(memcmp(a.body.data, body.data, body.len), 0);
	host_answer_fini(&a);
	return NULL;
}

START_TEST(requests_at_once_do_not_get_mixed_up)
{
	pthread_t threads[4];
	size_t numbers[4];
	handler = echo;
	for (size_t i = 0; i < 4; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, echo_request, &numbers[i]);
	}
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(host_n_stray(&host, 0), 0);
}
END_TEST

/* ---- what the host does wrong ------------------------------------------------------------ */

START_TEST(a_request_without_a_request_is_an_error)
{
	struct err err;
	const struct mm_hook_serve_http_args args = {
		.response_writer_stream = 7,
	};
	ck_assert(!host_calls(&host, "Plugin.ServeHTTP", &args, NULL, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "without a request"));
}
END_TEST

START_TEST(a_number_that_nobody_answers_fails_the_request_alone)
{
	struct err err;
	struct mm_http_request_subset subset = { .url = S("/") };
	const struct mm_hook_serve_http_args args = {
		.response_writer_stream = 4711,
		.request_body_stream = 4712,
		.request = &subset,
	};
	handler = refuse;
	ck_assert(!host_calls(&host, "Plugin.ServeHTTP", &args, NULL, &err));
	ck_assert_msg(strstr(err.text, "dialling 4711"), "%s", err.text);
	ck_assert_uint_eq(host_n_stray(&host, 2), 2);
	request(&(struct host_request){ .url = "/" });
	ck_assert_int_eq(answer.status, 401);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mm http");
	TCase *tc = tcase_create("requests");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_handler_that_does_nothing_answers_200);
	tcase_add_test(tc, headers_are_merged_with_those_of_the_server);
	tcase_add_test(tc, a_header_of_the_server_can_be_replaced);
	tcase_add_test(tc, the_handler_sees_all_parts_of_the_request);
	tcase_add_test(tc, a_request_may_come_without_query_user_and_body);
	tcase_add_test(tc, the_first_error_of_the_answer_sticks);
	tcase_add_test(tc, an_answer_can_be_flushed);
	tcase_add_test(tc, a_server_that_cannot_flush_loses_nothing);
	tcase_add_test(tc, flushing_sends_the_head);
	tcase_add_loop_test(tc, a_body_comes_and_goes_in_pieces, 0, N_SIZES);
	tcase_add_loop_test(tc, a_whole_body_is_read_up_to_its_cap, 0, N_SIZES);
	tcase_add_test(tc, a_body_may_trickle_in);
	tcase_add_test(tc, a_body_that_breaks_off_ends_there);
	tcase_add_loop_test(
	    tc, an_answer_may_begin_before_the_body_was_read, 0, N_SIZES);
	tcase_add_test(
	    tc, memory_of_a_large_body_goes_when_the_session_is_quiet);
	tcase_add_test(tc, an_answer_may_begin_in_the_middle_of_the_body);
	tcase_add_test(tc, a_handler_that_reads_nothing_does_not_stop_the_host);
	tcase_add_test(tc, a_reply_without_reading_asks_for_nothing);
	tcase_add_test(tc, a_body_of_known_length_is_asked_for_once);
	tcase_add_test(tc, a_large_body_may_be_given_up);
	tcase_add_test(tc, a_content_length_that_makes_no_sense_is_harmless);
	tcase_add_test(tc, a_body_that_says_it_is_too_long_is_not_read);
	tcase_add_test(tc, a_client_that_goes_ends_the_writing);
	tcase_add_test(tc, beyond_the_limit_requests_are_told_to_come_again);
	tcase_add_test(tc, requests_at_once_do_not_get_mixed_up);
	tcase_add_test(tc, a_request_without_a_request_is_an_error);
	tcase_add_test(
	    tc, a_number_that_nobody_answers_fails_the_request_alone);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
