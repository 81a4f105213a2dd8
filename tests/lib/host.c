/*
 * host - the session: streams, dials, hooks called, API calls kept
 *
 * One thread accepts the streams that the plugin dials; the API, and the
 * response writer of each HTTP request, are rpc servers on such streams. The
 * memory of every API call is moved into the host's, so that arguments and
 * what is stored stay readable until the end.
 */
#include "tests/lib/host_parts.h"
#include "tests/lib/peer.h"

#include "mm/registry.h"

#include <check.h>
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Arguments of all calls of a test. */
#define MEMORY_MAX ((size_t)256 * 1024 * 1024)

/* A plugin that has not come to its end by then hangs. */
#define HOOK_MS 20000

/* ---- dials ------------------------------------------------------------------- */

uint32_t host_expects_dial(struct host *h,
    void (*taken)(void *object, struct yamux_stream *st), void *object)
{
	struct host_dial *dial = calloc(1, sizeof(*dial));
	ck_assert_ptr_nonnull(dial);
	pthread_mutex_lock(&h->lock);
	*dial = (struct host_dial){ h->dials, ++h->next_id, taken, object };
	h->dials = dial;
	uint32_t id = dial->id;
	pthread_mutex_unlock(&h->lock);
	return id;
}

/* False: nobody had given this number out. */
static bool take_dial(struct host *h, uint32_t id, struct host_dial *out)
{
	bool found = false;
	pthread_mutex_lock(&h->lock);
	for (struct host_dial **at = &h->dials; *at != NULL;
	     at = &(*at)->next) {
		struct host_dial *dial = *at;
		if (dial->id != id)
			continue;
		*at = dial->next;
		*out = *dial;
		free(dial);
		found = true;
		break;
	}
	pthread_mutex_unlock(&h->lock);
	return found;
}

void host_forgets_dial(struct host *h, uint32_t id)
{
	struct host_dial ignored;
	pthread_mutex_lock(&h->handing);
	take_dial(h, id, &ignored);
	pthread_mutex_unlock(&h->handing);
}

/* Lock held: host. */
static bool expects_dial(const struct host *h, uint32_t id)
{
	for (struct host_dial *dial = h->dials; dial != NULL; dial = dial->next)
		if (dial->id == id)
			return true;
	return false;
}

void host_awaits_dial(struct host *h, uint32_t id)
{
	int64_t deadline = SOON;
	pthread_mutex_lock(&h->lock);
	while (
	    expects_dial(h, id) && clock_wait(&h->changed, &h->lock, deadline))
		;
	pthread_mutex_unlock(&h->lock);
	/* whoever has taken it is done with it */
	host_forgets_dial(h, id);
}

static void *accept_dials(void *object)
{
	struct host *h = object;
	struct err err = { 0 };
	struct yamux_stream *st;
	while ((st = yamux_accept(h->session, DEADLINE_NEVER, &err)) != NULL) {
		struct host_dial dial;
		struct err why = { 0 };
		uint32_t id;
		if (!broker_read_id(st, SOON, &id, &why)) {
			yamux_stream_close(st);
			continue;
		}
		pthread_mutex_lock(&h->handing);
		bool wanted = take_dial(h, id, &dial);
		if (wanted) {
			bool gone = !broker_confirm(st, id, SOON, &why);
			(void)gone;
			dial.taken(dial.object, st);
		} else {
			yamux_stream_close(st);
		}
		pthread_mutex_lock(&h->lock);
		h->n_stray += !wanted;
		pthread_cond_broadcast(&h->changed);
		pthread_mutex_unlock(&h->lock);
		pthread_mutex_unlock(&h->handing);
	}
	return NULL;
}

/* ---- the API ------------------------------------------------------------------- */

static const struct rpc_method *find_api(void *object, struct str name)
{
	struct host *h = object;
	for (size_t i = 0; i < MM_N_API; i++) {
		if (str_eq(name, str_from(h->api_methods[i].name)))
			return &h->api_methods[i];
	}
	return NULL;
}

