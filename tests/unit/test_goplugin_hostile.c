/*
 * A whole plugin, and a host that breaks every rule it can. Each script ends
 * the session for a reason that can be read, or the plugin goes on as if
 * nothing had happened; nothing waits for ever, and nothing is left.
 */
#include "tests/lib/fast_clock.h"
#include "tests/lib/hostile.h"
#include "tests/lib/peer.h"

#include "gob/wire.h"

#include <check.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct hostile host;

/* ---- what takes more than a frame: the session ------------------------------------ */

static void fills_a_stream_nobody_reads(struct hostile *h)
{
	static const char much[65536];
	for (int i = 0; i < 5 && !h->raw.gone; i++)
		raw_data(&h->raw, 0, 5, str_n(much, sizeof(much)));
}

static void speaks_of_unknown_streams(struct hostile *h)
{
	raw_data(&h->raw, 0, 99, S("hello"));
	raw_data(&h->raw, FRAME_FIN, 98, S("hello"));
	raw_frame(&h->raw, FRAME_WINDOW, FRAME_ACK, 42, 1);
	raw_frame(&h->raw, FRAME_WINDOW, FRAME_RST, 43, UINT32_MAX);
}

static void pings_and_never_reads(struct hostile *h)
{
	static uint8_t pings[1000 * FRAME_SIZE];
	struct frame_header ping = { FRAME_PING, FRAME_SYN, 0, 1 };
	for (size_t i = 0; i < sizeof(pings); i += FRAME_SIZE)
		frame_put(pings + i, &ping);
	int64_t until = clock_read_ms(CLOCK_MONOTONIC) + RAW_PATIENCE_MS;
	while (clock_read_ms(CLOCK_MONOTONIC) < until &&
	       send(h->raw.fd, pings, sizeof(pings), MSG_NOSIGNAL) > 0)
		;
}

/* ---- gob -------------------------------------------------------------------------- */

static void announces_an_absurd_message(struct hostile *h)
{
	raw_data(&h->raw, 0, RAW_HOOKS, str_n("\xf8\x7f\0\0\0\0\0\0\0", 9));
	raw_data(&h->raw, 0, RAW_HOOKS, S("and some of it"));
}

static void defines_ten_thousand_types(struct hostile *h)
{
	for (int64_t id = 1000; id < 11000 && !h->raw.gone; id++)
		hostile_defines_slice(h, id, 6);
}

static void defines_a_type_twice(struct hostile *h)
{
	hostile_defines_slice(h, 1000, 6);
	hostile_defines_slice(h, 1000, 6);
}

static void uses_an_undefined_type(struct hostile *h)
{
	hostile_defines_slice(h, 1000, 1001);
	hostile_begins_value(h, 1000);
	wire_put_uint(&h->gob, 0);
	hostile_message(h);
}

static void sends_another_head(struct hostile *h)
{
	hostile_begins_value(h, 6);
	wire_put_str(&h->gob, S("no request"));
	hostile_message(h);
}

/* A type that is a slice of a slice of a slice of ..., and its value. */
static void nests_three_thousand_slices(struct hostile *h)
{
	hostile_begins_call(h, "Plugin.ExecuteCommand");
	for (int64_t id = 1000; id < 4000; id++)
		hostile_defines_slice(h, id, id + 1);
	hostile_defines_slice(h, 4000, 6);
	hostile_begins_value(h, 1000);
	for (int i = 0; i < 3000; i++)
		wire_put_uint(&h->gob, 1);
	wire_put_uint(&h->gob, 0);
	hostile_message(h);
	hostile_hears(h, RAW_HOOKS, 1);
}

/* A list in a list in a list ...: interface values, each with its length. */
static void nests_five_thousand_lists(struct hostile *h)
{
	hostile_begins_call(h, "Plugin.ExecuteCommand");
	hostile_defines_slice(h, 1000, 8);
	hostile_begins_value(h, 1000);
	for (int i = 0; i < 5000; i++) {
		wire_put_uint(&h->gob, 1);
		wire_put_str(&h->gob, S("[]interface {}"));
		wire_put_int(&h->gob, 1000);
		wire_put_uint(&h->gob, 1);
		wire_put_uint(&h->gob, 0);
	}
	wire_put_uint(&h->gob, 0);
	hostile_message(h);
	hostile_hears(h, RAW_HOOKS, 1);
}

