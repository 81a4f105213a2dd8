/* A plugin served to a host that the test plays: control stream, dispense,
 * dials in both directions, and every way to end. */
#include "tests/lib/couple.h"

#include "goplugin/goplugin.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The plugin: an echo service on the stream that was dispensed. */
static struct test_service service;
static struct rpc_server *hooks;
static struct yamux_stream *hooks_stream;
static struct broker *broker;
static bool start_fails;

static bool start_hooks(void *object, struct broker *b, struct rpc_pool *pool,
    struct yamux_stream *stream, struct err *e)
{
	(void)object;
	hooks_stream = stream;
	service.service.pool = pool;
	if (start_fails)
		return err_set(e, ERR_DENIED, "not today");
	ck_assert_ptr_null(hooks);
	pthread_mutex_lock(&service.lock);
	broker = b;
	pthread_cond_broadcast(&service.changed);
	pthread_mutex_unlock(&service.lock);
	hooks = rpc_server_start(yamux_stream_io(stream), &service.service, e);
	return hooks != NULL;
}

static bool stop_hooks(void *object)
{
	(void)object;
	rpc_server_free(hooks);
	yamux_stream_close(hooks_stream);
	return true;
}

static const struct goplugin_service plugin = {
	.max_threads = 516,
	.thread_name = "test-call",
	.start = start_hooks,
	.stop = stop_hooks,
};

/* The host. */
static pthread_t serving;
static int plugin_fd;
static bool freed;
static struct err why, err;
static struct yamux_session *host;
static struct yamux_stream *standard[3];
static struct rpc_client control;

static void *serve(void *arg)
{
	(void)arg;
	freed = goplugin_serve(plugin_fd, &plugin, &why);
	return NULL;
}

static void set_up(void)
{
	int fds[2];
	err_clear(&err);
	test_service_init(&service);
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
	plugin_fd = fds[1];
	pthread_create(&serving, NULL, serve, NULL);
	host = yamux_session_new(fds[0], true, &err);
	for (int i = 0; i < 3; i++)
		standard[i] = yamux_open(host, NULL, 0, SOON, &err);
	rpc_client_init(&control, yamux_stream_io(standard[0]), NULL, 0);
	ck_assert_msg(err.code == ERR_NONE, "%s", err.text);
}

/* The host goes; the plugin ends in order. */
static void host_leaves(void)
{
	yamux_session_close(host);
	pthread_join(serving, NULL);
	ck_assert(freed);
}

static void tear_down(void)
{
	rpc_client_fini(&control);
	for (int i = 0; i < 3; i++)
		yamux_stream_close(standard[i]);
	yamux_session_free(host);
	test_service_fini(&service);
}

static bool call_control(
    const char *method, struct rpc_value args, uint64_t *reply)
{
	struct arena a;
	arena_init(&a, 65536);
	bool done = rpc_call(&control,
	    &(struct rpc_args){
	        .method = method,
	        .args = args,
	        .reply_type = reply == NULL ? NULL : &gob_type_uint32,
	        .reply = reply,
	        .arena = &a,
	        .deadline_ms = SOON,
	    },
	    &err);
	arena_fini(&a);
	return done;
}

static void ping(void)
{
	static const bool yes = true;
	ck_assert_msg(call_control("Control.Ping",
	                  (struct rpc_value){ &gob_type_bool, &yes }, NULL),
	    "%s", err.text);
}

static void quit(void)
{
	static const bool yes = true;
	ck_assert_msg(call_control("Control.Quit",
	                  (struct rpc_value){ &gob_type_bool, &yes }, NULL),
	    "%s", err.text);
}

static uint64_t dispense(void)
{
	static const struct str name = STR("hooks");
	uint64_t id = 0;
	ck_assert_msg(call_control("Dispenser.Dispense",
	                  (struct rpc_value){ &gob_type_string, &name }, &id),
	    "%s", err.text);
	return id;
}

static struct yamux_stream *dial(uint64_t id)
{
	uint8_t number[4] = { (uint8_t)id }, answer[4];
	struct yamux_stream *st = yamux_open(host, number, 4, SOON, &err);
	read_all(st, answer, 4);
	ck_assert_mem_eq(answer, number, 4);
	return st;
}

static void expect_echo(struct yamux_stream *st)
{
	struct arena a;
	struct rpc_client client;
	arena_init(&a, 65536);
	rpc_client_init(&client, yamux_stream_io(st), NULL, 0);
	ck_assert_str_eq(call_echo(&client, "Test.Echo", "hi", &a).data, "hi");
	rpc_client_fini(&client);
	arena_fini(&a);
}

/* The broker of the plugin, once it has started. */
static struct broker *brokers(void)
{
	pthread_mutex_lock(&service.lock);
	while (broker == NULL)
		clock_wait(&service.changed, &service.lock, DEADLINE_NEVER);
	pthread_mutex_unlock(&service.lock);
	return broker;
}

/* ---- tests ---------------------------------------------------------------------- */

START_TEST(a_plugin_lives_as_the_host_expects)
{
	ping();
	struct yamux_stream *st = dial(dispense());
	expect_echo(st);
	ping();
	quit();
	yamux_stream_close(st);
	host_leaves();
	ck_assert_int_eq(why.code, ERR_CLOSED);
}
END_TEST

START_TEST(quit_is_answered_and_then_the_plugin_closes_by_itself)
{
	int64_t before = clock_now_ms();
	quit();
	ck_assert_int_lt(clock_now_ms() - before, GOPLUGIN_QUIT_MS);
	yamux_session_wait(host, &err);
	ck_assert_int_ge(clock_now_ms() - before, GOPLUGIN_QUIT_MS - 50);
	pthread_join(serving, NULL);
	ck_assert(freed);
	ck_assert_int_eq(why.code, ERR_CLOSED);
}
END_TEST

