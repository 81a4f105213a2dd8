/*
 * serve - control stream, dispense, and the loop that accepts streams
 *
 * The happy path: the host opens control, stdout and stderr, dispenses the
 * plugin under a number that we choose, dials that number, and the service
 * starts on this stream, on the same threads as control. Later streams are dials
 * of numbers that some call waits for. At the end the host calls Quit, reads the answer and closes.
 */
#include "goplugin/goplugin.h"

#include "base/log.h"
#include "base/thread.h"

#include <stdlib.h>
#include <unistd.h>

/* Streams 1, 3 and 5: control, stdout, stderr. By number, not by order: one
 * that was refused, or comes late, must not make a dial look like them. */
#define N_STANDARD 3

struct goplugin {
	const struct goplugin_service *service;
	struct yamux_session *session;
	struct broker broker;
	struct rpc_pool *pool;
	struct yamux_stream *standard[N_STANDARD]; /* NULL: not opened */
	struct rpc_service control_service;
	struct rpc_server *control;

	pthread_mutex_t lock;
	pthread_cond_t ended; /* over has become true */
	/* guarded by lock */
	uint32_t dispensed; /* number of the plugin, 0: none */
	bool started;       /* the service has been started: only once */
	bool over;          /* the session has ended */
	bool quitting;      /* quit_timer runs */
	pthread_t quit_timer;
};

/* ---- control ------------------------------------------------------------------ */

static void control_ping(struct goplugin *g, struct rpc_call_info *call,
    const void *args, void *reply)
{
	(void)g;
	(void)call;
	(void)args;
	(void)reply;
}

/* The answer to Quit goes out first; when the host has not closed the socket
 * in time, this thread does. */
static void *close_in_time(void *arg)
{
	struct goplugin *g = arg;
	int64_t deadline = clock_deadline_ms(GOPLUGIN_QUIT_MS);
	pthread_mutex_lock(&g->lock);
	bool in_time = true;
	while (!g->over && in_time)
		in_time = clock_wait(&g->ended, &g->lock, deadline);
	pthread_mutex_unlock(&g->lock);
	if (!in_time)
		yamux_session_close(g->session);
	return NULL;
}

static void control_quit(struct goplugin *g, struct rpc_call_info *call,
    const void *args, void *reply)
{
	(void)call;
	(void)args;
	(void)reply;
	pthread_mutex_lock(&g->lock);
	if (!g->quitting && !g->over)
		g->quitting = thread_start(
		    &g->quit_timer, THREAD_SMALL_STACK, close_in_time, g);
	pthread_mutex_unlock(&g->lock);
}

static void join_quit_timer(struct goplugin *g)
{
	pthread_mutex_lock(&g->lock);
	g->over = true;
	bool running = g->quitting;
	pthread_cond_broadcast(&g->ended);
	pthread_mutex_unlock(&g->lock);
	if (running)
		pthread_join(g->quit_timer, NULL);
}

static void dispense(struct goplugin *g, struct rpc_call_info *call,
    const void *args, void *reply)
{
	const struct str *name = args;
	if (!str_eq(*name, S("hooks"))) {
		err_set(&call->err, ERR_NOT_FOUND, "unknown plugin type: %.*s",
		    STR_ARG(*name));
		return;
	}
	uint32_t id = broker_next_id(&g->broker);
	pthread_mutex_lock(&g->lock);
	bool started = g->started;
	if (!started)
		g->dispensed = id;
	pthread_mutex_unlock(&g->lock);
	if (started)
		err_set(&call->err, ERR_INVALID, "dispensed twice");
	else
		*(uint64_t *)reply = id;
}

struct control_row {
	struct rpc_method method;
	void (*serve)(struct goplugin *g, struct rpc_call_info *call,
	    const void *args, void *reply);
};

static const struct control_row control_rows[] = {
	{ { "Control.Ping", &gob_type_bool, NULL, NULL }, control_ping },
	{ { "Control.Quit", &gob_type_bool, NULL, NULL }, control_quit },
	{ { "Dispenser.Dispense", &gob_type_string, &gob_type_uint32, NULL },
	    dispense },
};

static const struct rpc_method *find_control(void *object, struct str name)
{
	(void)object;
	for (size_t i = 0; i < sizeof(control_rows) / sizeof(control_rows[0]);
	     i++) {
		if (str_eq(name, str_from(control_rows[i].method.name)))
			return &control_rows[i].method;
	}
	return NULL;
}

static void serve_control(
    void *object, struct rpc_call_info *call, const void *args, void *reply)
{
	const struct control_row *row =
	    (const struct control_row *)(const void *)call->method;
	row->serve(object, call, args, reply);
}

/* Whoever breaks this connection pings a plugin that cannot answer. */
static void control_ended(void *object, const struct err *why)
{
	struct goplugin *g = object;
	struct err lost = *why;
	if (why->code == ERR_CLOSED)
		return;
	err_wrap(&lost, "control connection");
	yamux_session_fail(g->session, &lost);
}

