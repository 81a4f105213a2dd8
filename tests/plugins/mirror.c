/*
 * The routes, each with a gob stream of the method's args as its body:
 *
 *	/echo, and all of the metrics port   the body comes back
 *	/request                             hands over ServeHTTP's args
 *	/call/<method>                       by its row of mm_api_methods
 *	/typed/<method>                      by its function of mm/gen/api.h
 *	/stream/<method>?size=&fail=         with a source of `size` bytes that
 *	    &refuse=                         fails at `fail`; a sink that refuses
 *	                                     above `refuse` bytes
 *	/configuration, /log/<level>         what is hand-written without streams
 *
 * The answer's body is the returns struct. An error of the call is in the
 * headers X-Error, X-Error-Code, X-Error-Status. The command
 * "/call <method>" calls with nothing in it, PluginHTTPStream by its function,
 * and answers with the error.
 */
#include "tests/plugins/mirror.h"

#include <stdio.h>
#include <string.h>

/* What a test sends at most. */
#define MAX_VALUE ((size_t)16 * 1024 * 1024)

/* ---- gob in memory ------------------------------------------------------- */

static bool read_memory(void *object, void *data, size_t room,
    int64_t deadline_ms, size_t *got, struct err *err)
{
	struct str *rest = object;
	(void)deadline_ms;
	(void)err;
	*got = room < rest->len ? room : rest->len;
	if (*got > 0)
		memcpy(data, rest->data, *got);
	*rest = str_sub(*rest, *got, rest->len);
	return true;
}

static bool decode(struct arena *a, const struct gob_type *type,
    struct str bytes, void *value, struct err *err)
{
	struct gob_decoder d;
	struct io in = { .object = &bytes, .read = read_memory };
	if (bytes.len == 0)
		return true;
	gob_decoder_init(&d, in, &mm_registry, 0);
	bool done = gob_decode(&d, type, a, value, err);
	gob_decoder_fini(&d);
	return done;
}

static bool encode(struct arena *a, const struct gob_type *type,
    const void *value, struct str *bytes, struct err *err)
{
	struct gob_encoder e;
	struct buf out;
	gob_encoder_init(&e);
	buf_init(&out, MAX_VALUE);
	bool done = gob_encode(&e, &out, type, value, err);
	*bytes = done ? arena_str(a, buf_str(&out)) : (struct str){ NULL, 0 };
	buf_fini(&out);
	gob_encoder_fini(&e);
	return done && arena_ok(a, err);
}

/* A zeroed struct of a type, which may have no fields. */
static void *make(struct arena *a, const struct gob_type *type)
{
	return arena_alloc(a, type->size);
}

/* ---- hooks ----------------------------------------------------------------- */

static bool hand_over(struct mm_call *call, const char *name,
    const struct gob_type *type, const void *args, struct err *err)
{
	struct str bytes;
	struct str key = arena_printf(call->arena, "hook/%s", name);
	return args == NULL ||
	       (encode(call->arena, type, args, &bytes, err) &&
	           mm_kv_set(call->plugin, call->arena, key, bytes, err));
}

static bool take_reply(struct mm_call *call, const char *name,
    const struct gob_type *type, void *returns, struct err *err)
{
	struct str bytes;
	struct str key = arena_printf(call->arena, "reply/%s", name);
	return returns == NULL ||
	       (mm_kv_get(call->plugin, call->arena, key, &bytes, err) &&
	           decode(call->arena, type, bytes, returns, err));
}

/* The test fails when the plugin logs an error. */
static void report(struct mm_call *call, const char *name, const char *text)
{
	mm_log(call->plugin, LOG_LEVEL_ERROR, "mirror", "method", name, "error",
	    text, NULL);
}

void mirror_hook(
    struct mm_call *call, const char *name, const void *args, void *returns)
{
	const struct mm_hook_row *row = mm_hook_rows;
	struct err err = { 0 };
	while (strcmp(row->name, name) != 0)
		row++;
	if (!hand_over(call, name, row->args, args, &err) ||
	    !take_reply(call, name, row->returns, returns, &err))
		report(call, name, err.text);
}

static bool mirror_upload(struct mm_upload *u, bool replace, struct err *err)
{
	char piece[10000];
	size_t got = 1;
	while (got > 0) {
		if (!mm_upload_read(u, piece, sizeof(piece), &got, err))
			return false;
		for (size_t i = 0; i < got; i++)
			piece[i] ^= 1;
		if (replace && !mm_upload_write(u, piece, got, err))
			return false;
	}
	return true;
}

