/* Pages: escaped, kept by nobody, scripts only with their nonce. */
#include "plugin/page.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct host host;
static struct host_answer answer;
static struct page page;
static const char *locale;

static void serve(struct mm_call *call, struct mm_http *http)
{
	struct ctx c = { .arena = call->arena,
		.mm = call->plugin,
		.lang = lang_find(str_from(locale)) };
	page_send(&c, http, &page);
}

static const struct mm_plugin_def def = { .serve_http = serve };

static void set_up(void)
{
	locale = "en";
	page = (struct page){
		.status = 401,
		.title = "The title",
		.paragraph = "A <code>paragraph</code>.",
	};
	host_start(&host, &def);
	host_activates(&host);
}

static void tear_down(void)
{
	host_answer_fini(&answer);
	host_stop(&host);
}

static const char *show(void)
{
	host_answer_fini(&answer);
	ck_assert(
	    host_http(&host, &(struct host_request){ .url = "/" }, &answer));
	return host_body(&answer);
}

START_TEST(a_page_has_its_status_title_and_words)
{
	const char *html = show();
	ck_assert_int_eq(answer.status, 401);
	ck_assert_int_eq(strncmp(html, "<!doctype html>", 15), 0);
	ck_assert_ptr_nonnull(strstr(html, "<title>The title</title>"));
	ck_assert_ptr_nonnull(strstr(html, "<h1>The title</h1>"));
	ck_assert_ptr_nonnull(strstr(html, "<code>paragraph</code>"));
	ck_assert_str_eq(
	    host_header(&answer, "Content-Type"), "text/html; charset=utf-8");
}
END_TEST

START_TEST(a_page_is_in_the_readers_language)
{
	ck_assert_ptr_nonnull(strstr(show(), "<html lang=\"en\">"));
	locale = "de";
	page.title = "Zoom is connected";
	page.paragraph = "The connection is completed. You can close this "
	                 "window and go back to Mattermost.";
	const char *html = show();
	ck_assert_ptr_nonnull(strstr(html, "<html lang=\"de\">"));
	ck_assert_ptr_nonnull(strstr(html, "<title>Zoom ist verbunden<"));
	ck_assert_ptr_nonnull(strstr(html, "<p>Die Verbindung ist hergest"));
}
END_TEST

START_TEST(a_detail_is_text_and_nothing_else)
{
	page.detail = S("<script>alert('1')</script>\"&amp;\xc3\xa9");
	const char *html = show();
	ck_assert_ptr_nonnull(strstr(html,
	    "<p><code>&lt;script&gt;alert('1')&lt;/script&gt;&quot;&amp;amp;"
	    "\xc3\xa9</code></p>"));
	ck_assert_ptr_null(strstr(html, "<script"));
}
END_TEST

START_TEST(only_a_page_that_closes_has_a_script)
{
	ck_assert_ptr_null(strstr(show(), "<script"));
	page.closes = true;
	ck_assert_ptr_nonnull(strstr(show(), "window.close()"));
}
END_TEST

/* The nonce behind a text, 32 characters. */
static struct str nonce_behind(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);
	ck_assert_ptr_nonnull(at);
	ck_assert_uint_ge(strlen(at), strlen(mark) + 32);
	return arena_str(&answer.memory, str_n(at + strlen(mark), 32));
}

START_TEST(the_nonce_is_the_policys_and_new_every_time)
{
	page.closes = true;
	const char *html = show();
	const char *policy = host_header(&answer, "Content-Security-Policy");
	struct str nonce = nonce_behind(html, "<style nonce=\"");
	ck_assert(str_eq(nonce, nonce_behind(html, "<script nonce=\"")));
	ck_assert(str_eq(nonce, nonce_behind(policy, "script-src 'nonce-")));
	ck_assert(str_eq(nonce, nonce_behind(policy, "style-src 'nonce-")));
	ck_assert_ptr_nonnull(strstr(policy, "default-src 'none'"));
	ck_assert_ptr_nonnull(strstr(policy, "frame-ancestors 'none'"));
	char former[33];
	memcpy(former, str_c(nonce), sizeof(former));
	ck_assert_str_ne(
	    str_c(nonce_behind(show(), "<style nonce=\"")), former);
}
END_TEST

START_TEST(a_page_is_kept_by_nobody_and_tells_nobody)
{
	show();
	ck_assert_str_eq(host_header(&answer, "Cache-Control"), "no-store");
	ck_assert_str_eq(
	    host_header(&answer, "Referrer-Policy"), "no-referrer");
	ck_assert_str_eq(
	    host_header(&answer, "X-Content-Type-Options"), "nosniff");
	ck_assert_str_eq(host_header(&answer, "X-Request-Id"), "request-1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin page");
	TCase *tc = tcase_create("pages");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_page_has_its_status_title_and_words);
	tcase_add_test(tc, a_page_is_in_the_readers_language);
	tcase_add_test(tc, a_detail_is_text_and_nothing_else);
	tcase_add_test(tc, only_a_page_that_closes_has_a_script);
	tcase_add_test(tc, the_nonce_is_the_policys_and_new_every_time);
	tcase_add_test(tc, a_page_is_kept_by_nobody_and_tells_nobody);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
