/*
 * wire - one layer of the SDK at one end of a socket, Go at the other
 *
 *	wire gob                    values of named types come back
 *	wire yamux-server           streams come back; the first byte says how
 *	wire yamux-client N BYTES   N streams at once, to somebody who echoes
 *	wire rpc-server             Echo.Value, Echo.Slow, Echo.Fail
 *	wire rpc-client N CALLS     N threads call these, CALLS times each
 *
 * The socket is descriptor 3. The status is 0 when all went well, 3 when the
 * peer ended the connection in the middle of it, 1 with a line on stderr
 * otherwise. dev/interop runs it.
 */
#include "mm/gen/wire.h"
#include "mm/registry.h"
#include "rpc/rpc.h"
#include "yamux/yamux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SOCKET      3
#define PIECE       ((size_t)16 * 1024)
#define MAX_THREADS 1024
#define STACK       ((size_t)256 * 1024)

/* Nothing that a test waits for takes longer. */
#define SOON clock_deadline_ms(60000)

enum { DONE = 0, FAILED = 1, ENDED = 3 };

static int failed(const struct err *err, const char *what)
{
	fprintf(stderr, "wire: %s: %s (%s)\n", what, err->text,
	    err_code_text(err->code));
	return err->code == ERR_CLOSED ? ENDED : FAILED;
}

static void pause_ms(int64_t ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

static void start_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	int rc = pthread_create(thread, &attr, run, arg);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return;
	fprintf(stderr, "wire: thread: %s\n", strerror(rc));
	exit(FAILED);
}

/* ---- gob ------------------------------------------------------------------ */

static const struct {
	const char *name;
	const struct gob_type *type;
} types[] = {
	{ "bool", &gob_type_bool },
	{ "int64", &gob_type_int64 },
	{ "uint64", &gob_type_uint64 },
	{ "float64", &gob_type_float64 },
	{ "string", &gob_type_string },
	{ "bytes", &gob_type_bytes },
	{ "time", &gob_type_time },
	{ "strings", &gob_type_strings },
	{ "map", &gob_type_any_map },
	{ "list", &gob_type_any_list },
	{ "Post", &mm_type_post },
	{ "PostList", &mm_type_post_list },
	{ "Config", &mm_type_config },
	{ "CommandArgs", &mm_type_command_args },
	{ "CommandResponse", &mm_type_command_response },
	{ "Command", &mm_type_command },
	{ "User", &mm_type_user },
	{ "Channel", &mm_type_channel },
	{ "Team", &mm_type_team },
	{ "FileInfo", &mm_type_file_info },
	{ "CustomStatus", &mm_type_custom_status },
	{ "AppError", &mm_type_app_error },
	{ "WebsocketBroadcast", &mm_type_websocket_broadcast },
	{ "OpenDialogRequest", &mm_type_open_dialog_request },
	{ "License", &mm_type_license },
};

static const struct gob_type *type_of(struct str name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (str_eq(name, str_from(types[i].name)))
			return types[i].type;
	}
	return NULL;
}

/* A name, then a value; the value goes back. */
static bool echo_value(struct io io, struct gob_decoder *in,
    struct gob_encoder *out, struct arena *a, struct buf *bytes,
    struct err *err)
{
	struct str name = { 0 };
	if (!gob_decode(in, &gob_type_string, a, &name, err))
		return false;
	const struct gob_type *type = type_of(name);
	if (type == NULL)
		return err_set(
		    err, ERR_NOT_FOUND, "no type %.*s", STR_ARG(name));
	void *value = arena_alloc(a, type->size);
	if (!arena_ok(a, err) || !gob_decode(in, type, a, value, err) ||
	    !gob_encode(out, bytes, type, value, err) || !buf_ok(bytes, err))
		return err_wrap(err, "%s", type->name);
	return io.write(io.object, bytes->data, bytes->len, SOON, err);
}

