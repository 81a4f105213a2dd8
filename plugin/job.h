/*
 * job - webhook work that is stored before Zoom's delivery is acknowledged
 *
 * Zoom waits three seconds for an answer, a recording's files may take
 * minutes. So an event that takes long is written into a free slot of the
 * store, sealed since it holds a token, and acknowledged; then whichever
 * node holds the slot's lease works it off. Of a node that dies another one
 * takes over when the lease has ended.
 *
 *	z2_job_<slot>     sealed JSON {event, attempts, due, added}
 *	z2_lease_job_<slot>
 *	z2_jobs           changes whenever a job is added, absent some seconds
 *	                  after all are done: without it nobody looks
 *
 * A job may be run more than once, also at the same time: what it does must
 * be harmless then. One that fails is tried again after 15 s, 30 s, 1 min,
 * and so on up to an hour, ten times in all, some two hours (longer when Zoom
 * asks to wait); then it is dropped with a word in the log and to the admins.
 */
#ifndef PLUGIN_JOB_H
#define PLUGIN_JOB_H

#include "plugin/plugin.h"
#include "zoom/webhook.h"

/* Jobs at once, on all nodes together; beyond it Zoom is told to come again. */
#define JOB_SLOTS 256

/* A job is over long before; one that no encryption key opens goes then. */
#define JOB_LIFE_S ((int64_t)24 * 3600)

struct jobs;

/* Work one event off; called on a thread of ours. False: try again later, not
 * before c->retry_ms; with c->elsewhere it was no failure and is no attempt. */
typedef bool job_run(
    struct ctx *c, const struct zoom_event *event, struct err *err);

/*
 * jobs_start - begin to work, on threads of our own
 *
 *   mm    for the API, until jobs_stop
 *
 * NULL, and err set, when memory or threads are out. Owned: jobs_stop, then
 * jobs_free.
 */
struct jobs *jobs_start(
    struct plugin *p, struct mm_plugin *mm, job_run *run, struct err *err);

/* Look for all that is to be done, now. Any thread. Accepts NULL. */
void jobs_look(struct jobs *jobs);

/* Begin nothing more, and wait for what is being done: not long when the Zoom
 * client is stopped. What fails then stays as it was, for whoever comes next.
 * Any thread, any number of times. Accepts NULL. */
void jobs_stop(struct jobs *jobs);

/* After jobs_stop, and after the last job_add. Accepts NULL. */
void jobs_free(struct jobs *jobs);

/*
 * job_add - store an event, to be worked off soon
 *
 *   body   as it was received, verified
 *
 * Errors   ERR_BUSY, all slots are taken; those of the store
 */
bool job_add(struct ctx *c, struct str body, struct err *err) MUST_USE;

/* What waits, for the admins. */
struct job_summary {
	int n;             /* of JOB_SLOTS */
	int n_failing;     /* have been tried in vain */
	int64_t oldest_ms; /* age, 0 = there is none */
};
bool job_count(
    struct ctx *c, struct job_summary *summary, struct err *err) MUST_USE;

#endif
