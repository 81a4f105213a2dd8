/*
 * From top to bottom: tables of the codes and words that are known, then the
 * texts that may be kept, then the verdict, then the sentence for people.
 * What people read is made of our words, the status, and a message of Zoom's
 * that was looked through first.
 */
#include "zoom/answer.h"

#include "zoom/http.h"
#include "zoom/json.h"
#include "zoom/retry.h"

#include <stdio.h>
#include <string.h>

/* Memory for the few short texts of an error. */
#define ERROR_ROOM ((size_t)16 * 1024)

/* The body of a failure, of the API or of the token endpoint. */
struct failure {
	int64_t code;
	struct str message;
	struct str error;
	struct str reason;
};

static const struct zoom_json_field failure_fields[] = {
	{ STR("code"), ZOOM_JSON_INT, offsetof(struct failure, code) },
	{ STR("message"), ZOOM_JSON_TEXT, offsetof(struct failure, message) },
	{ STR("error"), ZOOM_JSON_TEXT, offsetof(struct failure, error) },
	{ STR("reason"), ZOOM_JSON_TEXT, offsetof(struct failure, reason) },
};

static const struct zoom_json_table failure_table = {
	.fields = failure_fields,
	.n_fields = sizeof(failure_fields) / sizeof(failure_fields[0]),
};

/* Codes that say more than the status does. Those of OAuth may come from
 * either side. Source: FACTS 4, 3.1, 3.3, 1.4 */
static const struct {
	int code;
	enum zoom_verdict verdict;
} known_codes[] = {
	{ 124, ZOOM_TOKEN_REFUSED },
	{ 104, ZOOM_SCOPES_MISSING },
	{ 4700, ZOOM_SCOPES_MISSING },
	{ 4711, ZOOM_SCOPES_MISSING },
	{ 4702, ZOOM_APP_REFUSED },
	{ 4704, ZOOM_APP_REFUSED },
	{ 4717, ZOOM_APP_DISABLED },
	{ 4738, ZOOM_APP_DISABLED },
	{ 4735, ZOOM_GRANT_DEAD },
	{ 4741, ZOOM_GRANT_DEAD },
	{ 1001, ZOOM_NOT_FOUND },
	{ 1010, ZOOM_NOT_FOUND },
	{ 3001, ZOOM_NOT_FOUND },
};

/* The token endpoint's words. Source: FACTS 1.3, 1.4; RFC 6749 5.2 */
static const struct {
	struct str error;
	enum zoom_verdict verdict;
} known_errors[] = {
	{ STR("invalid_grant"), ZOOM_GRANT_DEAD },
	{ STR("invalid_client"), ZOOM_APP_REFUSED },
	{ STR("unauthorized_client"), ZOOM_APP_REFUSED },
	{ STR("unsupported_grant_type"), ZOOM_APP_REFUSED },
	{ STR("invalid_request"), ZOOM_UNAVAILABLE }, /* internal errors too */
};

/* A web page, whatever it calls itself. */
static bool is_page(const struct zoom_http_reply *reply)
{
	struct str type = str_from(reply->content_type);
	struct str body = str_trim(buf_str(&reply->body));
	return str_eq_nocase(str_sub(type, 0, 9), S("text/html")) ||
	       str_has_prefix(body, S("<"));
}

/* One line, cut to the room but not inside a character of UTF-8. */
static void keep_text(struct str text, char *to, size_t room)
{
	size_t n = text.len < room ? text.len : room - 1;
	while (n > 0 && n < text.len && ((unsigned char)text.data[n] >> 6) == 2)
		n--;
	for (size_t i = 0; i < n; i++) {
		char c = text.data[i];
		to[i] = (unsigned char)c < ' ' || c == 0x7f ? ' ' : c;
	}
	to[n] = '\0';
}

/* An error word of the token endpoint; anything else may be a secret. */
static void keep_word(struct str text, char *to, size_t room)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		if ((c < 'a' || c > 'z') && c != '_')
			return;
	}
	if (text.len < 64)
		keep_text(text, to, room);
}

static bool holds(struct str text, struct str secret)
{
	return secret.len > 0 && text.len > 0 &&
	       memmem(text.data, text.len, secret.data, secret.len) != NULL;
}

/* "... does not contain scopes:[user:read:user, user:read]." */
static void keep_scopes(struct str message, struct zoom_answer *answer)
{
	struct str before;
	struct str rest;
	struct str scopes;
	str_cut(message, '[', &before, &rest);
	str_cut(rest, ']', &scopes, &rest);
	keep_text(scopes, answer->scopes, sizeof(answer->scopes));
}

/* ZOOM_NO_ANSWER: not a code that says more. */
static enum zoom_verdict find_code(int64_t code)
{
	for (size_t i = 0; i < sizeof(known_codes) / sizeof(*known_codes);
	     i++) {
		if (known_codes[i].code == code)
			return known_codes[i].verdict;
	}
	return ZOOM_NO_ANSWER;
}

static enum zoom_verdict verdict_of_code(int status, int64_t code)
{
	enum zoom_verdict known = find_code(code);
	if (known != ZOOM_NO_ANSWER)
		return known;
	if (status == 401)
		return ZOOM_TOKEN_REFUSED;
	return status == 404 ? ZOOM_NOT_FOUND : ZOOM_REFUSED;
}