/* Lock held: host. */
static size_t count_calls(const struct host *h, enum mm_api_method method)
{
	size_t n = 0;
	for (size_t i = 0; i < h->n_calls; i++)
		n += h->calls[i].method == method;
	return n;
}

/* Lock held: host. */
static void keep_call(
    struct host *h, enum mm_api_method method, const void *args)
{
	if (h->n_calls == h->room_calls) {
		h->room_calls = h->room_calls * 2 + 64;
		h->calls = realloc(h->calls, h->room_calls * sizeof(*h->calls));
		ck_assert_ptr_nonnull(h->calls);
	}
	h->calls[h->n_calls++] = (struct host_call){ method, args };
	pthread_cond_broadcast(&h->changed);
}

/* Lock held: host. Whether the order of this method has been carried out. */
static bool carry_out(struct host *h, enum mm_api_method method,
    struct rpc_call_info *info, void *returns)
{
	struct host_order *order = &h->orders[method];
	if (order->kind == HOST_OBEYS || order->after-- > 0)
		return false;
	order->after = 0;
	switch (order->kind) {
	case HOST_APP_ERROR:
		if (!host_refuses(info->method->reply, &info->arena, returns,
		        order->status))
			err_set(&info->err, ERR_REMOTE, "ordered to fail");
		return true;
	case HOST_RPC_ERROR:
		err_set(&info->err, ERR_REMOTE, "%s", order->text);
		return true;
	default:
		while (!h->released)
			clock_wait(&h->changed, &h->lock, DEADLINE_NEVER);
		return false;
	}
}

static void serve_api(
    void *object, struct rpc_call_info *info, const void *args, void *returns)
{
	struct host *h = object;
	enum mm_api_method method =
	    (enum mm_api_method)(info->method - h->api_methods);
	pthread_mutex_lock(&h->lock);
	keep_call(h, method, args);
	if (carry_out(h, method, info, returns)) {
		/* nothing more to do */
	} else if (h->answers[method].answer != NULL) {
		host_answer_fn *answer = h->answers[method].answer;
		void *own = h->answers[method].object;
		pthread_mutex_unlock(&h->lock);
		answer(h, &info->arena, args, returns, own);
		pthread_mutex_lock(&h->lock);
	} else if (!host_knows(h, method, &info->arena, args, returns)) {
		err_set(&info->err, ERR_NOT_FOUND, "rpc: can't find method %s",
		    info->method->name);
	}
	arena_adopt(&h->memory, &info->arena);
	pthread_mutex_unlock(&h->lock);
}

static void take_api(void *object, struct yamux_stream *st)
{
	struct host *h = object;
	struct err err = { 0 };
	struct rpc_server *server =
	    rpc_server_start(yamux_stream_io(st), &h->api_service, &err);
	ck_assert_msg(server != NULL, "%s", err.text);
	pthread_mutex_lock(&h->lock);
	h->api_stream = st;
	h->api = server;
	pthread_mutex_unlock(&h->lock);
}

static void take_driver(void *object, struct yamux_stream *st)
{
	struct host *h = object;
	pthread_mutex_lock(&h->lock);
	h->driver_stream = st;
	pthread_mutex_unlock(&h->lock);
}

void host_says_nothing(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	(void)h;
	(void)a;
	(void)args;
	(void)returns;
	(void)object;
}

void host_answers(struct host *h, enum mm_api_method method,
    host_answer_fn *answer, void *object)
{
	pthread_mutex_lock(&h->lock);
	h->answers[method].answer = answer;
	h->answers[method].object = object;
	pthread_mutex_unlock(&h->lock);
}

static void set_order(
    struct host *h, enum mm_api_method method, struct host_order order)
{
	pthread_mutex_lock(&h->lock);
	h->orders[method] = order;
	h->released = false;
	pthread_mutex_unlock(&h->lock);
}

void host_fails(struct host *h, enum mm_api_method method, int status)
{
	host_fails_after(h, method, 0, status);
}

