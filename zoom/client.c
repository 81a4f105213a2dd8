/*
 * The life of the client, and the loop that every call goes through:
 * send, judge, and, where the table in client.h allows it and the deadline
 * has room for it, wait and send again.
 */
#include "zoom/client.h"

#include "base/clock.h"

#include "zoom/answer.h"
#include "zoom/ask.h"
#include "zoom/http.h"
#include "zoom/retry.h"

#include <curl/curl.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* The first attempt and its repeats. */
#define MAX_ATTEMPTS 3

/* A longer wait is for the caller to plan, also one without a deadline. */
#define LONGEST_WAIT_MS 60000

struct zoom_client {
	struct zoom_http http;
	zoom_observer *observe; /* may be NULL */
	void *observe_object;   /* borrowed */
};

/* Nothing came back: what that means depends on how far it got. */
static void judge_silence(struct zoom_answer *answer,
    const struct zoom_http_reply *reply, bool is_read, const struct err *err)
{
	*answer = (struct zoom_answer){ .status = 0 };
	if (err->code == ERR_PROTOCOL)
		/* the certificate; what counts as sent had gone to a kept
		 * connection that was dead */
		answer->verdict = ZOOM_UNTRUSTED;
	else if (reply->sent && !is_read)
		answer->verdict = ZOOM_UNKNOWN;
	else if (reply->sent || err->code == ERR_IO)
		answer->verdict = ZOOM_UNAVAILABLE;
}

/* One attempt. The body of a good answer is left in reply. */
static bool attempt(struct zoom_call *call, const struct zoom_ask *ask,
    struct zoom_http_reply *reply, struct err *err)
{
	const struct zoom_http_request request = {
		.url = ask->url,
		.authorization = ask->authorization,
		.content_type = ask->content_type,
		.body = ask->body,
	};
	const struct zoom_expectation expected = {
		.status = ask->expect,
		.oauth = ask->oauth,
		.read = ask->content_type == NULL,
		.secret = call->access_token,
	};
	if (zoom_http_send(
	        &call->client->http, &request, call->deadline_ms, reply, err))
		return zoom_answer_judge(
		    &call->answer, reply, &expected, clock_wall_ms(), err);
	judge_silence(&call->answer, reply, ask->content_type == NULL, err);
	return false;
}

/* Whether the failure allows another attempt. */
static bool may_repeat(const struct zoom_answer *answer,
    const struct zoom_http_reply *reply, bool is_read, const struct err *err)
{
	if (answer->verdict == ZOOM_LIMITED)
		/* the whole day's requests are used up: no use before tomorrow,
		 * unless Zoom says when */
		return answer->retry_ms > 0 ||
		       !str_has_prefix(str_from(reply->limit_type), S("Daily"));
	if (answer->status == 0)
		return err->code == ERR_IO && (is_read || !reply->sent);
	return answer->status >= 500 && is_read;
}

/* Wait before attempt n + 1; false when the deadline leaves no room for it. */
static bool wait_to_repeat(struct zoom_call *call, int n)
{
	int64_t wait_ms = zoom_retry_backoff_ms(n);
	if (call->answer.retry_ms > 0)
		wait_ms = call->answer.retry_ms;
	int64_t now_ms = clock_now_ms();
	if (wait_ms > LONGEST_WAIT_MS || wait_ms >= call->deadline_ms - now_ms)
		return false;
	return zoom_pool_sleep(&call->client->http.pool, now_ms + wait_ms);
}

/* An answer that is good as far as HTTP goes. */
static bool read_answer(struct zoom_call *call, const struct zoom_ask *ask,
    const struct zoom_http_reply *reply, void *object, struct err *err)
{
	if (ask->table == NULL ||
	    zoom_json_read(
	        call->arena, buf_str(&reply->body), ask->table, object, err))
		return true;
	bool is_read = ask->content_type == NULL;
	call->answer.verdict = is_read ? ZOOM_UNAVAILABLE : ZOOM_UNKNOWN;
	return err_wrap(err, "reading Zoom's answer");
}

