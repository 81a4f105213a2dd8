/* One stream: windows, half-closed ends, resets, and who waits for what. */
#include "tests/lib/peer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct peer peer;
static struct yamux_stream *st; /* number 1, opened by the peer */
static struct err err;
static char room[WINDOW];

static void set_up(void)
{
	err_clear(&err);
	peer_start(&peer, false);
	st = peer_opens(&peer, 1);
}

static void tear_down(void)
{
	yamux_stream_close(st);
	peer_stop(&peer);
}

static void expect_read(const char *text)
{
	size_t got;
	ck_assert_msg(
	    yamux_stream_read(st, room, sizeof(room), SOON, &got, &err), "%s",
	    err.text);
	ck_assert_uint_eq(got, strlen(text));
	ck_assert_mem_eq(room, text, got);
}

static void expect_read_error(enum err_code code)
{
	size_t got;
	err_clear(&err);
	ck_assert(!yamux_stream_read(
	    st, room, sizeof(room), clock_deadline_ms(20), &got, &err));
	ck_assert_int_eq(err.code, code);
}

static void expect_write_error(enum err_code code)
{
	err_clear(&err);
	ck_assert(!yamux_stream_write(st, "x", 1, clock_deadline_ms(20), &err));
	ck_assert_int_eq(err.code, code);
}

/* ---- reading and writing ---------------------------------------------------------- */

START_TEST(bytes_arrive_and_leave)
{
	send_data(&peer, 0, 1, "ping", 4);
	expect_read("ping");
	ck_assert(yamux_stream_write(st, "pong", 4, SOON, &err));
	expect_data(&peer, 0, 1, "pong", 4);
}
END_TEST

START_TEST(an_io_reads_and_writes_the_stream)
{
	struct io io = yamux_stream_io(st);
	size_t got;
	send_data(&peer, 0, 1, "ab", 2);
	ck_assert(io.read(io.object, room, 1, SOON, &got, &err));
	ck_assert_uint_eq(got, 1);
	ck_assert(io.write(io.object, "c", 1, SOON, &err));
	expect_data(&peer, 0, 1, "c", 1);
}
END_TEST

START_TEST(reading_gives_up_at_the_deadline)
{
	expect_read_error(ERR_TIMEOUT);
	send_data(&peer, 0, 1, "late", 4);
	err_clear(&err);
	expect_read("late");
}
END_TEST

/* Of a frame of 25 bytes, some with the header, and the rest later, with a ping
 * behind: they come to where they are wanted, ten at a time, and nothing else. */
START_TEST(bytes_come_to_where_they_are_wanted)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxy";
	const size_t len = sizeof(text) - 1;
	struct frame_header data = { FRAME_DATA, 0, 1, (uint32_t)len };
	struct frame_header ping = { FRAME_PING, FRAME_SYN, 0, 9 };
	uint8_t bytes[FRAME_SIZE + sizeof(text) + FRAME_SIZE];
	char place[10 + 2];
	size_t cut = FRAME_SIZE + (size_t)_i;
	size_t end = FRAME_SIZE + len + FRAME_SIZE;
	bool sent = false;
	frame_put(bytes, &data);
	memcpy(bytes + FRAME_SIZE, text, len);
	frame_put(bytes + FRAME_SIZE + len, &ping);
	send_bytes(&peer, bytes, cut);
	for (size_t have = 0, got; have < len; have += got) {
		if (FRAME_SIZE + have >= cut && !sent) {
			expect_read_error(ERR_TIMEOUT);
			send_bytes(&peer, bytes + cut, end - cut);
			sent = true;
		}
		memset(place, '#', sizeof(place));
		ck_assert(
		    yamux_stream_read(st, place + 1, 10, SOON, &got, &err));
		ck_assert(got > 0 && got <= 10);
		ck_assert_mem_eq(place + 1, text + have, got);
		ck_assert(place[0] == '#' && place[1 + got] == '#');
	}
	if (!sent) /* with the last of the text nothing was left to wait for */
		send_bytes(&peer, bytes + cut, end - cut);
	expect_frame(&peer, FRAME_PING, FRAME_ACK, 0, 9);
}
END_TEST

