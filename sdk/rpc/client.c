/*
 * client - calls in flight, and the turn to read their replies
 *
 * The happy path of a call:
 *  - enter it into the table under the next number, send it
 *  - nobody reads? read replies until one's own have come, waking owners of
 *    others; somebody reads? wait until woken, with the reply or the turn
 *  - move the reply's memory into the caller's arena
 *
 * A reply is decoded into an arena that belongs to the pending call, because
 * its owner may give up at a deadline while another thread is decoding it.
 */
#include "rpc/rpc.h"

#include <stdlib.h>
#include <string.h>

/* A head is a method's name and perhaps an error's text. */
#define HEAD_MAX ((size_t)1024 * 1024)

/* Calls that are made at once, of one owner. He is woken when all are done. */
struct batch {
	pthread_cond_t changed;
	size_t left;  /* not done */
	bool waiting; /* they are sent, he waits or reads */
	bool turn;    /* he was woken to take the turn to read, and has not */
};

/* In the table from sending until its reply begins or its owner gives up;
 * freed by the owner, or by the reader when the owner has given up. */
struct rpc_pending {
	struct rpc_pending *next;
	uint64_t seq;
	const struct gob_type *reply_type;
	void *reply; /* in arena */
	struct arena arena;
	bool entered;   /* into the table */
	bool receiving; /* taken out of the table by the reader */
	bool done;
	bool abandoned; /* the reader frees it */
	struct batch *batch;
	struct batch alone; /* when it is made by itself, or given up */
	struct err err;
};

static void batch_init(struct batch *b, size_t n)
{
	*b = (struct batch){ .left = n };
	clock_cond_init(&b->changed);
}

static struct rpc_pending *pending_new(const struct gob_type *reply_type)
{
	struct rpc_pending *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	batch_init(&p->alone, 1);
	p->batch = &p->alone;
	arena_init(&p->arena, RPC_ARENA_MAX);
	p->reply_type = reply_type;
	return p;
}

static void pending_free(struct rpc_pending *p)
{
	arena_fini(&p->arena);
	pthread_cond_destroy(&p->alone.changed);
	free(p);
}

/* Lock held: client. NULL: an answer nobody waits for any more. */
static struct rpc_pending *take_pending(struct rpc_client *c, uint64_t seq)
{
	for (struct rpc_pending **at = &c->pending; *at != NULL;
	     at = &(*at)->next) {
		struct rpc_pending *p = *at;
		if (p->seq == seq) {
			*at = p->next;
			return p;
		}
	}
	return NULL;
}

/* Lock held: client. Nobody can get an answer any more. */
static void break_connection(struct rpc_client *c, const struct err *why)
{
	if (!c->broken) {
		c->broken = true;
		c->why = *why;
	}
	for (struct rpc_pending *p = c->pending; p != NULL; p = p->next)
		pthread_cond_signal(&p->batch->changed);
}

/* Lock held: client. Somebody else who waits may read now; whoever is still
 * sending sees for himself that nobody reads. */
static void pass_turn(struct rpc_client *c)
{
	struct rpc_pending *p = c->pending;
	c->reading = false;
	while (p != NULL && !p->batch->waiting)
		p = p->next;
	if (p == NULL)
		return;
	p->batch->turn = true;
	pthread_cond_signal(&p->batch->changed);
}

static bool decode_reply(struct rpc_client *c, struct rpc_pending *p,
    const struct rpc_response *head, struct err *err)
{
	/* an error's body is a placeholder of any type */
	if (p == NULL || head->error.len > 0 || p->reply_type == NULL) {
		if (!gob_decode(&c->decoder, NULL, NULL, NULL, err))
			return false;
		return head->error.len == 0 ||
		       err_set(err, ERR_REMOTE, "%.*s", STR_ARG(head->error));
	}
	p->reply = arena_alloc(&p->arena, p->reply_type->size);
	if (p->reply != NULL)
		return gob_decode(
		    &c->decoder, p->reply_type, &p->arena, p->reply, err);
	if (!gob_decode(&c->decoder, NULL, NULL, NULL, err))
		return false;
	return err_set(err, ERR_NO_MEMORY, "reply");
}

