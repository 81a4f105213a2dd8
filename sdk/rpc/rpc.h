/*
 * rpc - Go's net/rpc over any byte stream
 *
 * One connection has one gob encoder and one decoder per direction.
 *
 *	client -> server   Request  { ServiceMethod string, Seq uint }, args
 *	server -> client   Response { ServiceMethod, Seq, Error string }, reply
 *
 * Requests are pipelined, answers come in any order. A non-empty Error means
 * failure; the reply that follows is then a placeholder.
 *
 * Source: net/rpc (Go 1.26) server.go, client.go
 */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include "base/turn.h"
#include "gob/gob.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A peer that takes nothing for so long has broken the connection. */
#define RPC_WRITE_MS 30000

/* What one call may decode: the largest message, and its C structs. */
#define RPC_ARENA_MAX ((size_t)256 * 1024 * 1024)

extern const struct gob_type rpc_type_request;
extern const struct gob_type rpc_type_response;

struct rpc_request {
	struct str service_method;
	uint64_t seq;
};

struct rpc_response {
	struct str service_method;
	uint64_t seq;
	struct str error;
};

/* The writing half of a connection: values leave in the order of turns. */
struct rpc_writer {
	struct io io;
	struct turn turn; /* guards all that follows */
	bool broken;      /* half a message may have been sent */
	struct gob_encoder encoder;
	struct buf out;
};

void rpc_writer_init(struct rpc_writer *w, struct io io, size_t max_message);
void rpc_writer_fini(struct rpc_writer *w);

/* One value to send. */
struct rpc_value {
	const struct gob_type *type;
	const void *value;
};

/* A head and its body. */
struct rpc_message {
	struct rpc_value head, body;
};

/*
 * rpc_writer_send - send n messages in one piece
 *
 *   sent   out: whether any byte may have left
 *
 * Errors   ERR_INVALID, ERR_TOO_BIG, ERR_NO_MEMORY: none was sent, the
 *          connection is as before; so is it after ERR_TIMEOUT unless `sent`.
 *          Otherwise the connection is broken.
 */
bool rpc_writer_send(struct rpc_writer *w, const struct rpc_message *messages,
    size_t n, int64_t deadline_ms, bool *sent, struct err *err) MUST_USE;

/* ---- client ------------------------------------------------------------- */

struct rpc_pending;

/*
 * Any number of threads call at once. There is no reader thread: of those
 * that wait for a reply, one at a time reads the connection, hands replies
 * to their owners, and passes the turn on when its own have come.
 */
struct rpc_client {
	struct rpc_writer writer;
	struct gob_decoder decoder; /* of the thread whose turn it is */

	pthread_mutex_t lock;
	/* guarded by lock */
	struct rpc_pending *pending; /* calls without a reply */
	uint64_t next_seq;
	bool reading; /* somebody has the turn to read */
	bool broken;
	struct err why;
};

void rpc_client_init(struct rpc_client *c, struct io io,
    const struct gob_registry *registry, size_t max_message);

/* No call is under way. Accepts a zeroed object. */
void rpc_client_fini(struct rpc_client *c);

struct rpc_args {
	const char *method; /* "Plugin.GetUser" */
	struct rpc_value args;
	const struct gob_type *reply_type; /* NULL: nobody wants the reply */
	void *reply;                       /* out: zeroed by the caller */
	struct arena *arena;               /* for what the reply points at */
	int64_t deadline_ms;
	/* Of a call that takes as long as what it streams: when something last
	 * moved, monotonic; the deadline is that much later then. NULL: none */
	int64_t (*moved_ms)(const void *streams);
	const void *streams;
};

/*
 * rpc_call - call a method and wait for its reply
 *
 * Errors   ERR_REMOTE: the server says so in Response.Error; ERR_TIMEOUT:
 *          nobody knows whether it happened, it is never repeated here;
 *          ERR_TOO_BIG, ERR_INVALID: this reply cannot be had; ERR_CLOSED,
 *          ERR_PROTOCOL: the connection is over
 * Threads  any thread
 */
bool rpc_call(struct rpc_client *c, const struct rpc_args *call,
    struct err *err) MUST_USE;

/*
 * rpc_send, rpc_receive - rpc_call in two halves, for who has something to do in
 * between
 *
 *   pending   out: to be handed to rpc_receive with the same call, whose
 *             deadline may be another one by then, or to rpc_drop
 *
 * Errors as rpc_call.
 */
bool rpc_send(struct rpc_client *c, const struct rpc_args *call,
    struct rpc_pending **pending, struct err *err) MUST_USE;
bool rpc_receive(struct rpc_client *c, const struct rpc_args *call,
    struct rpc_pending *pending, struct err *err) MUST_USE;

/* Nobody wants the reply any more. NULL is accepted. */
void rpc_drop(struct rpc_client *c, struct rpc_pending *pending);

/* So many calls can be made at once. */
#define RPC_AT_ONCE 16

/*
 * rpc_call_all - several calls at once
 *
 * They leave in one write, and are served in any order. Returns when each has
 * been answered, or has failed.
 *
 *   calls   of one deadline, and no streams (moved_ms) if they are several
 *   n       1 to RPC_AT_ONCE
 *
 * Errors   as rpc_call, that of the first in the order of calls; when one cannot
 *          be sent (ERR_INVALID, ERR_TOO_BIG), none is
 * Threads  any thread
 */
