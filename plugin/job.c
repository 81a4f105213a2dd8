/*
 * job - slots, leases, threads
 *
 * A worker waits until there is a slot that was filled here, or until it is
 * time to look into all of them, for jobs of other nodes and for second
 * attempts. lock guards what the workers share; nothing is asked of the
 * store or of Zoom while it is held.
 */
#include "plugin/job.h"

#include "base/thread.h"
#include "plugin/admins.h"
#include "plugin/keyring.h"
#include "plugin/lease.h"
#include "plugin/reseal.h"
#include "plugin/store.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK_KEY   "z2_jobs"
#define MARK_BYTES 8

/* Downloads wait for the network, so some may go on at once. */
#define N_THREADS 4
#define STACK     ((size_t)256 * 1024)

/* Between two looks for work that others have stored. */
#define LOOK_MS 10000

/* So far behind may be the copy of the database that answers a read. */
#define LAG_MS 5000

/* An attempt, and the lease that covers it. */
#define ATTEMPT_MS 50000
#define LEASE_S    60

#define MAX_ATTEMPTS    10
#define FIRST_WAIT_MS   ((int64_t)15 * 1000)
#define LONGEST_WAIT_MS ((int64_t)3600 * 1000)

/* An event of a megabyte, what is made of it, and the files it brings. */
#define MEMORY_MAX ((size_t)64 * 1024 * 1024)

struct jobs {
	struct plugin *plugin;
	struct mm_plugin *mm;
	job_run *run;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* guarded by lock */
	bool stopping;
	int filled[JOB_SLOTS]; /* slots to look into at once, oldest first */
	int n_filled;
	int64_t next_look_ms;
	char mark[2 * MARK_BYTES + 1]; /* seen last, and since when */
	int64_t mark_ms;
	pthread_mutex_t joining;
	/* guarded by it, once they were started */
	pthread_t threads[N_THREADS];
	size_t n_threads;
};

/* A job as it was read. */
struct job {
	struct str raw; /* empty: the slot is free */
	struct str body;
	bool is_locked; /* under an encryption key that may come back */
	int64_t attempts;
	int64_t due_ms;   /* UTC */
	int64_t added_ms; /* UTC */
};

/* ---- slots ------------------------------------------------------------------- */

static struct str slot_key(struct ctx *c, int slot)
{
	return arena_printf(c->arena, "z2_job_%d", slot);
}

static bool seal_job(struct ctx *c, int slot, const struct job *job,
    struct str *sealed, struct err *err)
{
	struct str json = js_dump(c->arena,
	    json_pack("{s:o,s:I,s:I,s:I}", "event", js_string(job->body),
	        "attempts", (json_int_t)job->attempts, "due",
	        (json_int_t)job->due_ms, "added", (json_int_t)job->added_ms));
	return arena_ok(c->arena, err) &&
	       keyring_seal(c, slot_key(c, slot), json, sealed, err);
}

/* What cannot be read comes back without a body. */
static bool read_job(struct ctx *c, int slot, struct job *job, struct err *err)
{
	struct str text = { NULL, 0 };
	struct err why = { 0 };
	bool is_former;
	*job = (struct job){ .attempts = 0 };
	if (!store_get(c, slot_key(c, slot), &job->raw, err))
		return false;
	if (job->raw.len == 0)
		return true;
	if (!keyring_open(
	        c, slot_key(c, slot), job->raw, &text, &is_former, &why)) {
		keyring_tell(c, &why);
		job->is_locked = why.code != ERR_INVALID;
		return true;
	}
	json_t *object = js_parse(text);
	job->body = js_text(c->arena, object, "event");
	job->attempts = json_integer_value(json_object_get(object, "attempts"));
	job->due_ms = json_integer_value(json_object_get(object, "due"));
	job->added_ms = json_integer_value(json_object_get(object, "added"));
	json_decref(object);
	return arena_ok(c->arena, err);
}

/* So that nodes look into the slots; other than before, so that one which has
 * just found them empty does not take it away. */
static bool mark(struct ctx *c, struct err *err)
{
	unsigned char bytes[MARK_BYTES];
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return err_set(err, ERR_IO, "no random numbers");
	return store_put(c, S(MARK_KEY),
	    arena_hex(c->arena, str_n((char *)bytes, sizeof(bytes))), 0, err);
}

static void wake(struct jobs *jobs, int slot)
{
	pthread_mutex_lock(&jobs->lock);
	if (jobs->n_filled < JOB_SLOTS)
		jobs->filled[jobs->n_filled++] = slot;
	pthread_cond_signal(&jobs->changed);
	pthread_mutex_unlock(&jobs->lock);
}

