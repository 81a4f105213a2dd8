/*
 * run - from main to the hooks
 *
 * The happy path: shake hands, serve the session; when the host dials the
 * plugin, serve the hooks on that stream; OnActivate dials the way back to
 * the API, loads the configuration as the Go library does, and activates.
 */
#include "mm/plugin.h"

#include "goplugin/handshake.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The host connects at once; one that does not has died. */
#define CONNECT_MS 60000

/* Threads that may refuse calls beyond MM_MAX_CALLS in a polite way. */
#define SPARE_THREADS 16

/* Requests whose bodies have been asked for and have not come. More keep the host
 * no busier, and use up the streams that it may leave unacknowledged. */
#define MAX_PREPARED 64

/* glibc gives every thread an arena of its own by default, which multiplies
 * resident memory by the number of call threads. */
#define MALLOC_ARENAS 2

bool plugin_api_ready(struct mm_plugin *p)
{
	pthread_mutex_lock(&p->lock);
	bool ready = p->api_ready;
	pthread_mutex_unlock(&p->lock);
	return ready;
}

void plugin_lost(struct mm_plugin *p, const char *which, const struct err *why)
{
	struct err lost = *why;
	err_wrap(&lost, "%s connection lost", which);
	/* closed while the session lives: not the end of an ordinary one */
	if (lost.code == ERR_CLOSED)
		lost.code = ERR_PROTOCOL;
	yamux_session_fail(p->broker->session, &lost);
}

/* ---- hand-written hooks --------------------------------------------------------- */

static void hook_implemented(struct mm_plugin *p, struct rpc_call_info *call,
    const void *args, void *reply)
{
	(void)args;
	struct gob_strings *names = reply;
	names->items =
	    arena_array(&call->arena, p->n_methods, sizeof(*names->items));
	if (names->items == NULL) {
		/* without hooks it would be active and never called */
		err_set(&call->err, ERR_NO_MEMORY, "names of hooks");
		return;
	}
	for (size_t i = 0; i < p->n_methods; i++)
		names->items[names->n++] =
		    str_from(p->methods[i].name + strlen("Plugin."));
}

/* A host may call OnActivate on two threads at once; only one dials. */
static bool begin_activation(struct mm_plugin *p)
{
	pthread_mutex_lock(&p->lock);
	bool first = !p->activated;
	p->activated = true;
	pthread_mutex_unlock(&p->lock);
	return first;
}

static bool dial_api(struct mm_plugin *p,
    const struct mm_hook_on_activate_args *ids, struct err *err)
{
	int64_t deadline = clock_deadline_ms(BROKER_WAIT_MS);
	p->api_stream =
	    broker_dial(p->broker, (uint32_t)ids->api_mux_id, deadline, err);
	if (p->api_stream == NULL)
		return false;
	/* undialled, the host waits five seconds and complains */
	p->driver_stream =
	    broker_dial(p->broker, (uint32_t)ids->driver_mux_id, deadline, err);
	if (p->driver_stream == NULL)
		return false;
	rpc_client_init(&p->api, yamux_stream_io(p->api_stream), &mm_registry,
	    p->def->max_message);
	pthread_mutex_lock(&p->lock);
	p->api_ready = true;
	pthread_mutex_unlock(&p->lock);
	return true;
}

/* The Go library loads the configuration here and only logs a failure.
 * Source: server/public plugin/client_rpc.go OnActivate */
static void load_configuration(struct mm_plugin *p, struct mm_call *call)
{
	if (p->def->hooks.on_configuration_change == NULL)
		return;
	struct mm_hook_on_configuration_change_returns ret = { 0 };
	struct err err = { 0 };
	p->def->hooks.on_configuration_change(call, &ret);
	if (!mm_api_any_error(&ret.error, &err))
		mm_log(p, LOG_LEVEL_ERROR,
		    "Loading the plugin's configuration failed", "error",
		    err.text, NULL);
}

