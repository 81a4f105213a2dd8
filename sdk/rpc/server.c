/*
 * server - requests of one connection, read by one thread at a time
 *
 * The happy path: bytes come, on_input queues the reading of a request; a
 * thread of the pool decodes it, and queues the call, which the same thread
 * mostly serves next, and replies to. What a call will wait for, such as the
 * body of an HTTP request, is asked for before (prepare), and the call put off
 * until it has come, so that no thread sleeps for it. While many wait so nothing
 * more is read: the peer has enough to do, and to ask for more of it at once only
 * makes it all longer.
 *
 * As many calls are admitted as there are threads, but one, which goes on
 * reading: nothing waits behind a call that waits itself. When there are too
 * many somebody may be done in a moment, for spare threads do nothing that takes
 * long; if nobody is, the call is refused.
 */
#include "rpc/pool.h"

#include <stdlib.h>
#include <string.h>

/* How long a call may wait for what was asked for before it is served. */
#define PREPARED_MS 1000

/* For so long the peer may have no time for those that wait, before it is they
 * who are slow: then as many others are read. */
#define HELD_MS 50

/* When there are too many calls, how long one may wait for another's end. */
#define CROWDED_MS 250

/* Of so many calls that are over the memory is kept for the next ones, and of
 * each so much. What was not needed for so long is freed, but for a few. */
#define SPARE_CALLS 64
#define SPARE_BYTES ((size_t)8 * 1024)
#define SPARE_FEW   4
#define SPARE_MS    1000

struct rpc_server {
	const struct rpc_service *service;
	struct rpc_pool *pool;
	struct rpc_writer writer;
	struct gob_decoder decoder; /* of who is `reading` */
	bool watched;
	pthread_cond_t changed; /* one call less, or the end */

	/* guarded by the pool's lock */
	struct rpc_work readable; /* to read one request */
	bool reading;             /* it is queued, or being done */
	bool input;               /* on_input was called; not of bytes read */
	struct list spare_calls;  /* the one that was used last first */
	size_t n_spare;
	size_t n_unneeded;    /* of them, since the last trimming */
	struct rpc_work trim; /* free these, put off */
	bool trims;           /* it is put off, queued, or being done */
	size_t n_calls;       /* read, and not served */
	size_t n_replies;     /* served, and not done */
	size_t n_prepared; /* in this round; nobody has begun to serve them */
	unsigned round;
	int64_t round_ends_ms; /* 0 until they were too many in it */
	bool ending;
	bool told;      /* service->ended has returned */
	struct err why; /* constant once told */
};

struct call {
	struct rpc_work work;
	struct rpc_server *server;
	struct rpc_call_info info;
	struct rpc_request head;
	const void *args;
	void *reply;
	bool ready; /* guarded by the pool's lock: rpc_call_ready was called */
	bool is_prepared;
	unsigned round; /* of the server, when it was prepared */
	bool is_allocated;
};

static const struct rpc_value empty_value = { &gob_type_empty, "" };

static void lock(struct rpc_server *s)
{
	pthread_mutex_lock(&s->pool->lock);
}

static void unlock(struct rpc_server *s)
{
	pthread_mutex_unlock(&s->pool->lock);
}

/* ---- the end -------------------------------------------------------------------- */

/* Lock held, but not while the service is told. The first reason counts. */
static void end(struct rpc_server *s, const struct err *why)
{
	const struct rpc_service *service = s->service;
	if (s->ending)
		return;
	s->ending = true;
	s->why = *why;
	if (pool_take_back(s->pool, &s->trim))
		s->trims = false;
	unlock(s);
	if (service->ended != NULL)
		service->ended(service->object, why);
	lock(s);
	s->told = true;
	pthread_cond_broadcast(&s->changed);
}

/* ---- serving --------------------------------------------------------------------- */

static bool send_reply(struct rpc_server *s, struct call *c, struct err *err)
{
	struct rpc_response head = {
		.service_method = c->head.service_method,
		.seq = c->head.seq,
	};
	struct rpc_message reply = { { &rpc_type_response, &head },
		empty_value };
	const struct rpc_method *m = c->info.method;
	if (c->info.err.code != ERR_NONE)
		head.error = str_from(c->info.err.text);
	else if (m->reply != NULL)
		reply.body = (struct rpc_value){ m->reply, c->reply };
	int64_t deadline = clock_deadline_ms(RPC_WRITE_MS);
	bool sent;
	if (rpc_writer_send(&s->writer, &reply, 1, deadline, &sent, err))
		return true;
	if (sent || err->code == ERR_TIMEOUT)
		return false;
	/* a reply that cannot be encoded: the caller still gets an answer */
	struct err text = *err;
	head.error = str_from(text.text);
	reply.body = empty_value;
	err_clear(err);
	return rpc_writer_send(&s->writer, &reply, 1, deadline, &sent, err);
}

