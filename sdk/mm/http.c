/*
 * http - ServeHTTP: two streams dialled, a handler run, two streams finished
 *
 * The happy path: dial the response writer and the body in one write, before
 * anything else, for the host waits five seconds at most, and ask with it for what
 * the plugin wants ahead; when a small body has come, run the handler; send what is left of the head; finish both streams, which leaves in one
 * write with the reply: the host ends its HTTP answer when that comes.
 *
 * The response writer is an rpc connection on which we are the client. Its
 * calls are made one at a time, each answer awaited: Go serves every request
 * in a goroutine of its own, in any order. So what need not be said is not:
 * the head of an answer of 200 without headers of ours.
 */
#include "mm/plugin.h"
#include "mm/pull.h"

#include <string.h>

/* One call of the response writer carries at most this much. */
#define WRITE_PIECE ((size_t)64 * 1024)

/* How long the host may take to acknowledge streams, while others wait. */
#define AHEAD_MS 50

/* What the host drops of an unread body. */
#define HOST_DROPS ((size_t)256 * 1024)

struct mm_http {
	struct mm_plugin *plugin;
	struct arena *arena;
	const struct mm_hook_serve_http_args *args;
	struct str path, query;

	struct pull body;
	struct str ahead; /* fetched before the handler asked; in arena */

	struct broker_dial writer_dial;
	struct rpc_client writer;
	struct rpc_pending *headers;      /* asked for ahead; NULL: not */
	struct mm_string_strings_map own; /* headers set here */
	bool head_sent;
	int status;       /* 0 until the head has been sent */
	struct err fault; /* of the answer, sticky */
};

/* ---- the request ----------------------------------------------------------- */

const struct mm_http_request_subset *mm_http_request(const struct mm_http *h)
{
	return h->args->request;
}

const struct mm_context *mm_http_context(const struct mm_http *h)
{
	return h->args->context;
}

struct str mm_http_method(const struct mm_http *h)
{
	return h->args->request->method;
}

struct str mm_http_path(const struct mm_http *h)
{
	return h->path;
}

struct str mm_http_query(const struct mm_http *h)
{
	return h->query;
}

struct str mm_http_header(const struct mm_http *h, struct str name)
{
	const struct mm_string_strings_map *headers = &h->args->request->header;
	for (size_t i = 0; i < headers->n; i++) {
		if (str_eq_nocase(headers->items[i].key, name) &&
		    headers->items[i].value.n > 0)
			return headers->items[i].value.items[0];
	}
	return (struct str){ NULL, 0 };
}

struct str mm_http_user_id(const struct mm_http *h)
{
	return mm_http_header(h, S("Mattermost-User-Id"));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* application/x-www-form-urlencoded; a stray % stays as it is. */
static struct str decode_query(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.len + 1);
	size_t n = 0;
	if (out == NULL)
		return (struct str){ NULL, 0 };
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i] == '+' ? ' ' : s.data[i];
		if (c == '%' && i + 2 < s.len &&
		    hex_digit(s.data[i + 1]) >= 0 &&
		    hex_digit(s.data[i + 2]) >= 0) {
			c = (char)(hex_digit(s.data[i + 1]) << 4 |
			           hex_digit(s.data[i + 2]));
			i += 2;
		}
		out[n++] = c;
	}
	return str_n(out, n);
}

struct str mm_http_query_get(const struct mm_http *h, struct str name)
{
	struct str rest = h->query;
	while (rest.len > 0) {
		struct str pair, key, value;
		str_cut(rest, '&', &pair, &rest);
		str_cut(pair, '=', &key, &value);
		if (str_eq(decode_query(h->arena, key), name))
			return decode_query(h->arena, value);
	}
	return (struct str){ NULL, 0 };
}

/* ---- the body ---------------------------------------------------------------- */

bool mm_http_read(
    struct mm_http *h, void *data, size_t room, size_t *got, struct err *err)
{
	if (h->ahead.len == 0)
		return pull_read(&h->body, data, room, got, err);
	*got = room < h->ahead.len ? room : h->ahead.len;
	memcpy(data, h->ahead.data, *got);
	h->ahead = str_sub(h->ahead, *got, h->ahead.len);
	return true;
}