/* ---- dispense and dials ----------------------------------------------------------- */

static void dispenses_rubbish(struct hostile *h)
{
	static const int64_t number = 7;
	static const struct str name = STR("drivers");
	hostile_calls(
	    h, RAW_CONTROL, "Dispenser.Dispense", &gob_type_int64, &number);
	hostile_calls(
	    h, RAW_CONTROL, "Dispenser.Dispense", &gob_type_string, &name);
	hostile_calls(h, RAW_CONTROL, "Dispenser", &gob_type_string, &name);
	hostile_hears(h, RAW_CONTROL, 3);
}

static void dispenses_and_dials_again(struct hostile *h)
{
	static const struct str name = STR("hooks");
	hostile_calls(
	    h, RAW_CONTROL, "Dispenser.Dispense", &gob_type_string, &name);
	hostile_hears(h, RAW_CONTROL, 1);
	raw_data(&h->raw, FRAME_SYN, 9, str_n("\2\0\0\0", 4));
	raw_data(&h->raw, FRAME_SYN, 11, str_n("\1\0\0\0", 4));
	ck_assert(raw_lives(&h->raw));
	hostile_asks(h, "/x");
	ck_assert_uint_eq(h->raw.streams[9].n_number, 0);
	ck_assert_uint_eq(h->raw.streams[11].n_number, 0);
}

static void activates_again_at_once(struct hostile *h)
{
	for (int i = 0; i < 4; i++)
		hostile_activates(h);
	hostile_hears(h, RAW_HOOKS, 4);
	ck_assert_int_eq(h->n_activated, 1);
}

static void dials_numbers_nobody_waits_for(struct hostile *h)
{
	for (uint32_t id = 101; id < 401; id += 2)
		raw_data(&h->raw, FRAME_SYN, id, str_n("\x63\0\0\0", 4));
}

static void opens_streams_and_says_nothing(struct hostile *h)
{
	for (uint32_t id = 101; id < 701; id += 2)
		raw_frame(&h->raw, FRAME_WINDOW, FRAME_SYN, id, 0);
}

/* ---- the API and HTTP --------------------------------------------------------------- */

static void answers_calls_nobody_made(struct hostile *h)
{
	for (size_t i = 0; i < RAW_ANSWERS; i++)
		hostile_prepares(h, i, i + 1000, &gob_type_empty, "");
	/* those of the activation have been used up */
	h->raw.streams[2].n_answered = 0;
	hostile_asks(h, "/ask");
}

static void answers_with_another_type(struct hostile *h)
{
	static const struct str text = STR("text");
	hostile_prepares(h, 1, 1, &gob_type_string, &text);
	hostile_asks(h, "/ask");
}

static void never_answers_the_api(struct hostile *h)
{
	h->raw.quiet = true;
	hostile_asks(h, "/ask");
	hostile_asks(h, "/ask");
}

static void answers_the_api_with_rubbish(struct hostile *h)
{
	h->raw.answers[1] =
	    S("\x7frubbish, of which there is more than enough for"
	      " a message, but not of the kind that gob is");
	hostile_types(h, "/ask");
	for (int i = 0; i < 3; i++)
		raw_listens(&h->raw, 20);
	raw_data(&h->raw, 0, 2, h->raw.answers[1]);
}

static void acknowledges_no_stream(struct hostile *h)
{
	h->raw.deaf = true;
	for (int i = 0; i < 10; i++)
		hostile_requests(h, 90, 91);
	hostile_hears(h, RAW_HOOKS, 10);
	h->raw.deaf = false;
}

static void confirms_another_number(struct hostile *h)
{
	h->raw.liar = true;
	hostile_requests(h, RAW_WRITER, RAW_BODY);
	hostile_hears(h, RAW_HOOKS, 1);
	h->raw.liar = false;
}

static void sends_a_body_and_takes_the_answer(struct hostile *h)
{
	h->raw.body = S("body");
	hostile_requests(h, RAW_WRITER, RAW_BODY);
	hostile_hears(h, RAW_HOOKS, 1);
}

