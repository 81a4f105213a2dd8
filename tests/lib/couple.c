#include "tests/lib/couple.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the connection ---------------------------------------------------------- */

static void marry_streams(struct couple *c)
{
	struct err err = { 0 };
	c->sessions[0] = yamux_session_new(c->fds[0], true, &err);
	c->sessions[1] = yamux_session_new(c->fds[1], false, &err);
	c->streams[0] = yamux_open(c->sessions[0], NULL, 0, SOON, &err);
	c->streams[1] = yamux_accept(c->sessions[1], SOON, &err);
	ck_assert_msg(err.code == ERR_NONE, "%s", err.text);
	c->client = yamux_stream_io(c->streams[0]);
	c->server = yamux_stream_io(c->streams[1]);
}

static bool wait_for_bytes(void *object, int64_t deadline_ms)
{
	return yamux_session_idle(object, deadline_ms);
}

static bool poke(void *object)
{
	return yamux_session_poke(object);
}

static void look_for_work(void *arg)
{
	rpc_pool_look(arg);
}

static void make_pool(struct couple *c)
{
	const struct rpc_waiter waiter = { c->sessions[1], wait_for_bytes,
		poke };
	struct err err = { 0 };
	c->pool = rpc_pool_new(&waiter, 520, "test-call", &err);
	ck_assert_msg(c->pool != NULL, "%s", err.text);
	yamux_session_on_wait(c->sessions[1], look_for_work, c->pool);
}

void couple_marry(struct couple *c, enum couple_kind kind)
{
	memset(c, 0, sizeof(*c));
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, c->fds), 0);
	c->client = io_socket(&c->fds[0]);
	c->server = io_socket(&c->fds[1]);
	if (kind != COUPLE_SOCKETS)
		marry_streams(c);
	if (kind == COUPLE_POOLED)
		make_pool(c);
}

void couple_part(struct couple *c)
{
	if (c->sessions[0] != NULL)
		yamux_session_close(c->sessions[0]);
	else
		shutdown(c->fds[0], SHUT_RDWR);
}

void couple_free(struct couple *c)
{
	couple_part(c);
	if (c->pool != NULL) {
		yamux_session_close(c->sessions[1]);
		yamux_session_on_wait(c->sessions[1], NULL, NULL);
		rpc_pool_free(c->pool);
	}
	for (int i = 0; i < 2; i++) {
		yamux_stream_close(c->streams[i]);
		if (c->sessions[i] == NULL)
			close(c->fds[i]);
	}
	yamux_session_free(c->sessions[0]);
	yamux_session_free(c->sessions[1]);
}

/* ---- the service ---------------------------------------------------------------- */

static const struct gob_field pair_fields[] = {
	{ "A", &gob_type_int64, offsetof(struct pair, a), false },
	{ "B", &gob_type_int64, offsetof(struct pair, b), false },
};

const struct gob_type type_pair = {
	.kind = GOB_STRUCT,
	.name = "Pair",
	.size = sizeof(struct pair),
	.fields = pair_fields,
	.n_fields = 2,
};

static const struct gob_field wrong_fields[] = {
	{ "A", &gob_type_string, 0, false },
};

const struct gob_type type_wrong_pair = {
	.kind = GOB_STRUCT,
	.name = "Pair",
	.size = sizeof(struct str),
	.fields = wrong_fields,
	.n_fields = 1,
};

static const struct rpc_method methods[] = {
	{ "Test.Add", &type_pair, &gob_type_int64, NULL },
	{ "Test.Echo", &gob_type_string, &gob_type_string, NULL },
	{ "Test.Fail", &gob_type_string, &gob_type_string, NULL },
	{ "Test.Wait", &gob_type_string, &gob_type_string, NULL },
	{ "Test.Size", &gob_type_int64, &gob_type_bytes, NULL },
	{ "Test.Nothing", &gob_type_empty, NULL, NULL },
};

static const struct rpc_method *find(void *object, struct str name)
{
	(void)object;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (str_eq(name, str_from(methods[i].name)))
			return &methods[i];
	}
	return NULL;
}

