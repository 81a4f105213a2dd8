#include "zoom/oauth.h"

#include "base/clock.h"
#include "tests/lib/patience.h"
#include "tests/lib/zoomtest.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_LIMIT_S 20

#define TOKEN                                                                  \
 "{\"access_token\":\"acc3ss\",\"token_type\":\"bearer\","                     \
 "\"refresh_token\":\"r3fresh\",\"expires_in\":3599,"                          \
 "\"scope\":\"meeting:read user:read\","                                       \
 "\"api_url\":\"https://api.zoom.us\"}"

static struct zoomtest t;
static struct zoom_token token;

static void set_up(void)
{
	zoomtest_start_oauth(&t);
}

static void tear_down(void)
{
	zoomtest_stop(&t);
}

static bool exchanges(void)
{
	err_clear(&t.err);
	return zoom_oauth_exchange(&t.call, S("c0de/+"),
	    S("https://chat.example.com/plugins/zoom/oauth2/complete"), &token,
	    &t.err);
}

static bool refreshes(void)
{
	err_clear(&t.err);
	return zoom_oauth_refresh(&t.call, S("0ld=="), &token, &t.err);
}

/* No text that people see holds a secret of these tests. */
static void expect_no_secret(void)
{
	static const char *const secrets[] = { "c0de", "0ld", "s3cret",
		"acc3ss", "r3fresh" };
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		ck_assert_ptr_null(strstr(t.err.text, secrets[i]));
		ck_assert_ptr_null(strstr(t.call.answer.message, secrets[i]));
	}
}

START_TEST(the_authorize_url_holds_what_zoom_wants)
{
	t.settings.web_url = S("https://zoom.us/");
	t.settings.client_id = S("cl ient&id");
	ck_assert_str_eq(
	    str_c(zoom_oauth_authorize_url(&t.arena, &t.settings,
	        S("https://chat.example.com/a?b=c"), S("abc_def_true"))),
	    "https://zoom.us/oauth/authorize?response_type=code"
	    "&client_id=cl+ient%26id"
	    "&redirect_uri=https%3A%2F%2Fchat.example.com%2Fa%3Fb%3Dc"
	    "&state=abc_def_true");
}
END_TEST

