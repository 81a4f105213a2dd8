#include "plugin/routes.h"

#include "plugin/action.h"
#include "plugin/channel_settings.h"
#include "plugin/connect.h"
#include "plugin/job.h"
#include "plugin/meeting.h"
#include "plugin/post.h"
#include "plugin/question.h"
#include "plugin/reply.h"
#include "plugin/say.h"
#include "plugin/webhook.h"

static void start_meeting(struct ctx *c, struct mm_http *http);

enum visitor {
	ANYBODY,   /* who knows the secret, which the function checks */
	SIGNED_IN, /* a user of this server */
};

struct route {
	const char *method;
	const char *path;
	enum visitor who;
	void (*serve)(struct ctx *c, struct mm_http *http);
};

static const struct route routes[] = {
	{ "GET", "/oauth2/connect", SIGNED_IN, connect_begin },
	{ "GET", "/oauth2/complete", SIGNED_IN, connect_complete },
	{ "POST", "/webhook", ANYBODY, webhook_receive },
	{ "POST", WEBHOOK_DEAUTHORIZATION, ANYBODY, webhook_receive },
	{ "POST", "/api/v1/meetings", SIGNED_IN, start_meeting },
	{ "POST", "/api/v1/askPMI", SIGNED_IN, question_answer },
	{ "POST", "/api/v1/updatePMI", SIGNED_IN, preference_update },
	{ "POST", CHANNEL_SETTINGS_PATH, SIGNED_IN, channel_settings_submit },
};
#define N_ROUTES (sizeof(routes) / sizeof(routes[0]))
_Static_assert(N_ROUTES < METRICS_ROUTES, "one is for all others");

/* ---- POST /api/v1/meetings ------------------------------------------------------------ */

/* To a button's caller an answer's status says nothing: tell the user. */
static void start_failed(struct ctx *c, struct mm_http *http,
    const struct action *wish, const struct meeting_result *result)
{
	if (result->not_connected || wish->post_id.len > 0)
		post_tell(c, wish->user_id, wish->channel_id, wish->root_id,
		    result->says);
	if (result->not_connected)
		reply_json(c, http, 200, "meeting_url", S(""));
	else
		reply_error(c, http, result->status, result->says);
}

static void start_meeting(struct ctx *c, struct mm_http *http)
{
	struct action wish;
	struct meeting_result result;
	if (!action_read(c, http, &wish))
		return;
	if (wish.channel_id.len == 0) {
		action_refuse(c, http, "channel_id is missing");
		return;
	}
	const struct meeting_start start = {
		.user_id = wish.user_id,
		.channel_id = wish.channel_id,
		.root_id = wish.root_id,
		.topic = wish.topic,
		.connection_id = wish.connection_id,
		.use_pmi = wish.use_pmi,
		.force = wish.force,
	};
	/* not for the camera: whose language it is, is a question to the server */
	if (wish.post_id.len > 0)
		post_answer(
		    c, &wish, say(c, "You chose to start a new meeting."));
	meeting_start(c, &start, &result);
	if (result.says.len > 0)
		start_failed(c, http, &wish, &result);
	else
		reply_json(c, http, 200, "meeting_url", result.link);
}

/* ---- dispatch ------------------------------------------------------------------------- */

/* The route of a path and a method. N_ROUTES: none, but the path has one for the
 * method `allowed`, unless that is NULL. */
static size_t find_route(const struct mm_http *http, const char **allowed)
{
	size_t found = N_ROUTES;
	*allowed = NULL;
	for (size_t i = 0; i < N_ROUTES; i++) {
		if (!str_eq(mm_http_path(http), str_from(routes[i].path)))
			continue;
		*allowed = routes[i].method;
		if (str_eq(mm_http_method(http), str_from(routes[i].method)))
			found = i;
	}
	return found;
}

/* In plain text, which needs no header: whoever tries paths costs little. */
static void serve_nothing(struct mm_http *http, const char *allowed)
{
	if (allowed == NULL) {
		mm_http_reply(http, 404, S(""), S("not found\n"));
		return;
	}
	mm_http_set_header(http, S("Allow"), str_from(allowed));
	mm_http_reply(http, 405, S(""), S("method not allowed\n"));
}

static void dispatch(
    struct ctx *c, struct mm_http *http, size_t route, const char *allowed)
{
	if (!c->config->valid)
		reply_error(c, http, 501, say(c, "Zoom is not set up yet"));
	else if (route == N_ROUTES)
		serve_nothing(http, allowed);
	else if (routes[route].who == SIGNED_IN &&
	         mm_http_user_id(http).len == 0)
		reply_error(
		    c, http, 401, say(c, "please sign in to Mattermost first"));
	else
		routes[route].serve(c, http);
}

enum mm_http_ahead routes_ahead(struct ctx *c, const struct mm_http *http)
{
	const char *allowed;
	size_t route = find_route(http, &allowed);
	if (route == N_ROUTES || !c->config->valid)
		return MM_AHEAD_NOTHING;
	if (routes[route].who == ANYBODY)
		return webhook_ahead(c, http);
	/* they all answer in JSON */
	return mm_http_user_id(http).len > 0 ? MM_AHEAD_HEADERS
	                                     : MM_AHEAD_NOTHING;
}

void routes_serve(struct ctx *c, struct mm_http *http)
{
	int64_t began_ms = clock_now_ms();
	const char *allowed;
	size_t route = find_route(http, &allowed);
	dispatch(c, http, route, allowed);
	metrics_route(&c->plugin->metrics, route, mm_http_status(http) < 400,
	    clock_now_ms() - began_ms);
}

/* ---- the metrics port ------------------------------------------------------------------ */

void routes_serve_metrics(struct ctx *c, struct mm_http *http)
{
	struct job_summary jobs = { .n = -1 };
	struct err err = { 0 };
	const char *names[N_ROUTES];
	for (size_t i = 0; i < N_ROUTES; i++)
		names[i] = routes[i].path;
	if (c->config->valid && !job_count(c, &jobs, &err)) {
		jobs.n = -1;
		mm_log(c->mm, LOG_LEVEL_WARN, "The queue could not be counted",
		    "error", err.text, NULL);
	}
	mm_http_reply(http, 200,
	    S("application/openmetrics-text; version=1.0.0; charset=utf-8"),
	    metrics_text(
	        &c->plugin->metrics, c->arena, names, N_ROUTES, jobs.n));
}
