/*
 * server - calls served by a bounded, elastic pool of threads
 *
 * Every thread runs `work`: take the turn to read, decode one request, pass
 * the turn on, serve, reply, again. Passing it on costs nobody's sleep as
 * long as nothing has come: whoever brings the next bytes calls an idle
 * thread, or a new one, unless the first is back by then. At
 * the cap of threads nobody is left to pass the turn to. Somebody may be done
 * in a moment, for spare threads do nothing that takes long; if nobody is, the
 * thread refuses the call it has read and goes on reading, so that nothing
 * waits behind a call that waits itself.
 */
#include "rpc/rpc.h"

#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

/* libcurl and OpenSSL together want about 100 kB. */
#define WORKER_STACK ((size_t)512 * 1024)

/* An idle thread beyond the first few ends after this time. */
#define IDLE_MS   10000
#define IDLE_KEPT 4

/* At the cap, how long a call may wait for a thread to be done. */
#define CROWDED_MS 250

struct rpc_server {
	const struct rpc_service *service;
	struct rpc_writer writer;
	struct gob_decoder decoder; /* of the thread whose turn it is */

	pthread_mutex_t lock;
	pthread_cond_t turn;  /* somebody may read */
	pthread_cond_t taken; /* turns has changed */
	pthread_cond_t ended; /* n_threads is 0 */
	/* guarded by lock */
	bool reading;
	bool watched;   /* on_input is called for what nobody waits for */
	bool input;     /* it was, while somebody was reading */
	bool called;    /* somebody has been told to take the turn */
	uint64_t turns; /* taken so far */
	bool ending;
	bool told; /* service->ended has been called */
	struct err why;
	size_t n_threads, n_idle, n_serving;
};

/* What one thread holds while it serves. */
struct job {
	struct rpc_call_info call;
	struct rpc_request head;
	const void *args;
	void *reply;
};

static const struct rpc_value empty_value = { &gob_type_empty, "" };

/* ---- one call --------------------------------------------------------------- */

/* The texts that Go's server answers with.
 * Source: net/rpc (Go 1.26) server.go readRequestHeader */
static void refuse_name(struct job *job)
{
	struct str name = job->head.service_method;
	struct str service, method;
	if (!str_cut(name, '.', &service, &method))
		err_set(&job->call.err, ERR_NOT_FOUND,
		    "rpc: service/method request ill-formed: %.*s",
		    STR_ARG(name));
	else
		err_set(&job->call.err, ERR_NOT_FOUND,
		    "rpc: can't find method %.*s", STR_ARG(name));
}

/* Decode one request. False: the connection is over. Args that do not fit
 * fail their call alone. */
static bool read_request(struct rpc_server *s, struct job *job, struct err *err)
{
	struct arena *a = &job->call.arena;
	if (!gob_decoder_wait(&s->decoder, DEADLINE_NEVER, err) ||
	    !gob_decode(&s->decoder, &rpc_type_request, a, &job->head, err))
		return false;
	const struct rpc_service *service = s->service;
	const struct rpc_method *m =
	    service->find(service->object, job->head.service_method);
	job->call.method = m;
	if (m == NULL)
		refuse_name(job);
	void *args = NULL;
	if (m != NULL) {
		args = arena_alloc(a, m->args->size);
		job->reply = arena_alloc(a, m->reply ? m->reply->size : 0);
		if (args == NULL || job->reply == NULL)
			err_set(&job->call.err, ERR_NO_MEMORY, "rpc call");
	}
	job->args = args;
	bool wanted = m != NULL && job->call.err.code == ERR_NONE;
	int64_t deadline = clock_deadline_ms(GOB_STALL_MS);
	if (!gob_decoder_wait(&s->decoder, deadline, err))
		return false;
	if (gob_decode(&s->decoder, wanted ? m->args : NULL, a, args, err))
		return true;
	if (s->decoder.broken)
		return false;
	err_set(&job->call.err, err->code, "%s", err->text);
	err_clear(err);
	return true;
}

