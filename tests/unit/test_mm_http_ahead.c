/* ServeHTTP: a small body is there before the handler is called, if it is wanted. */
#include "tests/lib/host.h"
#include "tests/lib/patience.h"
#include "tests/lib/peer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct host host;
static struct host_answer answer;
static char big[MM_HTTP_AHEAD + 1];

/* What the handler does; set before the request. */
static void (*handler)(struct mm_call *call, struct mm_http *http);

static void serve(struct mm_call *call, struct mm_http *http)
{
	handler(call, http);
}

/* What is wanted; the body unless a test sets it. */
static enum mm_http_ahead wanted;
static int n_wants;

static enum mm_http_ahead ahead(
    struct mm_call *call, const struct mm_http *http)
{
	(void)call;
	n_wants++;
	return mm_http_path(http).len > 0 ? wanted : MM_AHEAD_NOTHING;
}

static const struct mm_plugin_def def = {
	.serve_http = serve,
	.ahead = ahead,
	.max_calls = 4,
};

static void set_up(void)
{
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 31 + i / 251);
	wanted = MM_AHEAD_BODY;
	n_wants = 0;
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

static void expect_body(struct str body)
{
	ck_assert_uint_eq(answer.body.len, body.len);
	ck_assert_int_eq(memcmp(answer.body.data, body.data, body.len), 0);
}

static void refuse(struct mm_call *call, struct mm_http *http)
{
	(void)call;
	mm_http_reply(http, 401, S("text/plain"), S("no"));
}

static void take_all(struct mm_call *call, struct mm_http *http)
{
	struct str body;
	struct err err = { 0 };
	(void)call;
	ck_assert_msg(
	    mm_http_read_all(http, sizeof(big), &body, &err), "%s", err.text);
	ck_assert_int_eq(memcmp(body.data, big, body.len), 0);
}

START_TEST(a_body_that_is_not_wanted_is_not_asked_for)
{
	handler = refuse;
	wanted = MM_AHEAD_NOTHING;
	request(&(struct host_request){ .url = "/", .body = S("small") });
	ck_assert_int_eq(n_wants, 1);
	ck_assert_int_eq(answer.status, 401);
	ck_assert_uint_eq(answer.asked, 0);
}
END_TEST

/* All of it is there: the first read has it, though it came in pieces. */
static void take_at_once(struct mm_call *call, struct mm_http *http)
{
	static char room[MM_HTTP_AHEAD];
	size_t got;
	struct err err = { 0 };
	(void)call;
	ck_assert(mm_http_read(http, room, sizeof(room), &got, &err));
	mm_http_write(http, room, got);
}

START_TEST(a_wanted_body_is_there_when_the_handler_is_called)
{
	static const size_t lengths[] = { 1, 2, 63, 64, 8191, 8192, 16384 };
	handler = take_at_once;
	for (size_t i = 0; i < 3 * sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct str body = str_n(big, lengths[i / 3]);
		request(&(struct host_request){
		    .url = "/",
		    .body = body,
		    .piece = i % 3 == 1 ? 1 + body.len / 7 : 0,
		    .late_ms = i % 3 == 2 ? 20 : 0,
		});
		expect_body(body);
		ck_assert_uint_eq(answer.asks, 1);
		ck_assert_uint_eq(answer.asked, body.len);
	}
}
END_TEST

START_TEST(only_a_small_body_of_known_length_is_fetched_ahead)
{
	handler = refuse;
	request(&(struct host_request){
	    .url = "/", .body = str_n(big, MM_HTTP_AHEAD + 1) });
	request(&(struct host_request){ .url = "/" });
	request(&(struct host_request){ .url = "/", .no_body = true });
	request(&(struct host_request){
	    .url = "/", .body = S("chunked"), .no_length = true });
	ck_assert_int_eq(n_wants, 0);
	ck_assert_uint_eq(answer.asked, 0);
	request(&(struct host_request){ .url = "/", .body = S("small") });
	ck_assert_int_eq(n_wants, 1);
	ck_assert_int_eq(answer.status, 401);
	ck_assert_uint_eq(answer.asked, 5);
}
END_TEST

/* Longer than a call waits for its body before it is served. */
#define LATE_MS 3000

static int64_t called_ms;

static void note_when(struct mm_call *call, struct mm_http *http)
{
	called_ms = clock_now_ms();
	take_all(call, http);
}

START_TEST(a_wanted_body_that_is_late_is_waited_for_in_the_handler)
{
	int64_t began = clock_now_ms();
	handler = note_when;
	request(&(struct host_request){
	    .url = "/", .body = str_n(big, 7), .late_ms = LATE_MS });
	ck_assert_int_ge(called_ms - began, 1000);
	ck_assert_int_lt(called_ms - began, LATE_MS);
	ck_assert_uint_eq(answer.taken, 7);
}
END_TEST