START_TEST(a_code_is_exchanged_for_a_token)
{
	https_answers(t.zoom, 200, "", TOKEN);
	int64_t before_ms = clock_wall_ms();
	ck_assert_msg(exchanges(), "%s", t.err.text);
	int64_t after_ms = clock_wall_ms();
	ck_assert_str_eq(str_c(token.access_token), "acc3ss");
	ck_assert_str_eq(str_c(token.token_type), "bearer");
	ck_assert_str_eq(str_c(token.refresh_token), "r3fresh");
	ck_assert_str_eq(str_c(token.scope), "meeting:read user:read");
	ck_assert_int_ge(token.expires_ms, before_ms + 3599000);
	ck_assert_int_le(token.expires_ms, after_ms + 3599000);
	const char *request = https_request(t.zoom, 0);
	ck_assert_ptr_nonnull(strstr(request, "POST /oauth/token HTTP"));
	ck_assert_ptr_nonnull(strstr(request,
	    "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
	ck_assert_str_eq(strstr(request, "\r\n\r\n") + 4,
	    "grant_type=authorization_code&code=c0de%2F%2B&redirect_uri="
	    "https%3A%2F%2Fchat.example.com%2Fplugins%2Fzoom%2Foauth2%2F"
	    "complete");
}
END_TEST

START_TEST(credentials_are_form_encoded_before_base64)
{
	t.settings.client_id = S("i d:");
	t.settings.client_secret = S("p%&+");
	https_answers(t.zoom, 200, "", TOKEN);
	ck_assert(exchanges());
	/* base64 of "i+d%3A:p%25%26%2B" */
	ck_assert_ptr_nonnull(strstr(https_request(t.zoom, 0),
	    "\r\nAuthorization: Basic aStkJTNBOnAlMjUlMjYlMkI=\r\n"));
}
END_TEST

START_TEST(a_token_is_refreshed)
{
	https_answers(t.zoom, 200, "", TOKEN);
	ck_assert_msg(refreshes(), "%s", t.err.text);
	ck_assert_str_eq(str_c(token.refresh_token), "r3fresh");
	ck_assert_str_eq(strstr(https_request(t.zoom, 0), "\r\n\r\n") + 4,
	    "grant_type=refresh_token&refresh_token=0ld%3D%3D");
}
END_TEST

START_TEST(without_a_new_refresh_token_the_old_one_stays)
{
	https_answers(t.zoom, 200, "", "{\"access_token\":\"acc3ss\"}");
	ck_assert(refreshes());
	ck_assert_str_eq(str_c(token.refresh_token), "0ld==");
	ck_assert_str_eq(str_c(token.token_type), "bearer");
	ck_assert_int_eq(token.expires_ms, 0);
}
END_TEST

static const struct row {
	const char *expires_in;
	int64_t life_s;
} lives[] = {
	{ "3600", 3600 },
	{ "\"3600\"", 3600 },
	{ "0", 0 },
	{ "-5", 0 },
	{ "null", 0 },
	{ "9223372036854775807", 0 },
	{ "{}", 0 },
};

START_TEST(a_life_that_makes_no_sense_counts_as_none)
{
	const struct row *row = &lives[_i];
	char body[128];
	snprintf(body, sizeof(body),
	    "{\"access_token\":\"a\",\"expires_in\":%s}", row->expires_in);
	https_answers(t.zoom, 200, "", body);
	int64_t before_ms = clock_wall_ms();
	ck_assert(exchanges());
	if (row->life_s == 0)
		ck_assert_int_eq(token.expires_ms, 0);
	else
		ck_assert_int_ge(
		    token.expires_ms, before_ms + row->life_s * 1000);
}
END_TEST

START_TEST(a_long_token_is_read_whole)
{
	char body[6000] = "{\"access_token\":\"";
	for (int i = 0; i < 400; i++)
		strcat(body, "eyJhbGciOiJI");
	strcat(body, "\"}");
	https_answers(t.zoom, 200, "", body);
	ck_assert(exchanges());
	ck_assert_uint_eq(token.access_token.len, 4800);
}
END_TEST

START_TEST(a_dead_grant_is_told)
{
	https_answers(t.zoom, 400, "",
	    "{\"reason\":\"Invalid Token!\",\"error\":\"invalid_grant\"}");
	ck_assert(!refreshes());
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_GRANT_DEAD);
	ck_assert_int_eq(t.err.code, ERR_DENIED);
	expect_no_secret();
}
END_TEST

START_TEST(wrong_credentials_are_told)
{
	https_answers(t.zoom, 401, "",
	    "{\"reason\":\"Invalid client_id or client_secret\","
	    "\"error\":\"invalid_client\"}");
	ck_assert(!refreshes());
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_APP_REFUSED);
	expect_no_secret();
}
END_TEST

START_TEST(a_used_code_is_no_reason_to_print_it)
{
	https_answers(t.zoom, 400, "",
	    "{\"reason\":\"Invalid authorization code c0de/+\","
	    "\"error\":\"invalid_request\"}");
	ck_assert(!exchanges());
	ck_assert_int_eq(t.err.status, 400);
	expect_no_secret();
}
END_TEST

START_TEST(a_refresh_is_sent_once_when_the_answer_is_lost)
{
	https_resets(t.zoom);
	ck_assert(!refreshes());
	ck_assert_int_eq(https_n_requests(t.zoom), 1);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNKNOWN);
	expect_no_secret();
}
END_TEST

START_TEST(a_refresh_is_sent_once_when_the_answer_is_late)
{
	t.call.deadline_ms = clock_deadline_ms(patience(300));
	https_waits_ms(t.zoom, (int)patience(5000));
	https_answers(t.zoom, 200, "", TOKEN);
	ck_assert(!refreshes());
	ck_assert_int_eq(https_n_requests(t.zoom), 1);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNKNOWN);
	ck_assert_int_eq(t.err.code, ERR_TIMEOUT);
}
END_TEST