/* A body of known length goes straight to where it stays. */
static bool read_known(
    struct mm_http *h, size_t length, struct str *body, struct err *err)
{
	char *data = arena_alloc(h->arena, length + 1);
	size_t have = 0;
	size_t got = 1;
	*body = (struct str){ NULL, 0 };
	while (data != NULL && have < length && got > 0) {
		if (!mm_http_read(h, data + have, length - have, &got, err))
			return false;
		have += got;
	}
	if (data != NULL)
		data[have] = '\0';
	*body = str_n(data, have);
	return arena_ok(h->arena, err);
}

static bool read_unknown(
    struct mm_http *h, size_t max, struct str *body, struct err *err)
{
	struct buf all;
	/* one byte above the cap tells a body that is too big */
	buf_init(&all, max + 1);
	bool done = true;
	while (done && all.len <= max) {
		size_t room = max + 1 - all.len;
		if (room > PULL_PIECE)
			room = PULL_PIECE;
		uint8_t *at = buf_reserve(&all, room);
		size_t got = 0;
		done = at != NULL ? mm_http_read(h, at, room, &got, err)
		                  : buf_ok(&all, err);
		all.len += got;
		if (got == 0)
			break;
	}
	if (done && all.len > max)
		done = err_set(err, ERR_TOO_BIG, "body above %zu bytes", max);
	*body = done ? arena_str(h->arena, buf_str(&all)) : (struct str){ 0 };
	buf_fini(&all);
	return done && arena_ok(h->arena, err);
}

bool mm_http_read_all(
    struct mm_http *h, size_t max, struct str *body, struct err *err)
{
	if (!h->body.length_known)
		return read_unknown(h, max, body, err);
	size_t left = h->body.length - h->body.fetched + h->ahead.len;
	if (left > max) {
		*body = (struct str){ NULL, 0 };
		return err_set(err, ERR_TOO_BIG, "body above %zu bytes", max);
	}
	return read_known(h, left, body, err);
}

/*
 * On HTTP/1.1 the host throws away what is left of a body of known length,
 * up to 256 KiB, when the answer begins. So fetch such a rest before.
 * Source: net/http (Go 1.26) server.go writeHeader, maxPostHandlerReadBytes
 */
static void fetch_rest(struct mm_http *h)
{
	if (h->body.ended || !h->body.length_known)
		return;
	/* the host has read what we have asked for, come or not */
	size_t rest = h->body.length - h->body.fetched;
	if (rest == 0 || rest > h->body.asked + HOST_DROPS)
		return;
	char *data = arena_alloc(h->arena, rest);
	size_t have = 0;
	size_t got = 1;
	/* the answer goes on without it; who reads on will be told */
	struct err ignored = { 0 };
	while (data != NULL && have < rest && got > 0 &&
	       pull_read(&h->body, data + have, rest - have, &got, &ignored))
		have += got;
	h->ahead = str_n(data, have);
}

/* ---- the answer ---------------------------------------------------------------- */

static const struct rpc_value nothing = { &gob_type_empty, "" };

static struct rpc_args writer_call(struct mm_http *h, const char *method,
    struct rpc_value args, const struct gob_type *reply_type, void *reply)
{
	return (struct rpc_args){
		.method = method,
		.args = args,
		.reply_type = reply_type,
		.reply = reply,
		.arena = h->arena,
		.deadline_ms = clock_deadline_ms(PULL_PEER_MS),
	};
}

static void call_writer(
    struct mm_http *h, const char *method, struct rpc_value args)
{
	const struct rpc_args call = writer_call(h, method, args, NULL, NULL);
	struct err err = { 0 };
	if (h->fault.code == ERR_NONE && !rpc_call(&h->writer, &call, &err))
		h->fault = err;
}

static struct rpc_args headers_call(
    struct mm_http *h, struct mm_string_strings_map *headers)
{
	return writer_call(
	    h, "Plugin.Header", nothing, &mm_type_http_header, headers);
}

/* What the server has set so far, perhaps asked for long ago. */
static void get_headers(
    struct mm_http *h, struct mm_string_strings_map *headers)
{
	const struct rpc_args call = headers_call(h, headers);
	struct rpc_pending *asked = h->headers;
	struct err err = { 0 };
	h->headers = NULL;
	bool done = asked != NULL ? rpc_receive(&h->writer, &call, asked, &err)
	                          : rpc_call(&h->writer, &call, &err);
	if (!done)
		h->fault = err;
}

static struct gob_strings one_string(struct arena *a, struct str s)
{
	struct str *items = arena_array(a, 1, sizeof(*items));
	if (items != NULL)
		*items = arena_str(a, s);
	return (struct gob_strings){ items, items == NULL ? 0 : 1 };
}