/* ---- streams ------------------------------------------------------------------- */

static bool start_control(struct goplugin *g, struct err *err)
{
	g->control_service = (struct rpc_service){
		.object = g,
		.find = find_control,
		.serve = serve_control,
		.ended = control_ended,
		.serial = true,
		.pool = g->pool,
	};
	g->control = rpc_server_start(
	    yamux_stream_io(g->standard[0]), &g->control_service, err);
	return g->control != NULL;
}

/* Whether the number is the plugin's, which may be dialled once. */
static bool take_dispensed(struct goplugin *g, uint32_t id)
{
	pthread_mutex_lock(&g->lock);
	bool plugin = id != 0 && id == g->dispensed;
	if (plugin) {
		g->dispensed = 0;
		g->started = true;
	}
	pthread_mutex_unlock(&g->lock);
	return plugin;
}

/* A dial of the host. False: the plugin cannot start. */
static bool on_dial(
    struct goplugin *g, struct yamux_stream *st, struct err *err)
{
	uint32_t id;
	struct err why = { 0 };
	/* from its opening on, so that those who wait in line wait together */
	int64_t deadline = yamux_stream_opened_ms(st) + BROKER_WAIT_MS;
	if (!broker_read_id(st, deadline, &id, &why)) {
		log_line(
		    LOG_LEVEL_WARN, "stream without a number: %s", why.text);
		yamux_stream_close(st);
		return true;
	}
	if (!take_dispensed(g, id)) {
		broker_deliver(&g->broker, st, id);
		return true;
	}
	if (broker_confirm(st, id, deadline, &why))
		return g->service->start(
		    g->service->object, &g->broker, g->pool, st, err);
	log_line(LOG_LEVEL_WARN, "dial of the plugin: %s", why.text);
	yamux_stream_close(st);
	return true;
}

static bool accept_streams(struct goplugin *g, struct err *err)
{
	for (;;) {
		struct yamux_stream *st =
		    yamux_accept(g->session, DEADLINE_NEVER, err);
		if (st == NULL)
			return false;
		uint32_t i = yamux_stream_id(st) / 2;
		if (i >= N_STANDARD || g->standard[i] != NULL) {
			if (!on_dial(g, st, err))
				return false;
			continue;
		}
		g->standard[i] = st;
		if (i == 0 && !start_control(g, err))
			return false;
	}
}

/* ---- threads ------------------------------------------------------------------- */

static bool wait_for_bytes(void *object, int64_t deadline_ms)
{
	struct goplugin *g = object;
	return yamux_session_idle(g->session, deadline_ms);
}

static bool poke(void *object)
{
	struct goplugin *g = object;
	return yamux_session_poke(g->session);
}

static void look_for_work(void *arg)
{
	struct goplugin *g = arg;
	rpc_pool_look(g->pool);
}

static bool start_threads(struct goplugin *g, struct err *err)
{
	const struct goplugin_service *service = g->service;
	const struct rpc_waiter waiter = { g, wait_for_bytes, poke };
	g->pool = rpc_pool_new(
	    &waiter, service->max_threads, service->thread_name, err);
	if (g->pool == NULL)
		return false;
	yamux_session_on_wait(g->session, look_for_work, g);
	return true;
}

/* ---- life ---------------------------------------------------------------------- */

bool goplugin_serve(
    int fd, const struct goplugin_service *service, struct err *why)
{
	struct goplugin *g = calloc(1, sizeof(*g));
	if (g == NULL) {
		err_set(why, ERR_NO_MEMORY, "goplugin");
		close(fd);
		return true;
	}
	bool stopped = true;
	g->service = service;
	pthread_mutex_init(&g->lock, NULL);
	clock_cond_init(&g->ended);
	g->session = yamux_session_new(fd, false, why);
	if (g->session == NULL)
		goto free_plugin;
	broker_init(&g->broker, g->session);
	if (start_threads(g, why))
		accept_streams(g, why);
	broker_close(&g->broker);
	yamux_session_close(g->session);
	if (why->code == ERR_CLOSED) {
		/* what has ended the session, with its own code */
		err_clear(why);
		yamux_session_wait(g->session, why);
	}
	join_quit_timer(g);
	/* first, for it frees threads that wait, and control needs one */
	stopped = service->stop(service->object);
	if (!stopped)
		return false;
	rpc_server_free(g->control);
	for (size_t i = 0; i < N_STANDARD; i++)
		yamux_stream_close(g->standard[i]);
	yamux_session_on_wait(g->session, NULL, NULL);
	rpc_pool_free(g->pool);
	broker_fini(&g->broker);
	yamux_session_free(g->session);
free_plugin:
	pthread_cond_destroy(&g->ended);
	pthread_mutex_destroy(&g->lock);
	free(g);
	return stopped;
}