static enum zoom_verdict verdict_of_error(const struct failure *f)
{
	enum zoom_verdict known = find_code(f->code);
	if (known == ZOOM_APP_REFUSED || known == ZOOM_APP_DISABLED ||
	    known == ZOOM_GRANT_DEAD)
		return known;
	if (str_eq(f->reason, S("Invalid Token!")))
		return ZOOM_GRANT_DEAD;
	for (size_t i = 0; i < sizeof(known_errors) / sizeof(*known_errors);
	     i++) {
		if (str_eq(known_errors[i].error, f->error))
			return known_errors[i].verdict;
	}
	return ZOOM_REFUSED;
}

/* Status 4xx, or a success that was not expected, with Zoom's own body. */
static void judge_refusal(struct zoom_answer *answer, struct str body,
    const struct zoom_expectation *expected)
{
	struct failure f = { .code = 0 };
	struct err ignored = { .code = ERR_NONE };
	struct arena a;
	arena_init(&a, ERROR_ROOM);
	/* a body that cannot be read is a refusal without reasons */
	bool readable = zoom_json_read(&a, body, &failure_table, &f, &ignored);
	if (f.code > 0 && f.code < INT32_MAX)
		answer->code = (int)f.code;
	answer->verdict = expected->oauth
	                      ? verdict_of_error(&f)
	                      : verdict_of_code(answer->status, f.code);
	if (holds(f.message, expected->secret))
		f.message = S("");
	if (readable && expected->oauth)
		keep_word(f.error, answer->message, sizeof(answer->message));
	else if (readable)
		keep_text(f.message, answer->message, sizeof(answer->message));
	if (answer->verdict == ZOOM_SCOPES_MISSING)
		keep_scopes(f.message, answer);
	arena_fini(&a);
}

static bool explain_refusal(const struct zoom_answer *answer, struct err *err)
{
	switch (answer->verdict) {
	case ZOOM_TOKEN_REFUSED:
		return err_set(
		    err, ERR_DENIED, "Zoom no longer accepts the access token");
	case ZOOM_SCOPES_MISSING:
		return err_set(err, ERR_DENIED, "the Zoom app lacks scopes: %s",
		    answer->scopes[0] == '\0' ? "unknown which"
		                              : answer->scopes);
	case ZOOM_GRANT_DEAD:
		return err_set(
		    err, ERR_DENIED, "Zoom no longer accepts this connection");
	case ZOOM_APP_REFUSED:
		return err_set(err, ERR_DENIED,
		    "Zoom does not accept the app's client id and secret: %s",
		    answer->message);
	case ZOOM_APP_DISABLED:
		return err_set(err, ERR_DENIED,
		    "the app is switched off at Zoom (code %d)", answer->code);
	case ZOOM_NOT_FOUND:
		return err_set(err, ERR_NOT_FOUND, "not found at Zoom: %s",
		    answer->message);
	default:
		return err_set(err,
		    answer->status == 403 ? ERR_DENIED : ERR_REMOTE,
		    "Zoom refused: %s (status %d, code %d)",
		    answer->message[0] == '\0' ? "no reason given"
		                               : answer->message,
		    answer->status, answer->code);
	}
}

/* Only creating and changing have a quota of the day of their own, which
 * comes without a type. Source: FACTS 4 */
static bool is_brief(const struct zoom_http_reply *reply,
    const struct zoom_expectation *expected)
{
	struct str type = str_from(reply->limit_type);
	if (type.len > 0)
		return !str_has_prefix(type, S("Daily"));
	return expected->read || expected->oauth;
}

/* A gateway speaks, or a page stands where a meeting should: Zoom itself may
 * have done what was asked. */
static bool may_be_done(const struct zoom_http_reply *reply,
    const struct zoom_expectation *expected)
{
	int status = reply->status;
	return !expected->read &&
	       (status == 502 || status == 504 ||
	           (status == expected->status && !expected->oauth));
}

static bool judge(struct zoom_answer *answer,
    const struct zoom_http_reply *reply,
    const struct zoom_expectation *expected, struct err *err)
{
	int status = reply->status;
	answer->verdict =
	    may_be_done(reply, expected) ? ZOOM_UNKNOWN : ZOOM_UNAVAILABLE;
	if (status == 429) {
		judge_refusal(answer, buf_str(&reply->body), expected);
		answer->verdict = ZOOM_LIMITED;
		answer->brief = is_brief(reply, expected);
		return err_set(err, ERR_BUSY,
		    "too many requests for Zoom's limits: %s", answer->message);
	}
	if (status >= 500)
		return err_set(err, ERR_REMOTE,
		    "Zoom does not work at the moment (status %d)", status);
	if (status >= 300 && status < 400)
		return err_set(err, ERR_PROTOCOL,
		    "Zoom answered with a redirect (status %d)", status);
	if (is_page(reply))
		return err_set(err, ERR_PROTOCOL,
		    "Zoom answered with a web page instead of data (status "
		    "%d); is the address right?",
		    status);
	if (status == expected->status) {
		answer->verdict = ZOOM_OK;
		return true;
	}
	judge_refusal(answer, buf_str(&reply->body), expected);
	return explain_refusal(answer, err);
}

bool zoom_answer_judge(struct zoom_answer *answer,
    const struct zoom_http_reply *reply,
    const struct zoom_expectation *expected, int64_t now_ms, struct err *err)
{
	*answer = (struct zoom_answer){ .status = reply->status };
	zoom_retry_date(str_from(reply->date), &answer->date_ms);
	snprintf(answer->tracking_id, sizeof(answer->tracking_id), "%s",
	    reply->tracking_id);
	if (judge(answer, reply, expected, err))
		return true;
	/* a 503 may say how long, too */
	zoom_retry_after(
	    str_from(reply->retry_after), now_ms, &answer->retry_ms);
	if (err->status == 0)
		err->status = reply->status;
	return false;
}