/* The file's name says what is done to it. */
static void file_will_be_uploaded(struct mm_call *call,
    const struct mm_hook_file_will_be_uploaded_args *args,
    struct mm_upload *upload, struct mm_hook_file_will_be_uploaded_returns *ret)
{
	static const char name[] = "FileWillBeUploaded";
	struct str file = args->info->name;
	struct err err = { 0 };
	bool done = hand_over(call, name,
	                &mm_type_hook_file_will_be_uploaded_args, args, &err) &&
	            take_reply(call, name,
	                &mm_type_hook_file_will_be_uploaded_returns, ret, &err);
	if (done && str_eq(file, S("replace")))
		done = mirror_upload(upload, true, &err);
	if (done && str_eq(file, S("read")))
		done = mirror_upload(upload, false, &err);
	if (done && str_eq(file, S("overwrite")))
		done = mm_upload_write(upload, "short", 5, &err);
	if (!done)
		report(call, name, err.text);
}

/* ---- sources and sinks -------------------------------------------------------- */

struct pattern {
	size_t at, size;
	size_t fail; /* offset at which reading fails, SIZE_MAX: never */
};

/* Byte i is the same in Go's test. */
static bool read_pattern(
    void *object, void *data, size_t room, size_t *got, struct err *err)
{
	struct pattern *p = object;
	uint8_t *bytes = data;
	*got = 0;
	while (*got < room && p->at < p->size && p->at < p->fail) {
		bytes[(*got)++] = (uint8_t)(p->at * 7 + p->at / 256);
		p->at++;
	}
	if (*got == 0 && p->at == p->fail)
		return err_set(err, ERR_IO, "the disk is gone");
	return true;
}

struct sunk {
	struct buf bytes;
	size_t refuse;
};

static bool write_sunk(
    void *object, const void *data, size_t n, struct err *err)
{
	struct sunk *s = object;
	if (s->bytes.len + n > s->refuse)
		return err_set(err, ERR_DENIED, "the sink is full");
	buf_put(&s->bytes, data, n);
	return buf_ok(&s->bytes, err);
}

static size_t number(struct mm_http *http, const char *name, size_t otherwise)
{
	int64_t n;
	struct str text = mm_http_query_get(http, str_from(name));
	return str_to_int64(text, &n) ? (size_t)n : otherwise;
}

/* ---- calls --------------------------------------------------------------------- */

static bool find(struct str name, enum mm_api_method *method, struct err *err)
{
	for (size_t i = 0; i < MM_N_API; i++) {
		*method = (enum mm_api_method)i;
		const char *known = mm_api_methods[i].name + strlen("Plugin.");
		if (str_eq(name, str_from(known)))
			return true;
	}
	return err_set(err, ERR_INVALID, "there is no %.*s", STR_ARG(name));
}

static bool call_typed(struct mm_call *call, enum mm_api_method method,
    const void *args, void *returns, struct err *err)
{
	if (mirror_typed[method] == NULL)
		return err_set(err, ERR_INVALID, "hand-written");
	return mirror_typed[method](
	    call->plugin, call->arena, args, returns, err);
}

static bool plugin_http_stream(struct mm_call *call, struct mm_http *http,
    const struct mm_plugin_http_stream_args *args,
    const struct mm_source *source,
    struct mm_plugin_http_stream_returns *returns, struct err *err)
{
	struct sunk sunk = { .refuse = number(http, "refuse", SIZE_MAX) };
	struct mm_sink sink = { &sunk, write_sunk };
	struct mm_plugin_http_answer answer = { 0 };
	struct err ignored = { 0 };
	bool has_body = mm_http_query_get(http, S("size")).len > 0;
	struct mm_plugin_http_exchange x = { args->request,
		has_body ? source : NULL, &sink };
	buf_init(&sunk.bytes, MAX_VALUE);
	bool done =
	    mm_plugin_http_stream(call->plugin, call->arena, &x, &answer, err);
	returns->status_code = answer.status_code;
	returns->header = answer.header;
	if (!mm_kv_set(call->plugin, call->arena, S("sink/"),
	        buf_str(&sunk.bytes), &ignored))
		report(call, "KVSet", ignored.text);
	buf_fini(&sunk.bytes);
	return done;
}

