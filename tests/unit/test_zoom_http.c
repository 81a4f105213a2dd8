#include "zoom/http.h"

#include "base/clock.h"
#include "tests/lib/https.h"
#include "tests/lib/patience.h"

#include <check.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIME_LIMIT_S 20

/* The name server's answer for slow.test takes this long. */
#define SLOW_NAME_MS 2000

static struct https *server;
static struct zoom_http http;
static struct zoom_http_reply reply;
static struct err err;
static bool running; /* http is initialised */

static atomic_int n_slow; /* questions for slow.test under way */

/* Stands in front of the C library's, for libcurl too. */
int getaddrinfo(const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **result)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (host == NULL || strcmp(host, "slow.test") != 0)
		return real(host, service, hints, result);
	atomic_fetch_add(&n_slow, 1);
	usleep((useconds_t)patience(SLOW_NAME_MS) * 1000);
	atomic_fetch_sub(&n_slow, 1);
	return EAI_FAIL;
}

static void start_http(struct zoom_client_options options)
{
	if (running)
		zoom_http_fini(&http);
	ck_assert(zoom_http_init(&http, &options, &err));
	running = true;
}

static void trust(struct https *s)
{
	if (server != NULL)
		https_stop(server);
	server = s;
	https_trust(s);
	start_http(
	    (struct zoom_client_options){ .connect_ms = (int)patience(2000) });
}

static void set_up(void)
{
	err_clear(&err);
	ck_assert(zoom_global_init(&err));
	trust(https_start());
}

static void tear_down(void)
{
	zoom_http_reply_fini(&reply);
	zoom_http_fini(&http);
	running = false;
	https_stop(server);
	server = NULL;
	zoom_global_fini();
}

static bool send_to(const char *url, const char *body, int64_t timeout_ms)
{
	const struct zoom_http_request request = {
		.url = str_from(url),
		.authorization = S("Bearer abc"),
		.content_type = body == NULL ? NULL : "application/json",
		.body = str_from(body),
	};
	zoom_http_reply_fini(&reply);
	err_clear(&err);
	return zoom_http_send(&http, &request,
	    clock_deadline_ms(patience(timeout_ms)), &reply, &err);
}

/* GET or, with a body, POST {server}/path. */
static bool sends(const char *body)
{
	char url[128];
	snprintf(url, sizeof(url), "%s/path", https_url(server));
	return send_to(url, body, 5000);
}

START_TEST(a_get_goes_out_as_written)
{
	https_answers(server, 200, "x-zm-trackingid: v=2.0;rid=1", "{}");
	ck_assert_msg(sends(NULL), "%s", err.text);
	ck_assert_int_eq(reply.status, 200);
	ck_assert(str_eq(buf_str(&reply.body), S("{}")));
	ck_assert_str_eq(reply.tracking_id, "v=2.0;rid=1");
	ck_assert_str_eq(reply.content_type, "application/json");
	char wanted[256];
	snprintf(wanted, sizeof(wanted),
	    "GET /path HTTP/1.1\r\nHost: localhost:%d\r\n"
	    "User-Agent: libzoom\r\nAccept: application/json\r\n"
	    "Authorization: Bearer abc\r\n\r\n",
	    https_port(server));
	ck_assert_str_eq(https_request(server, 0), wanted);
}
END_TEST

START_TEST(a_post_goes_out_as_written)
{
	https_answers(server, 201, "", "{}");
	ck_assert_msg(sends("{\"topic\":\"x\"}"), "%s", err.text);
	ck_assert_int_eq(reply.status, 201);
	char wanted[256];
	snprintf(wanted, sizeof(wanted),
	    "POST /path HTTP/1.1\r\nHost: localhost:%d\r\n"
	    "User-Agent: libzoom\r\nAccept: application/json\r\n"
	    "Authorization: Bearer abc\r\nContent-Type: application/json\r\n"
	    "Content-Length: 13\r\n\r\n{\"topic\":\"x\"}",
	    https_port(server));
	ck_assert_str_eq(https_request(server, 0), wanted);
}
END_TEST

