/* A session and its table of streams, seen from the other end of the socket:
 * opening, pings, limits, violations, and every way to end. */
#include "tests/lib/peer.h"
#include "yamux/session.h"

#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct peer peer;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	peer_start(&peer, false);
}

static void tear_down(void)
{
	peer_stop(&peer);
}

static struct yamux_stream *open_stream(void)
{
	struct yamux_stream *st = yamux_open(peer.session, NULL, 0, SOON, &err);
	ck_assert_msg(st != NULL, "%s", err.text);
	return st;
}

/* The session says go-away 1, ends, and this is why. */
static void expect_violation(const char *why)
{
	expect_frame(&peer, FRAME_GO_AWAY, 0, 0, FRAME_PROTOCOL_ERROR);
	expect_end(&peer);
	yamux_session_wait(peer.session, &err);
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
}

/* ---- opening ------------------------------------------------------------------ */

START_TEST(a_new_stream_gets_one_prompt_ack)
{
	send_frame(&peer, FRAME_WINDOW, FRAME_SYN, 1, 0);
	expect_frame(&peer, FRAME_WINDOW, FRAME_ACK, 1, 0);
	expect_silence(&peer);
	struct yamux_stream *st = yamux_accept(peer.session, SOON, &err);
	ck_assert_uint_eq(yamux_stream_id(st), 1);
	expect_silence(&peer);
	ck_assert(yamux_stream_write(st, "x", 1, SOON, &err));
	expect_data(&peer, 0, 1, "x", 1);
	yamux_stream_close(st);
}
END_TEST

START_TEST(a_stream_may_be_opened_by_its_first_data)
{
	char got[5];
	send_data(&peer, FRAME_SYN, 1, "hello", 5);
	expect_frame(&peer, FRAME_WINDOW, FRAME_ACK, 1, 0);
	struct yamux_stream *st = yamux_accept(peer.session, SOON, &err);
	read_all(st, got, 5);
	ck_assert_mem_eq(got, "hello", 5);
	yamux_stream_close(st);
}
END_TEST

START_TEST(streams_opened_at_once_may_arrive_in_either_order)
{
	struct yamux_stream *later = peer_opens(&peer, 9);
	struct yamux_stream *earlier = peer_opens(&peer, 7);
	expect_silence(&peer);
	yamux_stream_close(later);
	yamux_stream_close(earlier);
}
END_TEST

START_TEST(a_stream_opened_twice_ends_the_session)
{
	struct yamux_stream *st = peer_opens(&peer, 1);
	send_frame(&peer, FRAME_WINDOW, FRAME_SYN, 1, 0);
	expect_violation("opened twice");
	yamux_stream_close(st);
}
END_TEST

START_TEST(the_peer_may_not_use_our_numbers)
{
	send_frame(&peer, FRAME_WINDOW, FRAME_SYN, 2, 0);
	expect_violation("opened twice");
}
END_TEST

START_TEST(stream_zero_cannot_be_opened)
{
	send_frame(&peer, FRAME_DATA, FRAME_SYN, 0, 0);
	expect_violation("opened twice");
}
END_TEST

START_TEST(our_streams_are_even_for_a_server)
{
	struct yamux_stream *a = open_stream();
	struct yamux_stream *b = open_stream();
	expect_frame(&peer, FRAME_WINDOW, FRAME_SYN, 2, 0);
	expect_frame(&peer, FRAME_WINDOW, FRAME_SYN, 4, 0);
	yamux_stream_close(a);
	yamux_stream_close(b);
}
END_TEST

START_TEST(our_streams_are_odd_for_a_client)
{
	struct peer server;
	peer_start(&server, true);
	struct yamux_stream *st =
	    yamux_open(server.session, NULL, 0, SOON, &err);
	expect_frame(&server, FRAME_WINDOW, FRAME_SYN, 1, 0);
	yamux_stream_close(st);
	peer_stop(&server);
}
END_TEST

START_TEST(the_first_bytes_leave_together_with_the_syn)
{
	struct yamux_stream *st =
	    yamux_open(peer.session, "\1\0\0\0", 4, SOON, &err);
	expect_data(&peer, FRAME_SYN, 2, "\1\0\0\0", 4);
	yamux_stream_close(st);
}
END_TEST

