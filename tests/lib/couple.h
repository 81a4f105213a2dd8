/*
 * couple - two ends of a byte stream, and a service to call over it
 *
 * The same tests run over a pair of sockets and over yamux streams.
 */
#ifndef TESTS_COUPLE_H
#define TESTS_COUPLE_H

#include "rpc/rpc.h"
#include "tests/lib/peer.h"

/* POOLED: a stream whose server has threads that wait for all of its session. */
enum couple_kind {
	COUPLE_SOCKETS,
	COUPLE_STREAMS,
	COUPLE_POOLED,
	N_COUPLE_KINDS
};

struct couple {
	int fds[2];
	struct yamux_session *sessions[2]; /* NULL over sockets */
	struct yamux_stream *streams[2];
	struct io client, server;
	struct rpc_pool *pool; /* for the server of COUPLE_POOLED, NULL */
};

void couple_marry(struct couple *c, enum couple_kind kind);

/* End the connection for both. More than once does nothing. */
void couple_part(struct couple *c);
void couple_free(struct couple *c);

/* { A, B int64 }, and another struct with one field of a wrong kind. */
struct pair {
	int64_t a, b;
};
extern const struct gob_type type_pair, type_wrong_pair;

/*
 * A service with the methods
 *
 *	Test.Add      pair -> int       A + B
 *	Test.Echo     string -> string
 *	Test.Fail     string -> error of this text
 *	Test.Wait     string -> string  once gate_open has been called
 *	Test.Size     int -> bytes      as many
 *	Test.Nothing  -> an empty struct
 */
struct test_service {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;
	size_t n_waiting; /* in Test.Wait */
	size_t n_overloaded;
	/* called in place of the methods, when set */
	void (*instead)(void *object, struct rpc_call_info *call,
	    const void *args, void *reply);
	void *object;
	struct rpc_service service;
};

void test_service_init(struct test_service *s);
void test_service_fini(struct test_service *s);
void gate_open(struct test_service *s);

/* Until n calls wait at the gate. */
void gate_crowded(struct test_service *s, size_t n);

/* Call and fail the test when the call fails. */
struct str call_echo(struct rpc_client *c, const char *method, const char *text,
    struct arena *a);
int64_t call_add(struct rpc_client *c, int64_t a, int64_t b);

/* Call with a string, and what became of it. The reply is a string. */
bool call_string(struct rpc_client *c, const char *method, const char *text,
    int64_t deadline_ms, struct err *err);

#endif