static bool call_stream(struct mm_call *call, struct mm_http *http,
    enum mm_api_method method, const void *args, void *returns, struct err *err)
{
	struct pattern pattern = { .size = number(http, "size", 0),
		.fail = number(http, "fail", SIZE_MAX) };
	struct mm_source source = { &pattern, read_pattern };
	struct mm_plugin *p = call->plugin;
	struct arena *a = call->arena;
	if (method == MM_API_UPLOAD_DATA) {
		const struct mm_upload_data_args *in = args;
		struct mm_upload_data_returns *out = returns;
		return mm_upload_data(p, a, in->us, &source, &out->result, err);
	}
	if (method == MM_API_INSTALL_PLUGIN) {
		const struct mm_install_plugin_args *in = args;
		struct mm_install_plugin_returns *out = returns;
		return mm_install_plugin(
		    p, a, &source, in->replace, &out->result, err);
	}
	if (method == MM_API_RECEIVE_SHARED_CHANNEL_ATTACHMENT_SYNC_MSG) {
		const struct mm_receive_shared_channel_attachment_sync_msg_args
		    *in = args;
		struct mm_receive_shared_channel_attachment_sync_msg_returns
		    *out = returns;
		return mm_receive_shared_channel_attachment_sync_msg(p, a,
		    in->remote_id, in->channel_id, in->fi, &source,
		    &out->result, err);
	}
	if (method == MM_API_PLUGIN_HTTP) {
		const struct mm_plugin_http_args *in = args;
		struct mm_plugin_http_returns *out = returns;
		return mm_plugin_http(p, a, in->request, in->request_body,
		    &out->response, &out->response_body, err);
	}
	if (method == MM_API_PLUGIN_HTTP_STREAM)
		return plugin_http_stream(
		    call, http, args, &source, returns, err);
	return err_set(err, ERR_INVALID, "has no stream");
}

/* way: "call", "typed" or "stream" */
static bool call_way(struct mm_call *call, struct mm_http *http, struct str way,
    enum mm_api_method method, const void *args, void *returns, struct err *err)
{
	if (str_eq(way, S("typed")))
		return call_typed(call, method, args, returns, err);
	if (str_eq(way, S("stream")))
		return call_stream(call, http, method, args, returns, err);
	return mm_api_call(
	    call->plugin, call->arena, method, args, returns, err);
}

static void show_error(struct mm_http *http, const struct err *err)
{
	char number_text[32];
	if (err->code == ERR_NONE)
		return;
	mm_http_set_header(http, S("X-Error"), str_from(err->text));
	mm_http_set_header(
	    http, S("X-Error-Code"), str_from(err_code_text(err->code)));
	snprintf(number_text, sizeof(number_text), "%d", err->status);
	mm_http_set_header(http, S("X-Error-Status"), str_from(number_text));
}

static void serve_call(
    struct mm_call *call, struct mm_http *http, struct str way, struct str name)
{
	struct err err = { 0 };
	struct str body, answer = { 0 };
	enum mm_api_method method;
	if (!find(name, &method, &err) ||
	    !mm_http_read_all(http, MAX_VALUE, &body, &err)) {
		mm_http_reply(http, 500, S("text/plain"), str_from(err.text));
		return;
	}
	const struct mm_method *m = &mm_api_methods[method];
	void *args = make(call->arena, m->args);
	void *returns = make(call->arena, m->returns);
	struct err fault = { 0 };
	if (decode(call->arena, m->args, body, args, &fault) &&
	    !call_way(call, http, way, method, args, returns, &err))
		show_error(http, &err);
	if (fault.code == ERR_NONE &&
	    encode(call->arena, m->returns, returns, &answer, &fault))
		mm_http_reply(http, 200, S("application/x-gob"), answer);
	else
		mm_http_reply(http, 500, S("text/plain"), str_from(fault.text));
}

/* ---- routes ---------------------------------------------------------------------- */

static void echo(struct mm_http *http)
{
	char piece[16 * 1024];
	size_t got = 1;
	struct err err = { 0 };
	while (got > 0) {
		if (!mm_http_read(http, piece, sizeof(piece), &got, &err))
			break;
		mm_http_write(http, piece, got);
	}
	if (err.code != ERR_NONE)
		fprintf(stderr, "echo: %s\n", err.text);
}