static void expect_broken(struct mm_call *call, struct mm_http *http)
{
	struct str body;
	struct err err = { 0 };
	(void)call;
	ck_assert(mm_http_read_all(http, 100, &body, &err));
	ck_assert_uint_eq(body.len, 3);
	mm_http_reply(http, 400, S("text/plain"), S("incomplete"));
}

START_TEST(a_wanted_body_that_breaks_off_is_noticed_at_once)
{
	int64_t began = clock_now_ms();
	handler = expect_broken;
	request(&(struct host_request){
	    .url = "/", .body = S("broken off"), .cut = 3 });
	ck_assert_int_eq(answer.status, 400);
	ck_assert_int_lt(clock_now_ms() - began, 1000);
}
END_TEST

#define N_LATE 3

static void *late_request(void *arg)
{
	static struct host_answer answers[N_LATE];
	struct host_answer *mine = &answers[(intptr_t)arg];
	ck_assert(host_http(&host,
	    &(struct host_request){
	        .url = "/", .body = S("late"), .late_ms = 300 },
	    mine));
	ck_assert_int_eq(mine->status, 200);
	host_answer_fini(mine);
	return NULL;
}

static int n_calls_begun;

static void count_begun(struct mm_call *call, struct mm_http *http)
{
	(void)call;
	(void)http;
	__atomic_add_fetch(&n_calls_begun, 1, __ATOMIC_SEQ_CST);
}

START_TEST(a_wanted_body_keeps_no_handler_waiting)
{
	pthread_t threads[N_LATE];
	handler = count_begun;
	n_calls_begun = 0;
	for (intptr_t i = 0; i < N_LATE; i++)
		pthread_create(&threads[i], NULL, late_request, (void *)i);
	usleep(100 * 1000);
	ck_assert_int_eq(__atomic_load_n(&n_calls_begun, __ATOMIC_SEQ_CST), 0);
	for (int i = 0; i < N_LATE; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(
	    __atomic_load_n(&n_calls_begun, __ATOMIC_SEQ_CST), N_LATE);
}
END_TEST

/* ---- headers ----------------------------------------------------------------------- */

static void say_it_in_json(struct mm_call *call, struct mm_http *http)
{
	take_all(call, http);
	mm_http_reply(http, 418, S("application/json"), S("{}"));
}

START_TEST(headers_asked_for_ahead_are_those_of_the_server)
{
	handler = say_it_in_json;
	for (int i = 0; i < 2; i++) {
		wanted = i == 0 ? MM_AHEAD_HEADERS : MM_AHEAD_BODY;
		request(&(struct host_request){
		    .url = "/", .body = str_n(big, 99) });
		ck_assert_int_eq(answer.status, 418);
		ck_assert_str_eq(host_body(&answer), "{}");
		ck_assert_str_eq(
		    host_header(&answer, "Content-Type"), "application/json");
		ck_assert_str_ne(host_header(&answer, "X-Request-Id"), "");
		ck_assert_str_eq(str_c(buf_str(&answer.order)),
		    "Header SyncHeader WriteHeader Write");
	}
}
END_TEST

static void say_nothing(struct mm_call *call, struct mm_http *http)
{
	take_all(call, http);
	usleep((useconds_t)patience(100) * 1000);
}

START_TEST(headers_asked_for_ahead_may_be_in_vain)
{
	handler = say_nothing;
	wanted = MM_AHEAD_HEADERS;
	for (int i = 0; i < 3; i++) {
		request(&(struct host_request){
		    .url = "/", .body = str_n(big, 99) });
		ck_assert_int_eq(answer.status, 200);
		ck_assert_str_ne(host_header(&answer, "X-Request-Id"), "");
		/* so it was asked before anybody needed it */
		ck_assert_str_eq(str_c(buf_str(&answer.order)), "Header");
	}
}
END_TEST

static void read_nothing(struct mm_call *call, struct mm_http *http)
{
	(void)call;
	(void)http;
}

START_TEST(headers_that_come_too_late_are_dropped)
{
	handler = read_nothing;
	wanted = MM_AHEAD_HEADERS;
	for (int i = 0; i < 100; i++) {
		request(&(struct host_request){
		    .url = "/", .body = str_n(big, 99) });
		ck_assert_int_eq(answer.status, 200);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mm http ahead");
	TCase *tc = tcase_create("ahead");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_body_that_is_not_wanted_is_not_asked_for);
	tcase_add_test(tc, a_wanted_body_is_there_when_the_handler_is_called);
	tcase_add_test(tc, only_a_small_body_of_known_length_is_fetched_ahead);
	tcase_add_test(
	    tc, a_wanted_body_that_is_late_is_waited_for_in_the_handler);
	tcase_add_test(tc, a_wanted_body_that_breaks_off_is_noticed_at_once);
	tcase_add_test(tc, a_wanted_body_keeps_no_handler_waiting);
	tcase_add_test(tc, headers_asked_for_ahead_are_those_of_the_server);
	tcase_add_test(tc, headers_asked_for_ahead_may_be_in_vain);
	tcase_add_test(tc, headers_that_come_too_late_are_dropped);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
