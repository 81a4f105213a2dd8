/*
 * plugin - what the whole plugin shares, and what one call holds
 */
#ifndef PLUGIN_PLUGIN_H
#define PLUGIN_PLUGIN_H

#include "base/turn.h"
#include "mm/mm.h"
#include "plugin/config.h"
#include "plugin/lang.h"
#include "plugin/metrics.h"

#include <stdatomic.h>

#define PLUGIN_ID "zoom"

/* Where the server has the plugin's routes, below its Site URL. */
#define PLUGIN_PATH "/plugins/zoom"

/* Somebody waits for the answer: a start, a connect, with all it takes. */
#define REQUEST_MS 10000

/* Refreshes of this many grants may go on at once. */
#define PLUGIN_TURNS 16

/* Tokens that could not be stored yet; see refresh.h. */
struct refresh_kept {
	pthread_mutex_t lock;
	struct refresh_unsaved *first; /* guarded by lock */
};

/* Languages of this many users are known at a time. */
#define SAY_READERS 256

struct say_reader {
	char id[32];
	const struct lang *lang;
	int64_t until_ms;
};

/* Who reads which language; see say.h. */
struct say_readers {
	pthread_mutex_t lock;
	struct say_reader rows[SAY_READERS]; /* guarded by lock */
};

/* Made by plugin_init, lives as long as the process. */
struct plugin {
	atomic_bool active;        /* the command has been registered */
	struct jobs *_Atomic jobs; /* NULL before activation */
	struct config_slot config;
	struct turn configuring; /* one configuration at a time */
	struct zoom_client *zoom;
	struct turn token_turns[PLUGIN_TURNS]; /* one refresh at a time */
	struct refresh_kept kept;    /* tokens that are not stored yet */
	atomic_bool reseal_due;      /* see reseal.h */
	_Atomic int64_t lag_ends_ms; /* monotonic, 0: no lag; keyring_open */
	char bot_id[32];             /* set at activation */
	struct say_readers readers;
	struct metrics metrics;
	atomic_bool has_no_audit;     /* see audit.h */
	_Atomic int64_t next_note_ms; /* see last_webhook.h */
};

/*
 * One call: of a hook, a command, a route. Everything in it lives until the
 * call ends; passed down as `c`.
 */
struct ctx {
	struct plugin *plugin;
	struct mm_plugin *mm;
	struct arena *arena;
	const struct config *config; /* the same one for the whole call */
	int64_t deadline_ms;         /* for everything the call asks for */
	bool hurried; /* too little time to refresh a token: ERR_BUSY then */
	bool last_attempt; /* what fails now is given up */
	int64_t retry_ms;  /* out: Zoom wants no download sooner */
	bool elsewhere;    /* out: all that failed is being done by others */
	struct str reader; /* user who is answered; empty: everybody */
	const struct lang *lang;         /* theirs; NULL: not looked up yet */
	struct store_expected *expected; /* see store_expect */
};

/* p is zeroed; after zoom_global_init. Finish it also after a failure, or when it
 * never came to that. */
bool plugin_init(struct plugin *p, struct err *err) MUST_USE;
void plugin_fini(struct plugin *p);

/* The hooks, with p as their state. */
struct mm_plugin_def plugin_def(struct plugin *p);

/* Begin and end a call. */
struct ctx ctx_begin(struct plugin *p, struct mm_call *call);
void ctx_end(struct ctx *c);

#endif