/* Memory for one slot, of a call that goes through all of them: events are
 * large. Ends with arena_fini(arena). */
static struct ctx for_slot(const struct ctx *c, struct arena *arena)
{
	struct ctx slot = *c;
	arena_init(arena, MEMORY_MAX);
	slot.arena = arena;
	slot.expected = NULL;
	return slot;
}

/* If it is free. */
static bool fill(struct ctx *c, int slot, const struct job *job, bool *saved,
    struct err *err)
{
	struct arena arena;
	struct ctx own = for_slot(c, &arena);
	struct str sealed;
	bool ok = seal_job(&own, slot, job, &sealed, err) &&
	          store_swap_for(&own, slot_key(&own, slot), S(""), sealed,
	              JOB_LIFE_S, saved, err);
	arena_fini(&arena);
	return ok;
}

bool job_add(struct ctx *c, struct str body, struct err *err)
{
	unsigned char random[2];
	const struct job job = {
		.body = body,
		.added_ms = clock_wall_ms(),
	};
	if (RAND_bytes(random, sizeof(random)) != 1)
		return err_set(err, ERR_IO, "no random numbers");
	int first = (random[0] << 8 | random[1]) % JOB_SLOTS;
	for (int i = 0; i < JOB_SLOTS; i++) {
		int slot = (first + i) % JOB_SLOTS;
		bool saved;
		if (!fill(c, slot, &job, &saved, err))
			return false;
		if (!saved)
			continue;
		if (!mark(c, err))
			return false;
		if (c->plugin->jobs != NULL)
			wake(c->plugin->jobs, slot);
		return true;
	}
	return err_set(err, ERR_BUSY, "%d events wait already", JOB_SLOTS);
}

/* added_ms: out, 0 for a free slot and where it is not known. */
static bool count(struct ctx *c, int slot, struct job_summary *summary,
    int64_t *added_ms, struct err *err)
{
	struct arena arena;
	struct ctx own = for_slot(c, &arena);
	struct job job;
	bool ok = read_job(&own, slot, &job, err);
	if (ok) {
		summary->n += job.raw.len > 0;
		summary->n_failing += job.attempts > 0;
		*added_ms = job.added_ms;
	}
	arena_fini(&arena);
	return ok;
}

bool job_count(struct ctx *c, struct job_summary *summary, struct err *err)
{
	struct str marked;
	*summary = (struct job_summary){ .n = 0 };
	int64_t oldest = INT64_MAX;
	if (!store_get(c, S(MARK_KEY), &marked, err))
		return false;
	if (marked.len == 0)
		return true;
	for (int slot = 0; slot < JOB_SLOTS; slot++) {
		int64_t added_ms;
		if (!count(c, slot, summary, &added_ms, err))
			return false;
		if (added_ms > 0 && added_ms < oldest)
			oldest = added_ms;
	}
	if (oldest != INT64_MAX)
		summary->oldest_ms = clock_wall_ms() - oldest;
	return true;
}

/* ---- one job -------------------------------------------------------------------- */

/* Longer when Zoom has asked for it. */
static int64_t wait_after(const struct ctx *c, int64_t attempts)
{
	int64_t wait = FIRST_WAIT_MS;
	while (attempts-- > 1 && wait < LONGEST_WAIT_MS)
		wait *= 2;
	if (wait < c->retry_ms)
		wait = c->retry_ms;
	return wait < LONGEST_WAIT_MS ? wait : LONGEST_WAIT_MS;
}