static void free_call(struct call *c)
{
	arena_fini(&c->info.arena);
	if (c->is_allocated)
		free(c);
}

/* Lock held. Find out which spare calls are not needed, if there are more than a
 * few: take_spare counts down to those that were never taken. */
static void trim_later(struct rpc_server *s)
{
	s->trims = s->n_spare > SPARE_FEW && !s->ending;
	s->n_unneeded = s->n_spare;
	if (s->trims)
		pool_put_off(s->pool, &s->trim, clock_deadline_ms(SPARE_MS));
}

/* Free what was not needed for a while. */
static void trim_calls(struct rpc_work *w)
{
	struct rpc_server *s = list_entry(w, struct rpc_server, trim);
	struct list freed;
	struct list *node;
	list_init(&freed);
	lock(s);
	for (; s->n_unneeded > 0 && s->n_spare > SPARE_FEW; s->n_unneeded--) {
		node = s->spare_calls.prev;
		list_remove(node);
		list_add_before(&freed, node);
		s->n_spare--;
	}
	trim_later(s);
	pthread_cond_broadcast(&s->changed);
	unlock(s);
	while ((node = list_take_first(&freed)) != NULL)
		free_call(list_entry(node, struct call, work.node));
}

/* A call is over. Under the sanitizer its memory goes, too. */
static void end_call(struct rpc_server *s, struct call *c)
{
	arena_reset(&c->info.arena, SPARE_BYTES);
	/* what it has adopted may have raised it */
	c->info.arena.max = RPC_ARENA_MAX;
	lock(s);
	bool kept = c->is_allocated && s->n_spare < SPARE_CALLS;
	if (kept) {
		list_add_before(s->spare_calls.next, &c->work.node);
		s->n_spare++;
		if (!s->trims)
			trim_later(s);
	}
	unlock(s);
	if (!kept)
		free_call(c);
}

/* Serve a call that was counted in, reply, and end it. */
static void serve(struct rpc_server *s, struct call *c)
{
	const struct rpc_service *service = s->service;
	struct err err = { 0 };
	if (c->info.err.code == ERR_NONE)
		service->serve(service->object, &c->info, c->args, c->reply);
	/* before the reply, for whoever has it may call again at once */
	lock(s);
	s->n_calls--;
	s->n_replies++;
	pthread_cond_broadcast(&s->changed);
	unlock(s);
	bool sent = send_reply(s, c, &err);
	end_call(s, c);
	lock(s);
	if (!sent)
		end(s, &err);
	s->n_replies--;
	pthread_cond_broadcast(&s->changed);
	unlock(s);
}

/* One of those that were prepared does not wait any more: read on. */
static void let_read(struct rpc_server *s, const struct call *c)
{
	lock(s);
	if (c->round == s->round) {
		if (--s->n_prepared == 0)
			s->round_ends_ms = 0;
		if (pool_take_back(s->pool, &s->readable))
			pool_leave(s->pool, &s->readable);
	}
	unlock(s);
}

static void run_call(struct rpc_work *w)
{
	struct call *c = list_entry(w, struct call, work);
	if (c->is_prepared)
		let_read(c->server, c);
	serve(c->server, c);
}

/* ---- preparing -------------------------------------------------------------------- */

void rpc_call_ready(struct rpc_call_info *info)
{
	struct call *c = list_entry(info, struct call, info);
	struct rpc_server *s = c->server;
	lock(s);
	c->ready = true;
	if (pool_take_back(s->pool, &c->work))
		pool_bring(s->pool, &c->work);
	unlock(s);
}

static bool prepare(struct rpc_server *s, struct call *c)
{
	const struct rpc_service *service = s->service;
	return service->prepare != NULL && s->watched && !c->info.overloaded &&
	       c->info.err.code == ERR_NONE &&
	       service->prepare(service->object, &c->info, c->args);
}

/* From here on the call is another thread's, perhaps. */
static void queue_call(struct rpc_server *s, struct call *c)
{
	c->is_prepared = prepare(s, c);
	lock(s);
	c->round = s->round;
	if (c->is_prepared)
		s->n_prepared++;
	if (c->is_prepared && !c->ready)
		pool_put_off(s->pool, &c->work, clock_deadline_ms(PREPARED_MS));
	else
		pool_queue(s->pool, &c->work);
	unlock(s);
}

