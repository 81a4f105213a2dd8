/*
 * webhook - what Zoom sends to us: check it, read it, answer the challenge
 *
 * The signature covers these bytes, in this order, under the app's secret
 * token (FACTS 5.2):
 *
 *	"v0:" | timestamp header | ":" | body as received
 *	x-zm-signature = "v0=" + lower-case hex of HMAC-SHA-256
 *
 * The challenge is answered with the same key and algorithm. A challenge of
 * the form "v0:..." would therefore sign forged events for anybody: tokens
 * are restricted to characters without a colon (FACTS 5.3).
 *
 * Nothing here does I/O. Threads: any thread.
 */
#ifndef ZOOM_WEBHOOK_H
#define ZOOM_WEBHOOK_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* How far a delivery's timestamp may be away from our clock, either way. */
#define ZOOM_WEBHOOK_WINDOW_S 300

/* Longest plainToken that is answered; Zoom's have 22 characters. */
#define ZOOM_WEBHOOK_TOKEN_MAX 128

/* Files of one recording that are read; a long day has some dozens. */
#define ZOOM_WEBHOOK_MAX_FILES 256

/* The parts of a request that the signature covers. Borrowed. */
struct zoom_delivery {
	struct str timestamp; /* header x-zm-request-timestamp, as received */
	struct str signature; /* header x-zm-signature, as received */
	struct str body;      /* as received */
};

/* A file of a recording. Any field may be empty: a TIMELINE has no id. */
struct zoom_recording_file {
	struct str id;
	int64_t start_ms;          /* recording_start, UTC milliseconds */
	struct str file_type;      /* "MP4", "CHAT", "TRANSCRIPT", ... */
	struct str recording_type; /* "chat_file", "audio_transcript", ... */
	struct str status;         /* "completed", "processing" */
	struct str play_url;       /* as Zoom gave it: check before use */
	struct str download_url;   /* likewise */
};

/*
 * An event. Texts live in the arena it was parsed into; whatever is absent,
 * null or of another type is empty or 0.
 */
struct zoom_event {
	struct str event;       /* "meeting.started"; never empty */
	int64_t event_ms;       /* event_ts, UTC milliseconds */
	struct str account_id;  /* payload.account_id */
	struct str plain_token; /* payload.plainToken of a challenge */

	/* payload of app_deauthorized */
	struct str user_id;
	struct str client_id;
	struct str user_data_retention;  /* "true", "false" or empty */
	struct str deauthorization_time; /* as sent */
	struct str signature;            /* as sent; of no known algorithm */

	/* payload.object of meeting.* */
	int64_t meeting_id; /* Zoom sends a string or a number */
	struct str uuid;
	struct str host_id;
	struct str host_email;
	struct str topic;
	struct str timezone;
	int64_t type;         /* 1 instant, 2 scheduled, 4 personal room, ... */
	int64_t duration_min; /* as scheduled, also when the meeting ended */
	int64_t start_ms;     /* UTC milliseconds, 0 = absent */
	int64_t end_ms;       /* UTC milliseconds, 0 = absent */

	/* of recording.* */
	struct str download_token; /* opens the files for 24 hours */
	struct str password;       /* with which people open play_url */
	struct zoom_recording_file *files;
	size_t n_files;
};

/*
 * zoom_webhook_verify - was this sent by Zoom, just now
 *
 *   secret   the app's secret token; an empty one verifies nothing
 *   now_s    UTC seconds
 *
 * In time that does not depend on where a wrong signature differs. A
 * timestamp of 13 digits counts as milliseconds for its age.
 *
 * Errors   ERR_DENIED; ERR_INVALID when the secret is empty
 */
bool zoom_webhook_verify(struct str secret, const struct zoom_delivery *d,
    int64_t now_s, struct err *err) MUST_USE;

/* Has somebody a use for events of that name? */
typedef bool zoom_webhook_wanted(struct str name);

/*
 * zoom_webhook_parse - the event in a body
 *
 *   wanted   of an event that it refuses the name and the time are enough, and
 *            what stands behind them is neither read nor checked. NULL: all
 *            are wanted.
 *
 * Verify first. Unknown events and fields are no error.
 *
 * Errors   ERR_PROTOCOL (no JSON object, no event name, nested too deep),
 *          ERR_TOO_BIG, ERR_NO_MEMORY
 */
bool zoom_webhook_parse(struct arena *a, struct str body,
    zoom_webhook_wanted *wanted, struct zoom_event *event,
    struct err *err) MUST_USE;

/*
 * zoom_webhook_answer_challenge - the body that answers url_validation
 *
 *   plain_token   zoom_event.plain_token
 *   json          out: arena
 *
 * Errors   ERR_INVALID (a token that Zoom would not send, no secret)
 */
bool zoom_webhook_answer_challenge(struct arena *a, struct str secret,
    struct str plain_token, struct str *json, struct err *err) MUST_USE;

#endif