START_TEST(a_frame_without_payload_means_nothing)
{
	send_frame(&peer, FRAME_DATA, 0, 1, 0);
	expect_silence(&peer);
	expect_read_error(ERR_TIMEOUT);
}
END_TEST

/* ---- our window -------------------------------------------------------------------- */

START_TEST(credit_goes_back_once_half_of_the_window_is_read)
{
	send_filler(&peer, 1, WINDOW);
	read_all(st, room, WINDOW / 2 - 1);
	expect_silence(&peer);
	read_all(st, room, 1);
	expect_frame(&peer, FRAME_WINDOW, 0, 1, WINDOW / 2);
	expect_silence(&peer);
}
END_TEST

START_TEST(the_window_can_be_used_up_again_and_again)
{
	send_filler(&peer, 1, WINDOW);
	for (int i = 0; i < 10; i++) {
		read_all(st, room, WINDOW / 2);
		expect_frame(&peer, FRAME_WINDOW, 0, 1, WINDOW / 2);
		send_filler(&peer, 1, WINDOW / 2);
	}
	expect_silence(&peer);
}
END_TEST

START_TEST(no_credit_goes_back_to_a_peer_that_has_finished)
{
	send_filler(&peer, 1, WINDOW);
	send_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	expect_silence(&peer);
	read_all(st, room, WINDOW);
	expect_silence(&peer);
}
END_TEST

START_TEST(more_data_than_the_window_ends_the_session)
{
	send_filler(&peer, 1, WINDOW);
	send_frame(&peer, FRAME_DATA, 0, 1, 1);
	expect_frame(&peer, FRAME_GO_AWAY, 0, 0, FRAME_PROTOCOL_ERROR);
	expect_end(&peer);
	yamux_session_wait(peer.session, &err);
	ck_assert_str_eq(
	    err.text, "yamux: more data than the window (stream 1)");
}
END_TEST

START_TEST(a_frame_larger_than_the_window_ends_the_session_at_once)
{
	send_frame(&peer, FRAME_DATA, 0, 1, UINT32_MAX);
	expect_frame(&peer, FRAME_GO_AWAY, 0, 0, FRAME_PROTOCOL_ERROR);
	expect_end(&peer);
}
END_TEST

/* ---- the peer's window --------------------------------------------------------------- */

static void *write_twice_the_window(void *arg)
{
	static const char bytes[2 * WINDOW];
	struct err why = { 0 };
	ck_assert_msg(yamux_stream_write(arg, bytes, sizeof(bytes), SOON, &why),
	    "%s", why.text);
	return NULL;
}

