/* Two processes in one: calls that are answered with the help of calls. */
#include "tests/lib/couple.h"

#include <check.h>
#include <stdlib.h>

static struct err err;

/* One side of a conversation: it serves, and calls the other side. */
struct side {
	struct couple couple; /* over which it is called */
	struct test_service service;
	struct rpc_client to_here;
	struct rpc_server *server;
	struct side *other;
};

/* Count down together: each call makes one on the other side. */
static void count_down(
    void *object, struct rpc_call_info *call, const void *args, void *reply)
{
	struct side *here = object;
	const struct pair *pair = args;
	(void)call;
	*(int64_t *)reply = 1;
	if (pair->a > 0)
		*(int64_t *)reply =
		    1 + call_add(&here->other->to_here, pair->a - 1, 0);
}

static void start_side(struct side *s, struct side *other)
{
	test_service_init(&s->service);
	s->service.instead = count_down;
	s->service.object = s;
	s->other = other;
	couple_marry(&s->couple, COUPLE_STREAMS);
	rpc_client_init(&s->to_here, s->couple.client, NULL, 0);
}

static void stop_side(struct side *s)
{
	couple_part(&s->couple);
	rpc_server_free(s->server);
	rpc_client_fini(&s->to_here);
	couple_free(&s->couple);
	test_service_fini(&s->service);
}

START_TEST(calls_may_call_back_a_hundred_deep)
{
	static struct side left, right;
	start_side(&left, &right);
	start_side(&right, &left);
	left.server =
	    rpc_server_start(left.couple.server, &left.service.service, &err);
	right.server =
	    rpc_server_start(right.couple.server, &right.service.service, &err);
	ck_assert_int_eq(call_add(&left.to_here, 100, 0), 101);
	stop_side(&left);
	stop_side(&right);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rpc conversation");
	TCase *tc = tcase_create("conversation");
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, calls_may_call_back_a_hundred_deep);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
