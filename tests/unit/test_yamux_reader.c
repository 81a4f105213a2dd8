/* Who reads the socket: whoever waits, one at a time, and the session's own
 * thread when nobody does. */
#include "tests/lib/peer.h"
#include "yamux/session.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct peer peer;
static struct yamux_stream *one, *two;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	peer_start(&peer, false);
	one = peer_opens(&peer, 1);
	two = peer_opens(&peer, 3);
}

static void tear_down(void)
{
	yamux_stream_close(one);
	yamux_stream_close(two);
	peer_stop(&peer);
}

/* ---- who it is ---------------------------------------------------------------- */

static bool reads_for(const struct yamux_stream *st)
{
	pthread_mutex_lock(&peer.session->lock);
	bool found = peer.session->reads_for == &st->changed;
	pthread_mutex_unlock(&peer.session->lock);
	return found;
}

static bool waits(const struct yamux_stream *st)
{
	pthread_mutex_lock(&peer.session->lock);
	bool found = st->wanted > 0;
	pthread_mutex_unlock(&peer.session->lock);
	return found;
}

static bool thread_reads(const struct yamux_stream *none)
{
	(void)none;
	pthread_mutex_lock(&peer.session->lock);
	bool found = peer.session->reading && peer.session->reads_for == NULL;
	pthread_mutex_unlock(&peer.session->lock);
	return found;
}

static bool thread_sleeps(const struct yamux_stream *none)
{
	(void)none;
	pthread_mutex_lock(&peer.session->lock);
	bool found = peer.session->asleep;
	pthread_mutex_unlock(&peer.session->lock);
	return found;
}

static void until(
    bool (*is)(const struct yamux_stream *st), const struct yamux_stream *st)
{
	int64_t deadline = SOON;
	while (!is(st) && clock_now_ms() < deadline)
		usleep(1000);
	ck_assert(is(st));
}

/* ---- somebody who waits for one byte -------------------------------------------- */

struct waiter {
	pthread_t thread;
	struct yamux_stream *st;
	int64_t deadline;
	char byte;
	bool done;
	struct err err;
};

static void *wait_for_byte(void *arg)
{
	struct waiter *w = arg;
	size_t got = 0;
	w->done =
	    yamux_stream_read(w->st, &w->byte, 1, w->deadline, &got, &w->err);
	return NULL;
}

static void begin(struct waiter *w, struct yamux_stream *st, int64_t deadline)
{
	*w = (struct waiter){ .st = st, .deadline = deadline };
	pthread_create(&w->thread, NULL, wait_for_byte, w);
	until(waits, st);
}

static void expect_byte(struct waiter *w, char byte)
{
	pthread_join(w->thread, NULL);
	ck_assert_msg(w->done, "%s", w->err.text);
	ck_assert_int_eq(w->byte, byte);
}

/* The thread reads first; one byte has it leave, and the next one who waits
 * reads. */
static void begin_reading(
    struct waiter *w, struct yamux_stream *st, int64_t deadline)
{
	char byte;
	/* it naps for a moment after it has woken somebody */
	do {
		until(thread_reads, NULL);
		send_data(&peer, 0, 1, "-", 1);
		read_all(one, &byte, 1);
		*w = (struct waiter){ .st = st, .deadline = deadline };
		pthread_create(&w->thread, NULL, wait_for_byte, w);
		until(waits, st);
		if (reads_for(st))
			return;
		/* it came back too soon: once more */
		send_data(&peer, 0, yamux_stream_id(st), "-", 1);
		pthread_join(w->thread, NULL);
	} while (true);
}

/* ---- tests ----------------------------------------------------------------------- */