static void breaks_a_body_off(struct hostile *h)
{
	h->raw.body = (struct str){ NULL, 0 };
	hostile_requests(h, RAW_WRITER, RAW_BODY);
	for (int i = 0; i < 200 && h->raw.streams[8].len == 0; i++)
		raw_listens(&h->raw, 10);
	raw_data(&h->raw, 0, 8, S("bo"));
	raw_frame(&h->raw, FRAME_WINDOW, FRAME_RST, 8, 0);
	hostile_hears(h, RAW_HOOKS, 1);
}

static void takes_no_reply(struct hostile *h)
{
	hostile_types(h, "/big");
}

static void quits_and_stays(struct hostile *h)
{
	static const bool yes = true;
	hostile_calls(h, RAW_CONTROL, "Control.Quit", &gob_type_bool, &yes);
}

/* ---- every script ------------------------------------------------------------------- */

static const struct hostile_script scripts[] = {
	{ "nothing at all", .code = ERR_NONE },
	{ "another version", ERR_PROTOCOL, "not yamux",
	    .bytes = STR("\1\0\0\0\0\0\0\1\0\0\0\0") },
	{ "an unknown type", ERR_PROTOCOL, "not yamux",
	    .bytes = STR("\0\4\0\0\0\0\0\1\0\0\0\0") },
	{ "text", ERR_PROTOCOL, "not yamux",
	    .bytes = STR("GET / HTTP/1.1\r\nHost: plugin\r\n\r\n") },
	{ "too much credit", ERR_PROTOCOL, "window above 4 GiB",
	    .frames = { { FRAME_WINDOW, 0, RAW_CONTROL, UINT32_MAX } } },
	{ "more than the window", ERR_PROTOCOL, "more data than",
	    .frames = { { FRAME_DATA, 0, 3, YAMUX_WINDOW + 1 } } },
	{ "a stream nobody reads", ERR_PROTOCOL, "more data than",
	    .play = fills_a_stream_nobody_reads },
	{ "a stream opened twice", ERR_PROTOCOL, "opened twice",
	    .frames = { { FRAME_WINDOW, FRAME_SYN, RAW_HOOKS, 0 } } },
	{ "a stream of ours", ERR_PROTOCOL, "opened twice",
	    .frames = { { FRAME_WINDOW, FRAME_SYN, 20, 0 } } },
	{ "stream zero", ERR_PROTOCOL, "opened twice",
	    .frames = { { FRAME_DATA, FRAME_SYN, 0, 0 } } },
	{ "going away in anger", ERR_PROTOCOL, "code 2",
	    .frames = { { FRAME_GO_AWAY, 0, 0, FRAME_INTERNAL_ERROR } } },
	{ "going away in order", ERR_NONE,
	    .frames = { { FRAME_GO_AWAY, 0, 0, FRAME_NORMAL } } },
	{ "unknown streams", ERR_NONE, .play = speaks_of_unknown_streams },
	{ "four gigabytes announced", ERR_CLOSED, "closed", .hangs_up = true,
	    .frames = { { FRAME_DATA, 0, 99, UINT32_MAX } },
	    .bytes = STR("and no more than that") },
	{ "half a header", ERR_CLOSED, "closed", .hangs_up = true,
	    .bytes = STR("\0\0\0") },
	{ "everything reset", ERR_CLOSED, "closed", .hangs_up = true,
	    .frames = { { FRAME_WINDOW, FRAME_RST, 1, 0 },
	        { FRAME_WINDOW, FRAME_RST, 3, 0 },
	        { FRAME_WINDOW, FRAME_RST, 5, 0 },
	        { FRAME_WINDOW, FRAME_RST, RAW_HOOKS, 0 },
	        { FRAME_WINDOW, FRAME_RST, 2, 0 },
	        { FRAME_WINDOW, FRAME_RST, 4, 0 } } },
#define PLAY(script, ...)                                                      \
 {                                                                             \
  .name = #script, .play = script, .code = __VA_ARGS__                         \
 }
	PLAY(pings_and_never_reads, ERR_TOO_BIG, "does not read"),
	PLAY(announces_an_absurd_message, ERR_PROTOCOL, "gob"),
	{ "no gob on control", ERR_PROTOCOL, "gob", .stream = RAW_CONTROL,
	    .bytes = STR("\x05hello") },
	PLAY(defines_ten_thousand_types, ERR_PROTOCOL, "4096 types"),
	PLAY(defines_a_type_twice, ERR_PROTOCOL, "defined twice"),
	PLAY(uses_an_undefined_type, ERR_PROTOCOL, "not defined"),
	PLAY(sends_another_head, ERR_INVALID, "no Request"),
	PLAY(nests_three_thousand_slices, ERR_NONE),
	PLAY(nests_five_thousand_lists, ERR_NONE),
	{ "half a message", ERR_TIMEOUT, "nothing came", .speed = 50,
	    .stream = RAW_HOOKS, .bytes = STR("\x20half") },
	PLAY(dispenses_rubbish, ERR_NONE),
	PLAY(dispenses_and_dials_again, ERR_NONE),
	PLAY(activates_again_at_once, ERR_NONE),
	PLAY(dials_numbers_nobody_waits_for, ERR_NONE),
	PLAY(opens_streams_and_says_nothing, ERR_NONE),
	PLAY(answers_calls_nobody_made, ERR_NONE, .slow = true),
	PLAY(answers_with_another_type, ERR_NONE),
	PLAY(never_answers_the_api, ERR_NONE, .slow = true),
	PLAY(answers_the_api_with_rubbish, ERR_PROTOCOL, "gob"),
	PLAY(acknowledges_no_stream, ERR_NONE, .speed = 10),
	PLAY(confirms_another_number, ERR_NONE),
	PLAY(sends_a_body_and_takes_the_answer, ERR_NONE),
	PLAY(breaks_a_body_off, ERR_NONE),
	PLAY(takes_no_reply, ERR_TIMEOUT, "takes nothing", .speed = 50),
	PLAY(quits_and_stays, ERR_CLOSED, "closed", .slow = true),
#undef PLAY
};
#define N_SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

