#include "tests/lib/served.h"

#include <check.h>

struct served served;

void served_set_up(void)
{
	served.server = NULL;
	test_service_init(&served.service);
}

void served_start(enum couple_kind kind)
{
	struct err err = { 0 };
	couple_marry(&served.couple, kind);
	served.service.service.pool = served.couple.pool;
	rpc_client_init(&served.client, served.couple.client, NULL, 0);
	served.server = rpc_server_start(
	    served.couple.server, &served.service.service, &err);
	ck_assert_msg(served.server != NULL, "%s", err.text);
}

void served_tear_down(void)
{
	gate_open(&served.service);
	couple_part(&served.couple);
	rpc_server_free(served.server);
	rpc_client_fini(&served.client);
	couple_free(&served.couple);
	test_service_fini(&served.service);
}

static void *call(void *arg)
{
	struct string_call *c = arg;
	c->done = call_string(&served.client, c->method, "x", SOON, &c->err);
	return NULL;
}

void start_string_call(struct string_call *c, const char *method)
{
	*c = (struct string_call){ .method = method };
	ck_assert_int_eq(pthread_create(&c->thread, NULL, call, c), 0);
}

void start_string_calls(struct string_call *calls, size_t n, const char *method)
{
	for (size_t i = 0; i < n; i++)
		start_string_call(&calls[i], method);
}

bool is_answered(struct string_call *c)
{
	pthread_join(c->thread, NULL);
	return c->done;
}

void expect_answered(struct string_call *c)
{
	ck_assert_msg(is_answered(c), "%s", c->err.text);
}

void expect_all_answered(struct string_call *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_answered(&calls[i]);
}
