/*
 * ask - one question to Zoom: send, repeat, judge, read the answer
 *
 * What user.c, meeting.c, oauth.c and download.c have in common. Internal to libzoom.
 */
#ifndef ZOOM_ASK_H
#define ZOOM_ASK_H

#include "zoom/client.h"
#include "zoom/json.h"

/* A question. Borrowed. */
struct zoom_ask {
	struct str url; /* NUL-terminated; {NULL, 0}: memory was out */
	struct str authorization; /* header value */
	const char *content_type; /* of the body; NULL = GET */
	struct str body;
	int expect;                          /* status of success */
	bool oauth;                          /* asks the token endpoint */
	const struct zoom_json_table *table; /* of the answer, may be NULL */
};

/*
 * zoom_ask - ask, by the table of repeats in client.h
 *
 * Fills call->answer and, on success, object by the fields.
 */
bool zoom_ask(struct zoom_call *call, const struct zoom_ask *ask, void *object,
    struct err *err) MUST_USE;

/* The same for the API: path (arena) behind the API's address, with the
 * access token of the call. */
bool zoom_ask_api(struct zoom_call *call, struct str path, struct zoom_ask ask,
    void *object, struct err *err) MUST_USE;

/* Whether a token can become part of a header line: ERR_INVALID if it is empty
 * or holds a space or a line break. */
bool zoom_check_token(struct str token, struct err *err) MUST_USE;

/* The connections of a client, for requests that are no questions. */
struct zoom_http;
struct zoom_http *zoom_client_http(struct zoom_client *client);

/* Tell the observer that a call is over which began at began_ms. */
void zoom_observe(
    struct zoom_client *client, enum zoom_op op, bool ok, int64_t began_ms);

/* Overwrite a text that lives in an arena. */
void zoom_wipe(struct str secret);

/* An address of the settings without slashes at its end, for "%.*s". */
struct str zoom_base_url(struct str url);

#endif
