#include "tests/lib/hostile.h"

#include "gob/wire.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define GOB_MAX ((size_t)1 << 24)

/* ---- the plugin ----------------------------------------------------------------- */

static bool on_activate(struct mm_call *call, struct err *err)
{
	struct hostile *h = call->user;
	struct str value;
	h->n_activated++;
	return mm_kv_get(call->plugin, call->arena, S("k"), &value, err);
}

static void execute_command(struct mm_call *call,
    const struct mm_hook_execute_command_args *args,
    struct mm_hook_execute_command_returns *ret)
{
	struct str value, command = { NULL, 0 };
	struct err err = { 0 };
	size_t big = 300000;
	if (args->args != NULL)
		command = args->args->command;
	ret->result = arena_new(call->arena, struct mm_command_response);
	if (str_eq(command, S("/big")))
		ret->result->text = str_n(arena_alloc(call->arena, big), big);
	else if (!mm_kv_get(call->plugin, call->arena, S("k"), &value, &err))
		ret->app_error =
		    mm_app_error(call->arena, "command", 500, "%s", err.text);
}

static void serve_http(struct mm_call *call, struct mm_http *http)
{
	struct str body;
	struct err err = { 0 };
	(void)call;
	if (mm_http_read_all(http, 65536, &body, &err))
		mm_http_reply(http, 200, S(""), body);
}

const struct mm_plugin_def hostile_plugin = {
	.hooks = { .execute_command = execute_command },
	.on_activate = on_activate,
	.serve_http = serve_http,
	.max_calls = 16,
	.api_timeout_ms = 200,
};

void hostile_start(struct hostile *h)
{
	memset(h, 0, sizeof(*h));
	h->def = hostile_plugin;
	h->def.user = h;
	arena_init(&h->arena, 1 << 20);
	buf_init(&h->gob, GOB_MAX);
	raw_prepare_answers(&h->raw, &h->arena);
	raw_start(&h->raw, &h->def);
}

bool hostile_stop(struct hostile *h)
{
	bool freed = raw_stop(&h->raw);
	buf_fini(&h->gob);
	arena_fini(&h->arena);
	return freed;
}

/* ---- calls ---------------------------------------------------------------------- */

void hostile_calls(struct hostile *h, uint32_t stream, const char *method,
    const struct gob_type *type, const void *value)
{
	struct raw_conn *c =
	    stream == RAW_CONTROL ? &h->raw.control : &h->raw.hooks;
	raw_data(&h->raw, 0, stream, raw_request(c, method, type, value));
}

void hostile_activates(struct hostile *h)
{
	static const struct mm_hook_on_activate_args ids = { RAW_API,
		RAW_DRIVER };
	hostile_calls(h, RAW_HOOKS, "Plugin.OnActivate",
	    &mm_type_hook_on_activate_args, &ids);
}

void hostile_types(struct hostile *h, const char *command)
{
	struct mm_command_args typed = { .command = str_from(command) };
	const struct mm_hook_execute_command_args args = { NULL, &typed };
	hostile_calls(h, RAW_HOOKS, "Plugin.ExecuteCommand",
	    &mm_type_hook_execute_command_args, &args);
}

void hostile_requests(struct hostile *h, uint64_t writer, uint64_t body)
{
	static struct mm_http_request_subset subset = { .method = STR("POST"),
		.url = STR("/x") };
	const struct mm_hook_serve_http_args args = {
		.response_writer_stream = writer,
		.request = &subset,
		.request_body_stream = body,
	};
	hostile_calls(h, RAW_HOOKS, "Plugin.ServeHTTP",
	    &mm_type_hook_serve_http_args, &args);
}

void hostile_hears(struct hostile *h, uint32_t stream, size_t n)
{
	size_t before = stream == RAW_CONTROL ? h->n_control : h->n_hooks;
	ck_assert(raw_hears(&h->raw, stream, before + 2 * n));
}

void hostile_asks(struct hostile *h, const char *command)
{
	size_t n = h->raw.streams[RAW_HOOKS].n_values;
	hostile_types(h, command);
	ck_assert(raw_hears(&h->raw, RAW_HOOKS, n + 2));
}

void hostile_prepares(struct hostile *h, size_t i, uint64_t seq,
    const struct gob_type *type, const void *value)
{
	struct raw_conn c;
	raw_conn_init(&c);
	/* what is defined stays defined */
	raw_reply(&c, 0, &gob_type_empty, "");
	h->raw.answers[i] =
	    arena_str(&h->arena, raw_reply(&c, seq, type, value));
	raw_conn_fini(&c);
}

/* ---- gob by hand ---------------------------------------------------------------- */

void hostile_message(struct hostile *h)
{
	struct buf whole;
	buf_init(&whole, GOB_MAX);
	wire_put_uint(&whole, h->gob.len);
	buf_put(&whole, h->gob.data, h->gob.len);
	for (size_t at = 0; at < whole.len; at += 32768)
		raw_data(
		    &h->raw, 0, RAW_HOOKS, str_sub(buf_str(&whole), at, 32768));
	buf_fini(&whole);
	buf_reset(&h->gob, 1 << 20);
}