static bool ask_until_done(struct zoom_call *call, const struct zoom_ask *ask,
    void *object, struct err *err)
{
	bool is_read = ask->content_type == NULL;
	for (int n = 1;; n++) {
		struct err why = { .code = ERR_NONE };
		struct zoom_http_reply reply;
		bool ok = attempt(call, ask, &reply, &why) &&
		          read_answer(call, ask, &reply, object, &why);
		bool again = !ok && n < MAX_ATTEMPTS &&
		             may_repeat(&call->answer, &reply, is_read, &why);
		zoom_http_reply_fini(&reply);
		if (ok)
			return true;
		if (again && wait_to_repeat(call, n))
			continue;
		if (err->code == ERR_NONE)
			*err = why;
		return false;
	}
}

bool zoom_ask(struct zoom_call *call, const struct zoom_ask *ask, void *object,
    struct err *err)
{
	int64_t began_ms = clock_now_ms();
	call->answer = (struct zoom_answer){ .status = 0 };
	if (!arena_ok(call->arena, err))
		return false;
	bool ok = ask_until_done(call, ask, object, err);
	zoom_observe(call->client, call->op, ok, began_ms);
	return ok;
}

void zoom_observe(
    struct zoom_client *client, enum zoom_op op, bool ok, int64_t began_ms)
{
	if (client->observe != NULL)
		client->observe(
		    client->observe_object, op, ok, clock_now_ms() - began_ms);
}

void zoom_wipe(struct str secret)
{
	/* the texts of an arena are ours to change, their views are const */
	if (secret.len > 0)
		OPENSSL_cleanse((char *)(uintptr_t)secret.data, secret.len);
}

struct str zoom_base_url(struct str url)
{
	while (url.len > 0 && url.data[url.len - 1] == '/')
		url.len--;
	return url;
}

struct zoom_http *zoom_client_http(struct zoom_client *client)
{
	return &client->http;
}

bool zoom_check_token(struct str token, struct err *err)
{
	if (token.len == 0)
		return err_set(err, ERR_INVALID, "no access token");
	for (size_t i = 0; i < token.len; i++) {
		if (token.data[i] <= ' ' || token.data[i] > '~')
			return err_set(
			    err, ERR_INVALID, "the access token is damaged");
	}
	return true;
}

bool zoom_ask_api(struct zoom_call *call, struct str path, struct zoom_ask ask,
    void *object, struct err *err)
{
	call->answer = (struct zoom_answer){ .status = 0 };
	if (!zoom_check_token(call->access_token, err))
		return false;
	struct str base = zoom_base_url(call->settings->api_url);
	ask.url =
	    arena_printf(call->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(path));
	ask.authorization = arena_printf(
	    call->arena, "Bearer %.*s", STR_ARG(call->access_token));
	bool ok = zoom_ask(call, &ask, object, err);
	zoom_wipe(ask.authorization);
	return ok;
}

bool zoom_global_init(struct err *err)
{
	/* jansson would seed its hash tables at first use, by racing threads,
	 * and by the clock where there is no /dev/urandom */
	size_t seed = 0;
	if (RAND_bytes((unsigned char *)&seed, sizeof(seed)) != 1)
		return err_set(err, ERR_INVALID, "no random numbers");
	json_object_seed(seed);
	/* a server that closes while we write is an error, not a signal */
	struct sigaction now;
	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_NO_MEMORY, "starting libcurl");
	return true;
}

void zoom_global_fini(void)
{
	curl_global_cleanup();
}

struct zoom_client *zoom_client_new(
    const struct zoom_client_options *options, struct err *err)
{
	static const struct zoom_client_options defaults = { .env = NULL };
	struct zoom_client *client = calloc(1, sizeof(*client));
	if (client == NULL) {
		err_set(err, ERR_NO_MEMORY, "preparing the Zoom client");
		return NULL;
	}
	if (options == NULL)
		options = &defaults;
	client->observe = options->observe;
	client->observe_object = options->observe_object;
	if (zoom_http_init(&client->http, options, err))
		return client;
	free(client);
	return NULL;
}

void zoom_client_trim(struct zoom_client *client)
{
	zoom_pool_trim(&client->http.pool);
}

void zoom_client_stop(struct zoom_client *client)
{
	zoom_pool_stop(&client->http.pool);
}

void zoom_client_free(struct zoom_client *client)
{
	if (client == NULL)
		return;
	zoom_http_fini(&client->http);
	free(client);
}
