/* The serving half: one thread a call, refusals, overload, and the end. */
#include "tests/lib/couple.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct couple couple;
static struct rpc_client client;
static struct rpc_server *server;
static struct test_service service;
static struct arena arena;
static struct err err;

static void start_server(enum couple_kind kind)
{
	couple_marry(&couple, kind);
	service.service.pool = couple.pool;
	rpc_client_init(&client, couple.client, NULL, 0);
	server = rpc_server_start(couple.server, &service.service, &err);
	ck_assert_msg(server != NULL, "%s", err.text);
}

static void set_up(void)
{
	err_clear(&err);
	arena_init(&arena, RPC_ARENA_MAX);
	test_service_init(&service);
}

static void tear_down(void)
{
	gate_open(&service);
	couple_part(&couple);
	rpc_server_free(server);
	rpc_client_fini(&client);
	couple_free(&couple);
	test_service_fini(&service);
	arena_fini(&arena);
}

static void expect_echo(void)
{
	ck_assert_str_eq(
	    call_echo(&client, "Test.Echo", "hello", &arena).data, "hello");
}

static void expect_refused(const char *method, const char *text)
{
	err_clear(&err);
	ck_assert(!call_string(&client, method, "x", SOON, &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

/* ---- calls ------------------------------------------------------------------- */

START_TEST(calls_are_served)
{
	start_server((enum couple_kind)_i);
	expect_echo();
	ck_assert_int_eq(call_add(&client, 40, 2), 42);
	ck_assert_int_eq(call_add(&client, INT64_MIN, INT64_MAX), -1);
	expect_echo();
}
END_TEST

START_TEST(a_method_without_reply_answers_with_an_empty_struct)
{
	struct pair reply = { 0 };
	start_server(COUPLE_SOCKETS);
	ck_assert(rpc_call(&client,
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
	start_server(COUPLE_SOCKETS);
	ck_assert(!call_string(&client, "Test.Fail", "no luck", SOON, &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	ck_assert_str_eq(err.text, "Test.Fail: no luck");
	expect_echo();
}
END_TEST

START_TEST(unknown_methods_are_refused_in_the_words_of_go)
{
	start_server(COUPLE_SOCKETS);
	expect_refused("Test.Nope", ": rpc: can't find method Test.Nope");
	expect_refused(
	    "Nope", ": rpc: service/method request ill-formed: Nope");
	expect_echo();
}
END_TEST

START_TEST(args_that_do_not_fit_fail_their_call_alone)
{
	struct str args = S("not a number");
	start_server(COUPLE_SOCKETS);
	ck_assert(!rpc_call(&client,
	    &(struct rpc_args){
	        .method = "Test.Add",
	        .args = { &type_wrong_pair, &args },
	        .deadline_ms = SOON,
	    },
	    &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	ck_assert_int_eq(call_add(&client, 1, 2), 3);
}
END_TEST

START_TEST(args_above_the_message_cap_fail_their_call_alone)
{
	static char text[5001];
	memset(text, 'x', sizeof(text) - 1);
	service.service.max_message = 1000;
	start_server(COUPLE_SOCKETS);
	ck_assert(!call_string(&client, "Test.Echo", text, SOON, &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	expect_echo();
}
END_TEST

START_TEST(a_reply_too_big_to_send_fails_its_call_alone)
{
	int64_t size = 200000;
	service.service.max_message = 1000;
	start_server(COUPLE_SOCKETS);
	ck_assert(!rpc_call(&client,
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
	start_server((enum couple_kind)_i);
	ck_assert_msg(rpc_call(&client,
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

struct caller {
	pthread_t thread;
	const char *method;
	bool done;
	struct err err;
};

static void *call(void *arg)
{
	struct caller *c = arg;
	c->done = call_string(&client, c->method, "x", SOON, &c->err);
	return NULL;
}

static void start_caller(struct caller *c, const char *method)
{
	*c = (struct caller){ .method = method };
	ck_assert_int_eq(pthread_create(&c->thread, NULL, call, c), 0);
}

static void expect_done(struct caller *c)
{
	pthread_join(c->thread, NULL);
	ck_assert_msg(c->done, "%s", c->err.text);
}

#define MANY 512

START_TEST(calls_overtake_those_that_wait)
{
	static struct caller waiting[MANY];
	start_server((enum couple_kind)_i);
	for (size_t i = 0; i < MANY; i++)
		start_caller(&waiting[i], "Test.Wait");
	gate_crowded(&service, MANY);
	gate_open(&service);
	for (size_t i = 0; i < MANY; i++)
		expect_done(&waiting[i]);
	expect_echo();
	ck_assert_uint_eq(service.n_overloaded, 0);
}
END_TEST

#define MANY_ADDS 200

static void *many_adds(void *arg)
{
	int64_t base = *(int64_t *)arg;
	for (int64_t i = 0; i < MANY_ADDS; i++)
		ck_assert_int_eq(call_add(&client, base, i), base + i);
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
	service.instead = add_slowly;
	start_server((enum couple_kind)_i);
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
	struct caller waiting[3];
	service.service.max_calls = 2;
	service.service.spare = 2;
	start_server((enum couple_kind)_i);
	for (size_t i = 0; i < 2; i++) {
		start_caller(&waiting[i], "Test.Wait");
		gate_crowded(&service, i + 1);
	}
	ck_assert_uint_eq(service.n_overloaded, 0);
	start_caller(&waiting[2], "Test.Wait");
	gate_crowded(&service, 3);
	ck_assert_uint_eq(service.n_overloaded, 1);
	for (int i = 0; i < 20; i++)
		expect_refused("Test.Echo", "rpc: too many calls in flight");
	gate_open(&service);
	for (size_t i = 0; i < 3; i++)
		expect_done(&waiting[i]);
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
	service.instead = note_thread;
	start_server(COUPLE_POOLED);
	size_t threads = count_threads();
	ck_assert_int_eq(call_add(&client, 1, 0), 1);
	n_changes = 0;
	for (int64_t i = 0; i < 500; i++)
		ck_assert_int_eq(call_add(&client, i, 0), i);
	ck_assert_int_eq(n_changes, 0);
	ck_assert_uint_eq(count_threads(), threads);
}
END_TEST

START_TEST(two_servers_share_their_threads)
{
	struct caller waiting;
	struct rpc_client other_client;
	static struct test_service other;
	test_service_init(&other);
	start_server(COUPLE_POOLED);
	struct yamux_stream *here =
	    yamux_open(couple.sessions[0], NULL, 0, SOON, &err);
	struct yamux_stream *there =
	    yamux_accept(couple.sessions[1], SOON, &err);
	other.service.serial = true;
	other.service.pool = couple.pool;
	rpc_client_init(&other_client, yamux_stream_io(here), NULL, 0);
	struct rpc_server *second =
	    rpc_server_start(yamux_stream_io(there), &other.service, &err);
	start_caller(&waiting, "Test.Wait");
	gate_crowded(&service, 1);
	for (int64_t i = 0; i < 100; i++)
		ck_assert_int_eq(call_add(&other_client, i, 1), i + 1);
	gate_open(&service);
	expect_done(&waiting);
	couple_part(&couple);
	rpc_server_free(second);
	rpc_client_fini(&other_client);
	yamux_stream_close(here);
	yamux_stream_close(there);
	test_service_fini(&other);
}
END_TEST

/* ---- what a call waits for ---------------------------------------------------------- */

/* Over this stream of the same session comes what a call waits for: a byte. */
static struct yamux_stream *sends, *brings;
static size_t n_prepared;
#define N_IN_A_ROW 40
static int64_t prepared_ms[N_IN_A_ROW]; /* when the first ones were */

static void come(void *call)
{
	rpc_call_ready(call);
}

static bool prepare(void *object, struct rpc_call_info *call, const void *args)
{
	struct test_service *s = object;
	(void)args;
	call->prepared = s;
	yamux_stream_watch(brings, 1, come, call);
	pthread_mutex_lock(&s->lock);
	if (n_prepared < N_IN_A_ROW)
		prepared_ms[n_prepared] = clock_now_ms();
	n_prepared++;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return true;
}

static void expect_prepared(
    void *object, struct rpc_call_info *call, const void *args, void *reply)
{
	(void)args;
	ck_assert_ptr_eq(call->prepared, object);
	yamux_stream_watch(brings, 1, NULL, NULL);
	*(struct str *)reply = S("x");
}

static void start_preparing(enum couple_kind kind)
{
	n_prepared = 0;
	service.service.prepare = prepare;
	service.instead = expect_prepared;
	service.object = &service;
	start_server(kind);
	sends = yamux_open(couple.sessions[0], NULL, 0, SOON, &err);
	brings = yamux_accept(couple.sessions[1], SOON, &err);
}

static void stop_preparing(void)
{
	couple_part(&couple);
	rpc_server_free(server);
	server = NULL;
	yamux_stream_close(sends);
	yamux_stream_close(brings);
}

static void send_byte(void)
{
	ck_assert(yamux_stream_write(sends, "!", 1, SOON, &err));
}

static void await_prepared(size_t n)
{
	int64_t deadline = SOON;
	pthread_mutex_lock(&service.lock);
	while (n_prepared < n)
		ck_assert(
		    clock_wait(&service.changed, &service.lock, deadline));
	pthread_mutex_unlock(&service.lock);
}

#define N_WATCHED 2
static const enum couple_kind watched[N_WATCHED] = { COUPLE_STREAMS,
	COUPLE_POOLED };

START_TEST(a_call_is_served_once_it_is_ready)
{
	struct caller caller;
	int64_t began = clock_now_ms();
	start_preparing(watched[_i]);
	start_caller(&caller, "Test.Echo");
	await_prepared(1);
	usleep(100 * 1000);
	send_byte();
	expect_done(&caller);
	ck_assert_int_ge(clock_now_ms() - began, 100);
	/* the byte is still there: at once */
	began = clock_now_ms();
	for (int i = 0; i < 100; i++)
		ck_assert(call_string(&client, "Test.Echo", "x", SOON, &err));
	ck_assert_int_lt(clock_now_ms() - began, patience(5000));
	stop_preparing();
}
END_TEST

START_TEST(a_call_that_is_never_ready_is_served_after_a_second)
{
	start_preparing(watched[_i]);
	int64_t began = clock_now_ms();
	ck_assert(call_string(&client, "Test.Echo", "x", SOON, &err));
	int64_t took = clock_now_ms() - began;
	ck_assert_int_ge(took, 1000);
	ck_assert_int_lt(took, patience(3000));
	stop_preparing();
}
END_TEST

START_TEST(a_call_that_waits_ends_with_the_connection)
{
	struct caller caller;
	start_preparing(watched[_i]);
	start_caller(&caller, "Test.Echo");
	await_prepared(1);
	couple_part(&couple);
	ck_assert(rpc_server_drain(server, SOON));
	pthread_join(caller.thread, NULL);
	ck_assert(!caller.done);
	stop_preparing();
}
END_TEST

/* How often the next one of n was read 50 ms after the one before, or later. */
static int n_pauses(size_t n)
{
	int pauses = 0;
	for (size_t i = 1; i < n; i++)
		pauses += prepared_ms[i] - prepared_ms[i - 1] >= 50;
	return pauses;
}

/* They may be slow, and the others must not be. */
START_TEST(when_many_wait_the_next_are_read_a_little_later)
{
	struct caller callers[8];
	service.service.max_prepared = 2;
	start_preparing(watched[_i]);
	for (int i = 0; i < 8; i++)
		start_caller(&callers[i], "Test.Echo");
	await_prepared(8);
	/* two, and two, and two, and two; and the machine may have stalled */
	ck_assert_int_ge(n_pauses(8), 3);
	ck_assert_int_lt(n_pauses(8), 6);
	ck_assert_int_lt(prepared_ms[7] - prepared_ms[0], patience(900));
	for (int i = 0; i < 8; i++)
		expect_done(&callers[i]);
	stop_preparing();
}
END_TEST

/* After a second the first ones are served, and that takes long. */
START_TEST(reading_goes_on_when_those_that_waited_keep_their_threads)
{
	static struct caller callers[N_IN_A_ROW];
	service.service.max_prepared = 1;
	start_preparing(watched[_i]);
	service.instead = NULL;
	for (int i = 0; i < N_IN_A_ROW; i++)
		start_caller(&callers[i], "Test.Wait");
	await_prepared(N_IN_A_ROW);
	ck_assert_int_lt(
	    prepared_ms[N_IN_A_ROW - 1] - prepared_ms[0], patience(3000));
	/* as whoever serves a call does */
	yamux_stream_watch(brings, 1, NULL, NULL);
	gate_open(&service);
	for (int i = 0; i < N_IN_A_ROW; i++)
		expect_done(&callers[i]);
	stop_preparing();
}
END_TEST

static struct rpc_call_info *in_order[N_IN_A_ROW];
static size_t n_come;

static bool prepare_in_order(
    void *object, struct rpc_call_info *call, const void *args)
{
	struct test_service *s = object;
	(void)args;
	pthread_mutex_lock(&s->lock);
	prepared_ms[n_prepared] = clock_now_ms();
	in_order[n_prepared++] = call;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return true;
}

static void next_comes(void *object)
{
	struct test_service *s = object;
	pthread_mutex_lock(&s->lock);
	if (n_come < n_prepared)
		rpc_call_ready(in_order[n_come++]);
	pthread_mutex_unlock(&s->lock);
}

static void *call_ten_times(void *done)
{
	struct err why = { 0 };
	for (int i = 0; i < N_IN_A_ROW / 4; i++)
		if (!call_string(&client, "Test.Echo", "x", SOON, &why))
			return NULL;
	return done;
}

START_TEST(when_one_is_served_the_next_is_read_at_once)
{
	pthread_t threads[4];
	void *done;
	service.service.max_prepared = 1;
	start_preparing(watched[_i]);
	service.service.prepare = prepare_in_order;
	service.instead = NULL;
	n_come = 0;
	yamux_stream_watch(brings, 1, next_comes, &service);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, call_ten_times, &service);
	for (size_t i = 1; i <= N_IN_A_ROW; i++) {
		await_prepared(i);
		send_byte();
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &done);
		ck_assert_ptr_nonnull(done);
	}
	/* and not after a pause, each of them */
	ck_assert_int_lt(n_pauses(N_IN_A_ROW), N_IN_A_ROW / 4);
	stop_preparing();
}
END_TEST

/* ---- the end ----------------------------------------------------------------------- */

START_TEST(the_end_of_the_connection_ends_the_server)
{
	start_server((enum couple_kind)_i);
	expect_echo();
	couple_part(&couple);
	rpc_server_wait(server, &err);
	ck_assert_int_eq(err.code, ERR_CLOSED);
}
END_TEST

START_TEST(draining_waits_for_calls_at_work)
{
	struct caller waiting;
	start_server((enum couple_kind)_i);
	start_caller(&waiting, "Test.Wait");
	gate_crowded(&service, 1);
	couple_part(&couple);
	ck_assert(!rpc_server_drain(server, clock_deadline_ms(30)));
	gate_open(&service);
	ck_assert(rpc_server_drain(server, SOON));
	pthread_join(waiting.thread, NULL);
	ck_assert(!waiting.done);
}
END_TEST

START_TEST(bytes_that_are_not_gob_end_the_server)
{
	start_server(COUPLE_SOCKETS);
	ck_assert(couple.client.write(
	    couple.client.object, "\x01\x81", 2, SOON, &err));
	rpc_server_wait(server, &err);
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
}
END_TEST

START_TEST(no_thread_and_no_descriptor_is_left)
{
	size_t descriptors = count_descriptors();
	size_t threads = count_threads();
	for (int i = 0; i < 50; i++) {
		start_server((enum couple_kind)(i % N_COUPLE_KINDS));
		expect_echo();
		tear_down();
		set_up();
	}
	ck_assert_uint_eq(count_descriptors(), descriptors);
	ck_assert(threads_become(threads));
	start_server(COUPLE_SOCKETS);
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
	    tc, a_call_is_served_once_it_is_ready, 0, N_WATCHED);
	tcase_add_loop_test(tc,
	    a_call_that_is_never_ready_is_served_after_a_second, 0, N_WATCHED);
	tcase_add_loop_test(
	    tc, a_call_that_waits_ends_with_the_connection, 0, N_WATCHED);
	tcase_add_loop_test(
	    tc, when_many_wait_the_next_are_read_a_little_later, 0, N_WATCHED);
	tcase_add_loop_test(tc,
	    reading_goes_on_when_those_that_waited_keep_their_threads, 0,
	    N_WATCHED);
	tcase_add_loop_test(
	    tc, when_one_is_served_the_next_is_read_at_once, 0, N_WATCHED);
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
