/*
 * host - a Mattermost server for one plugin, in this process
 *
 * The plugin's session runs on a thread of its own; the test plays the
 * server at the other end of a pair of sockets, with our own yamux and rpc:
 *
 *	struct host h;
 *	host_start(&h, &def);
 *	host_activates(&h);
 *	host_calls(&h, "Plugin.ExecuteCommand", &args, &ret, &err);
 *	host_http(&h, &(struct host_request){ .url = "/hello" }, &answer);
 *	ck_assert(host_logged(&h, "hello"));
 *	host_stop(&h);
 *
 * Behind it are a key-value store, users, channels, members and posts as
 * Mattermost has them. Every API call is kept with its arguments, to be
 * looked at afterwards, and can be ordered to fail or to hang.
 *
 * Failures of the host itself fail the test.
 * Threads: any, but for start, activates, leaves and stop.
 */
#ifndef TESTS_HOST_H
#define TESTS_HOST_H

#include "mm/plugin.h"

#define HOST_MAX_USERS       16
#define HOST_MAX_CHANNELS    32
#define HOST_MAX_MEMBERS     64
#define HOST_MAX_POSTS       512
#define HOST_MAX_KEYS        1024
#define HOST_MAX_PREFERENCES 16

struct host;

/* An answer of the API. a and what is allocated in it live until the end. */
typedef void host_answer_fn(struct host *h, struct arena *a, const void *args,
    void *returns, void *object);

enum host_order_kind {
	HOST_OBEYS = 0,
	HOST_APP_ERROR, /* with `status` */
	HOST_RPC_ERROR, /* with `text` */
	HOST_HANGS,     /* until host_releases */
};

struct host_order {
	enum host_order_kind kind;
	int status;
	const char *text;
	int after; /* so many calls go well before */
};

struct host_call {
	enum mm_api_method method;
	const void *args;
};

struct host_key {
	struct str key, value;
	int64_t expires_ms; /* 0: never */
};

struct host_member {
	const char *channel_id, *user_id;
	bool may_post;
	bool is_channel_admin;
};

/* A number that the plugin may dial. */
struct host_dial {
	struct host_dial *next;
	uint32_t id;
	void (*taken)(void *object, struct yamux_stream *st);
	void *object;
};

struct host {
	struct mm_plugin plugin;
	struct mm_plugin_def def;
	pthread_t plugin_thread;
	bool freed;     /* what mm_plugin_serve returned */
	struct err why; /* and why it did */

	struct yamux_session *session;
	struct yamux_stream *standard[3];
	struct rpc_client control;
	struct yamux_stream *hooks_stream, *api_stream, *driver_stream;
	struct rpc_client hooks;
	struct rpc_server *api;
	struct rpc_method api_methods[MM_N_API];
	struct rpc_service api_service;
	pthread_t acceptor;
	bool left;   /* the session is over already */
	bool joined; /* the plugin's thread is, too */

	pthread_mutex_t handing; /* held while a dial is handed over */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* guarded by lock */
	struct arena memory; /* of all calls and what is stored */
	uint32_t next_id;
	struct host_dial *dials;
	size_t n_stray; /* dials of numbers that nobody had given out */
	struct host_call *calls;
	size_t n_calls, room_calls;
	struct host_order orders[MM_N_API];
	bool released;
	struct {
		host_answer_fn *answer;
		void *object;
	} answers[MM_N_API];

	/* What the server knows; fill in before the plugin asks. */
	struct str settings; /* JSON of the plugin's settings */
	struct str site_url;
	struct str locale; /* the server's, empty: none is set */
	bool open_sign_up;
	bool verifies_email;
	const char *bundle; /* folder of the bundle */
	int64_t bot_delete_at;
	int64_t clock_off_ms; /* of the server's clock, for expiry */
	struct mm_user users[HOST_MAX_USERS];
	size_t n_users;
	struct mm_channel channels[HOST_MAX_CHANNELS];
	size_t n_channels;
	struct host_member members[HOST_MAX_MEMBERS];
	size_t n_members;
	struct mm_post *posts[HOST_MAX_POSTS]; /* in order of creation */
	size_t n_posts;
	struct host_key keys[HOST_MAX_KEYS];
	size_t n_keys;
	struct mm_preference preferences[HOST_MAX_PREFERENCES];
	size_t n_preferences;
};

/* The bot that EnsureBotUser answers with. */
#define HOST_BOT "botbotbotbotbotbotbotbotbo"

/* Start the plugin's session up to the point where its hooks are known. */
void host_start(struct host *h, const struct mm_plugin_def *def);

/* OnActivate; fails the test when the plugin does not want to. */
void host_activates(struct host *h);

/* OnActivate, and the text of its failure, NULL for none. In h->memory. */
const char *host_tries_to_activate(struct host *h);

/* Drop the connection, as a server that dies does. */
void host_leaves(struct host *h);

/* OnDeactivate, Quit and the end, unless the host has left; then free
 * everything. A plugin that is not done with its calls fails the test. */
void host_stop(struct host *h);