START_TEST(connections_are_kept)
{
	for (int i = 0; i < 3; i++) {
		https_answers(server, 200, "", "{}");
		ck_assert(sends(i == 1 ? "{}" : NULL));
	}
	ck_assert_int_eq(https_n_connections(server), 1);
}
END_TEST

START_TEST(any_status_is_an_answer)
{
	https_answers(
	    server, 429, "Retry-After: 7\r\nX-RateLimit-Type: QPS", "{}");
	ck_assert(sends(NULL));
	ck_assert_int_eq(reply.status, 429);
	ck_assert_str_eq(reply.retry_after, "7");
	ck_assert_str_eq(reply.limit_type, "QPS");
}
END_TEST

START_TEST(redirects_are_not_followed)
{
	https_answers(server, 302, "Location: /elsewhere", "");
	ck_assert(sends(NULL));
	ck_assert_int_eq(reply.status, 302);
	ck_assert_int_eq(https_n_requests(server), 1);
}
END_TEST

START_TEST(only_https_is_spoken)
{
	ck_assert(!send_to("http://localhost/", NULL, 5000));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert(!send_to("ftp://localhost/", NULL, 5000));
	ck_assert(!send_to("localhost/", NULL, 5000));
	ck_assert(!send_to("https://", NULL, 5000));
	ck_assert(!send_to("https://a b/", NULL, 5000));
	ck_assert(!send_to("https://a/\r\nX: y", NULL, 5000));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert(!reply.sent);
}
END_TEST

START_TEST(dots_in_the_path_stay)
{
	char url[128];
	snprintf(url, sizeof(url), "%s/users/../x", https_url(server));
	https_answers(server, 200, "", "{}");
	ck_assert(send_to(url, NULL, 5000));
	ck_assert_ptr_nonnull(
	    strstr(https_request(server, 0), "GET /users/../x "));
}
END_TEST

START_TEST(a_certificate_for_another_name_is_refused)
{
	trust(https_start_as_other());
	ck_assert(!sends("{}"));
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
	ck_assert_ptr_nonnull(strstr(err.text, "certificate"));
	ck_assert(!reply.sent);
	ck_assert_int_eq(https_n_requests(server), 0);
}
END_TEST

START_TEST(a_certificate_of_an_unknown_ca_is_refused)
{
	struct https *stranger = https_start();
	ck_assert(!send_to(https_url(stranger), "{}", 5000));
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
	ck_assert_ptr_nonnull(strstr(err.text, "certificate"));
	ck_assert(!reply.sent);
	https_stop(stranger);
}
END_TEST

START_TEST(an_address_can_be_in_a_certificate)
{
	char url[128];
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", https_port(server));
	https_answers(server, 200, "", "{}");
	ck_assert_msg(send_to(url, NULL, 5000), "%s", err.text);
}
END_TEST

START_TEST(a_closed_port_is_not_reached)
{
	char url[128];
	struct https *gone = https_start();
	snprintf(url, sizeof(url), "%s/", https_url(gone));
	https_stop(gone);
	ck_assert(!send_to(url, "{}", 5000));
	ck_assert_int_eq(err.code, ERR_IO);
	ck_assert(!reply.sent);
}
END_TEST

START_TEST(an_answer_above_the_cap_is_cut_off)
{
	https_streams(server, (size_t)100 * 1024 * 1024);
	int64_t start_ms = clock_now_ms();
	ck_assert(!sends(NULL));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_uint_le(reply.body.room, (size_t)1024 * 1024);
	ck_assert_int_lt(clock_now_ms() - start_ms, patience(3000));
}
END_TEST