START_TEST(a_refresh_is_repeated_after_429)
{
	https_answers(t.zoom, 429, "Retry-After: 1", "{}");
	https_answers(t.zoom, 200, "", TOKEN);
	ck_assert(refreshes());
	ck_assert_int_eq(https_n_requests(t.zoom), 2);
	/* with the form intact */
	ck_assert_str_eq(strstr(https_request(t.zoom, 1), "\r\n\r\n") + 4,
	    "grant_type=refresh_token&refresh_token=0ld%3D%3D");
}
END_TEST

START_TEST(a_page_of_the_wrong_address_is_told)
{
	https_answers(t.zoom, 200, "Content-Type: text/html", "<html>");
	ck_assert(!exchanges());
	ck_assert_int_eq(t.err.code, ERR_PROTOCOL);
	ck_assert_int_eq(t.call.answer.verdict, ZOOM_UNAVAILABLE);
}
END_TEST

START_TEST(an_answer_without_token_is_an_error)
{
	https_answers(t.zoom, 200, "", "{\"refresh_token\":\"r3fresh\"}");
	ck_assert(!exchanges());
	ck_assert_int_eq(t.err.code, ERR_PROTOCOL);
	ck_assert_uint_eq(token.refresh_token.len, 0);
}
END_TEST

START_TEST(without_credentials_nothing_is_sent)
{
	t.settings.client_secret = S("");
	ck_assert(!refreshes());
	ck_assert_int_eq(t.err.code, ERR_INVALID);
	ck_assert_int_eq(https_n_requests(t.zoom), 0);
}
END_TEST

START_TEST(a_grant_is_given_back)
{
	https_answers(t.zoom, 200, "", "{\"status\":\"success\"}");
	ck_assert_msg(
	    zoom_oauth_revoke(&t.call, S("acc3ss+"), &t.err), "%s", t.err.text);
	const char *request = https_request(t.zoom, 0);
	ck_assert_ptr_nonnull(strstr(request, "POST /oauth/revoke HTTP"));
	ck_assert_ptr_nonnull(
	    strstr(request, "\r\nAuthorization: Basic aWQ6czNjcmV0\r\n"));
	ck_assert_str_eq(strstr(request, "\r\n\r\n") + 4, "token=acc3ss%2B");
}
END_TEST

START_TEST(a_wiped_token_is_gone)
{
	https_answers(t.zoom, 200, "", TOKEN);
	ck_assert(exchanges());
	struct str text = token.access_token;
	zoom_token_wipe(&token);
	ck_assert_uint_eq(token.access_token.len, 0);
	ck_assert_str_eq(text.data, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_oauth");
	TCase *tests = tcase_create("oauth");
	tcase_set_timeout(tests, TIME_LIMIT_S);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, the_authorize_url_holds_what_zoom_wants);
	tcase_add_test(tests, a_code_is_exchanged_for_a_token);
	tcase_add_test(tests, credentials_are_form_encoded_before_base64);
	tcase_add_test(tests, a_token_is_refreshed);
	tcase_add_test(tests, without_a_new_refresh_token_the_old_one_stays);
	tcase_add_loop_test(tests, a_life_that_makes_no_sense_counts_as_none, 0,
	    (int)(sizeof(lives) / sizeof(lives[0])));
	tcase_add_test(tests, a_long_token_is_read_whole);
	tcase_add_test(tests, a_dead_grant_is_told);
	tcase_add_test(tests, wrong_credentials_are_told);
	tcase_add_test(tests, a_used_code_is_no_reason_to_print_it);
	tcase_add_test(tests, a_refresh_is_sent_once_when_the_answer_is_lost);
	tcase_add_test(tests, a_refresh_is_sent_once_when_the_answer_is_late);
	tcase_add_test(tests, a_refresh_is_repeated_after_429);
	tcase_add_test(tests, a_page_of_the_wrong_address_is_told);
	tcase_add_test(tests, an_answer_without_token_is_an_error);
	tcase_add_test(tests, without_credentials_nothing_is_sent);
	tcase_add_test(tests, a_grant_is_given_back);
	tcase_add_test(tests, a_wiped_token_is_gone);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
