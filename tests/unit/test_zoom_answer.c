#include "zoom/answer.h"

#include "zoom/http.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS 1760000000000

static struct zoom_answer answer;
static struct err err;

/* Judge a reply; the access token of the call was "s3cret". */
static bool judge(int status, const char *body, int expect, bool oauth)
{
	const struct zoom_expectation expected = {
		.status = expect,
		.oauth = oauth,
		.secret = S("s3cret"),
	};
	struct zoom_http_reply reply = { .status = status };
	buf_init(&reply.body, 64 * 1024);
	buf_put_str(&reply.body, str_from(body));
	err_clear(&err);
	bool ok = zoom_answer_judge(&answer, &reply, &expected, NOW_MS, &err);
	zoom_http_reply_fini(&reply);
	return ok;
}

struct row {
	int status;
	const char *body;
	bool oauth;
	enum zoom_verdict verdict;
	enum err_code code;
};

static const struct row rows[] = {
	/* the API */
	{ 401, "{\"code\":124,\"message\":\"Invalid access token.\"}", false,
	    ZOOM_TOKEN_REFUSED, ERR_DENIED },
	{ 401, "{\"code\":124,\"message\":\"Access token is expired.\"}", false,
	    ZOOM_TOKEN_REFUSED, ERR_DENIED },
	{ 401, "", false, ZOOM_TOKEN_REFUSED, ERR_DENIED },
	{ 400,
	    "{\"code\":4711,\"message\":\"Invalid access token, does not "
	    "contain scopes:[user:read:user].\"}",
	    false, ZOOM_SCOPES_MISSING, ERR_DENIED },
	{ 401,
	    "{\"code\":4700,\"message\":\"Invalid access token, does not "
	    "contain scopes\"}",
	    false, ZOOM_SCOPES_MISSING, ERR_DENIED },
	{ 400, "{\"code\":104}", false, ZOOM_SCOPES_MISSING, ERR_DENIED },
	{ 401, "{\"code\":4717,\"message\":\"The app is disabled.\"}", false,
	    ZOOM_APP_DISABLED, ERR_DENIED },
	{ 401, "{\"code\":4741,\"message\":\"The token was revoked.\"}", false,
	    ZOOM_GRANT_DEAD, ERR_DENIED },
	{ 404, "{\"code\":1001,\"message\":\"User does not exist: x.\"}", false,
	    ZOOM_NOT_FOUND, ERR_NOT_FOUND },
	{ 400, "{\"code\":1010,\"message\":\"User not found on this account\"}",
	    false, ZOOM_NOT_FOUND, ERR_NOT_FOUND },
	{ 404, "{\"code\":3001,\"message\":\"Meeting does not exist: 1.\"}",
	    false, ZOOM_NOT_FOUND, ERR_NOT_FOUND },
	{ 404, "", false, ZOOM_NOT_FOUND, ERR_NOT_FOUND },
	{ 400, "{\"code\":300,\"message\":\"Validation Failed.\"}", false,
	    ZOOM_REFUSED, ERR_REMOTE },
	{ 403, "{\"code\":403,\"message\":\"not permitted\"}", false,
	    ZOOM_REFUSED, ERR_DENIED },
	{ 400, "not json at all", false, ZOOM_REFUSED, ERR_REMOTE },
	{ 400, "{\"code\":null,\"message\":7}", false, ZOOM_REFUSED,
	    ERR_REMOTE },
	{ 200, "{\"code\":200,\"message\":\"No permission.\"}", false,
	    ZOOM_REFUSED, ERR_REMOTE },
	{ 429, "{\"code\":429,\"message\":\"per-second rate limit\"}", false,
	    ZOOM_LIMITED, ERR_BUSY },
	{ 429, "<html>", false, ZOOM_LIMITED, ERR_BUSY },
	{ 500, "{\"code\":124}", false, ZOOM_UNAVAILABLE, ERR_REMOTE },
	{ 503, "<html>", false, ZOOM_UNAVAILABLE, ERR_REMOTE },
	{ 302, "", false, ZOOM_UNAVAILABLE, ERR_PROTOCOL },
	{ 201, " \n<!DOCTYPE html>", false, ZOOM_UNAVAILABLE, ERR_PROTOCOL },
	{ 404, "<html>", false, ZOOM_UNAVAILABLE, ERR_PROTOCOL },
	/* the OAuth words mean nothing there */
	{ 400, "{\"error\":\"invalid_grant\"}", false, ZOOM_REFUSED,
	    ERR_REMOTE },
	/* the token endpoint */
	{ 400, "{\"reason\":\"Invalid Token!\",\"error\":\"invalid_grant\"}",
	    true, ZOOM_GRANT_DEAD, ERR_DENIED },
	{ 401, "{\"reason\":\"Invalid Token!\",\"error\":\"invalid_request\"}",
	    true, ZOOM_GRANT_DEAD, ERR_DENIED },
	{ 400, "{\"error\":\"invalid_grant\"}", true, ZOOM_GRANT_DEAD,
	    ERR_DENIED },
	{ 401,
	    "{\"reason\":\"Invalid client_id or client_secret\","
	    "\"error\":\"invalid_client\"}",
	    true, ZOOM_APP_REFUSED, ERR_DENIED },
	{ 400, "{\"code\":4704,\"error\":\"invalid_request\"}", true,
	    ZOOM_APP_REFUSED, ERR_DENIED },
	{ 400, "{\"code\":4738,\"error\":\"invalid_request\"}", true,
	    ZOOM_APP_DISABLED, ERR_DENIED },
	{ 400, "{\"code\":124,\"error\":\"invalid_request\"}", true,
	    ZOOM_UNAVAILABLE, ERR_REMOTE },
	{ 400, "{\"error\":\"unauthorized_client\"}", true, ZOOM_APP_REFUSED,
	    ERR_DENIED },
	{ 400, "{\"reason\":\"Bad request\",\"error\":\"invalid_request\"}",
	    true, ZOOM_UNAVAILABLE, ERR_REMOTE },
	{ 400, "{\"error\":\"something_new\"}", true, ZOOM_REFUSED,
	    ERR_REMOTE },
	{ 500, "{\"error\":\"invalid_grant\"}", true, ZOOM_UNAVAILABLE,
	    ERR_REMOTE },
	{ 502, "<html>", true, ZOOM_UNKNOWN, ERR_REMOTE },
	{ 504, "<html>", false, ZOOM_UNKNOWN, ERR_REMOTE },
	{ 404, "<html>", true, ZOOM_UNAVAILABLE, ERR_PROTOCOL },
	{ 429, "{\"error\":\"invalid_grant\"}", true, ZOOM_LIMITED, ERR_BUSY },
};

