/*
 * host_http - an HTTP request as the server hands it over
 *
 * The response writer is an rpc server on the stream that the plugin dials,
 * the body a thread that answers to a pull reader. As in Go, the beginning
 * of an answer drops a body of known length with less than 256 KiB left.
 *
 * Source: server/public plugin/http.go, io_rpc.go; net/http server.go
 */
#include "tests/lib/host_parts.h"
#include "tests/lib/peer.h"

#include "mm/registry.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEPT_AFTER_HEAD ((size_t)256 * 1024)
#define ANSWER_MAX      ((size_t)64 * 1024 * 1024)

/* One request. The lock is the host's. */
struct exchange {
	struct host *host;
	const struct host_request *request;
	struct host_answer *answer;
	struct rpc_service service;

	/* guarded by lock */
	struct yamux_stream *writer_stream, *body_stream;
	struct rpc_server *writer;
	pthread_t puller;
	bool pulling, head_sent, dropped;
};

/* ---- the response writer ------------------------------------------------------- */

static void copy_headers(struct arena *a, struct mm_string_strings_map *to,
    const struct mm_string_strings_map *from)
{
	to->items = arena_array(a, from->n + 1, sizeof(*to->items));
	to->n = from->n;
	for (size_t i = 0; i < from->n; i++) {
		ck_assert_uint_eq(from->items[i].value.n, 1);
		struct str *value = arena_new(a, struct str);
		*value = arena_str(a, from->items[i].value.items[0]);
		to->items[i].key = arena_str(a, from->items[i].key);
		to->items[i].value = (struct gob_strings){ value, 1 };
	}
}

static void write_head(struct exchange *x, int status)
{
	size_t left = x->request->body.len - x->answer->taken;
	if (x->head_sent)
		return;
	x->head_sent = true;
	x->answer->status = status;
	if (!x->request->no_length && left > 0 && left < KEPT_AFTER_HEAD)
		x->dropped = true;
}

static void do_header(
    struct exchange *x, struct rpc_call_info *info, const void *args, void *ret)
{
	(void)args;
	copy_headers(&info->arena, ret, &x->answer->headers);
}

static void do_sync_header(
    struct exchange *x, struct rpc_call_info *info, const void *args, void *ret)
{
	(void)info;
	(void)ret;
	if (!x->head_sent)
		copy_headers(&x->answer->memory, &x->answer->headers, args);
}

static void do_write_header(
    struct exchange *x, struct rpc_call_info *info, const void *args, void *ret)
{
	int64_t status = *(const int64_t *)args;
	(void)ret;
	if (status < 100 || status > 999)
		err_set(&info->err, ERR_REMOTE, "invalid http status code %d",
		    (int)status);
	else
		write_head(x, (int)status);
}

static void do_write(
    struct exchange *x, struct rpc_call_info *info, const void *args, void *ret)
{
	const struct str *piece = args;
	size_t gone = x->request->gone_after;
	(void)ret;
	write_head(x, 200);
	if (gone > 0 && x->answer->body.len + piece->len > gone)
		err_set(&info->err, ERR_REMOTE, "write: broken pipe");
	else
		buf_put_str(&x->answer->body, *piece);
}

static void do_flush(
    struct exchange *x, struct rpc_call_info *info, const void *args, void *ret)
{
	(void)info;
	(void)args;
	(void)ret;
	write_head(x, 200);
}

struct writer_row {
	struct rpc_method method; /* first: a method is its row */
	void (*serve)(struct exchange *x, struct rpc_call_info *info,
	    const void *args, void *ret);
};

static const struct writer_row rows[] = {
	{ { "Plugin.Header", &gob_type_empty, &mm_type_http_header, NULL },
	    do_header },
	{ { "Plugin.SyncHeader", &mm_type_http_header, NULL, NULL },
	    do_sync_header },
	{ { "Plugin.WriteHeader", &gob_type_int, NULL, NULL },
	    do_write_header },
	{ { "Plugin.Write", &gob_type_bytes, NULL, NULL }, do_write },
	{ { "Plugin.Flush", &gob_type_empty, NULL, NULL }, do_flush },
};