/* A failure belongs into the reply: an rpc error would merely be logged. */
static void hook_on_activate(struct mm_plugin *p, struct rpc_call_info *info,
    const void *args, void *reply)
{
	struct mm_hook_on_activate_returns *ret = reply;
	struct mm_call call = { p, &info->arena, p->def->user };
	struct err err = { 0 };
	bool done = begin_activation(p) ||
	            err_set(&err, ERR_INVALID, "activated twice");
	if (done)
		done = dial_api(p, args, &err);
	if (done)
		load_configuration(p, &call);
	if (done && p->def->on_activate != NULL)
		done = p->def->on_activate(&call, &err);
	if (!done)
		ret->error = mm_error(&info->arena, "%s", err.text);
}

static bool always(const struct mm_plugin_def *def)
{
	(void)def;
	return true;
}

static bool has_serve_http(const struct mm_plugin_def *def)
{
	return def->serve_http != NULL;
}

static bool has_serve_metrics(const struct mm_plugin_def *def)
{
	return def->serve_metrics != NULL;
}

static bool has_file_will_be_uploaded(const struct mm_plugin_def *def)
{
	return def->file_will_be_uploaded != NULL;
}

struct hand_row {
	const char *name;
	const struct gob_type *args, *returns;
	bool answers_overload; /* in its own way, by info->overloaded */
	bool (*present)(const struct mm_plugin_def *def);
	void (*serve)(struct mm_plugin *p, struct rpc_call_info *call,
	    const void *args, void *reply);
	/* see struct rpc_service; NULL: there is nothing to ask for */
	bool (*prepare)(
	    struct mm_plugin *p, struct rpc_call_info *call, const void *args);
};

static const struct hand_row hand_rows[] = {
	{ "Plugin.Implemented", &gob_type_empty, &gob_type_strings, false,
	    always, hook_implemented, NULL },
	{ "Plugin.OnActivate", &mm_type_hook_on_activate_args,
	    &mm_type_hook_on_activate_returns, false, always, hook_on_activate,
	    NULL },
	{ "Plugin.ServeHTTP", &mm_type_hook_serve_http_args, NULL, true,
	    has_serve_http, hook_serve_http, prepare_serve_http },
	{ "Plugin.ServeMetrics", &mm_type_hook_serve_metrics_args, NULL, true,
	    has_serve_metrics, hook_serve_metrics, NULL },
	{ "Plugin.FileWillBeUploaded", &mm_type_hook_file_will_be_uploaded_args,
	    &mm_type_hook_file_will_be_uploaded_returns, false,
	    has_file_will_be_uploaded, hook_file_will_be_uploaded, NULL },
};
#define N_HAND_ROWS (sizeof(hand_rows) / sizeof(hand_rows[0]))

/* ---- dispatch --------------------------------------------------------------------- */

static const struct hand_row *hand_row_of(const struct rpc_method *m)
{
	const struct hand_row *row = m->row;
	bool inside = row >= hand_rows && row < hand_rows + N_HAND_ROWS;
	return inside ? row : NULL;
}

static bool make_methods(struct mm_plugin *p, struct err *err)
{
	p->methods = calloc(mm_n_hook_rows + N_HAND_ROWS, sizeof(*p->methods));
	if (p->methods == NULL)
		return err_set(err, ERR_NO_MEMORY, "table of hooks");
	for (size_t i = 0; i < N_HAND_ROWS; i++) {
		const struct hand_row *row = &hand_rows[i];
		if (row->present(p->def))
			p->methods[p->n_methods++] =
			    (struct rpc_method){ row->name, row->args,
				    row->returns, row };
	}
	for (size_t i = 0; i < mm_n_hook_rows; i++) {
		const struct mm_hook_row *row = &mm_hook_rows[i];
		if (row->present(&p->def->hooks))
			p->methods[p->n_methods++] =
			    (struct rpc_method){ row->method, row->args,
				    row->returns, row };
	}
	return true;
}

static const struct rpc_method *find_hook(void *object, struct str name)
{
	const struct mm_plugin *p = object;
	for (size_t i = 0; i < p->n_methods; i++) {
		if (str_eq(name, str_from(p->methods[i].name)))
			return &p->methods[i];
	}
	return NULL;
}

static bool prepare_hook(
    void *object, struct rpc_call_info *info, const void *args)
{
	const struct hand_row *hand = hand_row_of(info->method);
	return hand != NULL && hand->prepare != NULL &&
	       hand->prepare(object, info, args);
}

