#include "rpc/pool.h"

#include "base/arena.h"
#include "base/thread.h"

#include <stdlib.h>

/* libcurl and OpenSSL together want about 100 kB. */
#define WORKER_STACK ((size_t)512 * 1024)

/* An idle thread beyond the first few ends after this time. */
#define IDLE_MS   10000
#define IDLE_KEPT 4

/* So much may be left behind by one who takes work from the queue: he is mostly
 * back for it before another one has woken up. Nothing for a while after somebody
 * was seen to wait inside of his work, and nothing while another one waits for
 * bytes, for then nobody would notice if he was not. */
#define LEFT_BEHIND 4
#define WARY_MS     1000

static void *work(void *arg);

/* ---- calling -------------------------------------------------------------------- */

static bool start_thread(struct rpc_pool *p)
{
	pthread_t thread;
	if (!thread_start(&thread, WORKER_STACK, work, p))
		return false;
	pthread_detach(thread);
	p->n_threads++;
	return true;
}

/* Have one more thread look at the queue. If none can, whoever is done first
 * does. */
static void call_somebody(struct rpc_pool *p)
{
	if (p->called)
		return;
	if (p->n_idle > 0) {
		p->called = true;
		pthread_cond_signal(&p->there);
	} else if (p->n_threads < p->max_threads) {
		p->called = start_thread(p);
	}
}

static void be_wary(struct rpc_pool *p)
{
	p->wary_until_ms = clock_deadline_ms(WARY_MS);
}

static bool is_wary(const struct rpc_pool *p)
{
	return p->wary_until_ms != 0 && clock_now_ms() < p->wary_until_ms;
}

/* ---- the queue ------------------------------------------------------------------ */

void pool_queue(struct rpc_pool *p, struct rpc_work *w)
{
	list_add_before(&p->queue, &w->node);
	p->n_queued++;
}

void pool_bring(struct rpc_pool *p, struct rpc_work *w)
{
	pool_queue(p, w);
	/* who brings it and does not wait for it waits inside of his work */
	if (!p->waiting || !p->waiter.poke(p->waiter.object))
		be_wary(p);
	if (p->waiting)
		p->called = true;
	else
		call_somebody(p);
}

void pool_put_off(struct rpc_pool *p, struct rpc_work *w, int64_t due_ms)
{
	struct list *after = &p->put_off;
	while (after->prev != &p->put_off &&
	       list_entry(after->prev, struct rpc_work, node)->due_ms > due_ms)
		after = after->prev;
	w->put_off = true;
	w->due_ms = due_ms;
	list_add_before(after, &w->node);
}

void pool_hold(struct rpc_pool *p, struct rpc_work *w, int64_t due_ms)
{
	pool_put_off(p, w, due_ms);
	w->held = true;
	p->n_held++;
}

bool pool_take_back(struct rpc_pool *p, struct rpc_work *w)
{
	if (!w->put_off)
		return false;
	list_remove(&w->node);
	p->n_held -= w->held;
	w->put_off = w->held = false;
	return true;
}

static struct rpc_work *first_put_off(const struct rpc_pool *p)
{
	if (list_empty(&p->put_off))
		return NULL;
	return list_entry(p->put_off.next, struct rpc_work, node);
}

/* Queue what is due. */
static void hurry(struct rpc_pool *p)
{
	struct rpc_work *due;
	while (
	    (due = first_put_off(p)) != NULL && due->due_ms <= clock_now_ms()) {
		pool_take_back(p, due);
		pool_queue(p, due);
	}
}

static struct rpc_work *take(struct rpc_pool *p)
{
	hurry(p);
	struct list *node = list_take_first(&p->queue);
	if (node == NULL)
		return NULL;
	p->n_queued--;
	return list_entry(node, struct rpc_work, node);
}

/* Something is held, and nobody without work will wake up in time. */
static bool is_unattended(const struct rpc_pool *p)
{
	return p->n_held > 0 &&
	       (p->keeper == NULL || p->keeps_to_ms > first_put_off(p)->due_ms);
}

void pool_call(struct rpc_pool *p)
{
	hurry(p);
	if (p->called || (p->n_queued == 0 && !is_unattended(p)))
		return;
	if (p->n_queued > 0)
		be_wary(p);
	call_somebody(p);
}

void rpc_pool_look(struct rpc_pool *p)
{
	pthread_mutex_lock(&p->lock);
	pool_call(p);
	pthread_mutex_unlock(&p->lock);
}

/* ---- threads --------------------------------------------------------------------- */