/* ---- reading ---------------------------------------------------------------------- */

/* The texts that Go's server answers with.
 * Source: net/rpc (Go 1.26) server.go readRequestHeader */
static void refuse_name(struct call *c)
{
	struct str name = c->head.service_method;
	struct str service, method;
	if (!str_cut(name, '.', &service, &method))
		err_set(&c->info.err, ERR_NOT_FOUND,
		    "rpc: service/method request ill-formed: %.*s",
		    STR_ARG(name));
	else
		err_set(&c->info.err, ERR_NOT_FOUND,
		    "rpc: can't find method %.*s", STR_ARG(name));
}

/* Decode one request. False: the connection is over. Args that do not fit
 * fail their call alone. */
static bool read_request(struct rpc_server *s, struct call *c, struct err *err)
{
	struct arena *a = &c->info.arena;
	if (!gob_decoder_wait(&s->decoder, DEADLINE_NEVER, err) ||
	    !gob_decode(&s->decoder, &rpc_type_request, a, &c->head, err))
		return false;
	const struct rpc_service *service = s->service;
	const struct rpc_method *m =
	    service->find(service->object, c->head.service_method);
	c->info.method = m;
	if (m == NULL)
		refuse_name(c);
	void *args = NULL;
	if (m != NULL) {
		args = arena_alloc(a, m->args->size);
		c->reply = arena_alloc(a, m->reply ? m->reply->size : 0);
		if (args == NULL || c->reply == NULL)
			err_set(&c->info.err, ERR_NO_MEMORY, "rpc call");
	}
	c->args = args;
	bool wanted = m != NULL && c->info.err.code == ERR_NONE;
	int64_t deadline = clock_deadline_ms(GOB_STALL_MS);
	if (!gob_decoder_wait(&s->decoder, deadline, err))
		return false;
	if (gob_decode(&s->decoder, wanted ? m->args : NULL, a, args, err))
		return true;
	if (s->decoder.broken)
		return false;
	if (c->info.err.code == ERR_NONE)
		err_set(&c->info.err, err->code, "%s", err->text);
	err_clear(err);
	return true;
}

/* Lock held: pool. On the thread that brings bytes, see struct io, watch. */
static void note_input(struct rpc_server *s)
{
	s->input = true;
	if (s->reading || s->ending)
		return;
	s->reading = true;
	pool_bring(s->pool, &s->readable);
}

static void on_input(void *arg)
{
	struct rpc_server *s = arg;
	lock(s);
	note_input(s);
	unlock(s);
}

/* Be told from here on; at once, if something has come and was not read. */
static void watch(struct rpc_server *s)
{
	if (!s->watched)
		return;
	lock(s);
	s->input = false;
	unlock(s);
	s->decoder.in.watch(s->decoder.in.object, on_input, s);
}

/* Lock held: pool. */
static bool is_crowded(const struct rpc_server *s)
{
	return s->n_calls + s->n_replies >=
	       s->service->max_calls + s->service->spare - 1;
}

/* Lock held: pool. Count a call in, if there is a thread for it, perhaps after
 * a moment. */
static void admit(struct rpc_server *s, struct call *c)
{
	int64_t deadline = clock_deadline_ms(CROWDED_MS);
	bool in_time = true;
	if (is_crowded(s))
		pool_call(s->pool);
	while (is_crowded(s) && !s->ending && in_time)
		in_time = clock_wait(&s->changed, &s->pool->lock, deadline);
	c->info.overloaded = s->n_calls >= s->service->max_calls;
	if (is_crowded(s))
		err_set(
		    &c->info.err, ERR_BUSY, "rpc: too many calls in flight");
}

/* A call that was read: queue it, or do it here if it is a matter of a
 * moment. It is over, or another thread's, afterwards. */
static void take_call(struct rpc_server *s, struct call *c)
{
	bool serial = s->service->serial;
	lock(s);
	if (!serial)
		admit(s, c);
	s->n_calls++;
	unlock(s);
	if (serial || c->info.err.code != ERR_NONE)
		serve(s, c);
	else
		queue_call(s, c);
}

static struct call *take_spare(struct rpc_server *s)
{
	lock(s);
	struct list *node = list_take_first(&s->spare_calls);
	if (node != NULL)
		s->n_spare--;
	if (s->n_unneeded > s->n_spare)
		s->n_unneeded = s->n_spare;
	unlock(s);
	return node == NULL ? NULL : list_entry(node, struct call, work.node);
}

