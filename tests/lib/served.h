/*
 * served - an rpc server that serves couple's methods, and its callers
 *
 *	struct string_call c;
 *	served_start(COUPLE_SOCKETS);
 *	start_string_call(&c, "Test.Wait");
 *	gate_crowded(&served.service, 1);
 *	gate_open(&served.service);
 *	expect_answered(&c);
 *
 * One for each test program: served_set_up and served_tear_down are its fixture.
 * What the service shall be is set between set_up and start.
 * Threads: one test thread, and one for each string_call.
 */
#ifndef TESTS_SERVED_H
#define TESTS_SERVED_H

#include "tests/lib/couple.h"

extern struct served {
	struct test_service service;
	struct couple couple;
	struct rpc_client client;
	struct rpc_server *server; /* NULL: it was freed before the end */
} served;

void served_set_up(void);
void served_start(enum couple_kind kind);
void served_tear_down(void);

/* A call of a method that takes and gives a string, on a thread. */
struct string_call {
	pthread_t thread;
	const char *method;
	bool done;
	struct err err;
};

void start_string_call(struct string_call *c, const char *method);
void start_string_calls(
    struct string_call *calls, size_t n, const char *method);

/* Until it has ended, and whether it was answered. */
bool is_answered(struct string_call *c);
void expect_answered(struct string_call *c);
void expect_all_answered(struct string_call *calls, size_t n);

#endif
