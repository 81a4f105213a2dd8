/*
 * A session while memory is out: streams, dispense, dial, three calls and the
 * end, with the n-th allocation of either side failing.
 */
#include "tests/lib/couple.h"
#include "tests/lib/faults.h"

#include "goplugin/goplugin.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What memory was too short for is not waited for longer. */
#define SHORTLY clock_deadline_ms(500)

static struct test_service service;
static struct rpc_server *hooks;
static struct yamux_stream *hooks_stream;
static int plugin_fd;
static bool freed;

static bool start_hooks(void *object, struct broker *b, struct rpc_pool *pool,
    struct yamux_stream *stream, struct err *e)
{
	(void)object;
	(void)b;
	hooks_stream = stream;
	service.service.pool = pool;
	hooks = rpc_server_start(yamux_stream_io(stream), &service.service, e);
	return hooks != NULL;
}

static bool stop_hooks(void *object)
{
	(void)object;
	rpc_server_free(hooks);
	yamux_stream_close(hooks_stream);
	hooks = NULL;
	hooks_stream = NULL;
	return true;
}

static void *serve(void *arg)
{
	static const struct goplugin_service plugin = {
		.max_threads = 516,
		.thread_name = "test-call",
		.start = start_hooks,
		.stop = stop_hooks,
	};
	struct err why = { 0 };
	(void)arg;
	freed =
	    goplugin_serve(plugin_fd, &plugin, &why) && why.code != ERR_NONE;
	return NULL;
}

static bool dispense(struct rpc_client *control, uint64_t *id)
{
	static const struct str name = STR("hooks");
	struct arena a;
	struct err err = { 0 };
	arena_init(&a, 65536);
	bool done = rpc_call(control,
	    &(struct rpc_args){
	        .method = "Dispenser.Dispense",
	        .args = { &gob_type_string, &name },
	        .reply_type = &gob_type_uint32,
	        .reply = id,
	        .arena = &a,
	        .deadline_ms = SHORTLY,
	    },
	    &err);
	arena_fini(&a);
	return done;
}

static struct yamux_stream *dial(struct yamux_session *host, uint64_t id)
{
	const uint8_t number[4] = { (uint8_t)id };
	uint32_t answer = 0;
	struct err err = { 0 };
	struct yamux_stream *st = yamux_open(host, number, 4, SHORTLY, &err);
	if (st != NULL && broker_read_id(st, SHORTLY, &answer, &err) &&
	    answer == id)
		return st;
	yamux_stream_close(st);
	return NULL;
}

static bool calls(struct yamux_stream *st)
{
	struct rpc_client client;
	struct err err = { 0 };
	bool done = true;
	rpc_client_init(&client, yamux_stream_io(st), NULL, 0);
	for (int i = 0; i < 3 && done; i++)
		done =
		    call_string(&client, "Test.Echo", "hello", SHORTLY, &err);
	rpc_client_fini(&client);
	return done;
}

static bool talks(struct yamux_session *host, struct yamux_stream *st)
{
	struct rpc_client control;
	uint64_t id = 0;
	rpc_client_init(&control, yamux_stream_io(st), NULL, 0);
	bool done = dispense(&control, &id);
	struct yamux_stream *dialled = done ? dial(host, id) : NULL;
	done = dialled != NULL && calls(dialled);
	yamux_stream_close(dialled);
	rpc_client_fini(&control);
	return done;
}

static bool live_and_die(void *arg)
{
	int fds[2];
	pthread_t plugin;
	struct err err = { 0 };
	struct yamux_stream *st[3] = { NULL };
	(void)arg;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return false;
	plugin_fd = fds[1];
	pthread_create(&plugin, NULL, serve, NULL);
	struct yamux_session *host = yamux_session_new(fds[0], true, &err);
	bool done = host != NULL;
	for (int i = 0; i < 3 && done; i++) {
		st[i] = yamux_open(host, NULL, 0, SHORTLY, &err);
		done = st[i] != NULL;
	}
	done = done && talks(host, st[0]);
	for (int i = 0; i < 3; i++)
		yamux_stream_close(st[i]);
	yamux_session_free(host);
	pthread_join(plugin, NULL);
	return done && freed;
}

START_TEST(a_session_may_run_out_of_memory_anywhere)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDERR_FILENO);
	test_service_init(&service);
	ck_assert(live_and_die(NULL));
	faults_each(live_and_die, NULL);
	ck_assert(freed);
	test_service_fini(&service);
	close(null);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("goplugin faults");
	TCase *tc = tcase_create("faults");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_session_may_run_out_of_memory_anywhere);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
