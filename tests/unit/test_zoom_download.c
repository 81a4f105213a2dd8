/* Downloads: hops and who gets the token, pages instead of files, limits. */
#include "zoom/download.h"

#include "base/clock.h"
#include "tests/lib/https.h"
#include "tests/lib/patience.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_LIMIT_S 20
#define TOKEN        "download.token-1"
#define TEXT         "Content-Type: text/plain"

static struct https *zoom;
static struct zoom_client *client;
static struct arena arena;
static struct zoom_download d;
static struct str content;
static int64_t retry_ms;
static struct err err;

/* Hosts of this test's Zoom. */
static bool trusts(const void *object, struct str url)
{
	(void)object;
	return str_has_prefix(url, S("https://localhost:")) ||
	       str_has_prefix(url, S("https://127.0.0.1:")) ||
	       str_has_prefix(url, S("https://zoom.test/"));
}

static void set_up(void)
{
	err_clear(&err);
	ck_assert(zoom_global_init(&err));
	zoom = https_start();
	https_trust(zoom);
	arena_init(&arena, (size_t)1024 * 1024);
	client = zoom_client_new(NULL, &err);
	ck_assert_ptr_nonnull(client);
	d = (struct zoom_download){
		.url = arena_printf(&arena, "%s/rec/a/b", https_url(zoom)),
		.token = S(TOKEN),
		.max = 100,
		.trusts = trusts,
	};
}

static void tear_down(void)
{
	zoom_client_free(client);
	arena_fini(&arena);
	https_stop(zoom);
	zoom_global_fini();
}

static bool downloads_within(int64_t timeout_ms)
{
	struct zoom_file file;
	err_clear(&err);
	bool ok = zoom_download(client, &arena, &d,
	    clock_deadline_ms(patience(timeout_ms)), &file, &err);
	content = file.content;
	retry_ms = file.retry_ms;
	return ok;
}

static bool downloads(void)
{
	return downloads_within(5000);
}

static void expect_file(const char *text)
{
	ck_assert_msg(downloads(), "%s", err.text);
	ck_assert_str_eq(str_c(content), text);
}

static void expect_error(enum err_code code, bool is_final)
{
	ck_assert(!downloads());
	ck_assert_msg(err.code == code, "%d %s", err.code, err.text);
	ck_assert_int_eq(zoom_download_is_final(&err), is_final);
	ck_assert_ptr_null(strstr(err.text, TOKEN));
	ck_assert_uint_eq(content.len, 0);
}

static void redirects_to(int status, const char *base, const char *path)
{
	struct str header =
	    arena_printf(&arena, TEXT "\r\nLocation: %s%s", base, path);
	https_answers(zoom, status, str_c(header), "moved");
}

static bool has_token(int request)
{
	return strstr(https_request(zoom, request),
	           "\r\nAuthorization: Bearer " TOKEN "\r\n") != NULL;
}

/* The same server under another name. */
static const char *other_name(void)
{
	return str_c(
	    arena_printf(&arena, "https://127.0.0.1:%d", https_port(zoom)));
}

START_TEST(a_file_is_fetched_with_the_token)
{
	https_answers(zoom, 200, TEXT, "00:00:01\thello\n");
	expect_file("00:00:01\thello\n");
	ck_assert(has_token(0));
	const char *request = https_request(zoom, 0);
	ck_assert(strncmp(request, "GET /rec/a/b HTTP/1.1\r\n", 23) == 0);
	ck_assert_ptr_nonnull(strstr(request, "\r\nAccept: */*\r\n"));
}
END_TEST

START_TEST(an_empty_file_is_one)
{
	https_answers(zoom, 200, TEXT, "");
	expect_file("");
}
END_TEST

static const int redirects[] = { 301, 302, 303, 307, 308 };

START_TEST(a_redirect_on_the_same_host_keeps_the_token)
{
	redirects_to(redirects[_i], https_url(zoom), "/cmr?Signature=x");
	https_answers(zoom, 200, TEXT, "file");
	expect_file("file");
	ck_assert(has_token(1));
	ck_assert(strncmp(https_request(zoom, 1),
	              "GET /cmr?Signature=x HTTP/1.1\r\n", 31) == 0);
}
END_TEST

START_TEST(a_relative_redirect_is_followed)
{
	redirects_to(302, "", "c?x=1");
	https_answers(zoom, 200, TEXT, "file");
	expect_file("file");
	ck_assert(
	    strncmp(https_request(zoom, 1), "GET /rec/a/c?x=1 ", 17) == 0);
}
END_TEST

