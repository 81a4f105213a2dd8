/* Numbered side streams, dialled and accepted, against a raw peer. */
#include "tests/lib/peer.h"

#include "goplugin/broker.h"

#include <check.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct peer peer;
static struct broker broker;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	peer_start(&peer, false);
	broker_init(&broker, peer.session);
}

static void tear_down(void)
{
	broker_fini(&broker);
	peer_stop(&peer);
}

/* The host's dial of a number, taken in as the accept loop does. */
static void host_dials(uint32_t stream, const char *number, uint32_t id)
{
	uint32_t got;
	struct yamux_stream *st = peer_opens(&peer, stream);
	send_data(&peer, 0, stream, number, 4);
	ck_assert(broker_read_id(st, SOON, &got, &err));
	ck_assert_uint_eq(got, id);
	broker_deliver(&broker, st, got);
}

START_TEST(numbers_count_from_one)
{
	ck_assert_uint_eq(broker_next_id(&broker), 1);
	ck_assert_uint_eq(broker_next_id(&broker), 2);
}
END_TEST

static struct broker_dial dial(uint32_t id)
{
	struct broker_dial d = { .id = id };
	ck_assert(broker_dial_all(&broker, &d, 1, SOON, &err));
	return d;
}

static bool reads(struct broker_dial *d, const char *text)
{
	char data[16] = { 0 };
	size_t got = 0;
	if (!broker_dial_read(d, data, sizeof(data), SOON, &got, &err))
		return false;
	ck_assert_str_eq(data, text);
	return true;
}

START_TEST(a_dial_sends_its_number_little_endian_with_the_syn)
{
	struct broker_dial d = dial(0x04030201);
	expect_data(&peer, FRAME_SYN, 2, "\1\2\3\4", 4);
	ck_assert(!broker_dial_answered(&d));
	send_data(&peer, FRAME_ACK, 2, "\1\2\3\4", 4);
	send_data(&peer, 0, 2, "hi", 2);
	ck_assert(reads(&d, "hi"));
	ck_assert(broker_dial_answered(&d));
	broker_dial_end(&d);
}
END_TEST

START_TEST(two_dials_leave_together)
{
	struct broker_dial d[2] = { { .id = 1 }, { .id = 2 } };
	ck_assert(broker_dial_all(&broker, d, 2, SOON, &err));
	expect_data(&peer, FRAME_SYN, 2, "\1\0\0\0", 4);
	expect_data(&peer, FRAME_SYN, 4, "\2\0\0\0", 4);
	send_data(&peer, FRAME_ACK, 4, "\2\0\0\0b", 5);
	send_data(&peer, FRAME_ACK, 2, "\1\0\0\0a", 5);
	ck_assert(reads(&d[0], "a"));
	ck_assert(reads(&d[1], "b"));
	broker_dial_end(&d[0]);
	broker_dial_end(&d[1]);
}
END_TEST

START_TEST(the_dialler_speaks_before_the_answer)
{
	struct broker_dial d = dial(1);
	expect_data(&peer, FRAME_SYN, 2, "\1\0\0\0", 4);
	ck_assert(broker_dial_write(&d, "hello", 5, SOON, &err));
	expect_data(&peer, 0, 2, "hello", 5);
	broker_dial_end(&d);
}
END_TEST