/* ---- hooks ------------------------------------------------------------------ */

/* Call a hook by its name on the wire. returns lives in h->memory. */
bool host_calls(struct host *h, const char *method, const void *args,
    void *returns, struct err *err) MUST_USE;

/* Call a method of the control stream. */
bool host_controls(
    struct host *h, const char *method, struct err *err) MUST_USE;

/* "OnActivate ServeHTTP ...": the hooks that the plugin says it has. */
const char *host_implemented(struct host *h);

/* ---- the API ------------------------------------------------------------------ */

/* From now on a method is answered by a function of the test. */
void host_answers(struct host *h, enum mm_api_method method,
    host_answer_fn *answer, void *object);

/* One for all methods: nothing is there, nothing was done, no error. */
host_answer_fn host_says_nothing;

/* From now on a method fails: with an AppError (or an error of type error)
 * of this status; at the level of rpc; by never answering. */
void host_fails(struct host *h, enum mm_api_method method, int status);
void host_fails_after(
    struct host *h, enum mm_api_method method, int n, int status);
void host_breaks(struct host *h, enum mm_api_method method, const char *text);
void host_hangs(struct host *h, enum mm_api_method method);

/* From now on it does what it should again; hanging calls are answered. */
void host_obeys(struct host *h, enum mm_api_method method);
void host_releases(struct host *h);

/* Calls of a method so far, and the arguments of number i of them. */
size_t host_n_called(struct host *h, enum mm_api_method method);
const void *host_args(struct host *h, enum mm_api_method method, size_t i);

/* Dials of numbers that nobody had given out, once there are n of them. */
size_t host_n_stray(struct host *h, size_t n);

/* Until a method has been called n times; fails the test otherwise. */
void host_is_called(struct host *h, enum mm_api_method method, size_t n);

/* ---- what the server knows ------------------------------------------------------ */

void host_adds_user(struct host *h, const char *id, const char *username,
    const char *email, const char *roles);
void host_adds_channel(struct host *h, const char *id, const char *type);
void host_adds_member(
    struct host *h, const char *channel_id, const char *user_id, bool may_post);

/* Their language; borrowed. */
void host_speaks(struct host *h, const char *user_id, const char *locale);

/* Make a member an admin of the channel. */
void host_promotes(struct host *h, const char *channel_id, const char *user_id);

/* A preference of a user's; all borrowed. */
void host_adds_preference(struct host *h, const char *user_id,
    const char *category, const char *name, const char *value);

/* A stored value, empty when absent or expired. */
struct str host_key(struct host *h, const char *key);
void host_stores(struct host *h, const char *key, struct str value);

/* Seconds until a key expires, 0 = never, -1 = absent. */
int64_t host_expires_s(struct host *h, const char *key);

/* A copy of a post, with an id and the present time unless it has one. */
struct mm_post *host_adds_post(struct host *h, const struct mm_post *post);

/* Number of posts, and post number i in the order of creation. */
size_t host_n_posts(struct host *h);
struct mm_post *host_post(struct host *h, size_t i);

/* The newest ephemeral post, "" for none. */
const char *host_last_told(struct host *h);

/* ---- what the plugin said ---------------------------------------------------------- */

/* Whether a line of the log holds a text, in its message or its fields. */
bool host_logged(struct host *h, const char *text);

/* All that the plugin has sent through the API so far, as text: logs, posts,
 * events, keys and values. Owned by the caller: buf_fini. */
void host_dump(struct host *h, struct buf *out);

/* ---- HTTP --------------------------------------------------------------------------- */

struct host_request {
	const char *method;  /* NULL: "GET", with a body "POST" */
	const char *url;     /* behind /plugins/<id> */
	const char *user_id; /* NULL: not signed in */
	const char *headers; /* lines "Name: value\n", may be NULL */
	struct str body;
	bool no_length;    /* no Content-Length, as a chunked body has */
	bool no_body;      /* not even a stream */
	size_t piece;      /* bytes of the body per write, 0 = all */
	int64_t late_ms;   /* the body comes so long after it was asked for */
	size_t cut;        /* the body breaks off after so many, 0 = never */
	size_t gone_after; /* the client goes after so many, 0 = never */
	bool flushes;      /* the server is 11.4 or later */
};

struct host_answer {
	int status;
	struct mm_string_strings_map headers;
	struct buf body;
	struct buf order; /* "Header SyncHeader WriteHeader Write Write" */
	size_t asked;     /* bytes of the request's body asked for */
	size_t asks;      /* how often */
	size_t taken;     /* bytes of it sent */
	struct err err;   /* of the hook's call */
	struct arena memory;
};

/* Hand a request to the plugin and wait for its answer, which must be freed
 * by host_answer_fini. True when the hook was answered without an error. */
bool host_http(struct host *h, const struct host_request *request,
    struct host_answer *answer);
void host_answer_fini(struct host_answer *answer);

/* A header of the answer, "" if absent. */
const char *host_header(const struct host_answer *answer, const char *name);

/* The answer's body as a C string. */
const char *host_body(struct host_answer *answer);

#endif
