/* The calling side: a server that the test plays answers in whatever order
 * it likes, late, wrongly, or not at all. */
#include "tests/lib/caller.h"
#include "tests/lib/fast_clock.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- replies ------------------------------------------------------------------------ */

START_TEST(a_call_brings_its_reply)
{
	set_up_kind((enum couple_kind)_i, 0);
	for (uint64_t i = 0; i < 3; i++) {
		struct caller c;
		start_caller(&c, 1, 8000);
		struct request r = take_request();
		ck_assert_str_eq(r.head.service_method.data, "Test.Any");
		ck_assert_uint_eq(r.head.seq, i);
		answer(i, "call 1");
		expect_done(&c);
	}
	ck_assert(rpc_client_usable(&client, NULL));
	tear_down();
}
END_TEST

#define MANY 512
#define MUCH ((size_t)4 * 1024 * 1024)

START_TEST(calls_in_flight_are_answered_in_any_order)
{
	static struct caller callers[MANY];
	static struct request taken[MANY];
	set_up_kind((enum couple_kind)_i, 0);
	for (int i = 0; i < MANY; i++)
		start_caller(&callers[i], i, 8000);
	for (size_t i = 0; i < MANY; i++)
		taken[i] = take_request();
	/* 5 and 512 have no common factor: all are visited, far apart */
	for (size_t i = 0, at = 7; i < MANY; i++, at = (at + 5) % MANY)
		answer(taken[at].head.seq, str_c(taken[at].text));
	for (int i = 0; i < MANY; i++)
		expect_done(&callers[i]);
	tear_down();
}
END_TEST

START_TEST(an_error_of_the_server_reaches_the_caller)
{
	struct caller c;
	start_caller(&c, 1, 8000);
	answer_with(take_request().head.seq, "it is closed",
	    (struct rpc_value){ &gob_type_empty, "" });
	expect_failed(&c, ERR_REMOTE);
	ck_assert_str_eq(c.err.text, "Test.Any: it is closed");
	one_good_call();
}
END_TEST

START_TEST(the_body_behind_an_error_may_be_anything)
{
	struct caller c;
	struct pair pair = { 1, 2 };
	start_caller(&c, 1, 8000);
	answer_with(take_request().head.seq, "no",
	    (struct rpc_value){ &type_pair, &pair });
	expect_failed(&c, ERR_REMOTE);
	one_good_call();
}
END_TEST

START_TEST(a_reply_that_does_not_fit_fails_its_call_alone)
{
	struct caller c;
	struct pair pair = { 1, 2 };
	start_caller(&c, 1, 8000);
	answer_with(take_request().head.seq, NULL,
	    (struct rpc_value){ &type_pair, &pair });
	expect_failed(&c, ERR_INVALID);
	ck_assert(rpc_client_usable(&client, NULL));
	one_good_call();
}
END_TEST

START_TEST(a_reply_above_the_message_cap_fails_its_call_alone)
{
	static char text[5001];
	struct caller c;
	memset(text, 'x', sizeof(text) - 1);
	rpc_client_fini(&client);
	rpc_client_init(&client, couple.client, NULL, 1000);
	start_caller(&c, 1, 8000);
	answer(take_request().head.seq, text);
	expect_failed(&c, ERR_TOO_BIG);
	one_good_call();
}
END_TEST

START_TEST(a_reply_may_be_unwanted)
{
	struct str args = S("x");
	answer(0, "nobody reads this");
	ck_assert(rpc_call(&client,
	    &(struct rpc_args){
	        .method = "Test.Any",
	        .args = { &gob_type_string, &args },
	        .deadline_ms = SOON,
	    },
	    &err));
	ck_assert_str_eq(take_request().text.data, "x");
	one_good_call();
}
END_TEST

START_TEST(a_reply_to_nobody_is_dropped)
{
	answer(99, "who asked?");
	one_good_call();
}
END_TEST