START_TEST(who_waits_reads_and_serves_others)
{
	struct waiter a, b;
	begin_reading(&a, one, SOON);
	for (int i = 0; i < 100; i++) {
		begin(&b, two, SOON);
		until(reads_for, one);
		send_data(&peer, 0, 3, "b", 1);
		expect_byte(&b, 'b');
	}
	send_frame(&peer, FRAME_PING, FRAME_SYN, 0, 5);
	expect_frame(&peer, FRAME_PING, FRAME_ACK, 0, 5);
	until(reads_for, one);
	send_data(&peer, 0, 1, "a", 1);
	expect_byte(&a, 'a');
}
END_TEST

START_TEST(the_thread_sleeps_while_somebody_reads)
{
	struct waiter a;
	begin_reading(&a, one, SOON);
	until(thread_sleeps, NULL);
	send_data(&peer, 0, 1, "a", 1);
	expect_byte(&a, 'a');
	until(thread_reads, NULL);
	ck_assert(!thread_sleeps(NULL));
}
END_TEST

/* Somebody reads again: he who should? On a busy machine he may be so slow that
 * the thread stands in, but not every time. */
static bool takes_over(const struct yamux_stream *st)
{
	int64_t deadline = SOON;
	while (!reads_for(st) && !thread_reads(NULL)) {
		ck_assert_int_lt(clock_now_ms(), deadline);
		usleep(1000);
	}
	return reads_for(st);
}

/* He who follows reads now, and gets his byte. False: the thread was faster. */
static bool succeeds(struct waiter *w)
{
	bool reads = takes_over(w->st);
	send_data(&peer, 0, yamux_stream_id(w->st), "s", 1);
	expect_byte(w, 's');
	return reads;
}

#define TIMES 20

START_TEST(who_follows_reads_when_the_one_who_read_has_gone)
{
	struct waiter a, b;
	int n = 0;
	for (int i = 0; i < TIMES; i++) {
		begin_reading(&a, one, SOON);
		begin(&b, two, SOON);
		send_data(&peer, 0, 1, "a", 1);
		expect_byte(&a, 'a');
		n += succeeds(&b);
	}
	ck_assert_int_gt(n, 0);
}
END_TEST

/* The first to follow has been served along with the one who read. */
START_TEST(who_need_not_read_any_more_passes_it_on)
{
	/* data on streams 1 and 3, in one write */
	static const uint8_t both[] = { 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 'a',
		0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 'b' };
	struct waiter a, b, c;
	struct yamux_stream *three = peer_opens(&peer, 5);
	int n = 0;
	for (int i = 0; i < TIMES; i++) {
		begin_reading(&a, one, SOON);
		begin(&b, two, SOON);
		begin(&c, three, SOON);
		ck_assert_int_eq(
		    send(peer.fd, both, sizeof(both), 0), sizeof(both));
		expect_byte(&a, 'a');
		expect_byte(&b, 'b');
		n += succeeds(&c);
	}
	ck_assert_int_gt(n, 0);
	yamux_stream_close(three);
}
END_TEST

START_TEST(who_gives_up_leaves_the_socket_to_others)
{
	struct waiter a, b;
	int n = 0;
	for (int i = 0; i < TIMES / 4; i++) {
		begin_reading(&a, one, clock_deadline_ms(patience(150)));
		begin(&b, two, SOON);
		pthread_join(a.thread, NULL);
		ck_assert(!a.done);
		ck_assert_int_eq(a.err.code, ERR_TIMEOUT);
		n += succeeds(&b);
	}
	ck_assert_int_gt(n, 0);
}
END_TEST

START_TEST(a_ping_is_answered_when_all_who_waited_have_gone)
{
	struct waiter a;
	begin_reading(&a, one, SOON);
	send_data(&peer, 0, 1, "a", 1);
	expect_byte(&a, 'a');
	for (unsigned i = 0; i < 20; i++) {
		send_frame(&peer, FRAME_PING, FRAME_SYN, 0, i);
		expect_frame(&peer, FRAME_PING, FRAME_ACK, 0, i);
	}
}
END_TEST