static void serve_hook(
    void *object, struct rpc_call_info *info, const void *args, void *reply)
{
	struct mm_plugin *p = object;
	const struct hand_row *hand = hand_row_of(info->method);
	if (info->overloaded && (hand == NULL || !hand->answers_overload)) {
		err_set(&info->err, ERR_BUSY, "too many calls in flight");
		return;
	}
	if (hand != NULL) {
		hand->serve(p, info, args, reply);
		return;
	}
	const struct mm_hook_row *row = info->method->row;
	struct mm_call call = { p, &info->arena, p->def->user };
	row->invoke(&p->def->hooks, &call, args, reply);
}

/* ---- life --------------------------------------------------------------------------- */

/* The host's end of the hooks is its own business until it breaks rules. */
static void hooks_ended(void *object, const struct err *why)
{
	if (why->code != ERR_CLOSED)
		plugin_lost(object, "hooks", why);
}

static bool start_hooks(void *object, struct broker *broker,
    struct rpc_pool *pool, struct yamux_stream *stream, struct err *err)
{
	struct mm_plugin *p = object;
	p->broker = broker;
	p->pool = pool;
	p->service.pool = pool;
	p->hooks_stream = stream;
	p->hooks = rpc_server_start(yamux_stream_io(stream), &p->service, err);
	return p->hooks != NULL;
}

static bool stop_hooks(void *object)
{
	struct mm_plugin *p = object;
	if (p->def->on_stop != NULL)
		p->def->on_stop(p->def->user);
	if (p->hooks != NULL &&
	    !rpc_server_drain(p->hooks, clock_deadline_ms(GOPLUGIN_QUIT_MS)))
		return false;
	rpc_server_free(p->hooks);
	rpc_client_fini(&p->api);
	yamux_stream_close(p->hooks_stream);
	yamux_stream_close(p->api_stream);
	yamux_stream_close(p->driver_stream);
	return true;
}

/* Nothing may reach the host's reader of stdout after the handshake. */
static int take_stdout(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	return fd < 0 ? STDOUT_FILENO : fd;
}

bool mm_plugin_serve(struct mm_plugin *p, int fd, struct err *why)
{
	size_t max_calls = p->def->max_calls;
	p->service = (struct rpc_service){
		.object = p,
		.find = find_hook,
		.prepare = prepare_hook,
		.serve = serve_hook,
		.ended = hooks_ended,
		.max_calls = max_calls == 0 ? MM_MAX_CALLS : max_calls,
		.spare = SPARE_THREADS,
		.max_prepared = MAX_PREPARED,
		.registry = &mm_registry,
		.max_message = p->def->max_message,
	};
	const struct goplugin_service service = {
		.object = p,
		.max_threads = p->service.max_calls + p->service.spare,
		.thread_name = "call",
		.start = start_hooks,
		.stop = stop_hooks,
	};
	if (!make_methods(p, why)) {
		close(fd);
		return true;
	}
	pthread_mutex_init(&p->lock, NULL);
	if (!goplugin_serve(fd, &service, why))
		return false;
	free(p->methods);
	pthread_mutex_destroy(&p->lock);
	return true;
}

int mm_plugin_run(const struct mm_plugin_def *def)
{
	struct mm_plugin p = { .def = def };
	struct err err = { 0 };
	int fd;
#ifdef M_ARENA_MAX /* glibc's */
	mallopt(M_ARENA_MAX, MALLOC_ARENAS);
#endif
	/* Ctrl-C goes to the whole process group; the host ends us itself */
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (!handshake_run(take_stdout(), CONNECT_MS, def->on_start, def->user,
	        &fd, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_FAILURE;
	}
	bool freed = mm_plugin_serve(&p, fd, &err);
	if (err.code != ERR_CLOSED)
		log_line(LOG_LEVEL_ERROR, "plugin session ended: %s", err.text);
	if (!freed) {
		/* calls are still at work on this frame's memory */
		log_line(LOG_LEVEL_WARN, "calls were cut off at the end");
		_exit(EXIT_FAILURE);
	}
	return err.code == ERR_CLOSED ? EXIT_SUCCESS : EXIT_FAILURE;
}
