/* plugin - the connection to the host, shared by the files of mm/ */
#ifndef MM_PLUGIN_H
#define MM_PLUGIN_H

#include "goplugin/goplugin.h"
#include "mm/mm.h"
#include "rpc/rpc.h"

/*
 * In use while mm_plugin_serve runs. The hooks server exists once the host
 * has dialled it, the API connection once it has called OnActivate.
 */
struct mm_plugin {
	const struct mm_plugin_def *def; /* borrowed */
	struct broker *broker;           /* borrowed */
	struct rpc_pool *pool;           /* borrowed */
	struct rpc_service service;
	struct rpc_method *methods; /* hooks served, owned, sorted by name */
	size_t n_methods;
	struct yamux_stream *hooks_stream;
	struct rpc_server *hooks;

	pthread_mutex_t lock;
	bool activated; /* guarded by lock: OnActivate has been called */
	bool api_ready; /* guarded by lock; the rest is set before it */
	struct yamux_stream *api_stream;
	struct yamux_stream *driver_stream; /* held, unused */
	struct rpc_client api;
};

/*
 * mm_plugin_serve - be a plugin on a connected socket until the host goes
 *
 *   p     zeroed but for def
 *   fd    taken
 *   why   out: why the session ended; ERR_CLOSED in the ordinary case
 *
 * Returns false when calls are still at work: p and def must stay for good.
 */
bool mm_plugin_serve(struct mm_plugin *p, int fd, struct err *why) MUST_USE;

bool plugin_api_ready(struct mm_plugin *p);

struct feed;

/* mm_api_call while a feed is read, which may take longer than a call: what
 * counts then is when the host last took something. NULL: none. */
bool plugin_call(struct mm_plugin *p, struct arena *a,
    enum mm_api_method method, const void *args, void *returns,
    const struct feed *feed, struct err *err) MUST_USE;

/* A connection is broken: without it the plugin looks healthy and is dead, so
 * end the session; the host starts a new process.
 *   which   "hooks", "API", for the reason in the log */
void plugin_lost(struct mm_plugin *p, const char *which, const struct err *why);

/* Hand-written hooks, in http.c and upload.c. */
bool prepare_serve_http(
    struct mm_plugin *p, struct rpc_call_info *call, const void *args);
void hook_serve_http(struct mm_plugin *p, struct rpc_call_info *call,
    const void *args, void *reply);
void hook_serve_metrics(struct mm_plugin *p, struct rpc_call_info *call,
    const void *args, void *reply);
void hook_file_will_be_uploaded(struct mm_plugin *p, struct rpc_call_info *call,
    const void *args, void *reply);

#endif