static void *write_too_much(void *arg)
{
	static const char bytes[2 * YAMUX_WINDOW];
	struct waiter *w = arg;
	w->done =
	    yamux_stream_write(w->st, bytes, sizeof(bytes), SOON, &w->err);
	return NULL;
}

/* He waits for the socket, so a condition alone does not reach him. */
START_TEST(a_writer_who_reads_is_told_that_the_stream_is_finished)
{
	struct waiter a = { .st = one };
	char byte;
	until(thread_reads, NULL);
	send_data(&peer, 0, 1, "-", 1);
	read_all(one, &byte, 1);
	int64_t before = clock_now_ms();
	pthread_create(&a.thread, NULL, write_too_much, &a);
	expect_filler(&peer, 1, YAMUX_WINDOW);
	yamux_stream_finish(one);
	pthread_join(a.thread, NULL);
	ck_assert_int_eq(a.err.code, ERR_CLOSED);
	ck_assert_int_lt(clock_now_ms() - before, 1000);
}
END_TEST

/* ---- where bytes go ------------------------------------------------------------- */

struct taker {
	pthread_t thread;
	int64_t deadline;
	char place[1000];
	size_t got;
	struct err err;
};

static void *take(void *arg)
{
	struct taker *t = arg;
	memset(t->place, '#', sizeof(t->place));
	yamux_stream_read(
	    one, t->place, sizeof(t->place), t->deadline, &t->got, &t->err);
	return NULL;
}

static const char payload[] = "what is only to be found where it is wanted";

static bool payload_follows(const struct yamux_stream *st)
{
	pthread_mutex_lock(&peer.session->lock);
	bool follows = peer.session->payload_left == sizeof(payload) &&
	               peer.session->reads_for == &st->changed;
	pthread_mutex_unlock(&peer.session->lock);
	return follows;
}

/* Whoever waits for stream one reads the socket, and not the thread. */
static void until_one_reads(void)
{
	int64_t deadline = SOON;
	while (!reads_for(one) && clock_now_ms() < deadline) {
		/* somebody has something to do: the thread leaves */
		send_data(&peer, 0, 3, "-", 1);
		usleep(1000);
	}
	ck_assert(reads_for(one));
}

/* Start to take, and hear that so many bytes will come. */
static void begin_taking(struct taker *t, int64_t deadline)
{
	*t = (struct taker){ .deadline = deadline };
	pthread_create(&t->thread, NULL, take, t);
	until(waits, one);
	until_one_reads();
	send_frame(&peer, FRAME_DATA, 0, 1, sizeof(payload));
	until(payload_follows, one);
}

START_TEST(bytes_go_to_who_reads_without_a_buffer_between)
{
	static struct taker t;
	begin_taking(&t, SOON);
	send_bytes(&peer, payload, sizeof(payload));
	pthread_join(t.thread, NULL);
	ck_assert_uint_eq(t.got, sizeof(payload));
	ck_assert_mem_eq(t.place, payload, sizeof(payload));
	ck_assert_ptr_null(memmem(
	    peer.session->read_buffer, READ_BUFFER, payload, sizeof(payload)));
}
END_TEST

/* Who waits for the bytes gives up while another one, who writes on the same
 * stream and reads the socket for that, is about to receive them. */
START_TEST(bytes_do_not_go_to_who_has_given_up)
{
	static struct taker t;
	struct waiter writer = { .st = one };
	char got[sizeof(payload)];
	pthread_create(&writer.thread, NULL, write_too_much, &writer);
	expect_filler(&peer, 1, YAMUX_WINDOW);
	until_one_reads();
	begin_taking(&t, clock_deadline_ms(patience(300)));
	pthread_join(t.thread, NULL);
	ck_assert_int_eq(t.err.code, ERR_TIMEOUT);
	send_bytes(&peer, payload, sizeof(payload));
	read_all(one, got, sizeof(got));
	ck_assert_mem_eq(got, payload, sizeof(got));
	ck_assert_int_eq(t.place[0], '#');
	yamux_stream_finish(one);
	pthread_join(writer.thread, NULL);
}
END_TEST