static bool send_reply(struct rpc_server *s, struct job *job, struct err *err)
{
	struct rpc_response head = {
		.service_method = job->head.service_method,
		.seq = job->head.seq,
	};
	struct rpc_value body = empty_value;
	const struct rpc_method *m = job->call.method;
	if (job->call.err.code != ERR_NONE)
		head.error = str_from(job->call.err.text);
	else if (m->reply != NULL)
		body = (struct rpc_value){ m->reply, job->reply };
	struct rpc_value value = { &rpc_type_response, &head };
	int64_t deadline = clock_deadline_ms(RPC_WRITE_MS);
	bool sent;
	if (rpc_writer_send(&s->writer, value, body, deadline, &sent, err))
		return true;
	if (sent || err->code == ERR_TIMEOUT)
		return false;
	/* a reply that cannot be encoded: the caller still gets an answer */
	struct err text = *err;
	head.error = str_from(text.text);
	err_clear(err);
	return rpc_writer_send(
	    &s->writer, value, empty_value, deadline, &sent, err);
}

static void serve(struct rpc_server *s, struct job *job)
{
	const struct rpc_service *service = s->service;
	if (job->call.err.code == ERR_NONE)
		service->serve(
		    service->object, &job->call, job->args, job->reply);
}

/* ---- threads ------------------------------------------------------------------ */

static void *work(void *arg);

/* Lock held: server. */
static bool start_thread(struct rpc_server *s)
{
	pthread_t thread;
	if (!thread_start(&thread, WORKER_STACK, work, s))
		return false;
	pthread_detach(thread);
	s->n_threads++;
	return true;
}

/* Lock held: server. Have somebody take the turn; false when nobody can.
 *   wake   out: an idle thread is to be woken */
static bool call_somebody(struct rpc_server *s, bool *wake)
{
	size_t cap = s->service->max_calls + s->service->spare;
	*wake = s->n_idle > 0;
	s->called = *wake || (s->n_threads < cap && start_thread(s));
	return s->called;
}

/* On the thread that brings bytes, see struct io, watch. */
static void on_input(void *arg)
{
	struct rpc_server *s = arg;
	bool wake = false;
	pthread_mutex_lock(&s->lock);
	s->input = true;
	/* if nobody can, whoever is done first finds it */
	if (!s->reading && !s->called && !s->ending &&
	    call_somebody(s, &wake) && wake)
		pthread_cond_signal(&s->turn);
	pthread_mutex_unlock(&s->lock);
}

/* Lock held: server. Somebody else reads on, now or when there is something
 * to read; false when there is nobody. wake as above. */
static bool pass_turn(struct rpc_server *s, bool *wake)
{
	size_t cap = s->service->max_calls + s->service->spare;
	bool nothing_yet =
	    s->watched && !s->input && !gob_decoder_has_input(&s->decoder);
	*wake = false;
	s->reading = false;
	if (nothing_yet && (s->n_idle > 0 || s->n_threads < cap))
		return true;
	return call_somebody(s, wake);
}

/* Lock held: server. At the cap: whether somebody is done and reads on. */
static bool turn_is_taken(struct rpc_server *s)
{
	int64_t deadline = clock_deadline_ms(CROWDED_MS);
	/* counted, for whoever takes it may have given it back at once */
	uint64_t turns = s->turns;
	while (s->turns == turns && !s->ending) {
		if (!clock_wait(&s->taken, &s->lock, deadline))
			return false;
	}
	return true;
}

/* Lock held: server. */
static void end(struct rpc_server *s, const struct err *why)
{
	if (!s->ending)
		s->why = *why;
	s->ending = true;
	pthread_cond_broadcast(&s->turn);
	pthread_cond_broadcast(&s->taken);
}

/* Lock held: server. False when this thread should end. */
static bool wait_turn(struct rpc_server *s)
{
	while (s->reading && !s->ending) {
		int64_t deadline = clock_deadline_ms(IDLE_MS);
		s->n_idle++;
		bool woken = clock_wait(&s->turn, &s->lock, deadline);
		s->n_idle--;
		if (!woken && s->reading && s->n_idle >= IDLE_KEPT)
			return false;
	}
	return !s->ending;
}

