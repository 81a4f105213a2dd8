/* Every allocation of a client and a server fails once. */
#include "tests/lib/faults.h"
#include "tests/lib/patience.h"
#include "tests/lib/served.h"

#include <check.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Three at once. False: memory was out. */
static bool call_three(struct rpc_client *client)
{
	struct str args = S("hello");
	struct str replies[3] = { { NULL, 0 } };
	struct rpc_args calls[3];
	struct arena arena;
	struct err err = { 0 };
	arena_init(&arena, RPC_ARENA_MAX);
	for (size_t i = 0; i < 3; i++)
		calls[i] = (struct rpc_args){
			.method = "Test.Echo",
			.args = { &gob_type_string, &args },
			.reply_type = &gob_type_string,
			.reply = &replies[i],
			.arena = &arena,
			.deadline_ms = clock_deadline_ms(patience(100)),
		};
	bool done = rpc_call_all(client, calls, 3, &err);
	for (size_t i = 0; done && i < 3; i++)
		done = str_eq(replies[i], args);
	arena_fini(&arena);
	return done;
}

/* Two answers, an error, and one more answer; three at once. False: memory was
 * out. */
static bool call_all(struct rpc_client *client)
{
	static const struct {
		const char *method;
		enum err_code code;
	} calls[] = {
		{ "Test.Echo", ERR_NONE },
		{ "Test.Echo", ERR_NONE },
		{ "Test.Fail", ERR_REMOTE },
		{ "Test.Echo", ERR_NONE },
	};
	bool done = true;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && done; i++) {
		struct err err = { 0 };
		call_string(client, calls[i].method, "hello",
		    clock_deadline_ms(patience(100)), &err);
		done = err.code == calls[i].code;
	}
	return done && call_three(client);
}

static bool open_call_close(void *arg)
{
	struct test_service *service = arg;
	struct rpc_client client;
	struct err err = { 0 };
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return false;
	rpc_client_init(&client, io_socket(&fds[0]), NULL, 0);
	struct rpc_server *server =
	    rpc_server_start(io_socket(&fds[1]), &service->service, &err);
	bool done = server != NULL && call_all(&client);
	shutdown(fds[0], SHUT_RDWR);
	rpc_server_free(server);
	rpc_client_fini(&client);
	close(fds[0]);
	close(fds[1]);
	return done;
}

START_TEST(every_allocation_of_a_call_may_fail)
{
	struct test_service service;
	test_service_init(&service);
	faults_each(open_call_close, &service);
	test_service_fini(&service);
}
END_TEST

/* Until no more blocks than that are there. */
static bool blocks_become(long n)
{
	int64_t deadline = clock_deadline_ms(patience(5000));
	while (faults_n_live() > n && clock_now_ms() < deadline)
		usleep(10 * 1000);
	return faults_n_live() <= n;
}

#define N_AT_ONCE 64

/* They leave the memory of a few calls, not of as many as there were. */
START_TEST(what_many_at_once_had_is_given_back)
{
	static struct string_call calls[N_AT_ONCE];
	served_set_up();
	faults_count();
	served_start((enum couple_kind)_i);
	start_string_calls(calls, N_AT_ONCE, "Test.Wait");
	gate_crowded(&served.service, N_AT_ONCE);
	gate_open(&served.service);
	expect_all_answered(calls, N_AT_ONCE);
	ck_assert(blocks_become(N_AT_ONCE));
	served_tear_down();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rpc faults");
	TCase *tc = tcase_create("faults");
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, every_allocation_of_a_call_may_fail);
	tcase_add_loop_test(
	    tc, what_many_at_once_had_is_given_back, 0, N_COUPLE_KINDS);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