START_TEST(accepting_gives_up_at_the_deadline)
{
	ck_assert_ptr_null(
	    yamux_accept(peer.session, clock_deadline_ms(20), &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
}
END_TEST

START_TEST(a_stream_reset_before_it_is_accepted_leaves_the_table)
{
	send_frame(&peer, FRAME_WINDOW, FRAME_SYN, 1, 0);
	send_frame(&peer, FRAME_WINDOW, FRAME_RST, 1, 0);
	expect_frame(&peer, FRAME_WINDOW, FRAME_ACK, 1, 0);
	expect_silence(&peer);
	struct yamux_stream *st = yamux_accept(peer.session, SOON, &err);
	ck_assert_uint_eq(yamux_session_streams(peer.session), 0);
	ck_assert(!yamux_stream_write(st, "x", 1, SOON, &err));
	ck_assert_int_eq(err.code, ERR_CLOSED);
	yamux_stream_close(st);
	expect_silence(&peer);
}
END_TEST

/* ---- limits -------------------------------------------------------------------- */

static struct yamux_stream *unacked[YAMUX_MAX_UNACKED];

static void open_all_unacked(void)
{
	for (uint32_t i = 0; i < YAMUX_MAX_UNACKED; i++) {
		unacked[i] = open_stream();
		expect_frame(&peer, FRAME_WINDOW, FRAME_SYN, 2 + 2 * i, 0);
	}
	ck_assert_ptr_null(
	    yamux_open(peer.session, NULL, 0, clock_deadline_ms(20), &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	err_clear(&err);
	expect_silence(&peer);
}

static void close_all_unacked(void)
{
	for (uint32_t i = 0; i < YAMUX_MAX_UNACKED; i++)
		yamux_stream_close(unacked[i]);
}

static void *open_one(void *arg)
{
	struct err why = { 0 };
	return yamux_open(arg, NULL, 0, SOON, &why);
}

static uint64_t count_woken(void)
{
	pthread_mutex_lock(&peer.session->lock);
	uint64_t n = peer.session->n_woken;
	pthread_mutex_unlock(&peer.session->lock);
	return n;
}

static void *open_two(void *arg)
{
	struct yamux_opening two[2] = { 0 };
	struct err why = { 0 };
	ck_assert_msg(yamux_open_all(arg, two, 2, SOON, &why), "%s", why.text);
	yamux_stream_close(two[0].stream);
	yamux_stream_close(two[1].stream);
	return NULL;
}

START_TEST(the_257th_unacknowledged_stream_waits_for_an_ack)
{
	pthread_t thread;
	void *st;
	open_all_unacked();
	pthread_create(&thread, NULL, open_one, peer.session);
	expect_silence(&peer);
	send_frame(&peer, FRAME_WINDOW, FRAME_ACK, 10, 0);
	expect_frame(&peer, FRAME_WINDOW, FRAME_SYN, 514, 0);
	pthread_join(thread, &st);
	yamux_stream_close(st);
	close_all_unacked();
}
END_TEST

START_TEST(a_reset_counts_as_an_answer_to_a_syn)
{
	open_all_unacked();
	send_frame(&peer, FRAME_WINDOW, FRAME_RST, 10, 0);
	struct yamux_stream *st = open_stream();
	expect_frame(&peer, FRAME_WINDOW, FRAME_SYN, 514, 0);
	yamux_stream_close(st);
	close_all_unacked();
}
END_TEST

START_TEST(a_second_ack_counts_for_nothing)
{
	open_all_unacked();
	send_frame(&peer, FRAME_WINDOW, FRAME_ACK, 10, 0);
	send_frame(&peer, FRAME_WINDOW, FRAME_ACK, 10, 0);
	struct yamux_stream *st = open_stream();
	expect_frame(&peer, FRAME_WINDOW, FRAME_SYN, 514, 0);
	ck_assert_ptr_null(
	    yamux_open(peer.session, NULL, 0, clock_deadline_ms(20), &err));
	yamux_stream_close(st);
	close_all_unacked();
}
END_TEST

START_TEST(streams_of_the_peer_above_the_limit_are_reset)
{
	uint32_t last = 2 * YAMUX_MAX_STREAMS + 1;
	for (uint32_t id = 1; id < last; id += 2) {
		send_frame(&peer, FRAME_WINDOW, FRAME_SYN, id, 0);
		expect_frame(&peer, FRAME_WINDOW, FRAME_ACK, id, 0);
	}
	send_data(&peer, FRAME_SYN, last, "lost", 4);
	expect_frame(&peer, FRAME_WINDOW, FRAME_RST, last, 0);
	expect_silence(&peer);
	ck_assert_uint_eq(
	    yamux_session_streams(peer.session), YAMUX_MAX_STREAMS);
}
END_TEST

START_TEST(we_open_no_stream_above_the_limit)
{
	static struct yamux_stream *all[YAMUX_MAX_STREAMS];
	for (uint32_t i = 0; i < YAMUX_MAX_STREAMS; i++) {
		all[i] = open_stream();
		expect_frame(&peer, FRAME_WINDOW, FRAME_SYN, 2 + 2 * i, 0);
		send_frame(&peer, FRAME_WINDOW, FRAME_ACK, 2 + 2 * i, 0);
	}
	expect_silence(&peer);
	ck_assert_ptr_null(yamux_open(peer.session, NULL, 0, SOON, &err));
	ck_assert_int_eq(err.code, ERR_BUSY);
	for (uint32_t i = 0; i < YAMUX_MAX_STREAMS; i++)
		yamux_stream_close(all[i]);
}
END_TEST

START_TEST(used_up_numbers_end_the_session)
{
	struct err why = { 0 };
	pthread_mutex_lock(&peer.session->lock);
	peer.session->next_id = UINT32_MAX - 1; /* the last even one */
	pthread_mutex_unlock(&peer.session->lock);
	ck_assert_ptr_null(yamux_open(peer.session, NULL, 0, SOON, &err));
	ck_assert_int_eq(err.code, ERR_BUSY);
	yamux_session_wait(peer.session, &why);
	/* not in order: whoever runs the plugin has to hear of it */
	ck_assert_int_eq(why.code, ERR_BUSY);
}
END_TEST

/* One acknowledgement is not enough for who wants two; none is lost on him. */
START_TEST(who_wants_two_streams_waits_for_two_acks)
{
	pthread_t thread;
	open_all_unacked();
	pthread_create(&thread, NULL, open_two, peer.session);
	expect_silence(&peer);
	uint64_t woken = count_woken();
	send_frame(&peer, FRAME_WINDOW, FRAME_ACK, 10, 0);
	expect_silence(&peer);
	ck_assert_uint_eq(count_woken(), woken);
	send_frame(&peer, FRAME_WINDOW, FRAME_ACK, 12, 0);
	expect_frame(&peer, FRAME_WINDOW, FRAME_SYN, 514, 0);
	expect_frame(&peer, FRAME_WINDOW, FRAME_SYN, 516, 0);
	pthread_join(thread, NULL);
	close_all_unacked();
}
END_TEST

/* ---- other frames --------------------------------------------------------------- */

START_TEST(a_ping_is_answered_while_no_one_reads)
{
	struct yamux_stream *st = peer_opens(&peer, 1);
	send_filler(&peer, 1, WINDOW);
	send_frame(&peer, FRAME_PING, FRAME_SYN, 0, 77);
	expect_frame(&peer, FRAME_PING, FRAME_ACK, 0, 77);
	yamux_stream_close(st);
}
END_TEST

START_TEST(the_answer_to_a_ping_is_not_answered)
{
	send_frame(&peer, FRAME_PING, FRAME_ACK, 0, 77);
	expect_silence(&peer);
}
END_TEST

START_TEST(frames_for_unknown_streams_are_ignored)
{
	send_data(&peer, 0, 1, "stray", 5);
	send_data(&peer, FRAME_FIN, 2, "stray", 5);
	send_frame(&peer, FRAME_WINDOW, 0, 1, 1000);
	send_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	send_frame(&peer, FRAME_WINDOW, FRAME_RST, 2, 0);
	send_frame(&peer, FRAME_WINDOW, FRAME_ACK, 2, 0);
	expect_silence(&peer);
	yamux_stream_close(peer_opens(&peer, 1));
}
END_TEST

START_TEST(input_may_come_byte_by_byte)
{
	static const char hello[5] = { 'h', 'e', 'l', 'l', 'o' };
	uint8_t bytes[3 * FRAME_SIZE + 5] = { 0 }, *at = bytes;
	char got[5];
	struct frame_header syn = { FRAME_WINDOW, FRAME_SYN, 1, 0 };
	struct frame_header data = { FRAME_DATA, 0, 1, 5 };
	struct frame_header ping = { FRAME_PING, FRAME_SYN, 0, 9 };
	frame_put(at, &syn);
	frame_put(at += FRAME_SIZE, &data);
	at = mempcpy(at + FRAME_SIZE, hello, sizeof(hello));
	frame_put(at, &ping);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		send_bytes(&peer, bytes + i, 1);
		poll(NULL, 0, 1);
	}
	expect_frame(&peer, FRAME_WINDOW, FRAME_ACK, 1, 0);
	expect_frame(&peer, FRAME_PING, FRAME_ACK, 0, 9);
	struct yamux_stream *st = yamux_accept(peer.session, SOON, &err);
	read_all(st, got, 5);
	ck_assert_mem_eq(got, "hello", 5);
	yamux_stream_close(st);
}
END_TEST

START_TEST(another_version_ends_the_session)
{
	const uint8_t bytes[FRAME_SIZE] = { 1 };
	send_bytes(&peer, bytes, sizeof(bytes));
	expect_violation("not yamux");
}
END_TEST

START_TEST(an_unknown_type_ends_the_session)
{
	const uint8_t bytes[FRAME_SIZE] = { 0, 4 };
	send_bytes(&peer, bytes, sizeof(bytes));
	expect_violation("not yamux");
}
END_TEST

START_TEST(after_a_normal_go_away_old_streams_go_on)
{
	char got[2];
	struct yamux_stream *st = peer_opens(&peer, 1);
	send_frame(&peer, FRAME_GO_AWAY, 0, 0, FRAME_NORMAL);
	send_data(&peer, 0, 1, "on", 2);
	read_all(st, got, 2);
	ck_assert_ptr_null(yamux_open(peer.session, NULL, 0, SOON, &err));
	ck_assert_int_eq(err.code, ERR_CLOSED);
	expect_silence(&peer);
	yamux_stream_close(st);
}
END_TEST

START_TEST(a_go_away_with_an_error_ends_the_session)
{
	send_frame(&peer, FRAME_GO_AWAY, 0, 0, FRAME_INTERNAL_ERROR);
	expect_end(&peer);
	yamux_session_wait(peer.session, &err);
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
	ck_assert_str_eq(
	    err.text, "yamux: the peer ended the session with code 2");
}
END_TEST

/* ---- ending ---------------------------------------------------------------------- */

START_TEST(a_peer_that_closes_ends_the_session_in_order)
{
	struct yamux_stream *st = peer_opens(&peer, 1);
	shutdown(peer.fd, SHUT_RDWR);
	yamux_session_wait(peer.session, &err);
	ck_assert_int_eq(err.code, ERR_CLOSED);
	ck_assert_str_eq(err.text, "the peer closed the connection");
	err_clear(&err);
	ck_assert_ptr_null(yamux_accept(peer.session, SOON, &err));
	ck_assert_int_eq(err.code, ERR_CLOSED);
	yamux_stream_close(st);
}
END_TEST

START_TEST(a_peer_that_reads_nothing_is_given_up_above_4_mib)
{
	static const char bytes[WINDOW];
	struct yamux_stream *streams[32];
	size_t n = 0;
	while (n < 32) {
		streams[n] =
		    yamux_open(peer.session, bytes, sizeof(bytes), SOON, &err);
		if (streams[n] == NULL)
			break;
		n++;
	}
	ck_assert_uint_gt(n, YAMUX_DEAD_PENDING / WINDOW);
	ck_assert_uint_lt(n, 24);
	err_clear(&err);
	yamux_session_wait(peer.session, &err);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_str_eq(err.text, "yamux: the peer does not read");
	while (n > 0)
		yamux_stream_close(streams[--n]);
}
END_TEST

START_TEST(what_the_socket_did_not_take_is_sent_later)
{
	static const char bytes[WINDOW];
	struct yamux_stream *streams[8];
	for (size_t i = 0; i < 8; i++)
		streams[i] =
		    yamux_open(peer.session, bytes, sizeof(bytes), SOON, &err);
	for (uint32_t i = 0; i < 8; i++)
		expect_data(&peer, FRAME_SYN, 2 + 2 * i, bytes, sizeof(bytes));
	expect_silence(&peer);
	for (size_t i = 0; i < 8; i++)
		yamux_stream_close(streams[i]);
}
END_TEST

static void *wait_to_read(void *arg)
{
	struct err why = { 0 };
	char byte;
	size_t got;
	ck_assert(!yamux_stream_read(arg, &byte, 1, SOON, &got, &why));
	ck_assert_int_eq(why.code, ERR_CLOSED);
	return NULL;
}

static void *wait_to_write(void *arg)
{
	static const char bytes[2 * WINDOW];
	struct err why = { 0 };
	ck_assert(!yamux_stream_write(arg, bytes, sizeof(bytes), SOON, &why));
	ck_assert_int_eq(why.code, ERR_CLOSED);
	return NULL;
}

static void *wait_to_accept(void *arg)
{
	struct err why = { 0 };
	ck_assert_ptr_null(yamux_accept(arg, SOON, &why));
	ck_assert_int_eq(why.code, ERR_CLOSED);
	return NULL;
}

static void *wait_to_open(void *arg)
{
	struct err why = { 0 };
	ck_assert_ptr_null(yamux_open(arg, NULL, 0, SOON, &why));
	ck_assert_int_eq(why.code, ERR_CLOSED);
	return NULL;
}

START_TEST(closing_wakes_everybody_who_waits)
{
	pthread_t threads[4];
	struct yamux_stream *st = peer_opens(&peer, 1);
	open_all_unacked();
	pthread_create(&threads[0], NULL, wait_to_read, st);
	pthread_create(&threads[1], NULL, wait_to_write, st);
	pthread_create(&threads[2], NULL, wait_to_accept, peer.session);
	pthread_create(&threads[3], NULL, wait_to_open, peer.session);
	expect_filler(&peer, 1, WINDOW);
	poll(NULL, 0, 20);
	int64_t before = clock_now_ms();
	yamux_session_close(peer.session);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_lt(clock_now_ms() - before, 2000);
	yamux_stream_close(st);
	close_all_unacked();
}
END_TEST

START_TEST(a_session_leaves_streams_that_nobody_accepted_behind_it)
{
	send_data(&peer, FRAME_SYN, 1, "early", 5);
	send_data(&peer, FRAME_SYN | FRAME_FIN, 3, "early", 5);
	expect_frame(&peer, FRAME_WINDOW, FRAME_ACK, 1, 0);
	expect_frame(&peer, FRAME_WINDOW, FRAME_ACK, 3, 0);
	expect_silence(&peer);
	ck_assert_uint_eq(yamux_session_streams(peer.session), 2);
}
END_TEST

START_TEST(no_thread_and_no_descriptor_is_left_after_200_sessions)
{
	size_t descriptors = count_descriptors();
	size_t threads = count_threads();
	for (int i = 0; i < 200; i++) {
		struct peer p;
		peer_start(&p, false);
		struct yamux_stream *st = peer_opens(&p, 1);
		ck_assert(yamux_stream_write(st, "x", 1, SOON, &err));
		send_data(&p, 0, 1, "y", 1);
		send_frame(&p, FRAME_WINDOW, FRAME_SYN, 3, 0);
		if (i % 2 == 0)
			shutdown(p.fd, SHUT_RDWR);
		yamux_stream_close(st);
		peer_stop(&p);
	}
	ck_assert_uint_eq(count_descriptors(), descriptors);
	ck_assert(threads_become(threads));
}
END_TEST

START_TEST(without_a_session_there_is_nothing_to_free)
{
	yamux_session_free(NULL);
	yamux_stream_close(NULL);
}
END_TEST

/* ---- two sessions at work --------------------------------------------------------- */

#define PAIRS    ((size_t)64)
#define MEGABYTE ((size_t)1024 * 1024)

/* A pattern that never repeats at a frame's edge. */
#define PERIOD 251
#define PIECE  ((size_t)10000)
static uint8_t pattern[PERIOD + PIECE];

static void *send_megabyte(void *arg)
{
	struct err why = { 0 };
	for (size_t sent = 0; sent < MEGABYTE;) {
		size_t n = MEGABYTE - sent < PIECE ? MEGABYTE - sent : PIECE;
		ck_assert_msg(yamux_stream_write(
		                  arg, pattern + sent % PERIOD, n, SOON, &why),
		    "%s", why.text);
		sent += n;
	}
	yamux_stream_finish(arg);
	return NULL;
}

static void *take_megabyte(void *arg)
{
	struct err why = { 0 };
	uint8_t bytes[7000];
	size_t taken = 0, got = 1;
	while (got > 0) {
		ck_assert_msg(yamux_stream_read(
		                  arg, bytes, sizeof(bytes), SOON, &got, &why),
		    "%s", why.text);
		ck_assert_mem_eq(bytes, pattern + taken % PERIOD, got);
		taken += got;
	}
	ck_assert_uint_eq(taken, MEGABYTE);
	return NULL;
}

START_TEST(sixty_four_streams_move_a_megabyte_each_way_at_once)
{
	static struct yamux_stream *ends[2 * PAIRS];
	static pthread_t threads[4 * PAIRS];
	int fds[2];
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i % PERIOD);
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
	struct yamux_session *host = yamux_session_new(fds[0], true, &err);
	struct yamux_session *plugin = yamux_session_new(fds[1], false, &err);
	for (size_t i = 0; i < PAIRS; i++) {
		bool by_host = i % 2 == 0;
		ends[2 * i] =
		    yamux_open(by_host ? host : plugin, NULL, 0, SOON, &err);
		ends[2 * i + 1] =
		    yamux_accept(by_host ? plugin : host, SOON, &err);
	}
	for (size_t i = 0; i < 2 * PAIRS; i++) {
		pthread_create(&threads[2 * i], NULL, send_megabyte, ends[i]);
		pthread_create(
		    &threads[2 * i + 1], NULL, take_megabyte, ends[i]);
	}
	for (size_t i = 0; i < 4 * PAIRS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < 2 * PAIRS; i++)
		yamux_stream_close(ends[i]);
	ck_assert_uint_eq(yamux_session_streams(host), 0);
	ck_assert_uint_eq(yamux_session_streams(plugin), 0);
	yamux_session_free(host);
	yamux_session_free(plugin);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yamux session");
	TCase *tc = tcase_create("session");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_new_stream_gets_one_prompt_ack);
	tcase_add_test(tc, a_stream_may_be_opened_by_its_first_data);
	tcase_add_test(tc, streams_opened_at_once_may_arrive_in_either_order);
	tcase_add_test(tc, a_stream_opened_twice_ends_the_session);
	tcase_add_test(tc, the_peer_may_not_use_our_numbers);
	tcase_add_test(tc, stream_zero_cannot_be_opened);
	tcase_add_test(tc, our_streams_are_even_for_a_server);
	tcase_add_test(tc, our_streams_are_odd_for_a_client);
	tcase_add_test(tc, the_first_bytes_leave_together_with_the_syn);
	tcase_add_test(tc, accepting_gives_up_at_the_deadline);
	tcase_add_test(
	    tc, a_stream_reset_before_it_is_accepted_leaves_the_table);
	tcase_add_test(tc, the_257th_unacknowledged_stream_waits_for_an_ack);
	tcase_add_test(tc, a_reset_counts_as_an_answer_to_a_syn);
	tcase_add_test(tc, a_second_ack_counts_for_nothing);
	tcase_add_test(tc, streams_of_the_peer_above_the_limit_are_reset);
	tcase_add_test(tc, we_open_no_stream_above_the_limit);
	tcase_add_test(tc, used_up_numbers_end_the_session);
	tcase_add_test(tc, who_wants_two_streams_waits_for_two_acks);
	tcase_add_test(tc, a_ping_is_answered_while_no_one_reads);
	tcase_add_test(tc, the_answer_to_a_ping_is_not_answered);
	tcase_add_test(tc, frames_for_unknown_streams_are_ignored);
	tcase_add_test(tc, input_may_come_byte_by_byte);
	tcase_add_test(tc, another_version_ends_the_session);
	tcase_add_test(tc, an_unknown_type_ends_the_session);
	tcase_add_test(tc, after_a_normal_go_away_old_streams_go_on);
	tcase_add_test(tc, a_go_away_with_an_error_ends_the_session);
	tcase_add_test(tc, a_peer_that_closes_ends_the_session_in_order);
	tcase_add_test(tc, a_peer_that_reads_nothing_is_given_up_above_4_mib);
	tcase_add_test(tc, what_the_socket_did_not_take_is_sent_later);
	tcase_add_test(tc, closing_wakes_everybody_who_waits);
	tcase_add_test(
	    tc, a_session_leaves_streams_that_nobody_accepted_behind_it);
	tcase_add_test(
	    tc, no_thread_and_no_descriptor_is_left_after_200_sessions);
	tcase_add_test(tc, without_a_session_there_is_nothing_to_free);
	tcase_add_test(tc, sixty_four_streams_move_a_megabyte_each_way_at_once);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
