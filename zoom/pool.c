/*
 * The idle handles are a list with the warmest in front, so that the coldest
 * grow old at its end, where put looks for one to close. The lock is never
 * held while a handle is made, closed or used.
 */
#include "zoom/pool.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <stdlib.h>

static void free_handle(struct zoom_handle *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->easy);
	free(h);
}

static struct zoom_handle *new_handle(void)
{
	struct zoom_handle *h = calloc(1, sizeof(*h));
	if (h == NULL)
		return NULL;
	h->easy = curl_easy_init();
	if (h->easy != NULL)
		return h;
	free(h);
	return NULL;
}

/* Lock held. True when a handle is idle or may be made. */
static bool wait_for_turn(
    struct zoom_pool *pool, int64_t deadline_ms, struct err *err)
{
	while (!atomic_load(&pool->stopped)) {
		if (!list_empty(&pool->idle) ||
		    pool->n_handles < pool->max_handles)
			return true;
		if (!clock_wait(&pool->change, &pool->lock, deadline_ms))
			return err_set(err, ERR_BUSY,
			    "all %zu connections to Zoom are in use",
			    pool->max_handles);
	}
	return err_set(err, ERR_CLOSED, "stopped");
}

struct zoom_handle *zoom_pool_take(
    struct zoom_pool *pool, int64_t deadline_ms, struct err *err)
{
	pthread_mutex_lock(&pool->lock);
	bool granted = wait_for_turn(pool, deadline_ms, err);
	struct list *node = granted ? list_take_first(&pool->idle) : NULL;
	if (granted && node == NULL)
		pool->n_handles++;
	pthread_mutex_unlock(&pool->lock);
	if (node != NULL)
		return list_entry(node, struct zoom_handle, node);
	if (!granted)
		return NULL;
	struct zoom_handle *h = new_handle();
	if (h != NULL)
		return h;
	pthread_mutex_lock(&pool->lock);
	pool->n_handles--;
	pthread_cond_broadcast(&pool->change);
	pthread_mutex_unlock(&pool->lock);
	err_set(err, ERR_NO_MEMORY, "request to Zoom");
	return NULL;
}

/* Lock held. The coldest handle, when its connections are too old. */
static struct zoom_handle *take_stale(struct zoom_pool *pool, int64_t now_ms)
{
	if (list_empty(&pool->idle))
		return NULL;
	struct zoom_handle *h =
	    list_entry(pool->idle.prev, struct zoom_handle, node);
	if (now_ms - h->put_ms < ZOOM_POOL_IDLE_S * 1000)
		return NULL;
	list_remove(&h->node);
	pool->n_handles--;
	return h;
}

void zoom_pool_trim(struct zoom_pool *pool)
{
	struct zoom_handle *stale;
	int64_t now_ms = clock_now_ms();
	do {
		pthread_mutex_lock(&pool->lock);
		bool is_last = pool->idle.next == pool->idle.prev;
		stale = is_last ? NULL : take_stale(pool, now_ms);
		pthread_mutex_unlock(&pool->lock);
		free_handle(stale);
	} while (stale != NULL);
}

void zoom_pool_put(struct zoom_pool *pool, struct zoom_handle *h)
{
	/* it must not keep pointers into the stack of this call */
	curl_easy_reset(h->easy);
	h->put_ms = clock_now_ms();
	pthread_mutex_lock(&pool->lock);
	struct zoom_handle *stale = take_stale(pool, h->put_ms);
	list_add_before(pool->idle.next, &h->node);
	pthread_cond_broadcast(&pool->change);
	pthread_mutex_unlock(&pool->lock);
	free_handle(stale);
}

bool zoom_pool_sleep(struct zoom_pool *pool, int64_t until_ms)
{
	pthread_mutex_lock(&pool->lock);
	while (!atomic_load(&pool->stopped) &&
	       clock_wait(&pool->change, &pool->lock, until_ms))
		continue;
	pthread_mutex_unlock(&pool->lock);
	return !atomic_load(&pool->stopped);
}

void zoom_pool_stop(struct zoom_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	atomic_store(&pool->stopped, true);
	pthread_cond_broadcast(&pool->change);
	pthread_mutex_unlock(&pool->lock);
}

void zoom_pool_init(struct zoom_pool *pool, size_t max_handles)
{
	atomic_init(&pool->stopped, false);
	pthread_mutex_init(&pool->lock, NULL);
	clock_cond_init(&pool->change);
	list_init(&pool->idle);
	pool->n_handles = 0;
	pool->max_handles = max_handles;
}

void zoom_pool_fini(struct zoom_pool *pool)
{
	for (struct list *node = list_take_first(&pool->idle); node != NULL;
	     node = list_take_first(&pool->idle))
		free_handle(list_entry(node, struct zoom_handle, node));
	pthread_cond_destroy(&pool->change);
	pthread_mutex_destroy(&pool->lock);
}