START_TEST(status_and_code_decide)
{
	const struct row *row = &rows[_i];
	ck_assert(!judge(row->status, row->body, row->status == 200 ? 201 : 299,
	    row->oauth));
	ck_assert_msg(answer.verdict == row->verdict, "%d %s: %d", row->status,
	    row->body, answer.verdict);
	ck_assert_msg(err.code == row->code, "%s", err.text);
	ck_assert_int_eq(err.status, row->status);
	ck_assert_int_eq(answer.status, row->status);
}
END_TEST

static const struct {
	const char *type; /* x-ratelimit-type */
	bool read, oauth, brief;
} limits[] = {
	{ "QPS", false, false, true },
	{ "Daily-limit", true, false, false },
	{ "Daily-limit", false, true, false },
	/* without a type: a host's quota is for creating alone */
	{ "", true, false, true },
	{ "", false, true, true },
	{ "", false, false, false },
};

START_TEST(a_limit_of_a_moment_is_told_from_one_of_the_day)
{
	const struct zoom_expectation expected = {
		.status = 201,
		.oauth = limits[_i].oauth,
		.read = limits[_i].read,
	};
	struct zoom_http_reply reply = { .status = 429 };
	strcpy(reply.limit_type, limits[_i].type);
	err_clear(&err);
	ck_assert(!zoom_answer_judge(&answer, &reply, &expected, NOW_MS, &err));
	ck_assert_int_eq(answer.verdict, ZOOM_LIMITED);
	ck_assert_int_eq(answer.brief, limits[_i].brief);
}
END_TEST

START_TEST(the_expected_status_is_success)
{
	ck_assert(judge(201, "{\"id\":1}", 201, false));
	ck_assert_int_eq(answer.verdict, ZOOM_OK);
	ck_assert_int_eq(err.code, ERR_NONE);
}
END_TEST

START_TEST(missing_scopes_are_named)
{
	judge(400,
	    "{\"code\":4711,\"message\":\"Invalid access token, does not "
	    "contain scopes:[user:read:user, user:read].\"}",
	    200, false);
	ck_assert_str_eq(answer.scopes, "user:read:user, user:read");
	ck_assert_int_eq(answer.code, 4711);
	ck_assert_ptr_nonnull(strstr(err.text, "user:read:user, user:read"));
}
END_TEST

