/*
 * metrics - what the plugin has done since it was started, for monitoring
 *
 * A fixed table of atomic counters: counting takes no lock and no memory.
 * The server asks for it on its metrics port, under /plugins/zoom/metrics;
 * the text is OpenMetrics 1.0. Nothing in it names a person or a meeting.
 */
#ifndef PLUGIN_METRICS_H
#define PLUGIN_METRICS_H

#include "base/arena.h"
#include "zoom/client.h"

#include <stdatomic.h>

/* Routes that are counted one by one; the last one is for all others. */
#define METRICS_ROUTES 16

/* Upper bounds, in metrics.c, and one for what takes longer. */
#define METRICS_BUCKETS 6

struct metrics_times {
	atomic_ullong within[METRICS_BUCKETS]; /* not cumulative */
	atomic_ullong total_ms;
	atomic_ullong errors;
};

enum metrics_count {
	METRICS_REFRESH_OK,
	METRICS_REFRESH_FAILED,
	METRICS_JOB_DONE,
	METRICS_JOB_FAILED, /* for good */
	METRICS_JOB_PUT_OFF,
	METRICS_N_COUNTS,
};

/* Zeroed memory is a valid one. All functions: any thread. */
struct metrics {
	struct metrics_times routes[METRICS_ROUTES];
	struct metrics_times calls[ZOOM_N_OPS];
	atomic_ullong counts[METRICS_N_COUNTS];
	_Atomic int64_t webhook_lag_ms; /* of the last one */
};

void metrics_count(struct metrics *m, enum metrics_count which);

/* A request to a route that took so long. */
void metrics_route(struct metrics *m, size_t route, bool ok, int64_t ms);

/* The same for a call of Zoom's; for zoom_client_options.observe. */
void metrics_call(void *m, enum zoom_op op, bool ok, int64_t ms);

/*
 * metrics_text - all of it as OpenMetrics
 *
 *   routes         names, n_routes of them; the one behind them is "other"
 *   jobs_waiting   below 0: not known
 *
 * Arena; {NULL, 0} when memory is out.
 */
struct str metrics_text(struct metrics *m, struct arena *a,
    const char *const *routes, size_t n_routes, int64_t jobs_waiting);

#endif
