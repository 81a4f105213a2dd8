/* zoom: the answers of Zoom's API, down from what HTTP brings: users, their
 * settings, meetings, tokens, errors. The first byte chooses the status. */
#include "fuzz/fuzz.h"

#include "base/clock.h"
#include "zoom/http.h"
#include "zoom/meeting.h"
#include "zoom/oauth.h"
#include "zoom/user.h"

#include <stdio.h>
#include <string.h>

#define SECRET "t0ken"

static const int statuses[] = { 200, 201, 400, 401, 403, 404, 429, 500 };

static uint8_t choice;
static struct str body;

/* ---- in place of zoom/http.c ---------------------------------------------------- */

bool zoom_http_init(struct zoom_http *http,
    const struct zoom_client_options *options, struct err *err)
{
	(void)options;
	(void)err;
	*http = (struct zoom_http){ .max_answer = 0 };
	zoom_pool_init(&http->pool, 1);
	return true;
}

void zoom_http_fini(struct zoom_http *http)
{
	zoom_pool_fini(&http->pool);
}

bool zoom_http_send(struct zoom_http *http,
    const struct zoom_http_request *request, int64_t deadline_ms,
    struct zoom_http_reply *reply, struct err *err)
{
	struct str line = str_sub(body, 0, 40);
	(void)http;
	(void)deadline_ms;
	/* a line break would let text into the head of a request */
	FUZZ_CHECK(memchr(str_c(request->authorization), '\n',
	               request->authorization.len) == NULL);
	*reply = (struct zoom_http_reply){
		.sent = true,
		.status = statuses[choice % 8],
		.content_type = "application/json",
	};
	snprintf(reply->retry_after, sizeof(reply->retry_after), "%.*s",
	    STR_ARG(line));
	snprintf(reply->date, sizeof(reply->date), "%.*s", STR_ARG(line));
	buf_init(&reply->body, (size_t)1024 * 1024);
	buf_put(&reply->body, body.data, body.len);
	return buf_ok(&reply->body, err);
}

void zoom_http_reply_fini(struct zoom_http_reply *reply)
{
	buf_fini(&reply->body);
}

/* ---- what comes of it -------------------------------------------------------------- */

static void check_text(struct str s)
{
	FUZZ_CHECK(s.len == 0 || strlen(s.data) == s.len);
}

static void check_answer(const struct zoom_call *call, bool ok, struct err *err)
{
	const struct zoom_answer *answer = &call->answer;
	FUZZ_CHECK(ok == (err->code == ERR_NONE));
	FUZZ_CHECK(ok == (answer->verdict == ZOOM_OK));
	FUZZ_CHECK(strstr(answer->message, SECRET) == NULL);
	FUZZ_CHECK(answer->retry_ms >= 0);
	err_clear(err);
}

static void ask_all(struct zoom_call *call)
{
	struct zoom_user user;
	struct zoom_user_settings settings;
	struct zoom_meeting meeting;
	struct zoom_token token;
	struct err err = { 0 };
	bool ok = zoom_user_fetch(call, S("me"), &user, &err);
	FUZZ_CHECK(!ok || user.id.len > 0);
	check_text(user.id);
	check_text(user.email);
	check_answer(call, ok, &err);
	ok = zoom_user_fetch_settings(call, S("me"), &settings, &err);
	check_answer(call, ok, &err);
	ok = zoom_meeting_fetch(call, 1, &meeting, &err);
	check_answer(call, ok, &err);
	ok = zoom_meeting_create(call, S("me"), S("T"), &meeting, &err);
	if (ok)
		check_text(meeting.join_url);
	check_answer(call, ok, &err);
	ok = zoom_oauth_refresh(call, S(SECRET), &token, &err);
	FUZZ_CHECK(!ok || token.access_token.len > 0);
	check_text(token.scope);
	check_answer(call, ok, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zoom_client *client;
	static const struct zoom_settings settings = {
		.web_url = STR("https://zoom.us"),
		.api_url = STR("https://api.zoom.us/v2"),
		.client_id = STR("id"),
		.client_secret = STR("s3cret"),
	};
	struct arena a;
	struct err err = { 0 };
	if (client == NULL)
		client = zoom_client_new(NULL, &err);
	if (client == NULL || size == 0)
		return 0;
	choice = data[0];
	body = str_n((const char *)data + 1, size - 1);
	arena_init(&a, (size_t)4 * 1024 * 1024);
	struct zoom_call call = {
		.client = client,
		.settings = &settings,
		.arena = &a,
		.access_token = S(SECRET),
		.deadline_ms = clock_now_ms(), /* nothing is waited for */
	};
	ask_all(&call);
	arena_fini(&a);
	return 0;
}
