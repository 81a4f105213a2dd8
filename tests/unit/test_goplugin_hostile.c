/*
 * A whole plugin, and a host that breaks every rule it can. Each script ends
 * the session for a reason that can be read, or the plugin goes on as if
 * nothing had happened; nothing waits for ever, and nothing is left.
 */
#include "tests/lib/peer.h"
#include "tests/lib/raw.h"

#include "gob/wire.h"

#include <check.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- a clock that can be made to run faster, instead of base/clock.c ------------- */

static atomic_int speed = 1;

static int64_t read_ms(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

int64_t clock_now_ms(void)
{
	return read_ms(CLOCK_MONOTONIC) * speed;
}

int64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t clock_deadline_ms(int64_t timeout_ms)
{
	int64_t deadline;
	if (__builtin_add_overflow(clock_now_ms(), timeout_ms, &deadline))
		return DEADLINE_NEVER;
	return deadline;
}

int clock_poll_ms(int64_t deadline_ms)
{
	if (deadline_ms == DEADLINE_NEVER)
		return -1;
	int64_t left = (deadline_ms - clock_now_ms()) / speed;
	return left < 0 ? 0 : (int)left;
}

void clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

bool clock_wait(
    pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ms)
{
	if (deadline_ms == DEADLINE_NEVER)
		return pthread_cond_wait(cond, mutex) == 0;
	int64_t real = deadline_ms / speed + 1;
	struct timespec until = { .tv_sec = real / 1000,
		.tv_nsec = (real % 1000) * 1000000 };
	return pthread_cond_timedwait(cond, mutex, &until) == 0;
}

/* ---- the plugin -------------------------------------------------------------------- */

static atomic_int n_activated;

static bool on_activate(struct mm_call *call, struct err *err)
{
	struct str value;
	n_activated++;
	return mm_kv_get(call->plugin, call->arena, S("k"), &value, err);
}

/* "/ask" asks the API, "/big" answers with more than a window. */
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

static const struct mm_plugin_def def = {
	.hooks = { .execute_command = execute_command },
	.on_activate = on_activate,
	.serve_http = serve_http,
	.max_calls = 16,
	.api_timeout_ms = 200,
};

/* ---- the host's vocabulary ------------------------------------------------------------ */

static struct raw r;
static struct arena memory;

static void ask(const char *text)
{
	struct mm_command_args command = { .command = str_from(text) };
	const struct mm_hook_execute_command_args args = { NULL, &command };
	ck_assert(raw_calls(&r, "Plugin.ExecuteCommand",
	    &mm_type_hook_execute_command_args, &args));
}

static struct str http_request(uint64_t writer, uint64_t body)
{
	static struct mm_http_request_subset subset = { .method = STR("POST"),
		.url = STR("/x") };
	const struct mm_hook_serve_http_args args = {
		.response_writer_stream = writer,
		.request = &subset,
		.request_body_stream = body,
	};
	return raw_request(
	    &r.hooks, "Plugin.ServeHTTP", &mm_type_hook_serve_http_args, &args);
}

/* gob by hand: uints and ints into one buffer, sent as a message. */
static struct buf gob;

static void message(void)
{
	struct buf whole;
	buf_init(&whole, 1 << 24);
	wire_put_uint(&whole, gob.len);
	buf_put(&whole, gob.data, gob.len);
	for (size_t at = 0; at < whole.len; at += 32768)
		raw_data(&r, 0, RAW_HOOKS, str_sub(buf_str(&whole), at, 32768));
	buf_fini(&whole);
	buf_reset(&gob, 1 << 20);
}

/* Type `id` is a slice of type `elem`. */
static void define_slice(int64_t id, int64_t elem)
{
	wire_put_int(&gob, -id);
	wire_put_uint(&gob, 2); /* SliceT */
	wire_put_uint(&gob, 2); /* Elem */
	wire_put_int(&gob, elem);
	wire_put_uint(&gob, 0);
	wire_put_uint(&gob, 0);
	message();
}

/* A request's head by the types that the encoder has announced, so that
 * what follows are the args. */
static void begin_call(const char *method)
{
	struct str head = raw_request(&r.hooks, method, &gob_type_empty, "");
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
	raw_data(&r, 0, RAW_HOOKS,
	    str_n(head.data, (size_t)((const char *)p - head.data)));
}

/* ---- scripts: frames -------------------------------------------------------------------- */

static void sends_another_version(void)
{
	raw_bytes(&r, "\1\0\0\0\0\0\0\1\0\0\0\0", 12);
}

static void sends_an_unknown_type(void)
{
	raw_bytes(&r, "\0\4\0\0\0\0\0\1\0\0\0\0", 12);
}

static void sends_text(void)
{
	raw_bytes(&r, "GET / HTTP/1.1\r\nHost: plugin\r\n\r\n", 32);
}

static void overflows_the_credit(void)
{
	raw_frame(&r, FRAME_WINDOW, 0, RAW_CONTROL, UINT32_MAX);
}

static void sends_more_than_the_window(void)
{
	raw_frame(&r, FRAME_DATA, 0, 3, YAMUX_WINDOW + 1);
}

static void fills_a_stream_nobody_reads(void)
{
	static const char much[65536];
	for (int i = 0; i < 5 && !r.gone; i++)
		raw_data(&r, 0, 5, str_n(much, sizeof(much)));
}

static void opens_a_stream_twice(void)
{
	raw_frame(&r, FRAME_WINDOW, FRAME_SYN, RAW_HOOKS, 0);
}

static void opens_a_stream_of_ours(void)
{
	raw_frame(&r, FRAME_WINDOW, FRAME_SYN, 20, 0);
}

static void opens_stream_zero(void)
{
	raw_frame(&r, FRAME_DATA, FRAME_SYN, 0, 0);
}

static void goes_away_in_anger(void)
{
	raw_frame(&r, FRAME_GO_AWAY, 0, 0, FRAME_INTERNAL_ERROR);
}

static void goes_away_in_order(void)
{
	raw_frame(&r, FRAME_GO_AWAY, 0, 0, FRAME_NORMAL);
}

static void speaks_of_unknown_streams(void)
{
	raw_data(&r, 0, 99, S("hello"));
	raw_data(&r, FRAME_FIN, 98, S("hello"));
	raw_frame(&r, FRAME_WINDOW, FRAME_ACK, 42, 1);
	raw_frame(&r, FRAME_WINDOW, FRAME_RST, 43, UINT32_MAX);
}

static void announces_four_gigabytes(void)
{
	raw_frame(&r, FRAME_DATA, 0, 99, UINT32_MAX);
	raw_bytes(&r, "and no more than that", 21);
}

static void stops_in_a_header(void)
{
	raw_bytes(&r, "\0\0\0", 3);
}

static void resets_everything(void)
{
	for (uint32_t id = 1; id <= RAW_HOOKS; id += 2)
		raw_frame(&r, FRAME_WINDOW, FRAME_RST, id, 0);
	raw_frame(&r, FRAME_WINDOW, FRAME_RST, 2, 0);
	raw_frame(&r, FRAME_WINDOW, FRAME_RST, 4, 0);
}

static void pings_and_never_reads(void)
{
	static uint8_t pings[1000 * FRAME_SIZE];
	struct frame_header h = { FRAME_PING, FRAME_SYN, 0, 1 };
	for (size_t i = 0; i < sizeof(pings); i += FRAME_SIZE)
		frame_put(pings + i, &h);
	int64_t until = read_ms(CLOCK_MONOTONIC) + RAW_PATIENCE_MS;
	while (read_ms(CLOCK_MONOTONIC) < until &&
	       send(r.fd, pings, sizeof(pings), MSG_NOSIGNAL) > 0)
		;
}

/* ---- scripts: gob ----------------------------------------------------------------------- */

static void announces_an_absurd_message(void)
{
	raw_data(&r, 0, RAW_HOOKS, str_n("\xf8\x7f\0\0\0\0\0\0\0", 9));
	raw_data(&r, 0, RAW_HOOKS, S("and some of it"));
}

static void sends_no_gob_to_control(void)
{
	raw_data(&r, 0, RAW_CONTROL, S("\x05hello"));
}

static void defines_ten_thousand_types(void)
{
	for (int64_t id = 1000; id < 11000 && !r.gone; id++)
		define_slice(id, 6);
}

static void defines_a_type_twice(void)
{
	define_slice(1000, 6);
	define_slice(1000, 6);
}

static void uses_an_undefined_type(void)
{
	define_slice(1000, 1001);
	wire_put_int(&gob, 1000);
	wire_put_uint(&gob, 0);
	wire_put_uint(&gob, 0);
	message();
}

static void sends_another_head(void)
{
	wire_put_int(&gob, 6);
	wire_put_uint(&gob, 0);
	wire_put_str(&gob, S("no request"));
	message();
}

/* A type that is a slice of a slice of a slice of ..., and its value. */
static void nests_three_thousand_slices(void)
{
	size_t n = r.streams[RAW_HOOKS].n_values;
	begin_call("Plugin.ExecuteCommand");
	for (int64_t id = 1000; id < 4000; id++)
		define_slice(id, id + 1);
	define_slice(4000, 6);
	wire_put_int(&gob, 1000);
	wire_put_uint(&gob, 0);
	for (int i = 0; i < 3000; i++)
		wire_put_uint(&gob, 1);
	wire_put_uint(&gob, 0);
	message();
	ck_assert(raw_hears(&r, RAW_HOOKS, n + 2));
}

/* A list in a list in a list ...: interface values, each with its length. */
static void nests_five_thousand_lists(void)
{
	size_t n = r.streams[RAW_HOOKS].n_values;
	begin_call("Plugin.ExecuteCommand");
	define_slice(1000, 8);
	wire_put_int(&gob, 1000);
	wire_put_uint(&gob, 0);
	for (int i = 0; i < 5000; i++) {
		wire_put_uint(&gob, 1);
		wire_put_str(&gob, S("[]interface {}"));
		wire_put_int(&gob, 1000);
		wire_put_uint(&gob, 1);
		wire_put_uint(&gob, 0);
	}
	wire_put_uint(&gob, 0);
	message();
	ck_assert(raw_hears(&r, RAW_HOOKS, n + 2));
}

static void sends_half_a_message(void)
{
	raw_data(&r, 0, RAW_HOOKS, S("\x20half"));
}

/* ---- scripts: dispense and dials ------------------------------------------------------------ */

static void dispenses_rubbish(void)
{
	static const int64_t number = 7;
	const struct str name = { "drivers", 7 };
	size_t n = r.streams[RAW_CONTROL].n_values;
	raw_data(&r, 0, RAW_CONTROL,
	    raw_request(
	        &r.control, "Dispenser.Dispense", &gob_type_int64, &number));
	raw_data(&r, 0, RAW_CONTROL,
	    raw_request(
	        &r.control, "Dispenser.Dispense", &gob_type_string, &name));
	raw_data(&r, 0, RAW_CONTROL,
	    raw_request(&r.control, "Dispenser", &gob_type_string, &name));
	ck_assert(raw_hears(&r, RAW_CONTROL, n + 6));
}

static void dispenses_and_dials_again(void)
{
	static const struct str name = STR("hooks");
	struct rpc_server *hooks = r.plugin.hooks;
	size_t n = r.streams[RAW_CONTROL].n_values;
	raw_data(&r, 0, RAW_CONTROL,
	    raw_request(
	        &r.control, "Dispenser.Dispense", &gob_type_string, &name));
	ck_assert(raw_hears(&r, RAW_CONTROL, n + 2));
	raw_data(&r, FRAME_SYN, 9, str_n("\2\0\0\0", 4));
	raw_data(&r, FRAME_SYN, 11, str_n("\1\0\0\0", 4));
	ck_assert(raw_lives(&r));
	ck_assert_ptr_eq(r.plugin.hooks, hooks);
	ask("/x");
	ck_assert_uint_eq(r.streams[9].n_number, 0);
	ck_assert_uint_eq(r.streams[11].n_number, 0);
}

static void activates_again_at_once(void)
{
	static const struct mm_hook_on_activate_args ids = { RAW_API,
		RAW_DRIVER };
	size_t n = r.streams[RAW_HOOKS].n_values;
	for (int i = 0; i < 4; i++)
		raw_data(&r, 0, RAW_HOOKS,
		    raw_request(&r.hooks, "Plugin.OnActivate",
		        &mm_type_hook_on_activate_args, &ids));
	ck_assert(raw_hears(&r, RAW_HOOKS, n + 8));
	ck_assert_int_eq(n_activated, 1);
}

static void dials_numbers_nobody_waits_for(void)
{
	for (uint32_t id = 101; id < 401; id += 2)
		raw_data(&r, FRAME_SYN, id, str_n("\x63\0\0\0", 4));
}

static void opens_streams_and_says_nothing(void)
{
	for (uint32_t id = 101; id < 701; id += 2)
		raw_frame(&r, FRAME_WINDOW, FRAME_SYN, id, 0);
}

/* ---- scripts: the API and HTTP --------------------------------------------------------------- */

static void answers_calls_nobody_made(void)
{
	struct raw_conn c;
	raw_conn_init(&c);
	/* what is defined stays defined */
	raw_reply(&c, 0, &gob_type_empty, "");
	for (uint64_t i = 0; i < RAW_ANSWERS; i++)
		r.answers[i] = arena_str(
		    &memory, raw_reply(&c, i + 1000, &gob_type_empty, ""));
	raw_conn_fini(&c);
	/* those of the activation have been used up */
	r.streams[2].n_answered = 0;
	ask("/ask");
}

static void answers_with_another_type(void)
{
	static const struct str text = STR("text");
	struct raw_conn c;
	raw_conn_init(&c);
	raw_reply(&c, 0, &gob_type_empty, "");
	r.answers[1] =
	    arena_str(&memory, raw_reply(&c, 1, &gob_type_string, &text));
	raw_conn_fini(&c);
	ask("/ask");
}

static void never_answers_the_api(void)
{
	r.quiet = true;
	ask("/ask");
	ask("/ask");
}

static void answers_the_api_with_rubbish(void)
{
	struct mm_command_args command = { .command = S("/ask") };
	const struct mm_hook_execute_command_args args = { NULL, &command };
	r.answers[1] = S("\x7frubbish, of which there is more than enough for"
	                 " a message, but not of the kind that gob is");
	raw_data(&r, 0, RAW_HOOKS,
	    raw_request(&r.hooks, "Plugin.ExecuteCommand",
	        &mm_type_hook_execute_command_args, &args));
	for (int i = 0; i < 3; i++)
		raw_listens(&r, 20);
	raw_data(&r, 0, 2, r.answers[1]);
}

static void acknowledges_no_stream(void)
{
	size_t n = r.streams[RAW_HOOKS].n_values;
	r.deaf = true;
	for (int i = 0; i < 10; i++)
		raw_data(&r, 0, RAW_HOOKS, http_request(90, 91));
	ck_assert(raw_hears(&r, RAW_HOOKS, n + 20));
	r.deaf = false;
}

static void confirms_another_number(void)
{
	size_t n = r.streams[RAW_HOOKS].n_values;
	r.liar = true;
	raw_data(&r, 0, RAW_HOOKS, http_request(RAW_WRITER, RAW_BODY));
	ck_assert(raw_hears(&r, RAW_HOOKS, n + 2));
	r.liar = false;
}

static void sends_a_body_and_takes_the_answer(void)
{
	size_t n = r.streams[RAW_HOOKS].n_values;
	r.body = S("body");
	raw_data(&r, 0, RAW_HOOKS, http_request(RAW_WRITER, RAW_BODY));
	ck_assert(raw_hears(&r, RAW_HOOKS, n + 2));
}

static void breaks_a_body_off(void)
{
	size_t n = r.streams[RAW_HOOKS].n_values;
	r.body = (struct str){ NULL, 0 };
	raw_data(&r, 0, RAW_HOOKS, http_request(RAW_WRITER, RAW_BODY));
	for (int i = 0; i < 200 && r.streams[8].len == 0; i++)
		raw_listens(&r, 10);
	raw_data(&r, 0, 8, S("bo"));
	raw_frame(&r, FRAME_WINDOW, FRAME_RST, 8, 0);
	ck_assert(raw_hears(&r, RAW_HOOKS, n + 2));
}

static void takes_no_reply(void)
{
	struct mm_command_args command = { .command = S("/big") };
	const struct mm_hook_execute_command_args args = { NULL, &command };
	raw_data(&r, 0, RAW_HOOKS,
	    raw_request(&r.hooks, "Plugin.ExecuteCommand",
	        &mm_type_hook_execute_command_args, &args));
}

static void quits_and_stays(void)
{
	static const bool yes = true;
	raw_data(&r, 0, RAW_CONTROL,
	    raw_request(&r.control, "Control.Quit", &gob_type_bool, &yes));
}

static void does_nothing(void)
{
}

/* ---- every script ---------------------------------------------------------------------------- */

static const struct row {
	const char *name;
	void (*play)(void);
	enum err_code code; /* why the session ends, ERR_NONE: it goes on */
	const char *why;
	int speed; /* of the clock, where something has to time out */
} rows[] = {
#define ROW(script, ...)                                                       \
 {                                                                             \
#  script, script, __VA_ARGS__                                                 \
 }
	ROW(does_nothing, ERR_NONE, NULL, 1),
	ROW(sends_another_version, ERR_PROTOCOL, "not yamux", 1),
	ROW(sends_an_unknown_type, ERR_PROTOCOL, "not yamux", 1),
	ROW(sends_text, ERR_PROTOCOL, "not yamux", 1),
	ROW(overflows_the_credit, ERR_PROTOCOL, "window above 4 GiB", 1),
	ROW(sends_more_than_the_window, ERR_PROTOCOL, "more data than", 1),
	ROW(fills_a_stream_nobody_reads, ERR_PROTOCOL, "more data than", 1),
	ROW(opens_a_stream_twice, ERR_PROTOCOL, "opened twice", 1),
	ROW(opens_a_stream_of_ours, ERR_PROTOCOL, "opened twice", 1),
	ROW(opens_stream_zero, ERR_PROTOCOL, "opened twice", 1),
	ROW(goes_away_in_anger, ERR_PROTOCOL, "code 2", 1),
	ROW(goes_away_in_order, ERR_NONE, NULL, 1),
	ROW(speaks_of_unknown_streams, ERR_NONE, NULL, 1),
	ROW(announces_four_gigabytes, ERR_CLOSED, "closed", 1),
	ROW(stops_in_a_header, ERR_CLOSED, "closed", 1),
	ROW(resets_everything, ERR_CLOSED, "closed", 1),
	ROW(pings_and_never_reads, ERR_TOO_BIG, "does not read", 1),
	ROW(announces_an_absurd_message, ERR_PROTOCOL, "gob", 1),
	ROW(sends_no_gob_to_control, ERR_PROTOCOL, "gob", 1),
	ROW(defines_ten_thousand_types, ERR_PROTOCOL, "4096 types", 1),
	ROW(defines_a_type_twice, ERR_PROTOCOL, "defined twice", 1),
	ROW(uses_an_undefined_type, ERR_PROTOCOL, "not defined", 1),
	ROW(sends_another_head, ERR_INVALID, "no Request", 1),
	ROW(nests_three_thousand_slices, ERR_NONE, NULL, 1),
	ROW(nests_five_thousand_lists, ERR_NONE, NULL, 1),
	ROW(sends_half_a_message, ERR_TIMEOUT, "nothing came", 50),
	ROW(dispenses_rubbish, ERR_NONE, NULL, 1),
	ROW(dispenses_and_dials_again, ERR_NONE, NULL, 1),
	ROW(activates_again_at_once, ERR_NONE, NULL, 1),
	ROW(dials_numbers_nobody_waits_for, ERR_NONE, NULL, 1),
	ROW(opens_streams_and_says_nothing, ERR_NONE, NULL, 1),
	ROW(answers_calls_nobody_made, ERR_NONE, NULL, 1),
	ROW(answers_with_another_type, ERR_NONE, NULL, 1),
	ROW(never_answers_the_api, ERR_NONE, NULL, 1),
	ROW(answers_the_api_with_rubbish, ERR_PROTOCOL, "gob", 1),
	ROW(acknowledges_no_stream, ERR_NONE, NULL, 10),
	ROW(confirms_another_number, ERR_NONE, NULL, 1),
	ROW(sends_a_body_and_takes_the_answer, ERR_NONE, NULL, 1),
	ROW(breaks_a_body_off, ERR_NONE, NULL, 1),
	ROW(takes_no_reply, ERR_TIMEOUT, "takes nothing", 50),
	ROW(quits_and_stays, ERR_CLOSED, "closed", 1),
#undef ROW
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void play(const struct row *row)
{
	n_activated = 0;
	memset(&r, 0, sizeof(r));
	arena_init(&memory, 1 << 20);
	buf_init(&gob, 1 << 24);
	raw_prepare_answers(&r, &memory);
	/* deadlines are set and waited for by one clock */
	speed = row->speed;
	raw_start(&r, &def);
	ck_assert_msg(raw_activates(&r), "%s: no start", row->name);
	row->play();
	if (row->code == ERR_NONE)
		ck_assert_msg(raw_lives(&r), "%s: is dead", row->name);
	else if (row->code != ERR_CLOSED || row->play == quits_and_stays)
		ck_assert_msg(raw_ends(&r), "%s: goes on", row->name);
	ck_assert_msg(raw_stop(&r), "%s: not freed", row->name);
	enum err_code code = row->code == ERR_NONE ? ERR_CLOSED : row->code;
	const char *why = row->why == NULL ? "" : row->why;
	ck_assert_msg(r.why.code == code && strstr(r.why.text, why) != NULL,
	    "%s: %s: %s", row->name, err_code_text(r.why.code), r.why.text);
	buf_fini(&gob);
	arena_fini(&memory);
}

START_TEST(a_hostile_host_is_survived)
{
	play(&rows[_i]);
}
END_TEST

/* ---- on their own ---------------------------------------------------------------------------- */

START_TEST(hundreds_of_silent_streams_hold_up_a_dial_for_five_seconds_at_most)
{
	int64_t before;
	memset(&r, 0, sizeof(r));
	speed = 10;
	raw_start(&r, &def);
	ck_assert(raw_greets(&r));
	for (uint32_t id = 101; id < 701; id += 2)
		raw_frame(&r, FRAME_WINDOW, FRAME_SYN, id, 0);
	before = clock_now_ms();
	ck_assert(raw_dispenses(&r));
	ck_assert_int_lt(clock_now_ms() - before, 3 * BROKER_WAIT_MS);
	ck_assert(raw_stop(&r));
}
END_TEST

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

static size_t read_until(int fd, char *text, size_t room, char last)
{
	size_t n = 0;
	while (n + 1 < room && read(fd, text + n, 1) == 1 && text[n++] != last)
		;
	text[n] = '\0';
	return n;
}

START_TEST(of_four_activations_at_once_one_counts)
{
	memset(&r, 0, sizeof(r));
	arena_init(&memory, 1 << 20);
	n_activated = 0;
	raw_prepare_answers(&r, &memory);
	raw_start(&r, &def);
	ck_assert(raw_greets(&r) && raw_dispenses(&r));
	for (int i = 0; i < 4; i++)
		raw_data(&r, 0, RAW_HOOKS,
		    raw_request(&r.hooks, "Plugin.OnActivate",
		        &mm_type_hook_on_activate_args,
		        &(struct mm_hook_on_activate_args){
		            RAW_API, RAW_DRIVER }));
	ck_assert(raw_hears(&r, RAW_HOOKS, 8));
	ck_assert_int_eq(n_activated, 1);
	ck_assert(!r.streams[6].opened);
	ck_assert(raw_stop(&r));
	arena_fini(&memory);
}
END_TEST

START_TEST(the_reason_is_a_line_on_stderr)
{
	int out[2], log[2], status;
	char text[1000];
	ck_assert_int_eq(pipe2(out, O_CLOEXEC) | pipe2(log, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		setenv("MATTERMOST_PLUGIN", "Securely message teams, anywhere.",
		    1);
		dup2(out[1], STDOUT_FILENO);
		dup2(log[1], STDERR_FILENO);
		_exit(mm_plugin_run(&def));
	}
	close(log[1]);
	read_until(out[0], text, sizeof(text), '\n');
	int fd = connect_to(text);
	ck_assert_int_eq(write(fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	read_until(log[0], text, sizeof(text), '\n');
	ck_assert_str_eq(text,
	    "[ERROR] plugin session ended: yamux: not yamux (stream 0)\n");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, EXIT_FAILURE << 8);
	close(fd);
	close(log[0]);
	close(out[0]);
	close(out[1]);
}
END_TEST

#define SESSIONS 1000

/* Bytes that may differ by chance: caches of malloc, buffers of stderr. */
#define SLACK ((size_t)64 * 1024)

START_TEST(nothing_is_left_after_a_thousand_hostile_sessions)
{
	size_t threads = 0, descriptors = 0, bytes = 0;
	size_t warm = N_ROWS;
	/* valgrind is fifty times as slow, and sees every block itself */
	size_t n = getenv("CK_TIMEOUT_MULTIPLIER") == NULL ? SESSIONS : N_ROWS;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDERR_FILENO);
	for (size_t i = 0; i < n + warm; i++) {
		const struct row *row = &rows[i % N_ROWS];
		if (i == warm) {
			threads = count_threads();
			descriptors = count_descriptors();
			bytes = mallinfo2().uordblks;
		}
		/* what has to wait for time is played once */
		bool slow = row->speed > 1 || row->play == quits_and_stays ||
		            row->play == never_answers_the_api ||
		            row->play == answers_calls_nobody_made;
		play(slow && i >= warm ? &rows[1 + i % 8] : row);
	}
	ck_assert(threads_become(threads));
	ck_assert_uint_eq(count_descriptors(), descriptors);
	ck_assert_uint_le(mallinfo2().uordblks, bytes + SLACK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("goplugin hostile");
	TCase *tc = tcase_create("hostile");
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, a_hostile_host_is_survived, 0, (int)N_ROWS);
	tcase_add_test(tc,
	    hundreds_of_silent_streams_hold_up_a_dial_for_five_seconds_at_most);
	tcase_add_test(tc, of_four_activations_at_once_one_counts);
	tcase_add_test(tc, the_reason_is_a_line_on_stderr);
	suite_add_tcase(suite, tc);
	tc = tcase_create("many");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, nothing_is_left_after_a_thousand_hostile_sessions);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
