/*
 * answer - what an answer of Zoom's means
 *
 * Pure: from status, headers and body to a verdict and an error. The HTTP
 * status decides first, then Zoom's code or the OAuth error word, never the
 * message. Internal to libzoom.
 * Source: FACTS 1.3, 1.4, 4
 */
#ifndef ZOOM_ANSWER_H
#define ZOOM_ANSWER_H

#include "zoom/client.h"

struct zoom_http_reply;

/* What the question was. */
struct zoom_expectation {
	int status;        /* of success */
	bool oauth;        /* the token endpoint was asked, see below */
	bool read;         /* nothing was to be created or changed */
	struct str secret; /* a message that repeats it is not kept */
};

/*
 * zoom_answer_judge - fill an answer from a reply with a status
 *
 * Of the token endpoint "error" and "reason" count; the error is kept as the
 * message, the reason is not, because it may repeat a code.
 *
 *   now_ms   UTC milliseconds, for Retry-After
 *
 * True with the verdict ZOOM_OK, else err is set, its status too.
 */
bool zoom_answer_judge(struct zoom_answer *answer,
    const struct zoom_http_reply *reply,
    const struct zoom_expectation *expected, int64_t now_ms,
    struct err *err) MUST_USE;

#endif