static void play(const struct hostile_script *script)
{
	clock_speed = script->speed == 0 ? 1 : script->speed;
	hostile_play(&host, script);
}

START_TEST(a_hostile_host_is_survived)
{
	play(&scripts[_i]);
}
END_TEST

/* ---- on their own --------------------------------------------------------------------- */

START_TEST(hundreds_of_silent_streams_hold_up_a_dial_for_five_seconds_at_most)
{
	clock_speed = 10;
	hostile_start(&host);
	ck_assert(raw_greets(&host.raw));
	opens_streams_and_says_nothing(&host);
	int64_t before = clock_now_ms();
	ck_assert(raw_dispenses(&host.raw));
	ck_assert_int_lt(clock_now_ms() - before, 3 * BROKER_WAIT_MS);
	ck_assert(hostile_stop(&host));
}
END_TEST

START_TEST(of_four_activations_at_once_one_counts)
{
	hostile_start(&host);
	ck_assert(raw_greets(&host.raw) && raw_dispenses(&host.raw));
	activates_again_at_once(&host);
	ck_assert(!host.raw.streams[6].opened);
	ck_assert(hostile_stop(&host));
}
END_TEST

START_TEST(the_reason_is_a_line_on_stderr)
{
	struct hostile_process p;
	char text[1000];
	hostile_runs(&p);
	ck_assert_int_eq(write(p.fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	hostile_reads_line(p.log, text, sizeof(text));
	ck_assert_str_eq(text,
	    "[ERROR] plugin session ended: yamux: not yamux (stream 0)\n");
	ck_assert_int_eq(hostile_waits(&p), EXIT_FAILURE << 8);
}
END_TEST

#define SESSIONS 1000

/* Bytes that may differ by chance: caches of malloc, buffers of stderr. */
#define SLACK ((size_t)64 * 1024)

START_TEST(nothing_is_left_after_a_thousand_hostile_sessions)
{
	size_t threads = 0, descriptors = 0, bytes = 0;
	size_t warm = N_SCRIPTS;
	/* valgrind is fifty times as slow, and sees every block itself */
	size_t n = getenv("CK_TIMEOUT_MULTIPLIER") == NULL ? SESSIONS : warm;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDERR_FILENO);
	for (size_t i = 0; i < n + warm; i++) {
		const struct hostile_script *script = &scripts[i % N_SCRIPTS];
		if (i == warm) {
			threads = count_threads();
			descriptors = count_descriptors();
			bytes = mallinfo2().uordblks;
		}
		/* what has to wait for time is played once */
		bool slow = script->speed > 1 || script->slow;
		play(slow && i >= warm ? &scripts[1 + i % 8] : script);
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
	tcase_add_loop_test(tc, a_hostile_host_is_survived, 0, (int)N_SCRIPTS);
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