void host_fails_after(
    struct host *h, enum mm_api_method method, int n, int status)
{
	set_order(h, method,
	    (struct host_order){
	        .kind = HOST_APP_ERROR, .status = status, .after = n });
}

void host_breaks(struct host *h, enum mm_api_method method, const char *text)
{
	set_order(h, method,
	    (struct host_order){ .kind = HOST_RPC_ERROR, .text = text });
}

void host_hangs(struct host *h, enum mm_api_method method)
{
	set_order(h, method, (struct host_order){ .kind = HOST_HANGS });
}

void host_obeys(struct host *h, enum mm_api_method method)
{
	set_order(h, method, (struct host_order){ .kind = HOST_OBEYS });
}

void host_releases(struct host *h)
{
	pthread_mutex_lock(&h->lock);
	h->released = true;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

size_t host_n_called(struct host *h, enum mm_api_method method)
{
	pthread_mutex_lock(&h->lock);
	size_t n = count_calls(h, method);
	pthread_mutex_unlock(&h->lock);
	return n;
}

const void *host_args(struct host *h, enum mm_api_method method, size_t i)
{
	const void *args = NULL;
	pthread_mutex_lock(&h->lock);
	for (size_t k = 0; k < h->n_calls && args == NULL; k++) {
		if (h->calls[k].method == method && i-- == 0)
			args = h->calls[k].args;
	}
	pthread_mutex_unlock(&h->lock);
	ck_assert_msg(args != NULL, "%s was not called so often",
	    mm_api_methods[method].name);
	return args;
}

void host_is_called(struct host *h, enum mm_api_method method, size_t n)
{
	int64_t deadline = SOON;
	pthread_mutex_lock(&h->lock);
	while (count_calls(h, method) < n)
		ck_assert_msg(clock_wait(&h->changed, &h->lock, deadline),
		    "%s was not called", mm_api_methods[method].name);
	pthread_mutex_unlock(&h->lock);
}

size_t host_n_stray(struct host *h, size_t n)
{
	int64_t deadline = SOON;
	pthread_mutex_lock(&h->lock);
	while (h->n_stray < n && clock_wait(&h->changed, &h->lock, deadline))
		continue;
	n = h->n_stray;
	pthread_mutex_unlock(&h->lock);
	return n;
}

/* ---- hooks ------------------------------------------------------------------------ */

/* The types of a hook. */
static struct mm_method hook_types(const char *method)
{
	static const struct mm_method hand[] = {
		{ "Plugin.Implemented", &gob_type_empty, &gob_type_strings },
		{ "Plugin.OnActivate", &mm_type_hook_on_activate_args,
		    &mm_type_hook_on_activate_returns },
		{ "Plugin.ServeHTTP", &mm_type_hook_serve_http_args, NULL },
	};
	for (size_t i = 0; i < sizeof(hand) / sizeof(hand[0]); i++) {
		if (strcmp(hand[i].name, method) == 0)
			return hand[i];
	}
	for (size_t i = 0; i < mm_n_hook_rows; i++) {
		if (strcmp(mm_hook_rows[i].method, method) == 0)
			return (struct mm_method){ method, mm_hook_rows[i].args,
				mm_hook_rows[i].returns };
	}
	return (struct mm_method){ method, &gob_type_empty, NULL };
}

static bool call(struct host *h, struct rpc_client *client, const char *method,
    struct rpc_value args, const struct gob_type *reply_type, void *reply,
    struct err *err)
{
	struct arena a;
	arena_init(&a, MEMORY_MAX);
	const struct rpc_args rpc = {
		.method = method,
		.args = args,
		.reply_type = reply == NULL ? NULL : reply_type,
		.reply = reply,
		.arena = &a,
		.deadline_ms = clock_deadline_ms(HOOK_MS),
	};
	bool done = rpc_call(client, &rpc, err);
	pthread_mutex_lock(&h->lock);
	arena_adopt(&h->memory, &a);
	pthread_mutex_unlock(&h->lock);
	return done;
}

bool host_calls(struct host *h, const char *method, const void *args,
    void *returns, struct err *err)
{
	struct mm_method m = hook_types(method);
	/* an empty struct fits every struct */
	struct rpc_value value = { args == NULL ? &gob_type_empty : m.args,
		args == NULL ? "" : args };
	*err = (struct err){ 0 };
	return call(h, &h->hooks, method, value, m.returns, returns, err);
}

bool host_controls(struct host *h, const char *method, struct err *err)
{
	static const bool yes = true;
	struct rpc_value args = { &gob_type_bool, &yes };
	*err = (struct err){ 0 };
	return call(h, &h->control, method, args, NULL, NULL, err);
}

const char *host_implemented(struct host *h)
{
	struct gob_strings names = { 0 };
	struct err err;
	ck_assert_msg(host_calls(h, "Plugin.Implemented", NULL, &names, &err),
	    "%s", err.text);
	pthread_mutex_lock(&h->lock);
	struct str text = S("");
	for (size_t i = 0; i < names.n; i++)
		text = arena_printf(&h->memory, "%.*s%s%.*s", STR_ARG(text),
		    i == 0 ? "" : " ", STR_ARG(names.items[i]));
	pthread_mutex_unlock(&h->lock);
	return str_c(text);
}

const char *host_tries_to_activate(struct host *h)
{
	struct err err;
	const struct mm_hook_on_activate_args args = {
		.api_mux_id = host_expects_dial(h, take_api, h),
		.driver_mux_id = host_expects_dial(h, take_driver, h),
	};
	struct mm_hook_on_activate_returns ret = { 0 };
	ck_assert_msg(host_calls(h, "Plugin.OnActivate", &args, &ret, &err),
	    "%s", err.text);
	if (ret.error.type == NULL)
		return NULL;
	ck_assert_ptr_eq(ret.error.type, &mm_type_error_string);
	return str_c(((struct mm_error_string *)ret.error.value)->err);
}

void host_activates(struct host *h)
{
	const char *why = host_tries_to_activate(h);
	ck_assert_msg(why == NULL, "%s", why);
}

/* ---- life -------------------------------------------------------------------------- */

struct plugin_start {
	struct host *host;
	int fd;
};

static void *run_plugin(void *object)
{
	struct plugin_start *start = object;
	struct host *h = start->host;
	int fd = start->fd;
	free(start);
	h->freed = mm_plugin_serve(&h->plugin, fd, &h->why);
	return NULL;
}

static void prepare(struct host *h, const struct mm_plugin_def *def)
{
	memset(h, 0, sizeof(*h));
	h->def = *def;
	h->plugin.def = &h->def;
	pthread_mutex_init(&h->lock, NULL);
	pthread_mutex_init(&h->handing, NULL);
	clock_cond_init(&h->changed);
	arena_init(&h->memory, MEMORY_MAX);
	h->settings = S("{}");
	h->site_url = S("https://chat.example.com");
	h->bundle = getenv("TESTS_ROOT") == NULL ? "." : getenv("TESTS_ROOT");
	for (size_t i = 0; i < MM_N_API; i++)
		h->api_methods[i] = (struct rpc_method){
			.name = mm_api_methods[i].name,
			.args = mm_api_methods[i].args,
			.reply = mm_api_methods[i].returns,
		};
	h->api_service = (struct rpc_service){
		.object = h,
		.find = find_api,
		.serve = serve_api,
		.max_calls = 1024,
		.spare = 1,
		.thread_name = "host-api",
		.registry = &mm_registry,
	};
}

static void dispense(struct host *h)
{
	const struct str hooks = S("hooks");
	struct rpc_value args = { &gob_type_string, &hooks };
	struct broker b = { .session = h->session };
	struct err err = { 0 };
	uint64_t id = 0;
	for (int i = 0; i < 3; i++) {
		h->standard[i] = yamux_open(h->session, NULL, 0, SOON, &err);
		ck_assert_msg(h->standard[i] != NULL, "%s", err.text);
	}
	rpc_client_init(
	    &h->control, yamux_stream_io(h->standard[0]), &mm_registry, 0);
	ck_assert_msg(call(h, &h->control, "Dispenser.Dispense", args,
	                  &gob_type_uint32, &id, &err),
	    "%s", err.text);
	h->hooks_stream = broker_dial(&b, (uint32_t)id, SOON, &err);
	ck_assert_msg(h->hooks_stream != NULL, "%s", err.text);
	rpc_client_init(
	    &h->hooks, yamux_stream_io(h->hooks_stream), &mm_registry, 0);
}

void host_start(struct host *h, const struct mm_plugin_def *def)
{
	int fds[2];
	struct err err = { 0 };
	struct plugin_start *start = calloc(1, sizeof(*start));
	ck_assert_ptr_nonnull(start);
	prepare(h, def);
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	*start = (struct plugin_start){ h, fds[1] };
	ck_assert_int_eq(
	    pthread_create(&h->plugin_thread, NULL, run_plugin, start), 0);
	h->session = yamux_session_new(fds[0], true, &err);
	ck_assert_msg(h->session != NULL, "%s", err.text);
	ck_assert_int_eq(
	    pthread_create(&h->acceptor, NULL, accept_dials, h), 0);
	dispense(h);
	ck_assert_ptr_nonnull(strstr(host_implemented(h), "OnActivate"));
}

void host_leaves(struct host *h)
{
	h->left = true;
	yamux_session_close(h->session);
}

static void say_good_bye(struct host *h)
{
	struct err err;
	if (h->def.hooks.on_deactivate != NULL)
		ck_assert_msg(
		    host_calls(h, "Plugin.OnDeactivate", NULL, NULL, &err),
		    "%s", err.text);
	ck_assert_msg(host_controls(h, "Control.Quit", &err), "%s", err.text);
	for (int i = 0; i < 3; i++)
		yamux_stream_finish(h->standard[i]);
}

static void free_host(struct host *h)
{
	while (h->dials != NULL)
		host_forgets_dial(h, h->dials->id);
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	pthread_mutex_destroy(&h->handing);
	free(h->calls);
	arena_fini(&h->memory);
}

/* Whether a thread that serves calls is still there. */
static bool call_threads(void)
{
	bool found = false;
	char path[300], name[32] = "";
	const struct dirent *entry;
	DIR *tasks = opendir("/proc/self/task");
	while (tasks != NULL && !found && (entry = readdir(tasks)) != NULL) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
		    entry->d_name);
		FILE *file = fopen(path, "re");
		if (file == NULL)
			continue;
		if (fgets(name, sizeof(name), file) != NULL)
			found = strcmp(name, "call\n") == 0 ||
			        strcmp(name, "control\n") == 0;
		fclose(file);
	}
	if (tasks != NULL)
		closedir(tasks);
	return found;
}

/* They are done with everything but their own end, in which libraries free
 * what they keep for a thread: leaks are counted after that. */
static void await_threads(void)
{
	int64_t deadline = SOON;
	while (call_threads() && clock_now_ms() < deadline)
		sched_yield();
}

void host_stop(struct host *h)
{
	host_releases(h);
	if (!h->left)
		say_good_bye(h);
	yamux_session_close(h->session);
	if (!h->joined)
		pthread_join(h->plugin_thread, NULL);
	pthread_join(h->acceptor, NULL);
	ck_assert_msg(h->freed, "calls of the plugin are still at work");
	rpc_server_free(h->api);
	rpc_client_fini(&h->control);
	rpc_client_fini(&h->hooks);
	for (int i = 0; i < 3; i++)
		yamux_stream_close(h->standard[i]);
	yamux_stream_close(h->hooks_stream);
	yamux_stream_close(h->api_stream);
	yamux_stream_close(h->driver_stream);
	yamux_session_free(h->session);
	free_host(h);
	await_threads();
}