/* Read one reply and hand it over. False: timeout, or broken. */
static bool read_one(struct rpc_client *c, int64_t deadline_ms, struct err *err)
{
	struct arena scratch;
	struct rpc_response head = { 0 };
	struct err failed = { 0 };
	if (!gob_decoder_wait(&c->decoder, deadline_ms, err))
		return false;
	arena_init(&scratch, HEAD_MAX);
	bool read =
	    gob_decode(&c->decoder, &rpc_type_response, &scratch, &head, err);
	if (!read) {
		/* without a head nobody knows whose reply follows */
		c->decoder.broken = true;
		arena_fini(&scratch);
		return false;
	}
	pthread_mutex_lock(&c->lock);
	struct rpc_pending *p = take_pending(c, head.seq);
	if (p != NULL)
		p->receiving = true;
	pthread_mutex_unlock(&c->lock);

	/* the body follows its head */
	bool done = gob_decoder_wait(
	    &c->decoder, clock_deadline_ms(GOB_STALL_MS), &failed);
	if (done)
		done = decode_reply(c, p, &head, &failed);
	else
		c->decoder.broken = true;
	arena_fini(&scratch);
	bool drop = p == NULL;
	pthread_mutex_lock(&c->lock);
	if (p != NULL) {
		p->done = true;
		if (!done)
			p->err = failed;
		drop = p->abandoned;
		if (--p->batch->left == 0)
			pthread_cond_signal(&p->batch->changed);
	}
	pthread_mutex_unlock(&c->lock);
	if (p != NULL && drop)
		pending_free(p);
	return !c->decoder.broken ||
	       err_set(err, failed.code, "%s", failed.text);
}

/* Lock held: client. Take the turn, read until all of one's own replies have
 * come. False at the deadline. */
static bool read_until_done(
    struct rpc_client *c, struct batch *b, int64_t deadline_ms)
{
	bool in_time = true;
	b->turn = false;
	c->reading = true;
	while (b->left > 0 && !c->broken && in_time) {
		struct err why = { 0 };
		pthread_mutex_unlock(&c->lock);
		bool read = read_one(c, deadline_ms, &why);
		pthread_mutex_lock(&c->lock);
		if (read)
			continue;
		in_time = why.code != ERR_TIMEOUT || c->decoder.broken;
		if (in_time)
			break_connection(c, &why);
	}
	pass_turn(c);
	return in_time;
}

/* Lock held: client. Wait for the reply, and those to the calls made with it,
 * reading when it is one's turn. */
static bool wait_reply(struct rpc_client *c, struct rpc_pending *p,
    int64_t deadline_ms, struct err *err)
{
	struct batch *b = p->batch;
	bool in_time = true;
	b->waiting = true;
	while (b->left > 0 && !c->broken && in_time) {
		if (c->reading)
			in_time =
			    clock_wait(&b->changed, &c->lock, deadline_ms);
		else
			in_time = read_until_done(c, b, deadline_ms);
	}
	if (p->done && p->err.code == ERR_NONE)
		return true;
	if (p->done)
		*err = p->err;
	else if (c->broken)
		err_set(
		    err, c->why.code, "connection is over: %s", c->why.text);
	else
		err_set(err, ERR_TIMEOUT, "no reply");
	return false;
}

/* Lock held: client. The owner leaves; true: the owner frees. */
static bool leave(struct rpc_client *c, struct rpc_pending *p)
{
	if (p->entered)
		take_pending(c, p->seq);
	/* a turn that was offered and not taken goes to the next */
	if (p->batch->turn && !c->reading)
		pass_turn(c);
	if (!p->done) {
		/* what the others share may be gone when it comes */
		p->batch->left--;
		p->batch = &p->alone;
	}
	p->abandoned = p->receiving && !p->done;
	return !p->abandoned;
}

/* Lock held: client. Into the table, under a number of its own. */
static void enter(struct rpc_client *c, struct rpc_pending *p)
{
	p->seq = c->next_seq++;
	p->next = c->pending;
	p->entered = true;
	c->pending = p;
}

static bool send_requests(struct rpc_client *c, const struct rpc_args *calls,
    struct rpc_pending **pending, size_t n, struct err *err)
{
	struct rpc_request heads[RPC_AT_ONCE];
	struct rpc_message messages[RPC_AT_ONCE];
	bool sent;
	pthread_mutex_lock(&c->lock);
	if (c->broken) {
		pthread_mutex_unlock(&c->lock);
		return err_set(
		    err, c->why.code, "connection is over: %s", c->why.text);
	}
	for (size_t i = 0; i < n; i++) {
		enter(c, pending[i]);
		heads[i] = (struct rpc_request){ str_from(calls[i].method),
			pending[i]->seq };
		messages[i].head =
		    (struct rpc_value){ &rpc_type_request, &heads[i] };
		messages[i].body = calls[i].args;
	}
	pthread_mutex_unlock(&c->lock);
	if (rpc_writer_send(
	        &c->writer, messages, n, calls[0].deadline_ms, &sent, err))
		return true;
	if (sent) {
		pthread_mutex_lock(&c->lock);
		break_connection(c, err);
		pthread_mutex_unlock(&c->lock);
	}
	return false;
}