START_TEST(the_end_of_the_session_reaches_who_reads_and_who_waits)
{
	struct waiter a, b;
	begin_reading(&a, one, DEADLINE_NEVER);
	begin(&b, two, DEADLINE_NEVER);
	yamux_session_close(peer.session);
	pthread_join(a.thread, NULL);
	pthread_join(b.thread, NULL);
	ck_assert_int_eq(a.err.code, ERR_CLOSED);
	ck_assert_int_eq(b.err.code, ERR_CLOSED);
}
END_TEST

/* ---- what is put off --------------------------------------------------------------- */

/* The session has sent nothing that was not read. */
static bool nothing_came(void)
{
	char byte;
	return recv(peer.fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
}

/* While the thread naps two streams are opened, and nothing more is done.
 * False: it was awake again. */
static bool opens_unnoticed(struct yamux_opening pair[2])
{
	char byte;
	until(thread_reads, NULL);
	send_data(&peer, 0, 1, "-", 1);
	read_all(one, &byte, 1);
	ck_assert(yamux_open_all(peer.session, pair, 2, SOON, &err));
	return nothing_came() && !thread_reads(NULL);
}

static void expect_opening(const struct yamux_opening *o)
{
	expect_data(
	    &peer, FRAME_SYN, yamux_stream_id(o->stream), o->first, o->n);
}

static void close_both(struct yamux_opening pair[2])
{
	for (int i = 0; i < 2; i++) {
		uint32_t id = yamux_stream_id(pair[i].stream);
		yamux_stream_close(pair[i].stream);
		expect_frame(&peer, FRAME_WINDOW, FRAME_FIN, id, 0);
	}
}

START_TEST(openings_leave_with_what_is_sent_next)
{
	int n_put_off = 0;
	for (int i = 0; i < 50; i++) {
		struct yamux_opening pair[] = {
			{ .first = "one", .n = 3 },
			{ .first = "two", .n = 3 },
		};
		n_put_off += opens_unnoticed(pair);
		ck_assert(
		    yamux_stream_write(pair[1].stream, "next", 4, SOON, &err));
		ck_assert(!nothing_came());
		expect_opening(&pair[0]);
		expect_opening(&pair[1]);
		expect_data(
		    &peer, 0, yamux_stream_id(pair[1].stream), "next", 4);
		close_both(pair);
	}
	ck_assert_int_gt(n_put_off, 0);
}
END_TEST

START_TEST(openings_leave_when_somebody_waits_or_by_themselves)
{
	struct waiter a;
	for (int waiting = 0; waiting < 2; waiting++) {
		struct yamux_opening pair[] = {
			{ .first = "one", .n = 3 },
			{ .first = "two", .n = 3 },
		};
		opens_unnoticed(pair);
		if (waiting)
			begin(&a, two, SOON);
		expect_opening(&pair[0]);
		expect_opening(&pair[1]);
		if (waiting) {
			send_data(&peer, 0, 3, "a", 1);
			expect_byte(&a, 'a');
		}
		close_both(pair);
	}
}
END_TEST

/* ---- many, in turns ------------------------------------------------------------------ */

#define ROUNDS 2000

/* How many bytes each gets at once, in turns. */
static const size_t bursts[] = { 1, 1, 2, 1, 5, 1, 1, 3 };
#define N_BURSTS ((int)(sizeof(bursts) / sizeof(bursts[0])))

static void *echo(void *arg)
{
	char byte;
	size_t got = 1;
	while (got == 1) {
		struct err why = { 0 };
		ck_assert(yamux_stream_read(arg, &byte, 1, SOON, &got, &why));
		ck_assert(yamux_stream_write(arg, &byte, got, SOON, &why));
	}
	return NULL;
}

START_TEST(no_byte_is_forgotten_between_two_who_read_in_turns)
{
	pthread_t threads[2];
	pthread_create(&threads[0], NULL, echo, one);
	pthread_create(&threads[1], NULL, echo, two);
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t id = i % 2 == 0 ? 1 : 3;
		size_t n = bursts[i % N_BURSTS];
		for (size_t sent = 0; sent < n; sent++)
			send_data(&peer, 0, id, "x", 1);
		expect_filler(&peer, id, n);
	}
	send_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	send_frame(&peer, FRAME_WINDOW, FRAME_FIN, 3, 0);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}