START_TEST(a_writer_waits_for_window_and_wakes_up)
{
	pthread_t thread;
	pthread_create(&thread, NULL, write_twice_the_window, st);
	expect_filler(&peer, 1, WINDOW);
	expect_silence(&peer);
	send_frame(&peer, FRAME_WINDOW, 0, 1, 1);
	expect_filler(&peer, 1, 1);
	expect_silence(&peer);
	send_frame(&peer, FRAME_WINDOW, 0, 1, WINDOW);
	expect_filler(&peer, 1, WINDOW - 1);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(a_writer_without_window_gives_up_at_the_deadline)
{
	ck_assert(yamux_stream_write(st, room, WINDOW, SOON, &err));
	expect_write_error(ERR_TIMEOUT);
	expect_filler(&peer, 1, WINDOW);
}
END_TEST

START_TEST(bytes_sent_with_the_syn_use_up_the_window)
{
	struct yamux_stream *ours =
	    yamux_open(peer.session, room, WINDOW, SOON, &err);
	ck_assert(
	    !yamux_stream_write(ours, "x", 1, clock_deadline_ms(20), &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	yamux_stream_close(ours);
}
END_TEST

START_TEST(a_writer_waits_while_the_socket_takes_nothing)
{
	static const char bytes[4 * WINDOW];
	send_frame(&peer, FRAME_WINDOW, 0, 1, 64 * WINDOW);
	expect_silence(&peer);
	ck_assert(!yamux_stream_write(
	    st, bytes, sizeof(bytes), clock_deadline_ms(50), &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
}
END_TEST

START_TEST(a_window_above_4_gib_ends_the_session)
{
	send_frame(&peer, FRAME_WINDOW, 0, 1, UINT32_MAX);
	expect_frame(&peer, FRAME_GO_AWAY, 0, 0, FRAME_PROTOCOL_ERROR);
	expect_end(&peer);
}
END_TEST

START_TEST(a_stream_may_be_opened_with_more_window)
{
	send_frame(&peer, FRAME_WINDOW, FRAME_SYN, 3, 5);
	expect_frame(&peer, FRAME_WINDOW, FRAME_ACK, 3, 0);
	struct yamux_stream *wide = yamux_accept(peer.session, SOON, &err);
	ck_assert(yamux_stream_write(wide, room, WINDOW, SOON, &err));
	ck_assert(yamux_stream_write(wide, room, 5, SOON, &err));
	expect_filler(&peer, 3, WINDOW + 5);
	yamux_stream_close(wide);
}
END_TEST

/* ---- ends ------------------------------------------------------------------------------ */

START_TEST(data_before_the_fin_is_read_first)
{
	send_data(&peer, 0, 1, "last", 4);
	send_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	expect_silence(&peer);
	expect_read("last");
	expect_read("");
	expect_read("");
}
END_TEST

START_TEST(a_fin_may_ride_on_data)
{
	send_data(&peer, FRAME_FIN, 1, "last", 4);
	expect_read("last");
	expect_read("");
}
END_TEST

START_TEST(after_the_peers_fin_we_may_write)
{
	send_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	expect_read("");
	ck_assert(yamux_stream_write(st, "still", 5, SOON, &err));
	expect_data(&peer, 0, 1, "still", 5);
}
END_TEST

START_TEST(after_our_fin_we_may_read)
{
	yamux_stream_finish(st);
	expect_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	send_data(&peer, 0, 1, "still", 5);
	expect_read("still");
	expect_write_error(ERR_CLOSED);
}
END_TEST

START_TEST(fin_is_sent_once)
{
	yamux_stream_finish(st);
	yamux_stream_finish(st);
	yamux_stream_close(st);
	st = NULL;
	expect_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	expect_silence(&peer);
}
END_TEST

START_TEST(a_stream_finished_on_both_sides_is_forgotten)
{
	send_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	yamux_stream_close(st);
	st = NULL;
	expect_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	expect_silence(&peer);
	ck_assert_uint_eq(yamux_session_streams(peer.session), 0);
}
END_TEST

START_TEST(a_closed_stream_waits_for_the_peers_fin)
{
	yamux_stream_close(st);
	st = NULL;
	expect_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	ck_assert_uint_eq(yamux_session_streams(peer.session), 1);
	send_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	expect_silence(&peer);
	ck_assert_uint_eq(yamux_session_streams(peer.session), 0);
}
END_TEST

START_TEST(a_reset_ends_reading_behind_the_data_that_came)
{
	send_data(&peer, 0, 1, "kept", 4);
	send_frame(&peer, FRAME_WINDOW, FRAME_RST, 1, 0);
	expect_silence(&peer);
	expect_read("kept");
	expect_read_error(ERR_CLOSED);
	expect_write_error(ERR_CLOSED);
	ck_assert_uint_eq(yamux_session_streams(peer.session), 0);
}
END_TEST

START_TEST(a_reset_stream_sends_no_fin)
{
	send_frame(&peer, FRAME_WINDOW, FRAME_RST, 1, 0);
	expect_silence(&peer);
	yamux_stream_close(st);
	st = NULL;
	expect_silence(&peer);
}
END_TEST

static void *read_until_reset(void *arg)
{
	struct err why = { 0 };
	char byte;
	size_t got;
	ck_assert(!yamux_stream_read(arg, &byte, 1, SOON, &got, &why));
	ck_assert_str_eq(why.text, "stream 1 was reset");
	return NULL;
}

START_TEST(a_reset_wakes_the_reader)
{
	pthread_t thread;
	pthread_create(&thread, NULL, read_until_reset, st);
	send_frame(&peer, FRAME_WINDOW, FRAME_RST, 1, 0);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(closing_with_unread_data_resets)
{
	send_data(&peer, 0, 1, "unread", 6);
	expect_silence(&peer);
	yamux_stream_close(st);
	st = NULL;
	expect_frame(&peer, FRAME_WINDOW, FRAME_RST, 1, 0);
	ck_assert_uint_eq(yamux_session_streams(peer.session), 0);
}
END_TEST

START_TEST(data_for_a_closed_stream_is_answered_by_a_reset)
{
	yamux_stream_close(st);
	st = NULL;
	expect_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	send_data(&peer, 0, 1, "more", 4);
	expect_frame(&peer, FRAME_WINDOW, FRAME_RST, 1, 0);
	expect_silence(&peer);
	ck_assert_uint_eq(yamux_session_streams(peer.session), 0);
}
END_TEST

START_TEST(a_stream_closed_in_the_middle_of_a_frame_is_reset)
{
	send_frame(&peer, FRAME_DATA, FRAME_FIN, 1, 10);
	send_bytes(&peer, "12345", 5);
	read_all(st, room, 5);
	yamux_stream_close(st);
	st = NULL;
	expect_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	send_bytes(&peer, "67890", 5);
	expect_frame(&peer, FRAME_WINDOW, FRAME_RST, 1, 0);
	expect_silence(&peer);
	ck_assert_uint_eq(yamux_session_streams(peer.session), 0);
}
END_TEST

START_TEST(after_the_end_of_the_session_what_came_can_be_read)
{
	send_data(&peer, 0, 1, "kept", 4);
	expect_silence(&peer);
	yamux_session_close(peer.session);
	expect_read("kept");
	expect_read_error(ERR_CLOSED);
	expect_write_error(ERR_CLOSED);
	ck_assert_str_eq(err.text, "session ended: closed on our side");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yamux stream");
	TCase *tc = tcase_create("stream");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, bytes_arrive_and_leave);
	tcase_add_test(tc, an_io_reads_and_writes_the_stream);
	tcase_add_test(tc, reading_gives_up_at_the_deadline);
	tcase_add_loop_test(tc, bytes_come_to_where_they_are_wanted, 0, 26);
	tcase_add_test(tc, a_frame_without_payload_means_nothing);
	tcase_add_test(tc, credit_goes_back_once_half_of_the_window_is_read);
	tcase_add_test(tc, the_window_can_be_used_up_again_and_again);
	tcase_add_test(tc, no_credit_goes_back_to_a_peer_that_has_finished);
	tcase_add_test(tc, more_data_than_the_window_ends_the_session);
	tcase_add_test(
	    tc, a_frame_larger_than_the_window_ends_the_session_at_once);
	tcase_add_test(tc, a_writer_waits_for_window_and_wakes_up);
	tcase_add_test(tc, a_writer_without_window_gives_up_at_the_deadline);
	tcase_add_test(tc, bytes_sent_with_the_syn_use_up_the_window);
	tcase_add_test(tc, a_writer_waits_while_the_socket_takes_nothing);
	tcase_add_test(tc, a_window_above_4_gib_ends_the_session);
	tcase_add_test(tc, a_stream_may_be_opened_with_more_window);
	tcase_add_test(tc, data_before_the_fin_is_read_first);
	tcase_add_test(tc, a_fin_may_ride_on_data);
	tcase_add_test(tc, after_the_peers_fin_we_may_write);
	tcase_add_test(tc, after_our_fin_we_may_read);
	tcase_add_test(tc, fin_is_sent_once);
	tcase_add_test(tc, a_stream_finished_on_both_sides_is_forgotten);
	tcase_add_test(tc, a_closed_stream_waits_for_the_peers_fin);
	tcase_add_test(tc, a_reset_ends_reading_behind_the_data_that_came);
	tcase_add_test(tc, a_reset_stream_sends_no_fin);
	tcase_add_test(tc, a_reset_wakes_the_reader);
	tcase_add_test(tc, closing_with_unread_data_resets);
	tcase_add_test(tc, data_for_a_closed_stream_is_answered_by_a_reset);
	tcase_add_test(tc, a_stream_closed_in_the_middle_of_a_frame_is_reset);
	tcase_add_test(tc, after_the_end_of_the_session_what_came_can_be_read);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