START_TEST(an_answer_of_exactly_the_cap_is_read)
{
	start_http((struct zoom_client_options){ .max_answer = 50000 });
	https_streams(server, 50000);
	ck_assert_msg(sends(NULL), "%s", err.text);
	ck_assert_uint_eq(reply.body.len, 50000);
	https_streams(server, 50001);
	ck_assert(!sends(NULL));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
}
END_TEST

START_TEST(headers_have_a_cap_too)
{
	static char headers[4000];
	strcpy(headers, "X-Long: ");
	memset(headers + 8, 'x', sizeof(headers) - 9);
	https_answers(server, 200, headers, "{}");
	ck_assert_msg(sends(NULL), "%s", err.text);
}
END_TEST

START_TEST(a_time_out_leaves_the_outcome_open)
{
	https_waits_ms(server, (int)patience(5000));
	https_answers(server, 201, "", "{}");
	int64_t start_ms = clock_now_ms();
	char url[128];
	snprintf(url, sizeof(url), "%s/", https_url(server));
	ck_assert(!send_to(url, "{}", 300));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	ck_assert(reply.sent);
	ck_assert_int_lt(clock_now_ms() - start_ms, patience(1500));
}
END_TEST

START_TEST(a_slow_name_server_does_not_outlast_the_deadline)
{
	int64_t start_ms = clock_now_ms();
	ck_assert(!send_to("https://slow.test/", "{}", 200));
	ck_assert_int_eq(err.code, ERR_IO);
	ck_assert(!reply.sent);
	ck_assert_int_lt(clock_now_ms() - start_ms, patience(SLOW_NAME_MS) / 2);
	ck_assert_int_eq(atomic_load(&n_slow), 1);
	while (atomic_load(&n_slow) > 0)
		usleep(10 * 1000);
}
END_TEST

START_TEST(a_deadline_in_the_past_sends_nothing)
{
	ck_assert(!send_to(https_url(server), "{}", -1));
	ck_assert_int_eq(err.code, ERR_IO);
	ck_assert(!reply.sent);
}
END_TEST

START_TEST(half_an_answer_is_an_error)
{
	https_answers_half(server, "{\"id\":1234567890}");
	ck_assert(!sends(NULL));
	ck_assert_int_eq(err.code, ERR_IO);
	ck_assert(reply.sent);
}
END_TEST

START_TEST(a_reset_is_an_error)
{
	https_resets(server);
	ck_assert(!sends("{}"));
	ck_assert_int_eq(err.code, ERR_IO);
	ck_assert(reply.sent);
}
END_TEST

START_TEST(a_post_on_a_dying_connection_is_not_sent_twice)
{
	https_answers(server, 200, "", "{}");
	ck_assert(sends("{}"));
	https_resets(server);
	https_answers(server, 200, "", "{}");
	ck_assert(!sends("{}"));
	ck_assert_int_eq(err.code, ERR_IO);
	ck_assert(reply.sent);
	ck_assert_int_eq(https_n_requests(server), 2);
}
END_TEST

