/*
 * http - one request, one answer, over a pool of kept connections
 *
 * The only file that knows libcurl. HTTPS 1.1 with TLS 1.2 or newer;
 * redirects are told and not followed, no compression, no cookies, nothing from the process's own curl
 * configuration. What an answer means and whether a request is repeated is
 * decided above, in client.c. Internal to libzoom.
 */
#ifndef ZOOM_HTTP_H
#define ZOOM_HTTP_H

#include "base/buf.h"

#include "zoom/certs.h"
#include "zoom/client.h"
#include "zoom/pool.h"
#include "zoom/proxy.h"

/* What requests share. Unchanged from init to fini, but for the pool. */
struct zoom_http {
	struct zoom_pool pool;
	struct zoom_certs *certs; /* owned */
	struct zoom_proxies proxies;
	char *user_agent; /* owned */
	size_t max_answer;
	int64_t connect_ms;
};

/* A GET without a body, a POST with one. Borrowed. */
struct zoom_http_request {
	struct str url;           /* https://, NUL-terminated */
	struct str authorization; /* value of the header, may be empty */
	const char *content_type; /* of the body; NULL = GET */
	struct str body;
	const char *accept; /* NULL: JSON */
	size_t max_answer;  /* bytes of the answer's body; 0: the client's */
	bool public_only;   /* no connection to a special address, address.h */
};

/*
 * An answer. Starts as zeroed memory, is given back with zoom_http_reply_fini,
 * also after a failure, when it holds what had arrived by then.
 */
struct zoom_http_reply {
	bool sent;       /* the server may have seen all of the request */
	int status;      /* 0 = no answer */
	struct buf body; /* owned; wiped before it is freed */
	char *redirect;  /* owned; absolute, NULL when it is none */
	char content_type[64];
	char tracking_id[96];
	char retry_after[64];
	char limit_type[32]; /* x-ratelimit-type */
	char date[64];
};

/* Nothing is left behind when it fails: memory is out. */
bool zoom_http_init(struct zoom_http *http,
    const struct zoom_client_options *options, struct err *err) MUST_USE;

/* No request may be running. */
void zoom_http_fini(struct zoom_http *http);

/*
 * zoom_http_send - one attempt
 *
 * Waits for a free connection, sends, reads the whole answer. True with any
 * HTTP status.
 *
 * Errors   ERR_TIMEOUT (sent, no answer by the deadline), ERR_IO (name,
 *          connection, reset), ERR_PROTOCOL (certificate), ERR_BUSY (no
 *          connection free by the deadline), ERR_TOO_BIG, ERR_CLOSED
 *          (stopped), ERR_INVALID (URL, no CA certificates), ERR_DENIED
 *          (not a public address), ERR_NO_MEMORY
 * Threads  any thread
 */
bool zoom_http_send(struct zoom_http *http,
    const struct zoom_http_request *request, int64_t deadline_ms,
    struct zoom_http_reply *reply, struct err *err) MUST_USE;

void zoom_http_reply_fini(struct zoom_http_reply *reply);

#endif
