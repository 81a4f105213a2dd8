#include "tests/lib/caller.h"

#include "tests/lib/patience.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

struct couple couple;
struct rpc_client client;
struct gob_decoder requests;
struct rpc_writer answers;
struct arena arena;
struct err err;

int64_t (*moved_ms)(const void *streams);

void set_up_kind(enum couple_kind kind, size_t max_message)
{
	err_clear(&err);
	moved_ms = NULL;
	arena_init(&arena, RPC_ARENA_MAX);
	couple_marry(&couple, kind);
	rpc_client_init(&client, couple.client, NULL, max_message);
	gob_decoder_init(&requests, couple.server, NULL, 0);
	rpc_writer_init(&answers, couple.server, 0);
}

void set_up(void)
{
	set_up_kind(COUPLE_SOCKETS, 0);
}

void tear_down(void)
{
	couple_part(&couple);
	rpc_client_fini(&client);
	rpc_writer_fini(&answers);
	gob_decoder_fini(&requests);
	couple_free(&couple);
	arena_fini(&arena);
}

/* ---- the server's part --------------------------------------------------------- */

struct request take_request(void)
{
	struct request r = { 0 };
	ck_assert_msg(
	    gob_decode(&requests, &rpc_type_request, &arena, &r.head, &err),
	    "%s", err.text);
	ck_assert_msg(
	    gob_decode(&requests, &gob_type_string, &arena, &r.text, &err),
	    "%s", err.text);
	return r;
}

void answer_with(uint64_t seq, const char *error, struct rpc_value body)
{
	bool sent;
	struct rpc_response head = { S("Test.Any"), seq, str_from(error) };
	const struct rpc_message m = { { &rpc_type_response, &head }, body };
	ck_assert_msg(rpc_writer_send(&answers, &m, 1, SOON, &sent, &err), "%s",
	    err.text);
}

void answer(uint64_t seq, const char *text)
{
	struct str s = str_from(text);
	answer_with(seq, NULL, (struct rpc_value){ &gob_type_string, &s });
}

/* ---- callers ---------------------------------------------------------------------- */

static void *call(void *arg)
{
	struct caller *c = arg;
	struct arena a;
	struct rusage usage;
	struct str args = str_from(c->text), reply = { 0 };
	int64_t before = clock_now_ms();
	arena_init(&a, RPC_ARENA_MAX);
	c->done = rpc_call(&client,
	    &(struct rpc_args){
	        .method = "Test.Any",
	        .args = { &gob_type_string, &args },
	        .reply_type = &gob_type_string,
	        .reply = &reply,
	        .arena = &a,
	        .deadline_ms = clock_deadline_ms(patience(c->timeout_ms)),
	        .moved_ms = c->moved_ms,
	    },
	    &c->err);
	/* every caller is answered with its own text */
	if (c->done && !str_eq(reply, args))
		err_set(&c->err, ERR_INVALID, "got %s", str_c(reply));
	c->took_ms = clock_now_ms() - before;
	getrusage(RUSAGE_THREAD, &usage);
	c->switches = usage.ru_nvcsw;
	arena_fini(&a);
	return NULL;
}

void start_caller(struct caller *c, int number, int64_t timeout_ms)
{
	*c = (struct caller){ .timeout_ms = timeout_ms, .moved_ms = moved_ms };
	snprintf(c->text, sizeof(c->text), "call %d", number);
	ck_assert_int_eq(pthread_create(&c->thread, NULL, call, c), 0);
}

void expect_done(struct caller *c)
{
	pthread_join(c->thread, NULL);
	ck_assert_msg(
	    c->done && c->err.code == ERR_NONE, "%s: %s", c->text, c->err.text);
}

void expect_failed(struct caller *c, enum err_code code)
{
	pthread_join(c->thread, NULL);
	ck_assert(!c->done);
	ck_assert_msg(c->err.code == code, "%s", c->err.text);
}

void one_good_call(void)
{
	struct caller c;
	start_caller(&c, 4711, 8000);
	struct request r = take_request();
	answer(r.head.seq, str_c(r.text));
	expect_done(&c);
}