static const struct rpc_method *find_row(void *object, struct str name)
{
	const struct exchange *x = object;
	if (str_eq(name, S("Plugin.Flush")) && !x->request->flushes)
		return NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (str_eq(name, str_from(rows[i].method.name)))
			return &rows[i].method;
	}
	return NULL;
}

static void serve_writer(
    void *object, struct rpc_call_info *info, const void *args, void *reply)
{
	struct exchange *x = object;
	const struct writer_row *row =
	    (const struct writer_row *)(const void *)info->method;
	pthread_mutex_lock(&x->host->lock);
	buf_printf(&x->answer->order, "%s%s",
	    x->answer->order.len == 0 ? "" : " ",
	    row->method.name + strlen("Plugin."));
	row->serve(x, info, args, reply);
	pthread_mutex_unlock(&x->host->lock);
}

static void take_writer(void *object, struct yamux_stream *st)
{
	struct exchange *x = object;
	struct err err = { 0 };
	struct rpc_server *server =
	    rpc_server_start(yamux_stream_io(st), &x->service, &err);
	ck_assert_msg(server != NULL, "%s", err.text);
	pthread_mutex_lock(&x->host->lock);
	x->writer_stream = st;
	x->writer = server;
	pthread_mutex_unlock(&x->host->lock);
}

/* ---- the body -------------------------------------------------------------------- */

/* How much more the plugin wants; false: it wants no more. */
static bool read_wish(struct yamux_stream *st, size_t *wish)
{
	uint64_t zigzag = 0;
	uint8_t byte = 0x80;
	for (unsigned shift = 0; (byte & 0x80) != 0; shift += 7) {
		size_t got = 0;
		struct err err = { 0 };
		if (!yamux_stream_read(
		        st, &byte, 1, DEADLINE_NEVER, &got, &err) ||
		    got == 0)
			return false;
		zigzag |= (uint64_t)(byte & 0x7f) << shift;
	}
	ck_assert_uint_eq(zigzag & 1, 0);
	*wish = (size_t)(zigzag >> 1);
	return true;
}

/* The next piece of the body, empty at its end. */
static struct str next_piece(struct exchange *x, size_t wish)
{
	const struct host_request *q = x->request;
	pthread_mutex_lock(&x->host->lock);
	size_t end = q->cut > 0 && q->cut < q->body.len ? q->cut : q->body.len;
	size_t piece = q->piece > 0 && q->piece < wish ? q->piece : wish;
	struct str s = str_sub(q->body, x->answer->taken, piece);
	if (x->answer->taken + s.len > end)
		s.len = end - x->answer->taken;
	if (x->dropped)
		s.len = 0;
	x->answer->taken += s.len;
	pthread_mutex_unlock(&x->host->lock);
	return s;
}

static void *answer_pulls(void *object)
{
	struct exchange *x = object;
	struct yamux_stream *st = x->body_stream;
	size_t wish = 0;
	bool more = true;
	while (more && read_wish(st, &wish)) {
		pthread_mutex_lock(&x->host->lock);
		x->answer->asked += wish;
		x->answer->asks++;
		pthread_mutex_unlock(&x->host->lock);
		usleep((useconds_t)x->request->late_ms * 1000);
		while (more && wish > 0) {
			struct err err = { 0 };
			struct str s = next_piece(x, wish);
			wish -= s.len;
			more = s.len > 0 && yamux_stream_write(st, s.data,
			                        s.len, DEADLINE_NEVER, &err);
		}
	}
	yamux_stream_finish(st);
	return NULL;
}

static void take_body(void *object, struct yamux_stream *st)
{
	struct exchange *x = object;
	x->body_stream = st;
	int rc = pthread_create(&x->puller, NULL, answer_pulls, x);
	ck_assert_int_eq(rc, 0);
	pthread_mutex_lock(&x->host->lock);
	x->pulling = true;
	pthread_mutex_unlock(&x->host->lock);
}

/* ---- the request -------------------------------------------------------------------- */

static void add_header(struct arena *a, struct mm_string_strings_map *headers,
    struct str name, struct str value)
{
	struct str *copy = arena_new(a, struct str);
	*copy = arena_str(a, value);
	ck_assert_uint_lt(headers->n, 32);
	headers->items[headers->n++] = (struct mm_string_strings_entry){
		.key = arena_str(a, name),
		.value = { copy, 1 },
	};
}

