/*
 * client - the connection to Zoom, and what every call has in common
 *
 * One struct zoom_client is created at start and shared by all threads. It
 * keeps a bounded number of open connections, one set of CA certificates
 * and the proxies of the environment. What a call needs besides travels in
 * a struct zoom_call, which the caller fills and which lives on its stack:
 *
 *	struct zoom_call call = {
 *		.client = client,
 *		.settings = &settings,
 *		.arena = arena,
 *		.access_token = token.access_token,
 *		.deadline_ms = clock_deadline_ms(10000),
 *	};
 *	struct zoom_user user;
 *	if (!zoom_user_fetch(&call, email, &user, err)) {
 *		if (call.answer.verdict == ZOOM_TOKEN_REFUSED)
 *			...refresh once, try once more
 *
 * How calls are repeated (FACTS 4: a 429 did nothing):
 *
 *	Zoom's answer            read (GET)        create, token calls
 *	429                      after Retry-After after Retry-After
 *	502, 504                 after a back-off  never: ZOOM_UNKNOWN
 *	5xx                      after a back-off  never
 *	no connection made       after a back-off  after a back-off
 *	reset, cut off           after a back-off  never: ZOOM_UNKNOWN
 *	time-out                 never             never: ZOOM_UNKNOWN
 *
 * Two repeats at most. A wait that does not fit the call's deadline, or is
 * longer than a minute, is not begun; no single attempt is longer than that.
 */
#ifndef ZOOM_CLIENT_H
#define ZOOM_CLIENT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include "zoom/env.h"

struct zoom_client;

/* Where Zoom is and who we are. Borrowed by every call, shared unchanged. */
struct zoom_settings {
	struct str web_url; /* "https://zoom.us"; "/" at the end is optional */
	struct str api_url; /* "https://api.zoom.us/v2"; likewise */
	struct str client_id;
	struct str client_secret;
};

/* What a call is for, to be counted by. */
enum zoom_op {
	ZOOM_OP_OTHER,
	ZOOM_OP_TOKEN,
	ZOOM_OP_REVOKE,
	ZOOM_OP_COMPLIANCE,
	ZOOM_OP_USER,
	ZOOM_OP_USER_SETTINGS,
	ZOOM_OP_MEETING_CREATE,
	ZOOM_OP_MEETING,
	ZOOM_OP_DOWNLOAD,
	ZOOM_N_OPS,
};

/* A call is over; ms: with all waits and repeats. On the caller's thread. */
typedef void zoom_observer(void *object, enum zoom_op op, bool ok, int64_t ms);

/* Zeroed fields mean the default. */
struct zoom_client_options {
	size_t max_connections; /* calls at once, others wait; 16 */
	size_t max_answer;      /* bytes of one answer's body; 1 MiB */
	int64_t connect_ms;     /* for the connection alone; 5,000 */
	const char *user_agent; /* borrowed for the call of new; "libzoom" */
	zoom_getenv *env;       /* certificates and proxies; getenv */
	zoom_observer *observe; /* may be NULL */
	void *observe_object;   /* borrowed by the client */
};

/* What a caller decides on. Status first, then code, never the message. */
enum zoom_verdict {
	ZOOM_NO_ANSWER = 0,  /* nothing was sent: see err */
	ZOOM_OK,             /* done */
	ZOOM_TOKEN_REFUSED,  /* access token expired or revoked: refresh */
	ZOOM_SCOPES_MISSING, /* the app or the token lacks scopes: see scopes */
	ZOOM_GRANT_DEAD,     /* refresh token of no use: connect again */
	ZOOM_APP_REFUSED,    /* client id or secret wrong: settings */
	ZOOM_APP_DISABLED, /* switched off at Zoom, by its owner or an admin */
	ZOOM_NOT_FOUND,    /* no such user or meeting, not in this account */
	ZOOM_LIMITED,      /* 429; retry_ms when Zoom said how long */
	ZOOM_REFUSED,      /* understood, and refused for another reason */
	ZOOM_UNAVAILABLE,  /* 5xx, network, web page: later may work */
	ZOOM_UNTRUSTED,    /* certificate not accepted, nothing was sent */
	ZOOM_UNKNOWN,      /* sent, and no answer: it may have happened */
};

/* What Zoom answered last. Filled by every call, also when it fails. */
struct zoom_answer {
	enum zoom_verdict verdict;
	int status;        /* HTTP status, 0 = no answer */
	int code;          /* Zoom's own error code, 0 = none */
	int64_t retry_ms;  /* Retry-After of a 429 from now, 0 = unknown */
	int64_t date_ms;   /* Zoom's clock, UTC, whole seconds, 0 = unknown */
	bool brief;        /* a 429 of a moment, surely not of a day */
	char message[192]; /* Zoom's words for logs; no token, one line */
	char scopes[160];  /* missing scopes, comma separated, maybe cut */
	char tracking_id[96]; /* x-zm-trackingid, for Zoom's support */
};

/* One call. Nothing in it outlives the function it is handed to. */
struct zoom_call {
	struct zoom_client *client;           /* borrowed */
	const struct zoom_settings *settings; /* borrowed */
	struct arena *arena;                  /* results live in it */
	struct str access_token;   /* borrowed; OAuth calls do without */
	int64_t deadline_ms;       /* monotonic, covers waits and repeats */
	enum zoom_op op;           /* set by each function */
	struct zoom_answer answer; /* out */
};

/*
 * zoom_global_init - set up libcurl and OpenSSL for the process
 *
 * Also ignores SIGPIPE, unless somebody handles it: a server that closes
 * while we write must be an error.
 *
 * Threads  before start only
 */
bool zoom_global_init(struct err *err) MUST_USE;

/* The other half, for programs that count leaks. After the last client. */
void zoom_global_fini(void);

/*
 * zoom_client_new - a client without any connection yet
 *
 *   options   borrowed; NULL for the defaults
 *
 * The environment is read here, files and network are not touched before
 * the first call. Returns NULL, and err set, when memory is out. Owned: free
 * it with zoom_client_free.
 */
struct zoom_client *zoom_client_new(
    const struct zoom_client_options *options, struct err *err);

/*
 * zoom_client_trim - give back what busier times have left
 *
 * Closes the connections that were not used for 45 s, each of which is worth some
 * 75 kB. Call it every now and then. Threads: any thread.
 */
void zoom_client_trim(struct zoom_client *client);

/*
 * zoom_client_stop - let every call come back soon
 *
 * Waits end at once, transfers within about a second, new calls fail with
 * ERR_CLOSED. Threads: any thread, any number of times.
 */
void zoom_client_stop(struct zoom_client *client);

/* Accepts NULL. No call may be running any more. */
void zoom_client_free(struct zoom_client *client);

#endif