END_TEST

/* ---- who idles ------------------------------------------------------------------- */

#define CROWD_STREAMS 40

struct idler {
	pthread_t thread;
	_Atomic int returned;
};

static void *idle(void *arg)
{
	struct idler *i = arg;
	while (yamux_session_idle(peer.session, DEADLINE_NEVER))
		i->returned++;
	return NULL;
}

static void poke_session(void *arg)
{
	(void)arg;
	yamux_session_poke(peer.session);
}

static void await_returns(struct idler *i, int n)
{
	int64_t deadline = SOON;
	while (i->returned < n && clock_now_ms() < deadline)
		usleep(100);
	ck_assert_int_ge(i->returned, n);
}

START_TEST(who_idles_comes_for_what_is_watched_also_in_a_crowd)
{
	struct yamux_stream *crowd[CROWD_STREAMS];
	struct idler i = { .returned = 0 };
	size_t n = _i == 0 ? 0 : CROWD_STREAMS;
	for (size_t k = 0; k < n; k++)
		crowd[k] = peer_opens(&peer, 5 + 2 * (uint32_t)k);
	pthread_create(&i.thread, NULL, idle, &i);
	yamux_stream_watch(one, 1, poke_session, NULL);
	for (int k = 0; k < 20; k++) {
		char byte;
		size_t got = 0;
		int before = i.returned;
		send_data(&peer, 0, 1, "x", 1);
		await_returns(&i, before + 1);
		ck_assert(yamux_stream_read(one, &byte, 1, SOON, &got, &err));
		ck_assert_int_eq(byte, 'x');
	}
	/* at any moment of his: in a crowd he is not always at the socket */
	for (int k = 0; k < 100; k++) {
		int before = i.returned;
		usleep((useconds_t)(k % 10) * 40);
		pthread_mutex_lock(&peer.session->lock);
		yamux_session_poke(peer.session);
		pthread_mutex_unlock(&peer.session->lock);
		await_returns(&i, before + 1);
	}
	for (size_t k = 0; k < n; k++)
		yamux_stream_close(crowd[k]);
	shutdown(peer.fd, SHUT_RDWR);
	pthread_join(i.thread, NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("yamux reader");
	TCase *tc = tcase_create("reader");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, who_waits_reads_and_serves_others);
	tcase_add_test(tc, the_thread_sleeps_while_somebody_reads);
	tcase_add_test(tc, who_follows_reads_when_the_one_who_read_has_gone);
	tcase_add_test(tc, who_need_not_read_any_more_passes_it_on);
	tcase_add_test(tc, who_gives_up_leaves_the_socket_to_others);
	tcase_add_test(tc, a_ping_is_answered_when_all_who_waited_have_gone);
	tcase_add_test(
	    tc, a_writer_who_reads_is_told_that_the_stream_is_finished);
	tcase_add_test(tc, bytes_go_to_who_reads_without_a_buffer_between);
	tcase_add_test(tc, bytes_do_not_go_to_who_has_given_up);
	tcase_add_test(
	    tc, the_end_of_the_session_reaches_who_reads_and_who_waits);
	tcase_add_test(tc, openings_leave_with_what_is_sent_next);
	tcase_add_test(tc, openings_leave_when_somebody_waits_or_by_themselves);
	tcase_add_test(tc, no_byte_is_forgotten_between_two_who_read_in_turns);
	tcase_add_loop_test(
	    tc, who_idles_comes_for_what_is_watched_also_in_a_crowd, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
