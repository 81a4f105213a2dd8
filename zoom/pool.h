/*
 * pool - a bounded number of libcurl handles, each with its kept connections
 *
 * Whoever wants to send takes a handle and puts it back: an idle one first,
 * the warmest of them, then a new one, else it waits for its turn. Handles
 * that nobody needed for a while are closed, by who puts one back or trims.
 * Internal to libzoom.
 *
 * Threads: any thread, except init and fini.
 */
#ifndef ZOOM_POOL_H
#define ZOOM_POOL_H

#include "base/err.h"
#include "base/list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Load balancers close idle connections after 60 s. A POST that meets the
 * closing has an unknown outcome, so we close first. */
#define ZOOM_POOL_IDLE_S 45L

struct zoom_handle {
	struct list node; /* in idle, while not in use */
	void *easy;       /* owned; a CURL */
	int64_t put_ms;   /* since when it is idle, monotonic */
};

struct zoom_pool {
	atomic_bool stopped;
	pthread_mutex_t lock;  /* guards what follows */
	pthread_cond_t change; /* a handle came back, or stopped */
	struct list idle;      /* of struct zoom_handle, the warmest first */
	size_t n_handles;      /* idle and in use */
	size_t max_handles;
};

void zoom_pool_init(struct zoom_pool *pool, size_t max_handles);

/* All handles are back. */
void zoom_pool_fini(struct zoom_pool *pool);

/*
 * zoom_pool_take - a handle with all options at their defaults
 *
 * Give it back with zoom_pool_put. NULL, and err set: ERR_BUSY when none
 * became free in time, ERR_CLOSED when stopped, ERR_NO_MEMORY.
 */
struct zoom_handle *zoom_pool_take(
    struct zoom_pool *pool, int64_t deadline_ms, struct err *err);

/* Taken. Its options are reset; it keeps its connections. */
void zoom_pool_put(struct zoom_pool *pool, struct zoom_handle *handle);

/* Close what nobody has needed for a while, but for the warmest: it knows the TLS
 * session, and resumes it. */
void zoom_pool_trim(struct zoom_pool *pool);

/* Wake all who wait; nobody waits again. */
void zoom_pool_stop(struct zoom_pool *pool);

/* Sleep until a monotonic time; false, at once, when the pool is stopped. */
bool zoom_pool_sleep(struct zoom_pool *pool, int64_t until_ms);

#endif