static void serve_request(struct mm_call *call, struct mm_http *http)
{
	const struct mm_hook_serve_http_args args = {
		.request =
		    (struct mm_http_request_subset *)mm_http_request(http),
		.context = (struct mm_context *)mm_http_context(http),
	};
	struct err err = { 0 };
	if (!hand_over(
	        call, "ServeHTTP", &mm_type_hook_serve_http_args, &args, &err))
		report(call, "ServeHTTP", err.text);
	mm_http_reply(http, 204, S(""), S(""));
}

static void serve_configuration(struct mm_call *call, struct mm_http *http)
{
	struct err err = { 0 };
	struct str json = { 0 };
	if (!mm_load_plugin_configuration(
	        call->plugin, call->arena, &json, &err))
		show_error(http, &err);
	mm_http_reply(http, 200, S("application/json"), json);
}

static void serve_log(
    struct mm_call *call, struct mm_http *http, struct str level)
{
	static const struct {
		struct str name;
		enum log_level level;
	} levels[] = {
		{ STR("debug"), LOG_LEVEL_DEBUG },
		{ STR("info"), LOG_LEVEL_INFO },
		{ STR("warn"), LOG_LEVEL_WARN },
		{ STR("error"), LOG_LEVEL_ERROR },
	};
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (str_eq(level, levels[i].name))
			mm_log(call->plugin, levels[i].level, "a line", "key",
			    "value", "other", "one more", NULL);
	}
	mm_http_reply(http, 204, S(""), S(""));
}

static void serve_http(struct mm_call *call, struct mm_http *http)
{
	struct str path = str_sub(mm_http_path(http), 1, SIZE_MAX);
	struct str route, rest;
	str_cut(path, '/', &route, &rest);
	if (str_eq(route, S("echo")))
		echo(http);
	else if (str_eq(route, S("request")))
		serve_request(call, http);
	else if (str_eq(route, S("configuration")))
		serve_configuration(call, http);
	else if (str_eq(route, S("log")))
		serve_log(call, http, rest);
	else
		serve_call(call, http, route, rest);
}

static void serve_metrics(struct mm_call *call, struct mm_http *http)
{
	(void)call;
	mm_http_set_header(http, S("X-Path"), mm_http_path(http));
	echo(http);
}

static void ask_nobody(struct mm_call *call, struct err *err)
{
	const struct mm_http_request_subset request = { .method = STR("GET"),
		.url = STR("/nobody/at/home") };
	struct pattern pattern = { .size = 100000, .fail = SIZE_MAX };
	struct sunk sunk = { .refuse = 0 };
	const struct mm_source source = { &pattern, read_pattern };
	const struct mm_sink sink = { &sunk, write_sunk };
	const struct mm_plugin_http_exchange x = { &request, &source, &sink };
	struct mm_plugin_http_answer answer = { 0 };
	if (mm_plugin_http_stream(call->plugin, call->arena, &x, &answer, err))
		err_set(err, ERR_INVALID, "it worked");
}

static void execute_command(struct mm_call *call,
    const struct mm_hook_execute_command_args *args,
    struct mm_hook_execute_command_returns *ret)
{
	struct str command = args->args == NULL ? S("") : args->args->command;
	enum mm_api_method method;
	struct err err = { 0 };
	if (!str_eq(str_word(&command), S("/call"))) {
		mirror_hooks.execute_command(call, args, ret);
		return;
	}
	if (str_eq(command, S("PluginHTTPStream"))) {
		ask_nobody(call, &err);
	} else if (find(command, &method, &err)) {
		const struct mm_method *m = &mm_api_methods[method];
		if (mm_api_call(call->plugin, call->arena, method,
		        make(call->arena, m->args),
		        make(call->arena, m->returns), &err))
			err_set(&err, ERR_INVALID, "it worked");
	}
	ret->result = arena_new(call->arena, struct mm_command_response);
	if (ret->result != NULL) {
		ret->result->response_type = str_from(err_code_text(err.code));
		ret->result->text = arena_printf(call->arena, "%s", err.text);
	}
}

int main(void)
{
	struct mm_plugin_def def = {
		.hooks = mirror_hooks,
		.serve_http = serve_http,
		.serve_metrics = serve_metrics,
		.file_will_be_uploaded = file_will_be_uploaded,
		.api_timeout_ms = 2000,
	};
	def.hooks.execute_command = execute_command;
	return mm_plugin_run(&def);
}