START_TEST(quit_may_be_called_twice)
{
	quit();
	quit();
	host_leaves();
}
END_TEST

START_TEST(only_hooks_are_dispensed)
{
	static const struct str name = STR("drivers");
	ck_assert(!call_control("Dispenser.Dispense",
	    (struct rpc_value){ &gob_type_string, &name }, NULL));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	ck_assert_str_eq(
	    err.text, "Dispenser.Dispense: unknown plugin type: drivers");
	err_clear(&err);
	ping();
	host_leaves();
}
END_TEST

START_TEST(number_zero_was_never_dispensed)
{
	struct yamux_stream *stray =
	    yamux_open(host, "\0\0\0\0", 4, SOON, &err);
	struct yamux_stream *st = dial(dispense());
	expect_echo(st);
	yamux_stream_close(st);
	yamux_stream_close(stray);
	host_leaves();
}
END_TEST

START_TEST(a_stream_without_a_number_does_not_hold_up_the_next)
{
	struct yamux_stream *stray = yamux_open(host, "\1", 1, SOON, &err);
	yamux_stream_close(stray);
	struct yamux_stream *st = dial(dispense());
	expect_echo(st);
	yamux_stream_close(st);
	host_leaves();
}
END_TEST

START_TEST(later_dials_go_to_whoever_waits)
{
	struct yamux_stream *st = dial(dispense());
	uint32_t id = broker_next_id(brokers());
	uint8_t number[4] = { (uint8_t)id };
	struct yamux_stream *side = yamux_open(host, number, 4, SOON, &err);
	struct yamux_stream *ours = broker_accept(broker, id, SOON, &err);
	ck_assert_ptr_nonnull(ours);
	ck_assert(yamux_stream_write(ours, "hello", 5, SOON, &err));
	char got[9];
	read_all(side, got, 9);
	ck_assert_mem_eq(got + 4, "hello", 5);
	yamux_stream_close(ours);
	yamux_stream_close(side);
	yamux_stream_close(st);
	host_leaves();
}
END_TEST

START_TEST(the_plugin_dials_the_host)
{
	uint32_t id;
	struct yamux_stream *st = dial(dispense());
	struct broker_dial ours = { .id = 77 };
	char text[8] = { 0 };
	size_t got;
	ck_assert(broker_dial_all(brokers(), &ours, 1, SOON, &err));
	struct yamux_stream *side = yamux_accept(host, SOON, &err);
	ck_assert(broker_read_id(side, SOON, &id, &err));
	ck_assert_uint_eq(id, 77);
	ck_assert(broker_confirm(side, id, SOON, &err));
	ck_assert(yamux_stream_write(side, "hi", 2, SOON, &err));
	ck_assert(
	    broker_dial_read(&ours, text, sizeof(text), SOON, &got, &err));
	ck_assert_str_eq(text, "hi");
	broker_dial_end(&ours);
	yamux_stream_close(side);
	yamux_stream_close(st);
	host_leaves();
}
END_TEST

START_TEST(a_plugin_that_cannot_start_says_why)
{
	start_fails = true;
	struct yamux_stream *st = dial(dispense());
	pthread_join(serving, NULL);
	ck_assert(freed);
	ck_assert_int_eq(why.code, ERR_DENIED);
	ck_assert_str_eq(why.text, "not today");
	yamux_stream_close(st);
}
END_TEST

START_TEST(a_host_that_goes_at_once_is_an_ordinary_end)
{
	host_leaves();
	ck_assert_int_eq(why.code, ERR_CLOSED);
}
END_TEST

START_TEST(pings_are_answered_while_calls_wait)
{
	struct yamux_stream *st = dial(dispense());
	struct rpc_client client;
	rpc_client_init(&client, yamux_stream_io(st), NULL, 0);
	ck_assert(!call_string(
	    &client, "Test.Wait", "x", clock_deadline_ms(50), &err));
	err_clear(&err);
	gate_crowded(&service, 1);
	ping();
	gate_open(&service);
	rpc_client_fini(&client);
	yamux_stream_close(st);
	host_leaves();
}
END_TEST

START_TEST(no_thread_and_no_descriptor_is_left_after_many_lives)
{
	host_leaves();
	tear_down();
	size_t threads = count_threads();
	size_t descriptors = count_descriptors();
	for (int i = 0; i < 20; i++) {
		set_up();
		struct yamux_stream *st = dial(dispense());
		expect_echo(st);
		quit();
		yamux_stream_close(st);
		host_leaves();
		tear_down();
		hooks = NULL;
		hooks_stream = NULL;
		broker = NULL;
	}
	ck_assert_uint_eq(count_descriptors(), descriptors);
	ck_assert(threads_become(threads));
	set_up();
	host_leaves();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("goplugin serve");
	TCase *tc = tcase_create("serve");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_plugin_lives_as_the_host_expects);
	tcase_add_test(
	    tc, quit_is_answered_and_then_the_plugin_closes_by_itself);
	tcase_add_test(tc, quit_may_be_called_twice);
	tcase_add_test(tc, only_hooks_are_dispensed);
	tcase_add_test(tc, number_zero_was_never_dispensed);
	tcase_add_test(tc, a_stream_without_a_number_does_not_hold_up_the_next);
	tcase_add_test(tc, later_dials_go_to_whoever_waits);
	tcase_add_test(tc, the_plugin_dials_the_host);
	tcase_add_test(tc, a_plugin_that_cannot_start_says_why);
	tcase_add_test(tc, a_host_that_goes_at_once_is_an_ordinary_end);
	tcase_add_test(tc, pings_are_answered_while_calls_wait);
	tcase_add_test(
	    tc, no_thread_and_no_descriptor_is_left_after_many_lives);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