START_TEST(what_is_said_before_the_dial_leaves_with_it)
{
	static const char much[128];
	struct broker_dial d = { .id = 1 };
	ck_assert(broker_dial_write(&d, "hel", 3, SOON, &err));
	ck_assert(broker_dial_write(&d, "lo", 2, SOON, &err));
	ck_assert(!broker_dial_write(&d, much, 124, SOON, &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	err_clear(&err);
	ck_assert(broker_dial_all(&broker, &d, 1, SOON, &err));
	expect_data(&peer, FRAME_SYN, 2, "\1\0\0\0hello", 9);
	ck_assert(broker_dial_write(&d, much, 128, SOON, &err));
	expect_data(&peer, 0, 2, much, 128);
	broker_dial_end(&d);
}
END_TEST

START_TEST(the_answer_may_come_in_pieces)
{
	send_frame(&peer, FRAME_WINDOW, FRAME_ACK, 2, 0);
	struct broker_dial d = dial(7);
	send_data(&peer, 0, 2, "\7\0", 2);
	send_data(&peer, 0, 2, "\0\0rest", 6);
	ck_assert(reads(&d, "rest"));
	broker_dial_end(&d);
}
END_TEST

START_TEST(another_number_in_the_answer_is_an_error)
{
	struct broker_dial d = dial(1);
	send_data(&peer, FRAME_ACK, 2, "\2\0\0\0", 4);
	ck_assert(!reads(&d, ""));
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
	ck_assert_str_eq(err.text, "dialled 1, got 2");
	broker_dial_end(&d);
}
END_TEST

START_TEST(a_host_that_closes_refuses_the_dial)
{
	struct broker_dial d = dial(1);
	send_frame(&peer, FRAME_WINDOW, FRAME_ACK | FRAME_FIN, 2, 0);
	ck_assert(!reads(&d, ""));
	ck_assert_int_eq(err.code, ERR_CLOSED);
	broker_dial_end(&d);
}
END_TEST

START_TEST(the_end_of_a_dial_leaves_with_the_next_frame)
{
	struct broker_dial d = dial(1);
	expect_data(&peer, FRAME_SYN, 2, "\1\0\0\0", 4);
	broker_dial_end(&d);
	char nothing;
	ck_assert_int_lt(recv(peer.fd, &nothing, 1, MSG_DONTWAIT), 0);
	struct broker_dial next = dial(3);
	expect_frame(&peer, FRAME_WINDOW, FRAME_FIN, 2, 0);
	expect_data(&peer, FRAME_SYN, 4, "\3\0\0\0", 4);
	broker_dial_end(&next);
}
END_TEST

START_TEST(an_answer_after_the_end_is_dropped)
{
	struct broker_dial d = dial(1);
	expect_data(&peer, FRAME_SYN, 2, "\1\0\0\0", 4);
	broker_dial_end(&d);
	send_data(&peer, FRAME_ACK, 2, "\1\0\0\0", 4);
	send_data(&peer, FRAME_FIN, 2, "late", 4);
	while (yamux_session_streams(peer.session) > 0)
		usleep(1000);
	/* no reset: the FIN that waited is all there is */
	struct broker_dial next = dial(3);
	expect_frame(&peer, FRAME_WINDOW, FRAME_FIN, 2, 0);
	expect_data(&peer, FRAME_SYN, 4, "\3\0\0\0", 4);
	broker_dial_end(&next);
}
END_TEST

START_TEST(a_dial_gives_up_at_its_deadline)
{
	ck_assert_ptr_null(
	    broker_dial(&broker, 1, clock_deadline_ms(30), &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	expect_data(&peer, FRAME_SYN, 2, "\1\0\0\0", 4);
	expect_frame(&peer, FRAME_WINDOW, FRAME_FIN, 2, 0);
}
END_TEST

START_TEST(a_stream_that_came_early_is_confirmed_when_asked_for)
{
	host_dials(1, "\5\0\0\0", 5);
	expect_silence(&peer);
	struct yamux_stream *st = broker_accept(&broker, 5, SOON, &err);
	ck_assert_uint_eq(yamux_stream_id(st), 1);
	expect_data(&peer, 0, 1, "\5\0\0\0", 4);
	yamux_stream_close(st);
}
END_TEST

static void *accept_nine(void *arg)
{
	struct err why = { 0 };
	return broker_accept(arg, 9, SOON, &why);
}

START_TEST(who_waits_gets_the_stream_of_his_number)
{
	pthread_t thread;
	void *st;
	pthread_create(&thread, NULL, accept_nine, &broker);
	host_dials(1, "\10\0\0\0", 8);
	host_dials(3, "\11\0\0\0", 9);
	pthread_join(thread, &st);
	ck_assert_ptr_nonnull(st);
	ck_assert_uint_eq(yamux_stream_id(st), 3);
	expect_data(&peer, 0, 3, "\11\0\0\0", 4);
	yamux_stream_close(st);
}
END_TEST

START_TEST(accepting_gives_up_at_the_deadline)
{
	ck_assert_ptr_null(
	    broker_accept(&broker, 1, clock_deadline_ms(20), &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	ck_assert_str_eq(err.text, "the host has not dialled 1");
}
END_TEST

static void *accept_until_closed(void *arg)
{
	struct err *why = arg;
	ck_assert_ptr_null(broker_accept(&broker, 1, SOON, why));
	return NULL;
}

START_TEST(the_end_of_the_session_ends_the_waiting)
{
	pthread_t thread;
	int64_t began = clock_now_ms();
	pthread_create(&thread, NULL, accept_until_closed, &err);
	broker_close(&broker);
	pthread_join(thread, NULL);
	ck_assert_int_eq(err.code, ERR_CLOSED);
	ck_assert_int_lt(clock_now_ms() - began, 2000);
}
END_TEST

START_TEST(beyond_64_early_streams_the_oldest_is_closed)
{
	for (uint32_t i = 0; i < BROKER_MAX_EARLY; i++)
		host_dials(2 * i + 1, "\1\0\0\0", 1);
	expect_silence(&peer);
	host_dials(1001, "\2\0\0\0", 2);
	expect_frame(&peer, FRAME_WINDOW, FRAME_FIN, 1, 0);
	expect_silence(&peer);
	ck_assert_uint_eq(broker.n_early, BROKER_MAX_EARLY);
}
END_TEST

START_TEST(a_stream_that_ends_before_its_number_is_refused)
{
	uint32_t id;
	struct yamux_stream *st = peer_opens(&peer, 1);
	send_data(&peer, FRAME_FIN, 1, "\1\0", 2);
	ck_assert(!broker_read_id(st, SOON, &id, &err));
	ck_assert_int_eq(err.code, ERR_CLOSED);
	yamux_stream_close(st);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("goplugin broker");
	TCase *tc = tcase_create("broker");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, numbers_count_from_one);
	tcase_add_test(tc, a_dial_sends_its_number_little_endian_with_the_syn);
	tcase_add_test(tc, two_dials_leave_together);
	tcase_add_test(tc, the_dialler_speaks_before_the_answer);
	tcase_add_test(tc, the_end_of_a_dial_leaves_with_the_next_frame);
	tcase_add_test(tc, an_answer_after_the_end_is_dropped);
	tcase_add_test(tc, what_is_said_before_the_dial_leaves_with_it);
	tcase_add_test(tc, the_answer_may_come_in_pieces);
	tcase_add_test(tc, another_number_in_the_answer_is_an_error);
	tcase_add_test(tc, a_host_that_closes_refuses_the_dial);
	tcase_add_test(tc, a_dial_gives_up_at_its_deadline);
	tcase_add_test(
	    tc, a_stream_that_came_early_is_confirmed_when_asked_for);
	tcase_add_test(tc, who_waits_gets_the_stream_of_his_number);
	tcase_add_test(tc, accepting_gives_up_at_the_deadline);
	tcase_add_test(tc, the_end_of_the_session_ends_the_waiting);
	tcase_add_test(tc, beyond_64_early_streams_the_oldest_is_closed);
	tcase_add_test(tc, a_stream_that_ends_before_its_number_is_refused);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