/* A call that has memory of its own, or, here, can only be refused. */
static struct call *begin_call(struct rpc_server *s, struct call *here)
{
	struct call *c = take_spare(s);
	struct arena arena = { .max = RPC_ARENA_MAX };
	if (c != NULL)
		arena = c->info.arena;
	else
		c = calloc(1, sizeof(*c));
	bool is_allocated = c != NULL;
	if (!is_allocated)
		c = here;
	*c = (struct call){
		.work = { .run = run_call },
		.server = s,
		.info = { .arena = arena },
		.is_allocated = is_allocated,
	};
	if (!is_allocated)
		err_set(&c->info.err, ERR_NO_MEMORY, "rpc call");
	return c;
}

/* Lock held. Read nothing for now, for the peer has enough to do for those that
 * were read. */
static bool hold(struct rpc_server *s)
{
	size_t most = s->service->max_prepared;
	if (most == 0 || s->n_prepared < most || s->ending)
		return false;
	if (s->round_ends_ms == 0)
		s->round_ends_ms = clock_deadline_ms(HELD_MS);
	if (clock_now_ms() < s->round_ends_ms) {
		pool_hold(s->pool, &s->readable, s->round_ends_ms);
		return true;
	}
	s->round++;
	s->round_ends_ms = 0;
	s->n_prepared = 0;
	return false;
}

/* Read one request, and come back for the next one if there is more. */
static void read_call(struct rpc_work *w)
{
	struct rpc_server *s = list_entry(w, struct rpc_server, readable);
	struct call here;
	struct err err = { 0 };
	lock(s);
	bool held = hold(s);
	unlock(s);
	if (held)
		return;
	struct call *c = begin_call(s, &here);
	bool read = read_request(s, c, &err);
	if (read)
		take_call(s, c);
	else
		end_call(s, c);
	watch(s);
	lock(s);
	if (!read)
		end(s, &err);
	bool more =
	    s->input || !s->watched || gob_decoder_has_input(&s->decoder);
	s->reading = more && !s->ending;
	if (s->reading)
		pool_queue(s->pool, &s->readable);
	pthread_cond_broadcast(&s->changed);
	unlock(s);
}

/* ---- life ---------------------------------------------------------------------- */

static void free_server(struct rpc_server *s)
{
	if (s->watched)
		s->decoder.in.watch(s->decoder.in.object, NULL, NULL);
	if (s->service->pool == NULL)
		rpc_pool_free(s->pool);
	struct list *node;
	while ((node = list_take_first(&s->spare_calls)) != NULL)
		free_call(list_entry(node, struct call, work.node));
	rpc_writer_fini(&s->writer);
	gob_decoder_fini(&s->decoder);
	pthread_cond_destroy(&s->changed);
	free(s);
}

struct rpc_server *rpc_server_start(
    struct io io, const struct rpc_service *service, struct err *err)
{
	struct rpc_server *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		err_set(err, ERR_NO_MEMORY, "rpc server");
		return NULL;
	}
	s->service = service;
	s->pool = service->pool;
	if (s->pool == NULL)
		s->pool =
		    rpc_pool_new(NULL, service->max_calls + service->spare,
		        service->thread_name, err);
	if (s->pool == NULL) {
		free(s);
		return NULL;
	}
	rpc_writer_init(&s->writer, io, service->max_message);
	gob_decoder_init(
	    &s->decoder, io, service->registry, service->max_message);
	clock_cond_init(&s->changed);
	list_init(&s->spare_calls);
	s->readable.run = read_call;
	s->trim.run = trim_calls;
	s->watched = io.watch != NULL;
	if (s->watched)
		watch(s);
	else
		on_input(s);
	return s;
}

/* Lock held: pool. */
static bool is_over(const struct rpc_server *s)
{
	return s->told && !s->reading && !s->trims && s->n_calls == 0 &&
	       s->n_replies == 0;
}

bool rpc_server_drain(struct rpc_server *s, int64_t deadline_ms)
{
	bool in_time = true;
	lock(s);
	while (!is_over(s) && in_time)
		in_time = clock_wait(&s->changed, &s->pool->lock, deadline_ms);
	bool over = is_over(s);
	unlock(s);
	return over;
}

void rpc_server_wait(struct rpc_server *s, struct err *why)
{
	while (!rpc_server_drain(s, DEADLINE_NEVER))
		;
	*why = s->why;
}

void rpc_server_free(struct rpc_server *s)
{
	struct err why;
	if (s == NULL)
		return;
	rpc_server_wait(s, &why);
	free_server(s);
}