static void wait_at_gate(struct test_service *s)
{
	pthread_mutex_lock(&s->lock);
	s->n_waiting++;
	pthread_cond_broadcast(&s->changed);
	while (!s->open)
		clock_wait(&s->changed, &s->lock, DEADLINE_NEVER);
	s->n_waiting--;
	pthread_mutex_unlock(&s->lock);
}

static void serve(
    void *object, struct rpc_call_info *call, const void *args, void *reply)
{
	struct test_service *s = object;
	if (call->overloaded) {
		pthread_mutex_lock(&s->lock);
		s->n_overloaded++;
		pthread_mutex_unlock(&s->lock);
	}
	if (s->instead != NULL) {
		s->instead(s->object, call, args, reply);
		return;
	}
	switch (call->method - methods) {
	case 0:
		*(int64_t *)reply = ((const struct pair *)args)->a +
		                    ((const struct pair *)args)->b;
		break;
	case 1:
		*(struct str *)reply = *(const struct str *)args;
		break;
	case 2:
		err_set(&call->err, ERR_INVALID, "%.*s",
		    STR_ARG(*(const struct str *)args));
		break;
	case 3:
		wait_at_gate(s);
		*(struct str *)reply = *(const struct str *)args;
		break;
	case 4: {
		size_t n = (size_t) * (const int64_t *)args;
		*(struct str *)reply = str_n(arena_alloc(&call->arena, n), n);
		break;
	}
	default:
		break;
	}
}

void test_service_init(struct test_service *s)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->changed);
	s->service = (struct rpc_service){
		.object = s,
		.find = find,
		.serve = serve,
		.max_calls = 512,
		.spare = 4,
		.thread_name = "test-call",
	};
}

void test_service_fini(struct test_service *s)
{
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
}

void gate_open(struct test_service *s)
{
	pthread_mutex_lock(&s->lock);
	s->open = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

void gate_crowded(struct test_service *s, size_t n)
{
	int64_t deadline = SOON;
	pthread_mutex_lock(&s->lock);
	while (s->n_waiting < n)
		ck_assert(clock_wait(&s->changed, &s->lock, deadline));
	pthread_mutex_unlock(&s->lock);
}

/* ---- calls ------------------------------------------------------------------------ */

bool call_string(struct rpc_client *c, const char *method, const char *text,
    int64_t deadline_ms, struct err *err)
{
	struct arena a;
	struct str args = str_from(text), reply = { 0 };
	arena_init(&a, RPC_ARENA_MAX);
	bool done = rpc_call(c,
	    &(struct rpc_args){
	        .method = method,
	        .args = { &gob_type_string, &args },
	        .reply_type = &gob_type_string,
	        .reply = &reply,
	        .arena = &a,
	        .deadline_ms = deadline_ms,
	    },
	    err);
	arena_fini(&a);
	return done;
}

struct str call_echo(
    struct rpc_client *c, const char *method, const char *text, struct arena *a)
{
	struct err err = { 0 };
	struct str args = str_from(text), reply = { 0 };
	bool done = rpc_call(c,
	    &(struct rpc_args){
	        .method = method,
	        .args = { &gob_type_string, &args },
	        .reply_type = &gob_type_string,
	        .reply = &reply,
	        .arena = a,
	        .deadline_ms = SOON,
	    },
	    &err);
	ck_assert_msg(done, "%s", err.text);
	return reply;
}

int64_t call_add(struct rpc_client *c, int64_t a, int64_t b)
{
	struct err err = { 0 };
	struct arena arena;
	struct pair args = { a, b };
	int64_t reply = 0;
	arena_init(&arena, 65536);
	bool done = rpc_call(c,
	    &(struct rpc_args){
	        .method = "Test.Add",
	        .args = { &type_pair, &args },
	        .reply_type = &gob_type_int64,
	        .reply = &reply,
	        .arena = &arena,
	        .deadline_ms = SOON,
	    },
	    &err);
	ck_assert_msg(done, "%s", err.text);
	arena_fini(&arena);
	return reply;
}
