/*
 * caller - an rpc client whose server the test plays
 *
 *	struct caller c;
 *	start_caller(&c, 1, 8000);
 *	struct request r = take_request();
 *	answer(r.head.seq, "call 1");
 *	expect_done(&c);
 *
 * One pair for each test program: set_up and tear_down are its fixture.
 * Threads: one test thread, and one for each caller.
 */
#ifndef TESTS_CALLER_H
#define TESTS_CALLER_H

#include "tests/lib/couple.h"

extern struct couple couple;
extern struct rpc_client client;
extern struct arena arena;
extern struct err err;

/* The server's ends. */
extern struct gob_decoder requests;
extern struct rpc_writer answers;

/* Of the calls of a test; NULL: they stream nothing. */
extern int64_t (*moved_ms)(const void *streams);

void set_up_kind(enum couple_kind kind, size_t max_message);
void set_up(void);
void tear_down(void);

/* ---- the server's part -------------------------------------------------------------- */

struct request {
	struct rpc_request head;
	struct str text; /* the args */
};

struct request take_request(void);
void answer_with(uint64_t seq, const char *error, struct rpc_value body);
void answer(uint64_t seq, const char *text);

/* ---- callers ------------------------------------------------------------------------ */

struct caller {
	pthread_t thread;
	char text[32];
	int64_t timeout_ms;
	int64_t (*moved_ms)(const void *streams);
	struct err err;
	bool done;
	int64_t took_ms;
	long switches; /* how often its thread has gone to sleep */
};

/* "call <number>", on a thread; it wants that text back. */
void start_caller(struct caller *c, int number, int64_t timeout_ms);
void expect_done(struct caller *c);
void expect_failed(struct caller *c, enum err_code code);
void one_good_call(void);

#endif