/* Lock held: server, on entry and exit. Read one call and serve it. */
static void one_call(struct rpc_server *s)
{
	struct job job = { 0 };
	struct err err = { 0 };
	arena_init(&job.call.arena, RPC_ARENA_MAX);
	s->reading = true;
	s->input = s->called = false;
	s->turns++;
	pthread_cond_broadcast(&s->taken);
	pthread_mutex_unlock(&s->lock);
	bool read = read_request(s, &job, &err);
	/* what is there already; from here on, on_input says it */
	if (s->watched)
		s->decoder.in.watch(s->decoder.in.object, on_input, s);
	pthread_mutex_lock(&s->lock);
	if (!read) {
		end(s, &err);
		s->reading = false;
		arena_fini(&job.call.arena);
		return;
	}
	bool serial = s->service->serial;
	bool wake = false;
	job.call.overloaded = !serial && s->n_serving >= s->service->max_calls;
	if (!serial && !pass_turn(s, &wake) && !turn_is_taken(s))
		err_set(
		    &job.call.err, ERR_BUSY, "rpc: too many calls in flight");
	s->n_serving++;
	pthread_mutex_unlock(&s->lock);
	if (wake)
		pthread_cond_signal(&s->turn);

	serve(s, &job);
	/* before the reply, for whoever has it may call again at once */
	pthread_mutex_lock(&s->lock);
	s->n_serving--;
	pthread_mutex_unlock(&s->lock);
	bool sent = send_reply(s, &job, &err);
	arena_fini(&job.call.arena);

	pthread_mutex_lock(&s->lock);
	if (serial)
		s->reading = false;
	if (!sent)
		end(s, &err);
}

/* Lock held: server, on entry and exit. The first to leave says so. */
static void tell_end(struct rpc_server *s)
{
	const struct rpc_service *service = s->service;
	struct err why = s->why;
	if (!s->ending || s->told || service->ended == NULL)
		return;
	s->told = true;
	pthread_mutex_unlock(&s->lock);
	service->ended(service->object, &why);
	pthread_mutex_lock(&s->lock);
}

static void *work(void *arg)
{
	struct rpc_server *s = arg;
	pthread_setname_np(pthread_self(), s->service->thread_name);
	pthread_mutex_lock(&s->lock);
	while (wait_turn(s))
		one_call(s);
	tell_end(s);
	s->n_threads--;
	/* the last thing this thread does with the server */
	pthread_cond_broadcast(&s->ended);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- life ---------------------------------------------------------------------- */

static void free_server(struct rpc_server *s)
{
	if (s->watched)
		s->decoder.in.watch(s->decoder.in.object, NULL, NULL);
	rpc_writer_fini(&s->writer);
	gob_decoder_fini(&s->decoder);
	pthread_cond_destroy(&s->turn);
	pthread_cond_destroy(&s->taken);
	pthread_cond_destroy(&s->ended);
	pthread_mutex_destroy(&s->lock);
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
	rpc_writer_init(&s->writer, io, service->max_message);
	gob_decoder_init(
	    &s->decoder, io, service->registry, service->max_message);
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->turn);
	clock_cond_init(&s->taken);
	clock_cond_init(&s->ended);
	s->watched = io.watch != NULL && !service->serial;
	if (s->watched)
		io.watch(io.object, on_input, s);
	pthread_mutex_lock(&s->lock);
	bool started = s->n_threads > 0 || start_thread(s);
	pthread_mutex_unlock(&s->lock);
	if (started)
		return s;
	err_set_errno(err, "starting a thread for %s", service->thread_name);
	free_server(s);
	return NULL;
}

void rpc_server_wait(struct rpc_server *s, struct err *why)
{
	pthread_mutex_lock(&s->lock);
	while (s->n_threads > 0)
		clock_wait(&s->ended, &s->lock, DEADLINE_NEVER);
	*why = s->why;
	pthread_mutex_unlock(&s->lock);
}

bool rpc_server_drain(struct rpc_server *s, int64_t deadline_ms)
{
	bool in_time = true;
	pthread_mutex_lock(&s->lock);
	while (s->n_threads > 0 && in_time)
		in_time = clock_wait(&s->ended, &s->lock, deadline_ms);
	bool drained = s->n_threads == 0;
	pthread_mutex_unlock(&s->lock);
	return drained;
}

void rpc_server_free(struct rpc_server *s)
{
	struct err why;
	if (s == NULL)
		return;
	rpc_server_wait(s, &why);
	free_server(s);
}