static void set_header(struct arena *a, struct mm_string_strings_map *headers,
    struct str name, struct gob_strings values)
{
	for (size_t i = 0; i < headers->n; i++) {
		if (str_eq_nocase(headers->items[i].key, name)) {
			headers->items[i].value = values;
			return;
		}
	}
	struct mm_string_strings_entry *items =
	    arena_array(a, headers->n + 1, sizeof(*items));
	if (items == NULL)
		return;
	if (headers->n > 0)
		memcpy(items, headers->items, headers->n * sizeof(*items));
	items[headers->n].key = arena_str(a, name);
	items[headers->n].value = values;
	headers->items = items;
	headers->n++;
}

void mm_http_set_header(struct mm_http *h, struct str name, struct str value)
{
	set_header(h->arena, &h->own, name, one_string(h->arena, value));
}

/* SyncHeader replaces all headers, also those that the server has set: so
 * fetch these first, and put ours on top. */
static void sync_headers(struct mm_http *h)
{
	struct mm_string_strings_map all = { 0 };
	if (h->own.n == 0 || h->fault.code != ERR_NONE)
		return;
	get_headers(h, &all);
	for (size_t i = 0; i < h->own.n; i++)
		set_header(
		    h->arena, &all, h->own.items[i].key, h->own.items[i].value);
	if (!arena_ok(h->arena, &h->fault))
		return;
	struct rpc_value args = { &mm_type_http_header, &all };
	call_writer(h, "Plugin.SyncHeader", args);
}

void mm_http_write_header(struct mm_http *h, int status)
{
	if (h->head_sent)
		return;
	h->head_sent = true;
	h->status = status;
	fetch_rest(h);
	sync_headers(h);
	/* what the host makes of a write, or of none */
	if (status == 200)
		return;
	int64_t number = status;
	struct rpc_value args = { &gob_type_int, &number };
	call_writer(h, "Plugin.WriteHeader", args);
}

int mm_http_status(const struct mm_http *h)
{
	return h->status;
}

void mm_http_write(struct mm_http *h, const void *data, size_t n)
{
	const char *p = data;
	mm_http_write_header(h, 200);
	while (n > 0 && h->fault.code == ERR_NONE) {
		struct str piece = str_n(p, n < WRITE_PIECE ? n : WRITE_PIECE);
		struct rpc_value args = { &gob_type_bytes, &piece };
		call_writer(h, "Plugin.Write", args);
		p += piece.len;
		n -= piece.len;
	}
}

void mm_http_flush(struct mm_http *h)
{
	mm_http_write_header(h, 200);
	if (h->fault.code != ERR_NONE)
		return;
	call_writer(h, "Plugin.Flush", nothing);
	/* of a server that does not have it, or cannot: nothing is lost */
	if (h->fault.code == ERR_REMOTE)
		err_clear(&h->fault);
}

void mm_http_reply(
    struct mm_http *h, int status, struct str content_type, struct str body)
{
	if (content_type.len > 0)
		mm_http_set_header(h, S("Content-Type"), content_type);
	/* so that none of it is fetched */
	h->body.ended = true;
	mm_http_write_header(h, status);
	mm_http_write(h, body.data, body.len);
}

bool mm_http_ok(const struct mm_http *h, struct err *err)
{
	if (h->fault.code == ERR_NONE)
		return true;
	return err_set(err, h->fault.code, "%s", h->fault.text);
}

/* ---- the hook --------------------------------------------------------------------- */

/* What the host knows of the body's length. */
static void measure_body(struct mm_http *h)
{
	int64_t length;
	h->body.length_known =
	    str_to_int64(mm_http_header(h, S("Content-Length")), &length) &&
	    length >= 0;
	if (h->body.length_known)
		h->body.length = (size_t)length;
}

static bool dial(struct mm_http *h, int64_t timeout_ms, struct err *err)
{
	struct broker_dial dials[] = { h->writer_dial, h->body.dial };
	bool has_body = dials[1].id != 0;
	if (!broker_dial_all(h->plugin->broker, dials, has_body ? 2 : 1,
	        clock_deadline_ms(timeout_ms), err))
		return false;
	h->writer_dial = dials[0];
	h->body.dial = dials[1];
	return true;
}