START_TEST(the_token_goes_to_the_first_host_only)
{
	redirects_to(302, other_name(), "/cmr");
	redirects_to(302, https_url(zoom), "/back");
	https_answers(zoom, 200, TEXT, "file");
	expect_file("file");
	ck_assert(has_token(0));
	ck_assert(!has_token(1));
	ck_assert_ptr_null(strstr(https_request(zoom, 1), "Authorization"));
	ck_assert(has_token(2));
}
END_TEST

static const char *const hostile[] = { "https://evil.test/",
	"http://localhost:1/", "https://localhost.evil.test/",
	"ftp://localhost/", "file:///etc/passwd", "https://10.0.0.1/",
	"https://169.254.169.254/", "https://user@localhost/" };

START_TEST(a_redirect_to_anywhere_else_is_not_followed)
{
	redirects_to(302, hostile[_i], "x");
	expect_error(ERR_DENIED, true);
	ck_assert_int_eq(https_n_requests(zoom), 1);
}
END_TEST

START_TEST(a_first_address_that_is_not_trusted_is_not_asked)
{
	static const char *const urls[] = { "", "x", "https://",
		"http://localhost:1/", "https://evil.test/" };
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		d.url = str_from(urls[i]);
		expect_error(ERR_DENIED, true);
	}
}
END_TEST

START_TEST(five_redirects_are_followed_and_no_more)
{
	for (int i = 0; i < ZOOM_DOWNLOAD_MAX_HOPS; i++)
		redirects_to(302, https_url(zoom), "/again");
	https_answers(zoom, 200, TEXT, "file");
	expect_file("file");
	for (int i = 0; i < ZOOM_DOWNLOAD_MAX_HOPS + 1; i++)
		redirects_to(302, https_url(zoom), "/again");
	expect_error(ERR_DENIED, true);
	ck_assert_int_eq(
	    https_n_requests(zoom), 2 * (ZOOM_DOWNLOAD_MAX_HOPS + 1));
}
END_TEST

START_TEST(a_redirect_to_nowhere_is_an_error)
{
	https_answers(zoom, 302, TEXT, "");
	expect_error(ERR_REMOTE, false);
}
END_TEST

static const struct {
	const char *headers, *body;
} pages[] = {
	{ "Content-Type: text/html", "sign in" },
	{ "Content-Type: Text/HTML; charset=utf-8", "sign in" },
	{ "Content-Type: application/json;charset=UTF-8", "{}" },
	{ TEXT, "<!DOCTYPE html><p>sign in" },
	{ TEXT, "\xef\xbb\xbf \r\n<!doctype html>" },
	{ TEXT, "<HTML>" },
	{ "Content-Type: application/octet-stream", "\n<html lang=en>" },
};

START_TEST(a_page_instead_of_the_file_is_an_error)
{
	https_answers(zoom, 200, pages[_i].headers, pages[_i].body);
	expect_error(ERR_DENIED, true);
}
END_TEST

static const struct {
	int status;
	enum err_code code;
	bool is_final;
} statuses[] = {
	{ 401, ERR_DENIED, true },
	{ 403, ERR_DENIED, true },
	{ 400, ERR_DENIED, true },
	{ 404, ERR_NOT_FOUND, true },
	{ 410, ERR_NOT_FOUND, true },
	{ 408, ERR_BUSY, false },
	{ 429, ERR_BUSY, false },
	{ 500, ERR_REMOTE, false },
	{ 503, ERR_REMOTE, false },
	{ 206, ERR_REMOTE, false },
};

START_TEST(another_status_is_an_error)
{
	https_answers(zoom, statuses[_i].status, TEXT, "part");
	expect_error(statuses[_i].code, statuses[_i].is_final);
	ck_assert_int_eq(err.status, statuses[_i].status);
}
END_TEST

START_TEST(zoom_may_say_when_to_come_again)
{
	https_answers(zoom, 429, TEXT "\r\nRetry-After: 120", "slower");
	expect_error(ERR_BUSY, false);
	ck_assert_int_eq(retry_ms, 120 * 1000);
	https_answers(zoom, 429, TEXT, "slower");
	expect_error(ERR_BUSY, false);
	ck_assert_int_eq(retry_ms, 0);
	https_answers(zoom, 200, TEXT "\r\nRetry-After: 120", "file");
	expect_file("file");
	ck_assert_int_eq(retry_ms, 0);
}
END_TEST