/* Lock held: client. Wait on while the call's streams move. */
static bool wait_moving(struct rpc_client *c, struct rpc_pending *p,
    const struct rpc_args *call, int64_t began_ms, struct err *err)
{
	int64_t deadline_ms = call->deadline_ms;
	while (!wait_reply(c, p, deadline_ms, err)) {
		if (err->code != ERR_TIMEOUT || p->done || c->broken ||
		    call->moved_ms == NULL)
			return false;
		deadline_ms = call->deadline_ms +
		              (call->moved_ms(call->streams) - began_ms);
		if (clock_now_ms() >= deadline_ms)
			return false;
		err_clear(err);
	}
	return true;
}

void rpc_drop(struct rpc_client *c, struct rpc_pending *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	bool mine = leave(c, p);
	pthread_mutex_unlock(&c->lock);
	if (mine)
		pending_free(p);
}

bool rpc_send(struct rpc_client *c, const struct rpc_args *call,
    struct rpc_pending **pending, struct err *err)
{
	*pending = pending_new(call->reply_type);
	if (*pending == NULL)
		return err_set(err, ERR_NO_MEMORY, "%s", call->method);
	if (send_requests(c, call, pending, 1, err))
		return true;
	rpc_drop(c, *pending);
	*pending = NULL;
	return err_wrap(err, "%s", call->method);
}

bool rpc_receive(struct rpc_client *c, const struct rpc_args *call,
    struct rpc_pending *p, struct err *err)
{
	struct err why = { 0 };
	int64_t began_ms = clock_now_ms();
	pthread_mutex_lock(&c->lock);
	bool done = wait_moving(c, p, call, began_ms, &why);
	bool mine = leave(c, p);
	pthread_mutex_unlock(&c->lock);
	if (done && p->reply != NULL && call->reply_type->size > 0) {
		memcpy(call->reply, p->reply, call->reply_type->size);
		arena_adopt(call->arena, &p->arena);
	}
	if (mine)
		pending_free(p);
	return done || err_set(err, why.code, "%s: %s", call->method, why.text);
}

bool rpc_call_all(struct rpc_client *c, const struct rpc_args *calls, size_t n,
    struct err *err)
{
	struct rpc_pending *pending[RPC_AT_ONCE];
	struct batch batch;
	size_t made = 0;
	if (n == 0 || n > RPC_AT_ONCE)
		return err_set(err, ERR_INVALID, "%zu calls at once", n);
	batch_init(&batch, n);
	while (made < n &&
	       (pending[made] = pending_new(calls[made].reply_type)) != NULL)
		pending[made++]->batch = &batch;
	bool sent = made == n ? send_requests(c, calls, pending, n, err)
	                      : err_set(err, ERR_NO_MEMORY, "rpc call");
	bool all = sent;
	if (!sent && n == 1)
		err_wrap(err, "%s", calls[0].method);
	for (size_t i = 0; i < made; i++) {
		if (!sent)
			rpc_drop(c, pending[i]);
		else if (!rpc_receive(c, &calls[i], pending[i], err))
			all = false;
	}
	pthread_cond_destroy(&batch.changed);
	return all;
}

bool rpc_call(
    struct rpc_client *c, const struct rpc_args *call, struct err *err)
{
	return rpc_call_all(c, call, 1, err);
}

bool rpc_client_usable(struct rpc_client *c, struct err *why)
{
	pthread_mutex_lock(&c->lock);
	bool usable = !c->broken;
	if (!usable && why != NULL)
		*why = c->why;
	pthread_mutex_unlock(&c->lock);
	return usable;
}

void rpc_client_init(struct rpc_client *c, struct io io,
    const struct gob_registry *registry, size_t max_message)
{
	memset(c, 0, sizeof(*c));
	rpc_writer_init(&c->writer, io, max_message);
	gob_decoder_init(&c->decoder, io, registry, max_message);
	pthread_mutex_init(&c->lock, NULL);
}

void rpc_client_fini(struct rpc_client *c)
{
	if (c->writer.io.read == NULL)
		return;
	rpc_writer_fini(&c->writer);
	gob_decoder_fini(&c->decoder);
	pthread_mutex_destroy(&c->lock);
	memset(c, 0, sizeof(*c));
}