static void fill_headers(struct arena *a, const struct host_request *q,
    struct mm_string_strings_map *headers)
{
	struct str rest = str_from(q->headers);
	headers->items = arena_array(a, 32, sizeof(*headers->items));
	while (rest.len > 0) {
		struct str line, name, value;
		str_cut(rest, '\n', &line, &rest);
		str_cut(line, ':', &name, &value);
		add_header(a, headers, name, str_trim(value));
	}
	if (q->user_id != NULL)
		add_header(
		    a, headers, S("Mattermost-User-Id"), str_from(q->user_id));
	if (!q->no_length && q->body.len > 0)
		add_header(a, headers, S("Content-Length"),
		    arena_printf(a, "%zu", q->body.len));
}

static void start_answer(struct host_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	arena_init(&answer->memory, ANSWER_MAX);
	buf_init(&answer->body, ANSWER_MAX);
	buf_init(&answer->order, ANSWER_MAX);
	answer->headers.items =
	    arena_array(&answer->memory, 32, sizeof(*answer->headers.items));
	/* what the server itself has set */
	add_header(&answer->memory, &answer->headers, S("X-Request-Id"),
	    S("request-1"));
}

/* The plugin has finished with both streams, or the session is over. */
static void finish(struct exchange *x)
{
	pthread_mutex_lock(&x->host->lock);
	bool pulling = x->pulling;
	pthread_mutex_unlock(&x->host->lock);
	if (pulling)
		pthread_join(x->puller, NULL);
	rpc_server_free(x->writer);
	yamux_stream_close(x->writer_stream);
	yamux_stream_close(x->body_stream);
}

bool host_http(struct host *h, const struct host_request *request,
    struct host_answer *answer)
{
	struct arena a;
	arena_init(&a, ANSWER_MAX);
	start_answer(answer);
	struct exchange x = {
		.host = h,
		.request = request,
		.answer = answer,
		.service = {
			.object = &x,
			.find = find_row,
			.serve = serve_writer,
			.max_calls = 8,
			.spare = 8,
			.thread_name = "host-writer",
			.registry = &mm_registry,
		},
	};
	struct mm_http_request_subset subset = {
		.method = request->method != NULL ? str_from(request->method)
		          : request->body.len > 0 ? S("POST")
		                                  : S("GET"),
		.url = str_from(request->url),
		.proto = S("HTTP/1.1"),
		.proto_major = 1,
		.proto_minor = 1,
		.host = S("chat.example.com"),
		.remote_addr = S("192.0.2.1:1234"),
		.request_uri = str_from(request->url),
	};
	struct mm_context context = { .request_id = S("request-1") };
	fill_headers(&a, request, &subset.header);
	const struct mm_hook_serve_http_args args = {
		.response_writer_stream = host_expects_dial(h, take_writer, &x),
		.request = &subset,
		.context = &context,
		.request_body_stream =
		    request->no_body ? 0 : host_expects_dial(h, take_body, &x),
	};
	bool done =
	    host_calls(h, "Plugin.ServeHTTP", &args, NULL, &answer->err);
	/* its streams may still be on their way when the answer is there */
	void (*end)(struct host *, uint32_t) =
	    done ? host_awaits_dial : host_forgets_dial;
	end(h, (uint32_t)args.response_writer_stream);
	end(h, (uint32_t)args.request_body_stream);
	if (done && answer->status == 0)
		answer->status = 200;
	finish(&x);
	arena_fini(&a);
	return done;
}

void host_answer_fini(struct host_answer *answer)
{
	buf_fini(&answer->body);
	buf_fini(&answer->order);
	arena_fini(&answer->memory);
}

const char *host_header(const struct host_answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->headers.n; i++) {
		if (str_eq_nocase(answer->headers.items[i].key, str_from(name)))
			return str_c(answer->headers.items[i].value.items[0]);
	}
	return "";
}

const char *host_body(struct host_answer *answer)
{
	buf_put_byte(&answer->body, '\0');
	answer->body.len--;
	return (const char *)answer->body.data;
}