static int gob(void)
{
	int fd = SOCKET;
	struct err err = { 0 };
	struct gob_decoder in;
	struct gob_encoder out;
	bool going = true;
	gob_decoder_init(&in, io_socket(&fd), &mm_registry, 0);
	gob_encoder_init(&out);
	while (going) {
		struct arena a;
		struct buf bytes;
		arena_init(&a, RPC_ARENA_MAX);
		buf_init(&bytes, GOB_MAX_MESSAGE);
		going = gob_decoder_wait(&in, SOON, &err) &&
		        echo_value(in.in, &in, &out, &a, &bytes, &err);
		buf_fini(&bytes);
		arena_fini(&a);
	}
	gob_decoder_fini(&in);
	gob_encoder_fini(&out);
	/* the end between two values is the ordinary one */
	return err.code == ERR_CLOSED ? DONE : failed(&err, "gob");
}

/* ---- yamux ---------------------------------------------------------------- */

/* Send everything back until the end; slowly, for windows to fill up. */
static bool echo_stream(struct yamux_stream *st, bool slow, struct err *err)
{
	char piece[PIECE];
	size_t got = 1;
	while (got > 0) {
		if (!yamux_stream_read(
		        st, piece, sizeof(piece), SOON, &got, err) ||
		    !yamux_stream_write(st, piece, got, SOON, err))
			return false;
		if (slow)
			pause_ms(1);
	}
	return true;
}

/* The first byte of a stream: e echo, s echo slowly, q quit at once, with
 * whatever else has come unread. */
static void *serve_stream(void *arg)
{
	struct yamux_stream *st = arg;
	struct err err = { 0 };
	char how = 0;
	size_t got = 0;
	if (yamux_stream_read(st, &how, 1, SOON, &got, &err) && got == 1 &&
	    how != 'q')
		echo_stream(st, how == 's', &err);
	yamux_stream_close(st);
	if (err.code != ERR_NONE && err.code != ERR_CLOSED)
		failed(&err, "serving a stream");
	return NULL;
}

static int yamux_server(void)
{
	struct err err = { 0 };
	static pthread_t threads[MAX_THREADS];
	size_t n = 0;
	struct yamux_stream *st;
	struct yamux_session *s = yamux_session_new(SOCKET, false, &err);
	if (s == NULL)
		return failed(&err, "session");
	while (n < MAX_THREADS && (st = yamux_accept(s, SOON, &err)) != NULL)
		start_thread(&threads[n++], serve_stream, st);
	yamux_session_close(s);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	yamux_session_free(s);
	return failed(&err, "accept") == ENDED ? DONE : FAILED;
}

/* A stream to somebody who echoes, and the bytes that go round. */
struct round {
	struct yamux_session *session;
	struct yamux_stream *stream;
	unsigned seed;
	size_t n; /* bytes */
	pthread_t thread;
	struct err write_err;
	int status;
};

static char byte_at(const struct round *r, size_t at)
{
	return (char)(r->seed + at * 31 + (at >> 9));
}

static void *write_round(void *arg)
{
	struct round *r = arg;
	unsigned seed = r->seed;
	char piece[PIECE];
	size_t at = 0;
	while (at < r->n) {
		size_t part = 1 + (size_t)rand_r(&seed) % sizeof(piece);
		if (part > r->n - at)
			part = r->n - at;
		for (size_t i = 0; i < part; i++)
			piece[i] = byte_at(r, at + i);
		if (!yamux_stream_write(
		        r->stream, piece, part, SOON, &r->write_err))
			return NULL;
		at += part;
	}
	yamux_stream_finish(r->stream);
	return NULL;
}

/* Until the end of the stream; whether all came back as it went. */
static bool read_round(struct round *r, struct err *err)
{
	char piece[PIECE];
	size_t at = 0, got = 1;
	while (got > 0) {
		if (!yamux_stream_read(
		        r->stream, piece, sizeof(piece), SOON, &got, err))
			return false;
		for (size_t i = 0; i < got; i++) {
			if (at + i >= r->n || piece[i] != byte_at(r, at + i))
				return err_set(err, ERR_INVALID,
				    "byte %zu is another one", at + i);
		}
		at += got;
	}
	return at == r->n ||
	       err_set(err, ERR_INVALID, "%zu bytes of %zu came", at, r->n);
}