/* False when somebody else has done it meanwhile, or when it is still there. */
static bool remove_job(struct ctx *c, int slot, const struct job *job)
{
	bool removed = false;
	struct err err = { 0 };
	if (!mm_kv_compare_and_delete(
	        c->mm, c->arena, slot_key(c, slot), job->raw, &removed, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "An event that is done stays in the queue and will be "
		    "looked at again",
		    "error", err.text, NULL);
	return removed;
}

/* What cannot be read. */
static void drop(
    struct ctx *c, int slot, const struct job *job, const char *why)
{
	if (!remove_job(c, slot, job))
		return;
	mm_log(c->mm, LOG_LEVEL_ERROR,
	    "An event in the queue cannot be read, and is dropped", "error",
	    why, NULL);
	metrics_count(&c->plugin->metrics, METRICS_JOB_FAILED);
	admins_tell(c,
	    "Something from Zoom could not be posted: what was stored of it "
	    "cannot be read any more. Recordings are still to be found at "
	    "Zoom, and the server's log has the details.");
}

static void give_up(struct ctx *c, int slot, const struct job *job,
    const struct zoom_event *event, const struct err *why)
{
	if (!remove_job(c, slot, job))
		return;
	mm_log(c->mm, LOG_LEVEL_ERROR, "An event of Zoom's is given up",
	    "event", str_c(event->event), "meeting_uuid", str_c(event->uuid),
	    "error", why->text, NULL);
	admins_tell(c,
	    "Something from Zoom could not be posted: `%s` of the meeting with "
	    "the ID %lld. It was tried %d times over some hours; the last "
	    "reason was: %s. Recordings are still to be found at Zoom, and the "
	    "server's log has the details.",
	    str_c(event->event), (long long)event->meeting_id, MAX_ATTEMPTS,
	    why->text);
	metrics_count(&c->plugin->metrics, METRICS_JOB_FAILED);
}

static void put_off(struct ctx *c, int slot, const struct job *job,
    const struct zoom_event *event, const struct err *why)
{
	struct job later = *job;
	struct str sealed;
	bool saved;
	struct err err = { 0 };
	bool failed = !c->elsewhere;
	later.attempts += failed;
	if (later.attempts >= MAX_ATTEMPTS) {
		give_up(c, slot, job, event, why);
		return;
	}
	metrics_count(&c->plugin->metrics, METRICS_JOB_PUT_OFF);
	later.due_ms = clock_wall_ms() + wait_after(c, later.attempts);
	mm_log(c->mm, failed ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
	    "An event of Zoom's is put off", "event", str_c(event->event),
	    "error", why->text, NULL);
	if (!seal_job(c, slot, &later, &sealed, &err) ||
	    !store_swap_for(c, slot_key(c, slot), job->raw, sealed, JOB_LIFE_S,
	        &saved, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "An event could not be put off, and is tried at once",
		    "error", err.text, NULL);
}

static bool is_stopping(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	bool stopping = jobs->stopping;
	pthread_mutex_unlock(&jobs->lock);
	return stopping;
}

/* Lease held. What fails because we are stopped is left to whoever comes next. */
static void run_job(
    struct jobs *jobs, struct ctx *c, int slot, const struct job *job)
{
	struct zoom_event event = { 0 };
	struct err err = { 0 };
	if (job->body.len == 0) {
		drop(c, slot, job, "damaged");
		return;
	}
	if (!zoom_webhook_parse(c->arena, job->body, NULL, &event, &err)) {
		/* memory may be there when it is looked at again */
		if (err.code != ERR_NO_MEMORY)
			drop(c, slot, job, err.text);
		return;
	}
	c->last_attempt = job->attempts + 1 >= MAX_ATTEMPTS;
	if (!jobs->run(c, &event, &err)) {
		if (!is_stopping(jobs))
			put_off(c, slot, job, &event, &err);
		return;
	}
	metrics_count(&c->plugin->metrics, METRICS_JOB_DONE);
	(void)remove_job(c, slot, job);
}

/* Whether the slot was, and stays, empty is told by *empty. */
static bool try_slot(
    struct jobs *jobs, struct ctx *c, int slot, bool *empty, struct err *err)
{
	struct job job;
	struct lease lease;
	bool taken;
	if (!read_job(c, slot, &job, err))
		return false;
	*empty = job.raw.len == 0;
	if (*empty || job.is_locked || job.due_ms > clock_wall_ms())
		return true;
	if (!lease_take(c, arena_printf(c->arena, "job_%d", slot), LEASE_S,
	        &lease, &taken, err))
		return false;
	if (!taken)
		return true;
	/* whoever held it before may have finished */
	c->deadline_ms = clock_deadline_ms(ATTEMPT_MS);
	bool done = read_job(c, slot, &job, err);
	if (done && job.raw.len > 0 && !job.is_locked &&
	    job.due_ms <= clock_wall_ms())
		run_job(jobs, c, slot, &job);
	lease_give(c, &lease);
	return done;
}

/* ---- workers ----------------------------------------------------------------------- */

/* A call of our own for one slot; whether it is empty. */
static bool visit(struct jobs *jobs, int slot)
{
	struct arena arena;
	struct err err = { 0 };
	bool empty = false;
	arena_init(&arena, MEMORY_MAX);
	struct mm_call call = { jobs->mm, &arena, jobs->plugin };
	struct ctx c = ctx_begin(jobs->plugin, &call);
	if (c.config->valid && !try_slot(jobs, &c, slot, &empty, &err))
		mm_log(c.mm, LOG_LEVEL_WARN,
		    "The queue of events could not be looked into", "error",
		    err.text, NULL);
	ctx_end(&c);
	arena_fini(&arena);
	return empty;
}

/* Whether this very mark was there before what it stands for could still be
 * unseen. */
static bool is_settled(struct jobs *jobs, struct str seen)
{
	pthread_mutex_lock(&jobs->lock);
	bool same = str_eq(str_from(jobs->mark), seen);
	if (!same) {
		snprintf(jobs->mark, sizeof(jobs->mark), "%.*s", STR_ARG(seen));
		jobs->mark_ms = clock_now_ms();
	}
	bool settled = same && clock_now_ms() - jobs->mark_ms >= LAG_MS;
	pthread_mutex_unlock(&jobs->lock);
	return settled;
}

/* All slots, when there is a mark; which goes when all are empty, and were so
 * for a while. */
static void look_everywhere(struct jobs *jobs)
{
	struct arena arena;
	struct err err = { 0 };
	struct str seen = { NULL, 0 };
	bool all_empty = true;
	bool removed;
	arena_init(&arena, MEMORY_MAX);
	struct mm_call call = { jobs->mm, &arena, jobs->plugin };
	struct ctx c = ctx_begin(jobs->plugin, &call);
	reseal(&c);
	bool done = !c.config->valid || store_get(&c, S(MARK_KEY), &seen, &err);
	bool settled = is_settled(jobs, seen);
	for (int i = 0; i < JOB_SLOTS && seen.len > 0 && !is_stopping(jobs);
	     i++)
		all_empty = visit(jobs, i) && all_empty;
	if (done && seen.len > 0 && all_empty && settled && !is_stopping(jobs))
		done = mm_kv_compare_and_delete(
		    c.mm, c.arena, S(MARK_KEY), seen, &removed, &err);
	if (!done)
		mm_log(c.mm, LOG_LEVEL_WARN,
		    "The queue of events could not be looked into", "error",
		    err.text, NULL);
	ctx_end(&c);
	arena_fini(&arena);
}

enum task { STOP, SLOT, LOOK };

/* Wait for something to do. */
static enum task next_task(struct jobs *jobs, int *slot)
{
	enum task task = STOP;
	pthread_mutex_lock(&jobs->lock);
	while (!jobs->stopping && jobs->n_filled == 0 &&
	       clock_now_ms() < jobs->next_look_ms)
		clock_wait(&jobs->changed, &jobs->lock, jobs->next_look_ms);
	if (jobs->stopping) {
		task = STOP;
	} else if (jobs->n_filled > 0) {
		task = SLOT;
		*slot = jobs->filled[0];
		memmove(jobs->filled, jobs->filled + 1,
		    (size_t)--jobs->n_filled * sizeof(jobs->filled[0]));
	} else {
		task = LOOK;
		jobs->next_look_ms = clock_deadline_ms(LOOK_MS);
	}
	pthread_mutex_unlock(&jobs->lock);
	return task;
}

static void *work(void *object)
{
	struct jobs *jobs = object;
	enum task task;
	int slot = 0;
	while ((task = next_task(jobs, &slot)) != STOP) {
		if (task == SLOT)
			visit(jobs, slot);
		else
			look_everywhere(jobs);
		zoom_client_trim(jobs->plugin->zoom);
		arena_trim();
	}
	return NULL;
}

void jobs_look(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	pthread_mutex_lock(&jobs->lock);
	jobs->next_look_ms = 0;
	pthread_cond_signal(&jobs->changed);
	pthread_mutex_unlock(&jobs->lock);
}

struct jobs *jobs_start(
    struct plugin *p, struct mm_plugin *mm, job_run *run, struct err *err)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));
	if (jobs == NULL) {
		err_set(err, ERR_NO_MEMORY, "jobs");
		return NULL;
	}
	*jobs = (struct jobs){ .plugin = p, .mm = mm, .run = run };
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_mutex_init(&jobs->joining, NULL);
	clock_cond_init(&jobs->changed);
	while (jobs->n_threads < N_THREADS &&
	       thread_start(&jobs->threads[jobs->n_threads], STACK, work, jobs))
		jobs->n_threads++;
	if (jobs->n_threads > 0)
		return jobs;
	err_set(err, ERR_NO_MEMORY, "jobs: %s", strerror(errno));
	jobs_free(jobs);
	return NULL;
}

void jobs_stop(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	pthread_mutex_lock(&jobs->lock);
	jobs->stopping = true;
	pthread_cond_broadcast(&jobs->changed);
	pthread_mutex_unlock(&jobs->lock);
	pthread_mutex_lock(&jobs->joining);
	while (jobs->n_threads > 0)
		pthread_join(jobs->threads[--jobs->n_threads], NULL);
	pthread_mutex_unlock(&jobs->joining);
}

void jobs_free(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	pthread_cond_destroy(&jobs->changed);
	pthread_mutex_destroy(&jobs->lock);
	pthread_mutex_destroy(&jobs->joining);
	free(jobs);
}