void hostile_begins_value(struct hostile *h, int64_t id)
{
	wire_put_int(&h->gob, id);
	wire_put_uint(&h->gob, 0);
}

void hostile_defines_slice(struct hostile *h, int64_t id, int64_t elem)
{
	wire_put_int(&h->gob, -id);
	wire_put_uint(&h->gob, 2); /* SliceT */
	wire_put_uint(&h->gob, 2); /* Elem */
	wire_put_int(&h->gob, elem);
	wire_put_uint(&h->gob, 0);
	wire_put_uint(&h->gob, 0);
	hostile_message(h);
}

void hostile_begins_call(struct hostile *h, const char *method)
{
	struct str head =
	    raw_request(&h->raw.hooks, method, &gob_type_empty, "");
	/* without the args: their value of two bytes, and, the first time,
	 * their definition */
	const uint8_t *p = (const uint8_t *)head.data;
	const uint8_t *end = p + head.len;
	size_t n_heads = 0;
	while (n_heads == 0 && p < end) {
		const uint8_t *at = p;
		uint64_t len;
		int64_t id;
		ck_assert(wire_get_uint(&at, end, &len));
		p = at + len;
		ck_assert(wire_get_int(&at, end, &id));
		n_heads += id > 0;
	}
	raw_data(&h->raw, 0, RAW_HOOKS,
	    str_n(head.data, (size_t)((const char *)p - head.data)));
}

/* ---- scripts -------------------------------------------------------------------- */

static bool is_frame(const struct frame_header *f)
{
	return f->type != 0 || f->flags != 0 || f->stream != 0 ||
	       f->length != 0;
}

static void send_script(struct hostile *h, const struct hostile_script *s)
{
	size_t max = sizeof(s->frames) / sizeof(s->frames[0]);
	for (size_t i = 0; i < max && is_frame(&s->frames[i]); i++) {
		const struct frame_header *f = &s->frames[i];
		raw_frame(&h->raw, (enum frame_type)f->type, f->flags,
		    f->stream, f->length);
	}
	if (s->stream != 0)
		raw_data(&h->raw, 0, s->stream, s->bytes);
	else
		raw_bytes(&h->raw, s->bytes.data, s->bytes.len);
	if (s->play != NULL)
		s->play(h);
}

void hostile_play(struct hostile *h, const struct hostile_script *s)
{
	struct raw *r = &h->raw;
	hostile_start(h);
	ck_assert_msg(raw_activates(r), "%s: no start", s->name);
	h->n_control = r->streams[RAW_CONTROL].n_values;
	h->n_hooks = r->streams[RAW_HOOKS].n_values;
	send_script(h, s);
	if (s->code == ERR_NONE)
		ck_assert_msg(raw_lives(r), "%s: is dead", s->name);
	else if (!s->hangs_up)
		ck_assert_msg(raw_ends(r), "%s: goes on", s->name);
	ck_assert_msg(hostile_stop(h), "%s: not freed", s->name);
	enum err_code code = s->code == ERR_NONE ? ERR_CLOSED : s->code;
	const char *why = s->why == NULL ? "" : s->why;
	ck_assert_msg(r->why.code == code && strstr(r->why.text, why) != NULL,
	    "%s: %s: %s", s->name, err_code_text(r->why.code), r->why.text);
}

/* ---- the plugin as a process ---------------------------------------------------- */

static int connect_to(const char *line)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	ck_assert_int_eq(
	    sscanf(line, "1|1|unix|%107[^|]|netrpc|", address.sun_path), 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void hostile_reads_line(int fd, char *text, size_t room)
{
	size_t n = 0;
	while (n + 1 < room && read(fd, text + n, 1) == 1 && text[n++] != '\n')
		;
	text[n] = '\0';
}

void hostile_runs(struct hostile_process *p)
{
	int out[2], log[2];
	char line[1000];
	ck_assert_int_eq(pipe2(out, O_CLOEXEC) | pipe2(log, O_CLOEXEC), 0);
	p->pid = fork();
	if (p->pid == 0) {
		setenv("MATTERMOST_PLUGIN", "Securely message teams, anywhere.",
		    1);
		dup2(out[1], STDOUT_FILENO);
		dup2(log[1], STDERR_FILENO);
		_exit(mm_plugin_run(&hostile_plugin));
	}
	close(out[1]);
	close(log[1]);
	p->out = out[0];
	p->log = log[0];
	hostile_reads_line(p->out, line, sizeof(line));
	p->fd = connect_to(line);
}

int hostile_waits(struct hostile_process *p)
{
	int status;
	ck_assert_int_eq(waitpid(p->pid, &status, 0), p->pid);
	close(p->fd);
	close(p->log);
	close(p->out);
	return status;
}
