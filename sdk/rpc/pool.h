/*
 * pool - threads that take work, one of which waits for more
 *
 * A thread without work waits for the bytes of everything that is watched, if
 * no other one does, and then does itself what has come of them: in the
 * ordinary case one thread does it all, and nobody is woken. Others are called
 * when work is left while somebody waits inside of his, or when there is a lot.
 *
 * Shared by the files of rpc/; lock order: a watcher is called with the lock of
 * whoever brings the bytes held, and takes the pool's.
 */
#ifndef RPC_POOL_H
#define RPC_POOL_H

#include "base/list.h"
#include "rpc/rpc.h"

/* Something to do, embedded in what it is about. Zeroed: not queued. */
struct rpc_work {
	struct list node;
	/* On a thread of the pool, lock not held. w may be gone afterwards. */
	void (*run)(struct rpc_work *w);
	bool put_off;   /* until due_ms, or somebody queues it */
	bool held;      /* put off, and others wait behind it */
	int64_t due_ms; /* monotonic */
};

struct rpc_pool {
	struct rpc_waiter waiter; /* zeroed: nobody waits for others' bytes */
	size_t max_threads;
	const char *thread_name;

	pthread_mutex_t lock;
	pthread_cond_t there; /* work, for one who is idle */
	pthread_cond_t ended; /* n_threads is 0 */
	/* guarded by lock */
	struct list queue;
	struct list put_off; /* in the order in which they are due */
	size_t n_queued, n_held;
	size_t n_threads, n_idle;
	bool waiting;        /* somebody waits for bytes, or is about to */
	bool called;         /* or poked: somebody is on his way to the queue */
	bool over;           /* no bytes will come any more */
	const void *keeper;  /* who, without work, wakes first; NULL: nobody */
	int64_t keeps_to_ms; /* and when he does */
	int64_t wary_until_ms; /* somebody waits inside of his work */
	bool ending;
};

/* All of these: lock held: pool. */

/* Queue work of one's own, on a thread of the pool that is done soon. */
void pool_queue(struct rpc_pool *p, struct rpc_work *w);

/* The same from inside of work that may take long. */
void pool_leave(struct rpc_pool *p, struct rpc_work *w);

/* Somebody comes for what is queued, and will in time for what is held, if there
 * is anything: for one who is about to wait. */
void pool_call(struct rpc_pool *p);

/* Queue it from a watcher: somebody will come for it. */
void pool_bring(struct rpc_pool *p, struct rpc_work *w);

/* Queue it at due_ms, or later while all threads are at work; unless somebody
 * does before. */
void pool_put_off(struct rpc_pool *p, struct rpc_work *w, int64_t due_ms);

/* The same; later only while all are at work and do not wait in it. */
void pool_hold(struct rpc_pool *p, struct rpc_work *w, int64_t due_ms);

/* Not any more, if it was. */
bool pool_take_back(struct rpc_pool *p, struct rpc_work *w);

#endif