START_TEST(a_file_has_a_limit)
{
	char file[102];
	memset(file, 'x', sizeof(file));
	file[100] = '\0';
	https_answers(zoom, 200, TEXT, file);
	expect_file(file);
	file[100] = 'x';
	file[101] = '\0';
	https_answers(zoom, 200, TEXT, file);
	expect_error(ERR_TOO_BIG, true);
	https_streams(zoom, (size_t)64 * 1024 * 1024);
	expect_error(ERR_TOO_BIG, true);
}
END_TEST

START_TEST(a_file_that_breaks_off_is_an_error)
{
	https_answers_half(zoom, "half of it is missing");
	expect_error(ERR_IO, false);
	https_resets(zoom);
	expect_error(ERR_IO, false);
}
END_TEST

START_TEST(a_file_that_does_not_come_is_an_error)
{
	https_waits_ms(zoom, (int)patience(3000));
	https_answers(zoom, 200, TEXT, "late");
	ck_assert(!downloads_within(200));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	ck_assert(!zoom_download_is_final(&err));
}
END_TEST

START_TEST(a_token_that_is_none_is_not_sent)
{
	static const char *const tokens[] = { "", "a b", "a\r\nX-Evil: 1",
		"\xc3\xa9" };
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		d.token = str_from(tokens[i]);
		expect_error(ERR_DENIED, true);
	}
	ck_assert_int_eq(https_n_connections(zoom), 0);
}
END_TEST

START_TEST(no_connection_is_made_to_a_special_address)
{
	d.public_only = true;
	expect_error(ERR_DENIED, true);
	ck_assert_ptr_nonnull(strstr(err.text, "not a public one"));
	ck_assert_int_eq(https_n_connections(zoom), 0);
	/* nor is one used that is open already */
	d.public_only = false;
	https_answers(zoom, 200, TEXT, "file");
	expect_file("file");
	d.public_only = true;
	expect_error(ERR_DENIED, true);
	ck_assert_int_eq(https_n_requests(zoom), 1);
}
END_TEST

START_TEST(behind_a_proxy_its_own_address_does_not_matter)
{
	char proxy[64];
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", https_port(zoom));
	setenv("HTTPS_PROXY", proxy, 1);
	zoom_client_free(client);
	client = zoom_client_new(NULL, &err);
	unsetenv("HTTPS_PROXY");
	ck_assert_ptr_nonnull(client);
	d.public_only = true;
	d.url = S("https://zoom.test/rec");
	https_answers(zoom, 200, TEXT, "file");
	expect_file("file");
	ck_assert_int_eq(https_n_connects(zoom), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_download");
	TCase *tests = tcase_create("download");
	tcase_set_timeout(tests, TIME_LIMIT_S);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_file_is_fetched_with_the_token);
	tcase_add_test(tests, an_empty_file_is_one);
	tcase_add_loop_test(tests, a_redirect_on_the_same_host_keeps_the_token,
	    0, (int)(sizeof(redirects) / sizeof(redirects[0])));
	tcase_add_test(tests, a_relative_redirect_is_followed);
	tcase_add_test(tests, the_token_goes_to_the_first_host_only);
	tcase_add_loop_test(tests, a_redirect_to_anywhere_else_is_not_followed,
	    0, (int)(sizeof(hostile) / sizeof(hostile[0])));
	tcase_add_test(tests, a_first_address_that_is_not_trusted_is_not_asked);
	tcase_add_test(tests, five_redirects_are_followed_and_no_more);
	tcase_add_test(tests, a_redirect_to_nowhere_is_an_error);
	tcase_add_loop_test(tests, a_page_instead_of_the_file_is_an_error, 0,
	    (int)(sizeof(pages) / sizeof(pages[0])));
	tcase_add_loop_test(tests, another_status_is_an_error, 0,
	    (int)(sizeof(statuses) / sizeof(statuses[0])));
	tcase_add_test(tests, zoom_may_say_when_to_come_again);
	tcase_add_test(tests, a_file_has_a_limit);
	tcase_add_test(tests, a_file_that_breaks_off_is_an_error);
	tcase_add_test(tests, a_file_that_does_not_come_is_an_error);
	tcase_add_test(tests, a_token_that_is_none_is_not_sent);
	tcase_add_test(tests, no_connection_is_made_to_a_special_address);
	tcase_add_test(tests, behind_a_proxy_its_own_address_does_not_matter);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