START_TEST(args_that_cannot_be_sent_fail_their_call_alone)
{
	struct gob_any any = { .name = S("model.Unknown") };
	ck_assert(!rpc_call(&client,
	    &(struct rpc_args){
	        .method = "Test.Any",
	        .args = { &gob_type_interface, &any },
	        .deadline_ms = SOON,
	    },
	    &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	err_clear(&err);
	one_good_call();
}
END_TEST

START_TEST(a_call_may_be_made_in_two_halves)
{
	struct str args = S("early"), reply = { 0 };
	struct rpc_args c = {
		.method = "Test.Any",
		.args = { &gob_type_string, &args },
		.reply_type = &gob_type_string,
		.reply = &reply,
		.arena = &arena,
		.deadline_ms = SOON,
	};
	struct rpc_pending *early, *unwanted, *late;
	ck_assert(rpc_send(&client, &c, &early, &err));
	ck_assert(rpc_send(&client, &c, &unwanted, &err));
	ck_assert(rpc_send(&client, &c, &late, &err));
	uint64_t seqs[3];
	for (int i = 0; i < 3; i++)
		seqs[i] = take_request().head.seq;
	answer(seqs[0], "its own");
	answer(seqs[1], "nobody's");
	/* who reads for a call of his own brings the others' */
	one_good_call();
	rpc_drop(&client, unwanted);
	rpc_drop(&client, late);
	rpc_drop(&client, NULL);
	answer(seqs[2], "too late");
	ck_assert(rpc_receive(&client, &c, early, &err));
	ck_assert_str_eq(str_c(reply), "its own");
	one_good_call();
}
END_TEST

/* ---- time ------------------------------------------------------------------------------ */

START_TEST(a_late_reply_is_dropped_and_later_calls_go_on)
{
	struct caller c;
	start_caller(&c, 1, 30);
	struct request late = take_request();
	expect_failed(&c, ERR_TIMEOUT);
	answer(late.head.seq, "too late");
	one_good_call();
	one_good_call();
}
END_TEST

START_TEST(one_who_gives_up_leaves_the_turn_to_others)
{
	struct caller impatient, patient;
	start_caller(&impatient, 1, 60);
	struct request first = take_request();
	start_caller(&patient, 2, 8000);
	struct request second = take_request();
	expect_failed(&impatient, ERR_TIMEOUT);
	answer(second.head.seq, str_c(second.text));
	answer(first.head.seq, "too late");
	expect_done(&patient);
	one_good_call();
}
END_TEST

START_TEST(one_who_does_not_read_gives_up_too)
{
	struct caller reader, waiter;
	start_caller(&reader, 1, 8000);
	struct request first = take_request();
	start_caller(&waiter, 2, 30);
	struct request second = take_request();
	expect_failed(&waiter, ERR_TIMEOUT);
	answer(second.head.seq, "too late");
	answer(first.head.seq, str_c(first.text));
	expect_done(&reader);
	one_good_call();
}
END_TEST

static void *send_much(void *arg)
{
	struct err why = { 0 };
	struct str args = str_n(arg, MUCH);
	ck_assert_msg(rpc_call(&client,
	                  &(struct rpc_args){
	                      .method = "Test.Any",
	                      .args = { &gob_type_string, &args },
	                      .deadline_ms = SOON,
	                  },
	                  &why),
	    "%s", why.text);
	return NULL;
}

static void wait_for_calls(uint64_t n)
{
	uint64_t sent = 0;
	while (sent < n) {
		pthread_mutex_lock(&client.lock);
		sent = client.next_seq;
		pthread_mutex_unlock(&client.lock);
	}
}

START_TEST(whoever_still_sends_is_not_asked_to_read)
{
	struct caller first, second;
	pthread_t sender;
	char *much = calloc(1, MUCH);
	start_caller(&first, 1, 8000);
	uint64_t first_seq = take_request().head.seq;
	start_caller(&second, 2, 8000);
	uint64_t second_seq = take_request().head.seq;
	pthread_create(&sender, NULL, send_much, much);
	wait_for_calls(3);
	answer(first_seq, "call 1");
	expect_done(&first);
	answer(second_seq, "call 2");
	expect_done(&second);
	ck_assert_int_lt(second.took_ms, 4000);
	struct request r = take_request();
	answer(r.head.seq, "");
	pthread_join(sender, NULL);
	free(much);
}
END_TEST

/* ---- the end ------------------------------------------------------------------------------ */

START_TEST(the_end_of_the_connection_wakes_everybody)
{
	static struct caller callers[32];
	set_up_kind((enum couple_kind)_i, 0);
	for (int i = 0; i < 32; i++)
		start_caller(&callers[i], i, 8000);
	for (int i = 0; i < 32; i++)
		take_request();
	couple_part(&couple);
	for (int i = 0; i < 32; i++)
		expect_failed(&callers[i], ERR_CLOSED);
	ck_assert(!rpc_client_usable(&client, NULL));
	tear_down();
}
END_TEST

START_TEST(after_the_end_calls_fail_at_once)
{
	couple_part(&couple);
	ck_assert(!call_string(&client, "Test.Any", "x", SOON, &err));
	ck_assert(!rpc_client_usable(&client, NULL));
	int64_t before = clock_now_ms();
	err_clear(&err);
	ck_assert(!call_string(&client, "Test.Any", "x", SOON, &err));
	ck_assert_int_eq(err.code, ERR_CLOSED);
	ck_assert_int_lt(clock_now_ms() - before, 1000);
}
END_TEST

START_TEST(bytes_that_are_not_gob_end_the_connection)
{
	struct caller c;
	start_caller(&c, 1, 8000);
	take_request();
	ck_assert(couple.server.write(
	    couple.server.object, "\x01\x81", 2, SOON, &err));
	expect_failed(&c, ERR_PROTOCOL);
	ck_assert(!rpc_client_usable(&client, NULL));
}
END_TEST

/* Nobody else could ever read again. */
START_TEST(a_head_without_a_body_ends_the_connection)
{
	struct caller c;
	struct buf head;
	clock_speed = 100; /* GOB_STALL_MS takes 300 ms */
	buf_init(&head, 4096);
	start_caller(&c, 1, 3600 * 1000);
	uint64_t seq = take_request().head.seq;
	ck_assert(gob_encode(&answers.encoder, &head, &rpc_type_response,
	    &(struct rpc_response){ S("Test.Any"), seq, { NULL, 0 } }, &err));
	ck_assert(couple.server.write(couple.server.object, head.data, head.len,
	    clock_deadline_ms(60000), &err));
	expect_failed(&c, ERR_TIMEOUT);
	ck_assert(!rpc_client_usable(&client, NULL));
	buf_fini(&head);
	clock_speed = 1;
}
END_TEST

static int64_t moves(const void *streams)
{
	(void)streams;
	return clock_now_ms();
}

START_TEST(a_call_waits_while_what_it_streams_moves)
{
	struct caller c;
	moved_ms = moves;
	start_caller(&c, 1, 50);
	struct request r = take_request();
	poll(NULL, 0, (int)patience(200));
	answer(r.head.seq, str_c(r.text));
	expect_done(&c);
}
END_TEST

static int64_t moved_long_ago(const void *streams)
{
	(void)streams;
	return clock_now_ms() - 3600 * 1000;
}

START_TEST(a_call_gives_up_when_nothing_moves_any_more)
{
	struct caller c;
	moved_ms = moved_long_ago;
	start_caller(&c, 1, 50);
	take_request();
	expect_failed(&c, ERR_TIMEOUT);
	ck_assert(rpc_client_usable(&client, NULL));
}
END_TEST

START_TEST(a_client_that_never_was_has_nothing_to_free)
{
	struct rpc_client none = { 0 };
	rpc_client_fini(&none);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rpc client");
	TCase *kinds = tcase_create("over sockets and streams");
	tcase_set_timeout(kinds, 20);
	tcase_add_loop_test(kinds, a_call_brings_its_reply, 0, N_COUPLE_KINDS);
	tcase_add_loop_test(kinds, calls_in_flight_are_answered_in_any_order, 0,
	    N_COUPLE_KINDS);
	tcase_add_loop_test(kinds, the_end_of_the_connection_wakes_everybody, 0,
	    N_COUPLE_KINDS);
	suite_add_tcase(suite, kinds);
	TCase *tc = tcase_create("client");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_error_of_the_server_reaches_the_caller);
	tcase_add_test(tc, the_body_behind_an_error_may_be_anything);
	tcase_add_test(tc, a_reply_that_does_not_fit_fails_its_call_alone);
	tcase_add_test(tc, a_reply_above_the_message_cap_fails_its_call_alone);
	tcase_add_test(tc, a_reply_may_be_unwanted);
	tcase_add_test(tc, a_reply_to_nobody_is_dropped);
	tcase_add_test(tc, args_that_cannot_be_sent_fail_their_call_alone);
	tcase_add_test(tc, a_call_may_be_made_in_two_halves);
	tcase_add_test(tc, a_late_reply_is_dropped_and_later_calls_go_on);
	tcase_add_test(tc, one_who_gives_up_leaves_the_turn_to_others);
	tcase_add_test(tc, one_who_does_not_read_gives_up_too);
	tcase_add_test(tc, whoever_still_sends_is_not_asked_to_read);
	tcase_add_test(tc, after_the_end_calls_fail_at_once);
	tcase_add_test(tc, bytes_that_are_not_gob_end_the_connection);
	tcase_add_test(tc, a_head_without_a_body_ends_the_connection);
	tcase_add_test(tc, a_call_waits_while_what_it_streams_moves);
	tcase_add_test(tc, a_call_gives_up_when_nothing_moves_any_more);
	tcase_add_test(tc, a_client_that_never_was_has_nothing_to_free);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
