#include "plugin/metrics.h"

#include "base/buf.h"

/* Each series has some 700 bytes, and there are 25 of them. */
#define TEXT_MAX ((size_t)256 * 1024)

static const int64_t bounds_ms[METRICS_BUCKETS - 1] = { 10, 100, 500, 2000,
	10000 };

static const char *const op_names[ZOOM_N_OPS] = {
	[ZOOM_OP_OTHER] = "other",
	[ZOOM_OP_TOKEN] = "token",
	[ZOOM_OP_REVOKE] = "revoke",
	[ZOOM_OP_COMPLIANCE] = "compliance",
	[ZOOM_OP_USER] = "user",
	[ZOOM_OP_USER_SETTINGS] = "user_settings",
	[ZOOM_OP_MEETING_CREATE] = "meeting_create",
	[ZOOM_OP_MEETING] = "meeting",
	[ZOOM_OP_DOWNLOAD] = "download",
};

/* ---- counting ----------------------------------------------------------------- */

static void add(atomic_ullong *counter, unsigned long long n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static unsigned long long value(atomic_ullong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void took(struct metrics_times *t, bool ok, int64_t ms)
{
	size_t i = 0;
	while (i < METRICS_BUCKETS - 1 && ms > bounds_ms[i])
		i++;
	add(&t->within[i], 1);
	add(&t->total_ms, ms > 0 ? (unsigned long long)ms : 0);
	if (!ok)
		add(&t->errors, 1);
}

void metrics_count(struct metrics *m, enum metrics_count which)
{
	add(&m->counts[which], 1);
}

void metrics_route(struct metrics *m, size_t route, bool ok, int64_t ms)
{
	took(&m->routes[route < METRICS_ROUTES ? route : METRICS_ROUTES - 1],
	    ok, ms);
}

void metrics_call(void *object, enum zoom_op op, bool ok, int64_t ms)
{
	struct metrics *m = object;
	took(&m->calls[op < ZOOM_N_OPS ? op : ZOOM_OP_OTHER], ok, ms);
}

/* ---- writing -------------------------------------------------------------------- */

/* Of one series; those that were never used are left out. */
struct series {
	const char *family;
	const char *label;
	const char *name;
	struct metrics_times *times;
};

static unsigned long long total(const struct series *s)
{
	unsigned long long n = 0;
	for (size_t i = 0; i < METRICS_BUCKETS; i++)
		n += value(&s->times->within[i]);
	return n;
}

static void put_times(struct buf *p, const struct series *s)
{
	unsigned long long n = 0;
	if (total(s) == 0)
		return;
	for (size_t i = 0; i < METRICS_BUCKETS - 1; i++) {
		n += value(&s->times->within[i]);
		buf_printf(p, "%s_seconds_bucket{%s=\"%s\",le=\"%g\"} %llu\n",
		    s->family, s->label, s->name, (double)bounds_ms[i] / 1000,
		    n);
	}
	n += value(&s->times->within[METRICS_BUCKETS - 1]);
	buf_printf(p, "%s_seconds_bucket{%s=\"%s\",le=\"+Inf\"} %llu\n",
	    s->family, s->label, s->name, n);
	buf_printf(p, "%s_seconds_count{%s=\"%s\"} %llu\n", s->family, s->label,
	    s->name, n);
	buf_printf(p, "%s_seconds_sum{%s=\"%s\"} %.3f\n", s->family, s->label,
	    s->name, (double)value(&s->times->total_ms) / 1000);
}

static void put_errors(struct buf *p, const struct series *s)
{
	if (total(s) > 0)
		buf_printf(p, "%s_errors_total{%s=\"%s\"} %llu\n", s->family,
		    s->label, s->name, value(&s->times->errors));
}

/* OpenMetrics wants the samples of a family together. */
static void put_family(struct buf *p, const char *family, const char *help,
    const struct series *series, size_t n)
{
	buf_printf(p,
	    "# TYPE %s_seconds histogram\n# UNIT %s_seconds seconds\n"
	    "# HELP %s_seconds Duration of %s.\n",
	    family, family, family, help);
	for (size_t i = 0; i < n; i++)
		put_times(p, &series[i]);
	buf_printf(p,
	    "# TYPE %s_errors counter\n# HELP %s_errors Failures of %s.\n",
	    family, family, help);
	for (size_t i = 0; i < n; i++)
		put_errors(p, &series[i]);
}

static void put_counts(struct buf *p, struct metrics *m)
{
	buf_printf(p,
	    "# TYPE zoom_token_refreshes counter\n"
	    "# HELP zoom_token_refreshes Refreshes of tokens at Zoom.\n"
	    "zoom_token_refreshes_total{result=\"ok\"} %llu\n"
	    "zoom_token_refreshes_total{result=\"failed\"} %llu\n"
	    "# TYPE zoom_jobs counter\n"
	    "# HELP zoom_jobs Recordings and transcripts worked off.\n"
	    "zoom_jobs_total{result=\"done\"} %llu\n"
	    "zoom_jobs_total{result=\"failed\"} %llu\n"
	    "zoom_jobs_total{result=\"put_off\"} %llu\n",
	    value(&m->counts[METRICS_REFRESH_OK]),
	    value(&m->counts[METRICS_REFRESH_FAILED]),
	    value(&m->counts[METRICS_JOB_DONE]),
	    value(&m->counts[METRICS_JOB_FAILED]),
	    value(&m->counts[METRICS_JOB_PUT_OFF]));
}

struct str metrics_text(struct metrics *m, struct arena *a,
    const char *const *routes, size_t n_routes, int64_t jobs_waiting)
{
	struct buf p;
	struct series series[METRICS_ROUTES + ZOOM_N_OPS];
	size_t n = 0;
	buf_init(&p, TEXT_MAX);
	for (; n < METRICS_ROUTES && n <= n_routes; n++)
		series[n] = (struct series){ "zoom_http_requests", "route",
			n < n_routes ? routes[n] : "other", &m->routes[n] };
	put_family(
	    &p, "zoom_http_requests", "requests to the plugin", series, n);
	for (n = 0; n < ZOOM_N_OPS; n++)
		series[n] = (struct series){ "zoom_api_calls", "call",
			op_names[n], &m->calls[n] };
	put_family(&p, "zoom_api_calls", "calls to Zoom", series, n);
	put_counts(&p, m);
	if (jobs_waiting >= 0)
		buf_printf(&p,
		    "# TYPE zoom_jobs_waiting gauge\n"
		    "# HELP zoom_jobs_waiting Recordings that wait, on all "
		    "nodes.\nzoom_jobs_waiting %lld\n",
		    (long long)jobs_waiting);
	buf_printf(&p,
	    "# TYPE zoom_webhook_lag_seconds gauge\n"
	    "# UNIT zoom_webhook_lag_seconds seconds\n"
	    "# HELP zoom_webhook_lag_seconds From the last event's time to its "
	    "arrival.\nzoom_webhook_lag_seconds %.3f\n# EOF\n",
	    (double)m->webhook_lag_ms / 1000);
	/* cut short it would be wrong; sticky, as when the arena is full */
	struct str text = { NULL, 0 };
	if (p.fault == ERR_NONE)
		text = arena_str(a, buf_str(&p));
	else if (a->fault == ERR_NONE)
		a->fault = p.fault;
	buf_fini(&p);
	return text;
}