START_TEST(a_wrong_ca_file_is_told)
{
	setenv("SSL_CERT_FILE", "/nonexistent", 1);
	start_http((struct zoom_client_options){ .max_answer = 0 });
	ck_assert(!sends(NULL));
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

START_TEST(a_proxy_of_the_environment_is_used)
{
	char proxy[64];
	snprintf(
	    proxy, sizeof(proxy), "http://127.0.0.1:%d", https_port(server));
	setenv("HTTPS_PROXY", proxy, 1);
	start_http((struct zoom_client_options){ .max_answer = 0 });
	https_answers(server, 200, "", "{}");
	ck_assert_msg(
	    send_to("https://zoom.test/v2", NULL, 5000), "%s", err.text);
	ck_assert_int_eq(https_n_connects(server), 1);
	/* but not for localhost */
	https_answers(server, 200, "", "{}");
	ck_assert(sends(NULL));
	ck_assert_int_eq(https_n_connects(server), 1);
}
END_TEST

START_TEST(curls_own_proxy_variables_do_not_count)
{
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	https_answers(server, 200, "", "{}");
	ck_assert_msg(sends(NULL), "%s", err.text);
}
END_TEST

static void *send_many(void *object)
{
	const struct zoom_http_request request = {
		.url = str_from(object),
	};
	for (int i = 0; i < 5; i++) {
		struct zoom_http_reply r;
		struct err why = { .code = ERR_NONE };
		bool ok = zoom_http_send(&http, &request,
		    clock_deadline_ms(patience(10000)), &r, &why);
		ck_assert_msg(ok, "%s", why.text);
		zoom_http_reply_fini(&r);
	}
	return NULL;
}

START_TEST(threads_share_a_bounded_number_of_connections)
{
	pthread_t threads[8];
	char url[128];
	snprintf(url, sizeof(url), "%s/", https_url(server));
	start_http((struct zoom_client_options){ .max_connections = 3 });
	for (int i = 0; i < 40; i++)
		https_answers(server, 200, "", "{}");
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, send_many, url);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(https_n_requests(server), 40);
	ck_assert_int_le(https_n_connections(server), 3);
}
END_TEST

static void *stop_soon(void *object)
{
	usleep(100 * 1000);
	zoom_pool_stop(object);
	return NULL;
}

START_TEST(stopping_ends_a_transfer)
{
	pthread_t stopper;
	https_waits_ms(server, (int)patience(10000));
	https_answers(server, 200, "", "{}");
	pthread_create(&stopper, NULL, stop_soon, &http.pool);
	int64_t start_ms = clock_now_ms();
	ck_assert(!sends(NULL));
	ck_assert_int_eq(err.code, ERR_CLOSED);
	ck_assert_int_lt(clock_now_ms() - start_ms, patience(3000));
	pthread_join(stopper, NULL);
	ck_assert(!sends(NULL));
	ck_assert_int_eq(err.code, ERR_CLOSED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_http");
	TCase *tests = tcase_create("http");
	tcase_set_timeout(tests, TIME_LIMIT_S);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_get_goes_out_as_written);
	tcase_add_test(tests, a_post_goes_out_as_written);
	tcase_add_test(tests, connections_are_kept);
	tcase_add_test(tests, any_status_is_an_answer);
	tcase_add_test(tests, redirects_are_not_followed);
	tcase_add_test(tests, only_https_is_spoken);
	tcase_add_test(tests, dots_in_the_path_stay);
	tcase_add_test(tests, a_certificate_for_another_name_is_refused);
	tcase_add_test(tests, a_certificate_of_an_unknown_ca_is_refused);
	tcase_add_test(tests, an_address_can_be_in_a_certificate);
	tcase_add_test(tests, a_closed_port_is_not_reached);
	tcase_add_test(tests, an_answer_above_the_cap_is_cut_off);
	tcase_add_test(tests, an_answer_of_exactly_the_cap_is_read);
	tcase_add_test(tests, headers_have_a_cap_too);
	tcase_add_test(tests, a_time_out_leaves_the_outcome_open);
	tcase_add_test(tests, a_slow_name_server_does_not_outlast_the_deadline);
	tcase_add_test(tests, a_deadline_in_the_past_sends_nothing);
	tcase_add_test(tests, half_an_answer_is_an_error);
	tcase_add_test(tests, a_reset_is_an_error);
	tcase_add_test(tests, a_post_on_a_dying_connection_is_not_sent_twice);
	tcase_add_test(tests, a_wrong_ca_file_is_told);
	tcase_add_test(tests, a_proxy_of_the_environment_is_used);
	tcase_add_test(tests, curls_own_proxy_variables_do_not_count);
	tcase_add_test(tests, threads_share_a_bounded_number_of_connections);
	tcase_add_test(tests, stopping_ends_a_transfer);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
