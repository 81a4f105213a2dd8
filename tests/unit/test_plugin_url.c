/* Addresses: hosts that everybody reads alike, and what is wrong with one. */
#include "plugin/url.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *url, *host, *path;
} parts[] = {
	{ "https://zoom.us", "zoom.us", "" },
	{ "https://zoom.us/", "zoom.us", "/" },
	{ "https://api.zoom.us:8443/v2/x", "api.zoom.us", "/v2/x" },
	{ "https://zoom.us@evil.com/", "", "/" },
	{ "https://evil.com?.zoom.us", "", "" },
	{ "https://evil.com\\.zoom.us/", "", "/" },
	{ "https://z\xc3\xb6om.us", "", "" },
	{ "http://zoom.us", "", "" },
	{ "https://", "", "" },
	{ "", "", "" },
};

START_TEST(an_address_has_parts)
{
	struct str url = str_from(parts[_i].url);
	ck_assert(str_eq(url_host(url), str_from(parts[_i].host)));
	if (str_has_prefix(url, S("https://")))
		ck_assert(str_eq(url_path(url), str_from(parts[_i].path)));
}
END_TEST

START_TEST(a_host_is_in_a_domain_or_not)
{
	ck_assert(url_host_is_in(S("zoom.us"), S("zoom.us")));
	ck_assert(url_host_is_in(S("Acme.ZOOM.us"), S("zoom.us")));
	ck_assert(!url_host_is_in(S("evilzoom.us"), S("zoom.us")));
	ck_assert(!url_host_is_in(S("zoom.us.evil.com"), S("zoom.us")));
	ck_assert(!url_host_is_in(S("us"), S("zoom.us")));
	ck_assert(!url_host_is_in(S("zoom.us"), S("")));
	ck_assert(!url_host_is_in(S(""), S("")));
}
END_TEST

static const struct {
	const char *url;
	const char *word; /* of what is wrong; NULL: nothing */
} typed[] = {
	{ "https://zoom.us", NULL },
	{ "https://localhost:8443", NULL },
	{ "https://10.0.0.1:1/zoom/v2", NULL },
	{ "https://zoom.example.com/a-b_c~d/1.5", NULL },
	{ "", "begin with" },
	{ "zoom.us", "begin with" },
	{ "http://zoom.us", "begin with" },
	{ "HTTPS://zoom.us", "begin with" },
	{ "//zoom.us", "begin with" },
	{ "https:/zoom.us", "begin with" },
	{ "https://zoom .us", "spaces" },
	{ "https:// zoom.us", "spaces" },
	{ "https://zoom.us\thttps://zoom.us", "spaces" },
	{ "https://zoom.us\x7f", "spaces" },
	{ "https://me@zoom.us", "user name" },
	{ "https://me:secret@zoom.us/", "user name" },
	{ "https://", "host" },
	{ "https:///v2", "host" },
	{ "https://:443", "host" },
	{ "https://.zoom.us", "host" },
	{ "https://zoom..us", "host" },
	{ "https://zoom.us?x", "host" },
	{ "https://[::1]", "host" },
	{ "https://z\xc3\xb6om.us", "host" },
	{ "https://zoom.us:", "port" },
	{ "https://zoom.us:0", "port" },
	{ "https://zoom.us:65536", "port" },
	{ "https://zoom.us:-1", "port" },
	{ "https://zoom.us:1:2", "port" },
	{ "https://zoom.us:99999999999999999999", "port" },
	{ "https://zoom.us/?x=y", "plain path" },
	{ "https://zoom.us/#x", "plain path" },
	{ "https://zoom.us/a%20b", "plain path" },
	{ "https://zoom.us//v2", "plain path" },
	{ "https://zoom.us/../v2", "plain path" },
	{ "https://zoom.us/a\\b", "plain path" },
};

START_TEST(what_is_wrong_is_told)
{
	const char *must = url_problem(str_from(typed[_i].url));
	if (typed[_i].word == NULL)
		ck_assert_msg(must == NULL, "%s %s", typed[_i].url, must);
	else
		ck_assert_msg(
		    must != NULL && strstr(must, typed[_i].word) != NULL,
		    "%s %s", typed[_i].url, must);
}
END_TEST

START_TEST(a_nul_is_no_end)
{
	ck_assert_ptr_nonnull(url_problem(str_n("https://zoom.us\0x", 17)));
	ck_assert_ptr_nonnull(url_problem(str_n("https://zoom.us/\0", 17)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin url");
	TCase *tc = tcase_create("addresses");
	tcase_add_loop_test(tc, an_address_has_parts, 0,
	    (int)(sizeof(parts) / sizeof(parts[0])));
	tcase_add_test(tc, a_host_is_in_a_domain_or_not);
	tcase_add_loop_test(tc, what_is_wrong_is_told, 0,
	    (int)(sizeof(typed) / sizeof(typed[0])));
	tcase_add_test(tc, a_nul_is_no_end);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