static void *run_round(void *arg)
{
	struct round *r = arg;
	struct err err = { 0 };
	pthread_t writer;
	r->stream = yamux_open(r->session, "e", 1, SOON, &err);
	if (r->stream == NULL) {
		r->status = failed(&err, "open");
		return NULL;
	}
	start_thread(&writer, write_round, r);
	if (!read_round(r, &err))
		r->status = failed(&err, "read");
	pthread_join(writer, NULL);
	if (r->status == DONE && r->write_err.code != ERR_NONE)
		r->status = failed(&r->write_err, "write");
	yamux_stream_close(r->stream);
	return NULL;
}

static int yamux_client(size_t n, size_t bytes)
{
	static struct round rounds[MAX_THREADS];
	struct err err = { 0 };
	int status = DONE;
	struct yamux_session *s = yamux_session_new(SOCKET, true, &err);
	if (s == NULL)
		return failed(&err, "session");
	for (size_t i = 0; i < n; i++) {
		rounds[i].session = s;
		rounds[i].seed = (unsigned)i;
		rounds[i].n = bytes;
		start_thread(&rounds[i].thread, run_round, &rounds[i]);
	}
	for (size_t i = 0; i < n; i++) {
		pthread_join(rounds[i].thread, NULL);
		if (rounds[i].status != DONE && status != FAILED)
			status = rounds[i].status;
	}
	yamux_session_free(s);
	return status;
}

/* ---- rpc ------------------------------------------------------------------ */

/* In Go: struct { Text string; Number int64; Millis int; Props map[string]any } */
struct value {
	struct str text;
	int64_t number, millis;
	struct gob_any_map props;
};

static const struct gob_field value_fields[] = {
	{ "Text", &gob_type_string, offsetof(struct value, text), false },
	{ "Number", &gob_type_int64, offsetof(struct value, number), false },
	{ "Millis", &gob_type_int, offsetof(struct value, millis), false },
	{ "Props", &gob_type_any_map, offsetof(struct value, props), false },
};

static const struct gob_type type_value = {
	.kind = GOB_STRUCT,
	.name = "Value",
	.size = sizeof(struct value),
	.fields = value_fields,
	.n_fields = 4,
};

static const struct rpc_method methods[] = {
	{ "Echo.Value", &type_value, &type_value, NULL },
	{ "Echo.Slow", &type_value, &type_value, NULL },
	{ "Echo.Fail", &type_value, &type_value, NULL },
};

static const struct rpc_method *find(void *object, struct str name)
{
	(void)object;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (str_eq(name, str_from(methods[i].name)))
			return &methods[i];
	}
	return NULL;
}

static void serve(
    void *object, struct rpc_call_info *call, const void *args, void *reply)
{
	const struct value *value = args;
	(void)object;
	if (call->overloaded) {
		err_set(&call->err, ERR_BUSY, "too many calls");
		return;
	}
	if (call->method == &methods[1])
		pause_ms(value->millis);
	if (call->method == &methods[2])
		err_set(&call->err, ERR_INVALID, "failed: %.*s",
		    STR_ARG(value->text));
	*(struct value *)reply = *value;
}

static int serve_rpc(void)
{
	int fd = SOCKET;
	struct err err = { 0 };
	const struct rpc_service service = {
		.find = find,
		.serve = serve,
		.max_calls = 512,
		.spare = 16,
		.thread_name = "call",
		.registry = &mm_registry,
	};
	struct rpc_server *s = rpc_server_start(io_socket(&fd), &service, &err);
	if (s == NULL)
		return failed(&err, "rpc server");
	rpc_server_wait(s, &err);
	rpc_server_free(s);
	return err.code == ERR_CLOSED ? DONE : failed(&err, "rpc server");
}

struct caller {
	struct rpc_client *client;
	size_t number, calls;
	pthread_t thread;
	int status;
};