static void begin(struct mm_http *h, struct mm_plugin *p, struct arena *a,
    const struct mm_hook_serve_http_args *args)
{
	*h = (struct mm_http){
		.plugin = p,
		.arena = a,
		.args = args,
		.writer_dial.id = (uint32_t)args->response_writer_stream,
		.body.dial.id = (uint32_t)args->request_body_stream,
	};
	str_cut(args->request->url, '?', &h->path, &h->query);
	measure_body(h);
	rpc_client_init(&h->writer, broker_dial_io(&h->writer_dial),
	    &mm_registry, p->def->max_message);
}

static void end(struct mm_http *h)
{
	rpc_drop(&h->writer, h->headers);
	rpc_client_fini(&h->writer);
	pull_fini(&h->body);
	broker_dial_end(&h->writer_dial);
}

static void body_came(void *info)
{
	rpc_call_ready(info);
}

/* With the dials. */
static bool ask_ahead(struct mm_http *h, enum mm_http_ahead what)
{
	struct err ignored = { 0 };
	const struct rpc_args call = headers_call(h, NULL);
	return pull_ask(&h->body, h->body.length, &ignored) &&
	       (what < MM_AHEAD_HEADERS ||
	           rpc_send(&h->writer, &call, &h->headers, &ignored)) &&
	       /* others wait to be read: serve tries once more, and says why */
	       dial(h, AHEAD_MS, &ignored);
}

/* Ask for what the handler will need, before a thread waits for it. */
bool prepare_serve_http(
    struct mm_plugin *p, struct rpc_call_info *info, const void *of_hook)
{
	const struct mm_hook_serve_http_args *args = of_hook;
	struct mm_call call = { p, &info->arena, p->def->user };
	if (args->request == NULL || args->request_body_stream == 0 ||
	    p->def->ahead == NULL)
		return false;
	struct mm_http *h = arena_alloc(&info->arena, sizeof(*h));
	if (h == NULL)
		return false;
	begin(h, p, &info->arena, args);
	struct pull *body = &h->body;
	bool small = body->length > 0 && body->length <= MM_HTTP_AHEAD;
	enum mm_http_ahead what =
	    small ? p->def->ahead(&call, h) : MM_AHEAD_NOTHING;
	if (what == MM_AHEAD_NOTHING || !ask_ahead(h, what)) {
		end(h);
		return false;
	}
	info->prepared = h;
	yamux_stream_watch(body->dial.stream,
	    sizeof(body->dial.answer) + body->length, body_came, info);
	return true;
}

static void refuse(struct mm_http *h)
{
	mm_http_set_header(h, S("Retry-After"), S("1"));
	mm_http_reply(h, 503, S("text/plain; charset=utf-8"),
	    S("Too many requests at once, please try again.\n"));
}

static void answer(struct mm_http *h, struct rpc_call_info *info,
    void (*handler)(struct mm_call *call, struct mm_http *http))
{
	struct mm_plugin *p = h->plugin;
	struct mm_call call = { p, &info->arena, p->def->user };
	if (info->overloaded)
		refuse(h);
	else
		handler(&call, h);
	mm_http_write_header(h, 200);
	/* without a writer there is no answer but this one */
	if (h->fault.code != ERR_NONE && !broker_dial_answered(&h->writer_dial))
		info->err = h->fault;
}

static void serve(struct mm_plugin *p, struct rpc_call_info *info,
    const struct mm_hook_serve_http_args *args,
    void (*handler)(struct mm_call *call, struct mm_http *http))
{
	struct mm_http here;
	struct mm_http *h = info->prepared;
	if (args->request == NULL) {
		err_set(&info->err, ERR_INVALID, "ServeHTTP without a request");
		return;
	}
	bool dialled = h != NULL;
	if (!dialled) {
		h = &here;
		begin(h, p, &info->arena, args);
		dialled = dial(h, BROKER_WAIT_MS, &info->err);
	}
	if (dialled)
		answer(h, info, handler);
	end(h);
}

void hook_serve_http(struct mm_plugin *p, struct rpc_call_info *info,
    const void *args, void *reply)
{
	(void)reply;
	serve(p, info, args, p->def->serve_http);
}

void hook_serve_metrics(struct mm_plugin *p, struct rpc_call_info *info,
    const void *args, void *reply)
{
	const struct mm_hook_serve_metrics_args *metrics = args;
	const struct mm_hook_serve_http_args http = {
		.response_writer_stream = metrics->response_writer_stream,
		.request = metrics->request,
		.context = metrics->context,
		.request_body_stream = metrics->request_body_stream,
	};
	(void)reply;
	serve(p, info, &http, p->def->serve_metrics);
}