START_TEST(a_long_list_of_scopes_is_cut)
{
	char body[1024] = "{\"code\":4711,\"message\":\"[";
	for (int i = 0; i < 30; i++)
		strcat(body, "a:long:scope:admin,");
	strcat(body, "]\"}");
	judge(400, body, 200, false);
	ck_assert_uint_eq(strlen(answer.scopes), sizeof(answer.scopes) - 1);
	ck_assert_int_eq(strncmp(answer.scopes, "a:long:scope:admin,", 19), 0);
}
END_TEST

START_TEST(the_reason_of_the_token_endpoint_is_not_kept)
{
	judge(400,
	    "{\"reason\":\"Invalid authorization code c0de\","
	    "\"error\":\"invalid_request\"}",
	    200, true);
	ck_assert_str_eq(answer.message, "invalid_request");
	ck_assert_ptr_null(strstr(err.text, "c0de"));
	judge(400, "{\"error\":\"bad code C0DE\"}", 200, true);
	ck_assert_str_eq(answer.message, "");
	ck_assert_ptr_null(strstr(err.text, "C0DE"));
}
END_TEST

START_TEST(a_message_that_repeats_the_token_is_not_kept)
{
	judge(
	    400, "{\"code\":300,\"message\":\"bad token s3cret\"}", 200, false);
	ck_assert_str_eq(answer.message, "");
	ck_assert_ptr_null(strstr(err.text, "s3cret"));
	judge(
	    400, "{\"code\":4711,\"message\":\"scopes:[s3cret]\"}", 200, false);
	ck_assert_str_eq(answer.scopes, "");
	ck_assert_ptr_null(strstr(err.text, "s3cret"));
}
END_TEST

START_TEST(a_message_is_one_line_of_whole_characters)
{
	judge(400, "{\"code\":300,\"message\":\"a\\nb\\tc\\u001bd\"}", 200,
	    false);
	ck_assert_str_eq(answer.message, "a b c d");
	char body[1024] = "{\"code\":300,\"message\":\"x";
	for (int i = 0; i < 200; i++)
		strcat(body, "\xc3\xa9");
	strcat(body, "\"}");
	judge(400, body, 200, false);
	/* 1 + 2 n bytes: the last one that fits leaves one byte unused */
	ck_assert_uint_eq(strlen(answer.message) % 2, 1);
	ck_assert_uint_ge(strlen(answer.message), sizeof(answer.message) - 3);
}
END_TEST

START_TEST(headers_tell_how_long_to_wait_and_whom_to_ask)
{
	const struct zoom_expectation expected = { .status = 200 };
	struct zoom_http_reply reply = {
		.status = 429,
		.retry_after = "2025-10-09T08:53:30Z",
		.tracking_id = "v=2.0;clid=us02;rid=WEB_1",
	};
	err_clear(&err);
	ck_assert(!zoom_answer_judge(&answer, &reply, &expected, NOW_MS, &err));
	ck_assert_int_eq(answer.retry_ms, 10000);
	ck_assert_str_eq(answer.tracking_id, "v=2.0;clid=us02;rid=WEB_1");
}
END_TEST

START_TEST(a_page_is_known_by_its_type_too)
{
	const struct zoom_expectation expected = { .status = 200 };
	struct zoom_http_reply reply = {
		.status = 200,
		.content_type = "Text/HTML; charset=utf-8",
	};
	err_clear(&err);
	ck_assert(!zoom_answer_judge(&answer, &reply, &expected, NOW_MS, &err));
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
	ck_assert_ptr_nonnull(strstr(err.text, "web page"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_answer");
	TCase *tests = tcase_create("answer");
	tcase_add_loop_test(tests, status_and_code_decide, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(tests,
	    a_limit_of_a_moment_is_told_from_one_of_the_day, 0,
	    sizeof(limits) / sizeof(limits[0]));
	tcase_add_test(tests, the_expected_status_is_success);
	tcase_add_test(tests, missing_scopes_are_named);
	tcase_add_test(tests, a_long_list_of_scopes_is_cut);
	tcase_add_test(tests, the_reason_of_the_token_endpoint_is_not_kept);
	tcase_add_test(tests, a_message_that_repeats_the_token_is_not_kept);
	tcase_add_test(tests, a_message_is_one_line_of_whole_characters);
	tcase_add_test(tests, headers_tell_how_long_to_wait_and_whom_to_ask);
	tcase_add_test(tests, a_page_is_known_by_its_type_too);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