/* The n-th call of a caller, and what is to come of it. */
static bool one_call(struct caller *c, size_t n, struct err *err)
{
	static const char *const names[] = { "Echo.Value", "Echo.Slow",
		"Echo.Fail", "Echo.Nothing" };
	size_t which = (c->number + n) % 4;
	struct arena a;
	struct value value = { .number = (int64_t)(c->number << 32 | n),
		.millis = (int64_t)(c->number * 7 + n * 13) % 40 };
	struct value reply = { 0 };
	arena_init(&a, RPC_ARENA_MAX);
	value.text = arena_printf(&a, "%zu of %zu", n, c->number);
	gob_any_map_set(
	    &a, &value.props, S("text"), gob_any_string(&a, value.text));
	gob_any_map_set(
	    &a, &value.props, S("number"), gob_any_int64(&a, value.number));
	bool done = rpc_call(c->client,
	    &(struct rpc_args){
	        .method = names[which],
	        .args = { &type_value, &value },
	        .reply_type = &type_value,
	        .reply = &reply,
	        .arena = &a,
	        .deadline_ms = SOON,
	    },
	    err);
	if (which < 2 && done) {
		const struct gob_any *text =
		    gob_any_map_get(&reply.props, S("text"));
		if (!str_eq(reply.text, value.text) ||
		    reply.number != value.number || reply.props.n != 2 ||
		    !str_eq(gob_any_get_string(text), value.text))
			done = err_set(err, ERR_INVALID, "another answer");
	}
	if (which >= 2 && done)
		done = err_set(err, ERR_INVALID, "%s worked", names[which]);
	if (which >= 2 && err->code == ERR_REMOTE) {
		const char *part = which == 2 ? str_c(value.text) : "find";
		done = strstr(err->text, part) != NULL;
	}
	arena_fini(&a);
	return done;
}

static void *run_caller(void *arg)
{
	struct caller *c = arg;
	for (size_t n = 0; n < c->calls && c->status == DONE; n++) {
		struct err err = { 0 };
		if (!one_call(c, n, &err))
			c->status = failed(&err, "call");
	}
	return NULL;
}

static int rpc_client(size_t n, size_t calls)
{
	static struct caller callers[MAX_THREADS];
	static struct rpc_client client;
	int fd = SOCKET, status = DONE;
	rpc_client_init(&client, io_socket(&fd), &mm_registry, 0);
	for (size_t i = 0; i < n; i++) {
		callers[i].client = &client;
		callers[i].number = i;
		callers[i].calls = calls;
		start_thread(&callers[i].thread, run_caller, &callers[i]);
	}
	for (size_t i = 0; i < n; i++) {
		pthread_join(callers[i].thread, NULL);
		if (callers[i].status != DONE && status != FAILED)
			status = callers[i].status;
	}
	rpc_client_fini(&client);
	return status;
}

/* ---- the command line ------------------------------------------------------ */

static size_t number(const char *text, size_t max)
{
	int64_t n = 0;
	if (text == NULL || !str_to_int64(str_from(text), &n) || n < 0 ||
	    (uint64_t)n > max) {
		fprintf(stderr, "wire: a number up to %zu is missing\n", max);
		exit(FAILED);
	}
	return (size_t)n;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	char **rest = argv + 2;
	if (strcmp(what, "gob") == 0)
		return gob();
	if (strcmp(what, "yamux-server") == 0)
		return yamux_server();
	if (strcmp(what, "rpc-server") == 0)
		return serve_rpc();
	if (argc == 4 && strcmp(what, "yamux-client") == 0)
		return yamux_client(
		    number(rest[0], MAX_THREADS), number(rest[1], SIZE_MAX));
	if (argc == 4 && strcmp(what, "rpc-client") == 0)
		return rpc_client(
		    number(rest[0], MAX_THREADS), number(rest[1], SIZE_MAX));
	fprintf(stderr, "usage: wire gob|yamux-server|rpc-server\n"
	                "       wire yamux-client|rpc-client N M\n");
	return FAILED;
}
