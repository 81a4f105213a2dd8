#include "mm/plugin.h"
#include "mm/pull.h"

#include "base/thread.h"

/* The answer's body is handed to the sink in pieces of at most this. */
#define PIECE ((size_t)32 * 1024)

/*
 * A request as the server needs it. It reads the URL unasked and writes into
 * the headers, and a nil in either place would be the end of the server.
 * Source: server/v8 channels/app plugin_api.go PluginHTTP, plugin_requests.go
 * ServeInterPluginRequest
 */
static bool prepare(const struct mm_http_request_subset *given,
    struct mm_http_request_subset *request, struct err *err)
{
	static struct mm_string_strings_entry none;
	if (given == NULL || given->url.len == 0)
		return err_set(err, ERR_INVALID, "a request without a URL");
	*request = *given;
	if (request->header.items == NULL)
		request->header.items = &none;
	return true;
}

bool mm_plugin_http(struct mm_plugin *p, struct arena *a,
    const struct mm_http_request_subset *request, struct str body,
    struct mm_http_response **response, struct str *response_body,
    struct err *err)
{
	struct mm_http_request_subset prepared;
	const struct mm_plugin_http_args args = {
		.request = &prepared,
		.request_body = body,
	};
	struct mm_plugin_http_returns returns = { 0 };
	if (!prepare(request, &prepared, err))
		return false;
	if (!mm_api_call(p, a, MM_API_PLUGIN_HTTP, &args, &returns, err))
		return false;
	*response = returns.response;
	*response_body = returns.response_body;
	return true;
}

/* ---- streams -------------------------------------------------------------------- */

/* The answer's body: the host dials before it answers the call, so it is
 * received on a thread of its own and kept within the stream's window until
 * the sink takes it. */
struct reception {
	struct awaited dial;
	pthread_t thread;
	struct yamux_stream *stream; /* after join; NULL: was not dialled */
};

static void *receive(void *arg)
{
	struct reception *r = arg;
	pthread_setname_np(pthread_self(), "reception");
	r->stream = awaited_accept(&r->dial);
	return NULL;
}

static bool reception_start(
    struct reception *r, struct broker *broker, struct err *err)
{
	*r = (struct reception){ 0 };
	awaited_init(&r->dial, broker);
	if (thread_start(&r->thread, THREAD_SMALL_STACK, receive, r))
		return true;
	awaited_fini(&r->dial);
	return err_set_errno(err, "starting a thread for an answer");
}

/* The call is over: the stream that the host has dialled, if it has. */
static struct yamux_stream *reception_stop(struct reception *r)
{
	awaited_end(&r->dial);
	pthread_join(r->thread, NULL);
	awaited_fini(&r->dial);
	return r->stream;
}

static bool pour(
    struct yamux_stream *st, const struct mm_sink *sink, struct err *err)
{
	char piece[PIECE];
	size_t got = 1;
	if (st == NULL)
		return err_set(err, ERR_CLOSED, "the answer has no body");
	while (got > 0) {
		if (!yamux_stream_read(st, piece, sizeof(piece),
		        clock_deadline_ms(PULL_PEER_MS), &got, err))
			return err_wrap(err, "body of the answer");
		if (got > 0 && !sink->write(sink->object, piece, got, err))
			return false;
	}
	return true;
}

/* The host gives the answer's body and takes the request's at once, and is
 * not through with the latter before the former has been poured. */
static bool exchange(struct mm_plugin *p, struct arena *a,
    const struct mm_plugin_http_exchange *x, const struct feed *request_body,
    struct mm_plugin_http_answer *answer, struct err *err)
{
	struct reception r;
	struct mm_http_request_subset request;
	struct mm_plugin_http_stream_returns returns = { 0 };
	if (!prepare(x->request, &request, err))
		return false;
	if (!reception_start(&r, p->broker, err))
		return false;
	const struct mm_plugin_http_stream_args args = {
		.request = &request,
		.request_body_stream =
		    request_body == NULL ? 0 : request_body->dial.id,
		.response_body_stream = r.dial.id,
	};
	bool done = plugin_call(p, a, MM_API_PLUGIN_HTTP_STREAM, &args,
	    &returns, request_body, err);
	struct yamux_stream *body = reception_stop(&r);
	*answer = (struct mm_plugin_http_answer){
		returns.status_code,
		returns.header,
	};
	/* without an answer the host leaves the stream open */
	if (done && returns.status_code != 0)
		done = pour(body, x->sink, err);
	yamux_stream_close(body);
	return done;
}

bool mm_plugin_http_stream(struct mm_plugin *p, struct arena *a,
    const struct mm_plugin_http_exchange *x,
    struct mm_plugin_http_answer *answer, struct err *err)
{
	struct feed feed;
	struct err of_source = { 0 };
	if (!plugin_api_ready(p))
		return err_set(err, ERR_CLOSED, "not activated");
	if (x->body == NULL)
		return exchange(p, a, x, NULL, answer, err);
	if (!feed_start(&feed, p->broker, x->body, err))
		return false;
	bool done = exchange(p, a, x, &feed, answer, err);
	if (feed_stop(&feed, &of_source))
		return done;
	err_clear(err);
	return err_set(err, of_source.code, "%s", of_source.text);
}
