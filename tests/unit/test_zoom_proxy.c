#include "zoom/proxy.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define P "http://proxy.test:3128"

/* The environment of the running test: "NAME=value", up to NULL. */
static const char *const *environment;

static char *env(const char *name)
{
	size_t n = strlen(name);
	for (const char *const *e = environment; e != NULL && *e != NULL; e++) {
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return (char *)(uintptr_t)(*e + n + 1);
	}
	return NULL;
}

/* NO_PROXY, a URL, and whether the URL takes the proxy. */
struct row {
	const char *except;
	const char *url;
	bool proxied;
};

static const struct row rows[] = {
	{ "", "https://api.zoom.us/v2/users/me", true },
	{ "", "https://localhost:8065/", false },
	{ "", "https://LOCALHOST", false },
	{ "", "https://127.0.0.1/", false },
	{ "", "https://127.8.9.10:99/", false },
	{ "", "https://[::1]:8065/", false },
	{ "", "https://localhost.example.com/", true },
	{ "", "https://10.0.0.1/", true },
	{ "*", "https://api.zoom.us/", false },
	{ "example.com,*", "https://api.zoom.us/", false },
	{ "zoom.us", "https://zoom.us/", false },
	{ "zoom.us", "https://api.zoom.us:8443/v2", false },
	{ "ZOOM.us", "https://api.Zoom.US/", false },
	{ "zoom.us", "https://notzoom.us/", true },
	{ "zoom.us", "https://zoom.us.example.com/", true },
	{ ".zoom.us", "https://zoom.us/", true },
	{ ".zoom.us", "https://api.zoom.us/", false },
	{ "*.zoom.us", "https://api.zoom.us/", false },
	{ "*.zoom.us", "https://zoom.us/", true },
	{ "zoom.us:443", "https://zoom.us/", false },
	{ "zoom.us:443", "https://zoom.us:443/", false },
	{ "zoom.us:8443", "https://zoom.us/", true },
	{ "zoom.us:8443", "https://api.zoom.us:8443/", false },
	{ ":443", "https://zoom.us/", true },
	{ " a.test , zoom.us ,, b.test", "https://zoom.us/", false },
	{ "192.0.2.7", "https://192.0.2.7/", false },
	{ "192.0.2.7", "https://192.0.2.70/", true },
	{ "192.0.2.7:443", "https://192.0.2.7/", false },
	{ "192.0.2.7:80", "https://192.0.2.7/", true },
	{ "192.0.2.0/24", "https://192.0.2.200/", false },
	{ "192.0.2.0/24", "https://192.0.3.1/", true },
	{ "192.0.2.128/25", "https://192.0.2.127/", true },
	{ "192.0.2.128/25", "https://192.0.2.129/", false },
	{ "0.0.0.0/0", "https://10.1.2.3/", false },
	{ "0.0.0.0/0", "https://zoom.us/", true },
	{ "192.0.2.0/33", "https://192.0.2.1/", true },
	{ "192.0.2.0/-1", "https://192.0.2.1/", true },
	{ "192.0.2.0/", "https://192.0.2.0/", true },
	{ "2001:db8::/32", "https://[2001:db8:1::5]/", false },
	{ "2001:db8::/32", "https://[2001:db9::5]/", true },
	{ "2001:db8::5", "https://[2001:DB8:0::5]:443/", false },
	{ "[2001:db8::5]:443", "https://[2001:db8::5]/", false },
	{ "[2001:db8::5]:80", "https://[2001:db8::5]/", true },
	{ "zoom.us", "https://user:word@zoom.us/", false },
	{ "zoom.us", "https://zoom.us?x=1", false },
	{ "zoom.us", "https://zoom.us#x", false },
	{ "", "ftp://zoom.us/", false },
	{ "", "https:///", false },
	{ "", "", false },
};

START_TEST(chooses_as_go_does)
{
	const struct row *row = &rows[_i];
	char except[128] = "NO_PROXY=";
	const char *const variables[] = { "HTTPS_PROXY=" P, except, NULL };
	struct zoom_proxies p;
	struct err err = { .code = ERR_NONE };
	strcat(except, row->except);
	environment = variables;
	ck_assert(zoom_proxies_init(&p, env, &err));
	ck_assert_msg(str_eq(zoom_proxy_for(&p, str_from(row->url)),
	                  row->proxied ? S(P) : S("")),
	    "NO_PROXY=%s %s", row->except, row->url);
	zoom_proxies_fini(&p);
	environment = NULL;
}
END_TEST

/* The proxy of a URL under an environment. */
static void expect_proxy(
    const char *const *variables, const char *url, const char *proxy)
{
	struct zoom_proxies p;
	struct err err = { .code = ERR_NONE };
	environment = variables;
	ck_assert(zoom_proxies_init(&p, env, &err));
	ck_assert_str_eq(str_c(zoom_proxy_for(&p, str_from(url))), proxy);
	zoom_proxies_fini(&p);
	environment = NULL;
}

START_TEST(each_scheme_has_its_proxy)
{
	const char *const variables[] = { "HTTPS_PROXY=s", "HTTP_PROXY=p",
		NULL };
	expect_proxy(variables, "https://zoom.us", "s");
	expect_proxy(variables, "http://zoom.us", "p");
}
END_TEST

START_TEST(lower_case_names_count_too)
{
	const char *const variables[] = { "https_proxy=s", "http_proxy=p",
		"no_proxy=zoom.us", NULL };
	expect_proxy(variables, "https://example.com", "s");
	expect_proxy(variables, "http://example.com", "p");
	expect_proxy(variables, "https://zoom.us", "");
}
END_TEST

START_TEST(upper_case_names_win_unless_empty)
{
	const char *const both[] = { "https_proxy=low", "HTTPS_PROXY=up",
		NULL };
	const char *const empty[] = { "https_proxy=low", "HTTPS_PROXY=", NULL };
	expect_proxy(both, "https://zoom.us", "up");
	expect_proxy(empty, "https://zoom.us", "low");
}
END_TEST

START_TEST(without_variables_there_is_no_proxy)
{
	expect_proxy(NULL, "https://zoom.us", "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_proxy");
	TCase *tests = tcase_create("proxy");
	tcase_add_loop_test(tests, chooses_as_go_does, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tests, each_scheme_has_its_proxy);
	tcase_add_test(tests, lower_case_names_count_too);
	tcase_add_test(tests, upper_case_names_win_unless_empty);
	tcase_add_test(tests, without_variables_there_is_no_proxy);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
