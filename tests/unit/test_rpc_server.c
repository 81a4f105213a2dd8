/* The serving half: one thread a call, refusals, overload, and the end. */
#include "tests/lib/served.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena arena;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	arena_init(&arena, RPC_ARENA_MAX);
	served_set_up();
}

static void tear_down(void)
{
	served_tear_down();
	arena_fini(&arena);
}

static void expect_echo(void)
{
	ck_assert_str_eq(
	    call_echo(&served.client, "Test.Echo", "hello", &arena).data,
	    "hello");
}

static void expect_refused(const char *method, const char *text)
{
	err_clear(&err);
	ck_assert(!call_string(&served.client, method, "x", SOON, &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

/* ---- calls ------------------------------------------------------------------- */

START_TEST(calls_are_served)
{
	served_start((enum couple_kind)_i);
	expect_echo();
	ck_assert_int_eq(call_add(&served.client, 40, 2), 42);
	ck_assert_int_eq(call_add(&served.client, INT64_MIN, INT64_MAX), -1);
	expect_echo();
}
END_TEST

START_TEST(a_method_without_reply_answers_with_an_empty_struct)
{
	struct pair reply = { 0 };
	served_start(COUPLE_SOCKETS);
	ck_assert(rpc_call(&served.client,
	    &(struct rpc_args){
	        .method = "Test.Nothing",
	        .args = { &gob_type_empty, "" },
	        .reply_type = &type_pair,
	        .reply = &reply,
	        .arena = &arena,
	        .deadline_ms = SOON,
	    },
	    &err));
}
END_TEST

START_TEST(an_error_travels_in_the_envelope)
{
	served_start(COUPLE_SOCKETS);
	ck_assert(
	    !call_string(&served.client, "Test.Fail", "no luck", SOON, &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	ck_assert_str_eq(err.text, "Test.Fail: no luck");
	expect_echo();
}
END_TEST

START_TEST(unknown_methods_are_refused_in_the_words_of_go)
{
	served_start(COUPLE_SOCKETS);
	expect_refused("Test.Nope", ": rpc: can't find method Test.Nope");
	expect_refused(
	    "Nope", ": rpc: service/method request ill-formed: Nope");
	expect_echo();
}
END_TEST

START_TEST(args_that_do_not_fit_fail_their_call_alone)
{
	struct str args = S("not a number");
	served_start(COUPLE_SOCKETS);
	ck_assert(!rpc_call(&served.client,
	    &(struct rpc_args){
	        .method = "Test.Add",
	        .args = { &type_wrong_pair, &args },
	        .deadline_ms = SOON,
	    },
	    &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	ck_assert_int_eq(call_add(&served.client, 1, 2), 3);
}
END_TEST

START_TEST(args_above_the_message_cap_fail_their_call_alone)
{
	static char text[5001];
	memset(text, 'x', sizeof(text) - 1);
	served.service.service.max_message = 1000;
	served_start(COUPLE_SOCKETS);
	ck_assert(!call_string(&served.client, "Test.Echo", text, SOON, &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	expect_echo();
}
END_TEST

START_TEST(a_reply_too_big_to_send_fails_its_call_alone)
{
	int64_t size = 200000;
	served.service.service.max_message = 1000;
	served_start(COUPLE_SOCKETS);
	ck_assert(!rpc_call(&served.client,
	    &(struct rpc_args){
	        .method = "Test.Size",
	        .args = { &gob_type_int64, &size },
	        .deadline_ms = SOON,
	    },
	    &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	ck_assert_msg(strstr(err.text, "too big") != NULL, "%s", err.text);
	expect_echo();
}
END_TEST

START_TEST(a_large_reply_arrives_whole)
{
	int64_t size = 5000000;
	struct str reply = { 0 };
	served_start((enum couple_kind)_i);
	ck_assert_msg(rpc_call(&served.client,
	                  &(struct rpc_args){
	                      .method = "Test.Size",
	                      .args = { &gob_type_int64, &size },
	                      .reply_type = &gob_type_bytes,
	                      .reply = &reply,
	                      .arena = &arena,
	                      .deadline_ms = SOON,
	                  },
	                  &err),
	    "%s", err.text);
	ck_assert_uint_eq(reply.len, (size_t)size);
}
END_TEST

/* ---- many calls ---------------------------------------------------------------- */

#define MANY 512

START_TEST(calls_overtake_those_that_wait)
{
	static struct string_call waiting[MANY];
	served_start((enum couple_kind)_i);
	start_string_calls(waiting, MANY, "Test.Wait");
	gate_crowded(&served.service, MANY);
	gate_open(&served.service);
	expect_all_answered(waiting, MANY);
	expect_echo();
	ck_assert_uint_eq(served.service.n_overloaded, 0);
}
END_TEST

#define MANY_ADDS 200

static void *many_adds(void *arg)
{
	int64_t base = *(int64_t *)arg;
	for (int64_t i = 0; i < MANY_ADDS; i++)
		ck_assert_int_eq(call_add(&served.client, base, i), base + i);
	return NULL;
}

/* Some wait for a moment, so that others are called for what they leave. */
static void add_slowly(
    void *object, struct rpc_call_info *call, const void *args, void *reply)
{
	const struct pair *pair = args;
	(void)object;
	(void)call;
	if (pair->b % 3 == 0)
		usleep(50);
	*(int64_t *)reply = pair->a + pair->b;
}

START_TEST(many_threads_call_at_once)
{
	pthread_t threads[16];
	int64_t bases[16];
	served.service.instead = add_slowly;
	served_start((enum couple_kind)_i);
	for (int i = 0; i < 16; i++) {
		bases[i] = (int64_t)i * 1000000;
		pthread_create(&threads[i], NULL, many_adds, &bases[i]);
	}
	for (int i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

START_TEST(beyond_max_calls_a_call_is_overloaded_and_beyond_that_refused)
{
	struct string_call waiting[3];
	served.service.service.max_calls = 2;
	served.service.service.spare = 2;
	served_start((enum couple_kind)_i);
	for (size_t i = 0; i < 2; i++) {
		start_string_call(&waiting[i], "Test.Wait");
		gate_crowded(&served.service, i + 1);
	}
	ck_assert_uint_eq(served.service.n_overloaded, 0);
	start_string_call(&waiting[2], "Test.Wait");
	gate_crowded(&served.service, 3);
	ck_assert_uint_eq(served.service.n_overloaded, 1);
	for (int i = 0; i < 20; i++)
		expect_refused("Test.Echo", "rpc: too many calls in flight");
	gate_open(&served.service);
	expect_all_answered(waiting, 3);
	expect_echo();
}
END_TEST

/* ---- one thread for all ------------------------------------------------------------ */

static pthread_t served_by;
static int n_changes;

static void note_thread(
    void *object, struct rpc_call_info *call, const void *args, void *reply)
{
	(void)object;
	(void)call;
	n_changes += !pthread_equal(served_by, pthread_self());
	served_by = pthread_self();
	*(int64_t *)reply = ((const struct pair *)args)->a;
}

START_TEST(calls_one_after_another_are_one_threads)
{
	served.service.instead = note_thread;
	served_start(COUPLE_POOLED);
	size_t threads = count_threads();
	ck_assert_int_eq(call_add(&served.client, 1, 0), 1);
	n_changes = 0;
	for (int64_t i = 0; i < 500; i++)
		ck_assert_int_eq(call_add(&served.client, i, 0), i);
	ck_assert_int_eq(n_changes, 0);
	ck_assert_uint_eq(count_threads(), threads);
}
END_TEST

START_TEST(two_servers_share_their_threads)
{
	struct string_call waiting;
	struct rpc_client other_client;
	static struct test_service other;
	test_service_init(&other);
	served_start(COUPLE_POOLED);
	struct yamux_stream *here =
	    yamux_open(served.couple.sessions[0], NULL, 0, SOON, &err);
	struct yamux_stream *there =
	    yamux_accept(served.couple.sessions[1], SOON, &err);
	other.service.serial = true;
	other.service.pool = served.couple.pool;
	rpc_client_init(&other_client, yamux_stream_io(here), NULL, 0);
	struct rpc_server *second =
	    rpc_server_start(yamux_stream_io(there), &other.service, &err);
	start_string_call(&waiting, "Test.Wait");
	gate_crowded(&served.service, 1);
	for (int64_t i = 0; i < 100; i++)
		ck_assert_int_eq(call_add(&other_client, i, 1), i + 1);
	gate_open(&served.service);
	expect_answered(&waiting);
	couple_part(&served.couple);
	rpc_server_free(second);
	rpc_client_fini(&other_client);
	yamux_stream_close(here);
	yamux_stream_close(there);
	test_service_fini(&other);
}
END_TEST

/* ---- the end ----------------------------------------------------------------------- */

START_TEST(the_end_of_the_connection_ends_the_server)
{
	served_start((enum couple_kind)_i);
	expect_echo();
	couple_part(&served.couple);
	rpc_server_wait(served.server, &err);
	ck_assert_int_eq(err.code, ERR_CLOSED);
}
END_TEST

START_TEST(draining_waits_for_calls_at_work)
{
	struct string_call waiting;
	served_start((enum couple_kind)_i);
	start_string_call(&waiting, "Test.Wait");
	gate_crowded(&served.service, 1);
	couple_part(&served.couple);
	ck_assert(!rpc_server_drain(served.server, clock_deadline_ms(30)));
	gate_open(&served.service);
	ck_assert(rpc_server_drain(served.server, SOON));
	ck_assert(!is_answered(&waiting));
}
END_TEST

START_TEST(bytes_that_are_not_gob_end_the_server)
{
	served_start(COUPLE_SOCKETS);
	ck_assert(served.couple.client.write(
	    served.couple.client.object, "\x01\x81", 2, SOON, &err));
	rpc_server_wait(served.server, &err);
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
}
END_TEST

START_TEST(no_thread_and_no_descriptor_is_left)
{
	size_t descriptors = count_descriptors();
	size_t threads = count_threads();
	for (int i = 0; i < 50; i++) {
		served_start((enum couple_kind)(i % N_COUPLE_KINDS));
		expect_echo();
		tear_down();
		set_up();
	}
	ck_assert_uint_eq(count_descriptors(), descriptors);
	ck_assert(threads_become(threads));
	served_start(COUPLE_SOCKETS);
}
END_TEST

START_TEST(a_server_that_never_was_has_nothing_to_free)
{
	rpc_server_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rpc server");
	TCase *tc = tcase_create("server");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, calls_are_served, 0, N_COUPLE_KINDS);
	tcase_add_test(tc, a_method_without_reply_answers_with_an_empty_struct);
	tcase_add_test(tc, an_error_travels_in_the_envelope);
	tcase_add_test(tc, unknown_methods_are_refused_in_the_words_of_go);
	tcase_add_test(tc, args_that_do_not_fit_fail_their_call_alone);
	tcase_add_test(tc, args_above_the_message_cap_fail_their_call_alone);
	tcase_add_test(tc, a_reply_too_big_to_send_fails_its_call_alone);
	tcase_add_loop_test(tc, a_large_reply_arrives_whole, 0, N_COUPLE_KINDS);
	tcase_add_loop_test(
	    tc, calls_overtake_those_that_wait, 0, N_COUPLE_KINDS);
	tcase_add_loop_test(tc, many_threads_call_at_once, 0, N_COUPLE_KINDS);
	tcase_add_loop_test(tc,
	    beyond_max_calls_a_call_is_overloaded_and_beyond_that_refused, 0,
	    N_COUPLE_KINDS);
	tcase_add_test(tc, calls_one_after_another_are_one_threads);
	tcase_add_test(tc, two_servers_share_their_threads);
	tcase_add_loop_test(
	    tc, the_end_of_the_connection_ends_the_server, 0, N_COUPLE_KINDS);
	tcase_add_loop_test(
	    tc, draining_waits_for_calls_at_work, 0, N_COUPLE_KINDS);
	tcase_add_test(tc, bytes_that_are_not_gob_end_the_server);
	tcase_add_test(tc, no_thread_and_no_descriptor_is_left);
	suite_add_tcase(suite, tc);
	TCase *alone = tcase_create("alone");
	tcase_set_timeout(alone, 20);
	tcase_add_test(alone, a_server_that_never_was_has_nothing_to_free);
	suite_add_tcase(suite, alone);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