bool rpc_call_all(struct rpc_client *c, const struct rpc_args *calls, size_t n,
    struct err *err) MUST_USE;

/* Whether calls can still succeed; why not, unless NULL. Any thread. */
bool rpc_client_usable(struct rpc_client *c, struct err *why);

/* ---- threads ------------------------------------------------------------ */

/* How to wait for the bytes of all streams that are watched at once. */
struct rpc_waiter {
	void *object; /* borrowed, handed to both functions */

	/* Wait until poke, or the deadline; one thread at a time. False: nothing
	 * will come any more. */
	bool (*wait)(void *object, int64_t deadline_ms);

	/* Have wait return, also the next one if nobody is in it. From a
	 * function that watches, see struct io. True: on the very thread that
	 * waits. */
	bool (*poke)(void *object);
};

struct rpc_pool;

/*
 * rpc_pool_new - threads for one or more servers
 *
 * They come as calls come, and go when they are idle.
 *
 *   waiter        NULL: whatever brings the bytes does so on another thread
 *   max_threads   at least the sum of what the servers may need, see
 *                 struct rpc_service
 *   thread_name   borrowed, at most 15 characters
 *
 * Errors: ERR_NO_MEMORY; ERR_IO when no thread can be had.
 */
struct rpc_pool *rpc_pool_new(const struct rpc_waiter *waiter,
    size_t max_threads, const char *thread_name, struct err *err);

/* Somebody begins to wait, perhaps a thread of the pool inside of a call: if
 * there is work, another thread takes it. Any thread. */
void rpc_pool_look(struct rpc_pool *p);

/* End the threads and free. The servers have been freed, and the waiter says
 * that nothing will come. NULL is accepted. */
void rpc_pool_free(struct rpc_pool *p);

/* ---- server ------------------------------------------------------------- */

struct rpc_method {
	const char *name; /* "Plugin.ServeHTTP" */
	const struct gob_type *args;
	const struct gob_type *reply; /* NULL: an empty struct is sent */
	const void *row;              /* of the service, untouched here */
};

/* One call being served; it and all in its arena die after the reply. */
struct rpc_call_info {
	struct arena arena;
	const struct rpc_method *method;
	bool overloaded; /* too many calls: refuse in a way the caller knows */
	void *prepared;  /* of the service, from prepare to serve */
	struct err err;  /* set it to fail the call at rpc level */
};

struct rpc_service {
	void *object; /* borrowed, handed to all functions */

	/* The method of a name, NULL: there is none. It stays as it is as long as
	 * the server, for the call is served on any thread. */
	const struct rpc_method *(*find)(void *object, struct str name);

	/*
	 * Ask the peer for what the call will wait for. True: it is served once
	 * rpc_call_ready has been called, or a second later. False: at once, as
	 * if this had not been called. It runs on the thread that reads the
	 * connection, so it takes little time; not for calls that are
	 * overloaded.
	 * May be NULL.
	 */
	bool (*prepare)(
	    void *object, struct rpc_call_info *call, const void *args);

	/* Serve one call. args are in the call's arena, reply is zeroed. */
	void (*serve)(void *object, struct rpc_call_info *call,
	    const void *args, void *reply);

	/* The connection has ended: ERR_CLOSED when the peer did so in order.
	 * Called once, on a thread of the server's. May be NULL. */
	void (*ended)(void *object, const struct err *why);

	/* In flight; calls beyond it are `overloaded`. There are max_calls +
	 * spare threads, of which one is left to read the connection. */
	size_t max_calls;
	size_t spare; /* threads for overloaded calls; beyond: refused */

	/* While so many wait for what prepare has asked the peer for, nothing
	 * more is read; after 50 ms they do not count any more. 0: they may be
	 * as many as there are. */
	size_t max_prepared;

	/* Calls that only take a moment, such as a ping: whoever reads them
	 * serves them. The two numbers above do not count. */
	bool serial;
	struct rpc_pool *pool;   /* borrowed; NULL: threads of its own */
	const char *thread_name; /* of these; at most 15 characters */
	const struct gob_registry *registry;
	size_t max_message; /* bytes, 0 = default */
};

struct rpc_server;

/*
 * rpc_server_start - serve a connection
 *
 * One thread at a time reads it: it decodes one whole request into a fresh
 * arena, and that call waits for its turn like any other work of the pool.
 *
 *   io        borrowed until rpc_server_free has returned. One that cannot be
 *             watched needs threads of its own
 *   service   borrowed likewise
 */
struct rpc_server *rpc_server_start(
    struct io io, const struct rpc_service *service, struct err *err);

/* What prepare has asked for has come, or never will. Once or more, while the
 * call lives; from a function that watches, see struct io. */
void rpc_call_ready(struct rpc_call_info *call);

/* Block until the connection has ended and all calls are done; why. */
void rpc_server_wait(struct rpc_server *s, struct err *why);

/* Wait likewise until the deadline; false: calls are still at work. */
bool rpc_server_drain(struct rpc_server *s, int64_t deadline_ms);

/* Wait likewise and free. The connection has been ended by then, or will be
 * by the peer. NULL is accepted. */
void rpc_server_free(struct rpc_server *s);

#ifdef __cplusplus
}
#endif

#endif