/* When the next work is due that was put off, or else. */
static int64_t next_due(const struct rpc_pool *p, int64_t deadline_ms)
{
	const struct rpc_work *first = first_put_off(p);
	return first == NULL || first->due_ms > deadline_ms ? deadline_ms
	                                                    : first->due_ms;
}

/* If work is left have somebody come for it, unless whoever leaves it is back
 * before. */
static void mind_the_rest(struct rpc_pool *p)
{
	bool left = p->n_queued > 0 || is_unattended(p);
	if (p->n_queued > LEFT_BEHIND ||
	    (left && (p->waiter.wait == NULL || p->waiting || is_wary(p))))
		call_somebody(p);
}

void pool_leave(struct rpc_pool *p, struct rpc_work *w)
{
	pool_queue(p, w);
	mind_the_rest(p);
}

/* Lock held, on entry and exit, as in the next two. */
static void run(struct rpc_pool *p, struct rpc_work *w)
{
	mind_the_rest(p);
	pthread_mutex_unlock(&p->lock);
	w->run(w);
	pthread_mutex_lock(&p->lock);
}

/* Who goes to sleep until then is there for what is due by then. */
static void keep_time(struct rpc_pool *p, const int64_t *until_ms)
{
	if (p->keeper != NULL && p->keeps_to_ms <= *until_ms)
		return;
	p->keeper = until_ms;
	p->keeps_to_ms = *until_ms;
}

static void keep_no_time(struct rpc_pool *p, const int64_t *until_ms)
{
	if (p->keeper == until_ms)
		p->keeper = NULL;
}

static void wait_for_bytes(struct rpc_pool *p)
{
	int64_t deadline = next_due(p, arena_trim_due_ms());
	p->waiting = true;
	keep_time(p, &deadline);
	pthread_mutex_unlock(&p->lock);
	bool live = p->waiter.wait(p->waiter.object, deadline);
	pthread_mutex_lock(&p->lock);
	keep_no_time(p, &deadline);
	p->waiting = p->called = false;
	p->over = !live;
}

/* False when this thread should end. */
static bool be_idle(struct rpc_pool *p)
{
	int64_t until = clock_deadline_ms(IDLE_MS);
	int64_t deadline = next_due(p, until);
	p->n_idle++;
	keep_time(p, &deadline);
	bool in_time = clock_wait(&p->there, &p->lock, deadline);
	keep_no_time(p, &deadline);
	p->n_idle--;
	p->called = false;
	return in_time || deadline < until || p->n_queued > 0 ||
	       !list_empty(&p->put_off) || p->n_idle < IDLE_KEPT;
}

static void *work(void *arg)
{
	struct rpc_pool *p = arg;
	bool stays = true;
	pthread_setname_np(pthread_self(), p->thread_name);
	pthread_mutex_lock(&p->lock);
	p->called = false;
	while (stays) {
		struct rpc_work *w = take(p);
		if (w != NULL) {
			run(p, w);
			continue;
		}
		arena_trim();
		if (p->ending)
			break;
		if (p->waiter.wait != NULL && !p->waiting && !p->over)
			wait_for_bytes(p);
		else
			stays = be_idle(p);
	}
	p->n_threads--;
	/* the last thing this thread does with the pool */
	pthread_cond_broadcast(&p->ended);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- life ------------------------------------------------------------------------ */

struct rpc_pool *rpc_pool_new(const struct rpc_waiter *waiter,
    size_t max_threads, const char *thread_name, struct err *err)
{
	struct rpc_pool *p = calloc(1, sizeof(*p));
	if (p == NULL) {
		err_set(err, ERR_NO_MEMORY, "pool of threads");
		return NULL;
	}
	if (waiter != NULL)
		p->waiter = *waiter;
	p->max_threads = max_threads;
	p->thread_name = thread_name;
	list_init(&p->queue);
	list_init(&p->put_off);
	pthread_mutex_init(&p->lock, NULL);
	clock_cond_init(&p->there);
	clock_cond_init(&p->ended);
	pthread_mutex_lock(&p->lock);
	bool started = start_thread(p);
	pthread_mutex_unlock(&p->lock);
	if (started)
		return p;
	err_set_errno(err, "starting a thread");
	rpc_pool_free(p);
	return NULL;
}

void rpc_pool_free(struct rpc_pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->there);
	while (p->n_threads > 0)
		clock_wait(&p->ended, &p->lock, DEADLINE_NEVER);
	pthread_mutex_unlock(&p->lock);
	pthread_cond_destroy(&p->there);
	pthread_cond_destroy(&p->ended);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
