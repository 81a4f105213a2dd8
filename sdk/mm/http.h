/*
 * http - one HTTP request that the host hands to the plugin
 *
 * The path comes without /plugins/<id>. The header Mattermost-User-Id is set
 * by the server for signed-in users; only another plugin can forge it, and its
 * requests have Mattermost-Plugin-ID. Body and answer
 * are streams: a body is fetched as it is read (or before, when the plugin wants
 * it, see enum mm_http_ahead), an answer leaves as it is written, so neither is ever in memory whole unless asked for.
 *
 * An answer may begin before the body has been read. (The host would drop the
 * rest of a body below 256 KiB then, so that rest is fetched into memory
 * first; for a body of unknown length, read it before you answer.)
 *
 * Errors of the answer's functions stick: after the first, the rest do
 * nothing, and a handler may ignore them all.
 *
 * Threads: of the call's thread only.
 * Source: server/public plugin/client_rpc.go ServeHTTP, http.go, io_rpc.go
 */
#ifndef MM_HTTP_H
#define MM_HTTP_H

#include "mm/gen/models.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bodies up to so many bytes can be had before a call is served. */
#define MM_HTTP_AHEAD ((size_t)16 * 1024)

/* What is asked of the host together with the dials, before a call is served;
 * see ahead in mm/mm.h. Each saves a round trip, and costs one when it was asked
 * for in vain. */
enum mm_http_ahead {
	MM_AHEAD_NOTHING = 0,
	MM_AHEAD_BODY,    /* the body, for who will read it */
	MM_AHEAD_HEADERS, /* and the server's headers, for who will set some */
};

struct mm_http;

/* Parts of the request; borrowed, live as long as the call. */
struct str mm_http_method(const struct mm_http *h);
struct str mm_http_path(const struct mm_http *h);  /* not decoded */
struct str mm_http_query(const struct mm_http *h); /* behind the ? */
struct str mm_http_header(const struct mm_http *h, struct str name);
struct str mm_http_user_id(const struct mm_http *h); /* empty: signed out */
const struct mm_http_request_subset *mm_http_request(const struct mm_http *h);
const struct mm_context *mm_http_context(const struct mm_http *h);

/* The first value of a header, in any case, is empty if absent. A parameter of
 * the query: the first of its name, decoded, arena; empty if absent. */
struct str mm_http_query_get(const struct mm_http *h, struct str name);

/*
 * mm_http_read - the next bytes of the body
 *
 * Blocks until there are some; fewer than `room` are no sign of the end.
 *
 *   data, room   borrowed, room > 0, bytes
 *   got          out: 0 only at the end of the body
 *
 * Errors   ERR_TIMEOUT when nothing comes for a minute; ERR_CLOSED
 */
bool mm_http_read(struct mm_http *h, void *data, size_t room, size_t *got,
    struct err *err) MUST_USE;

/*
 * mm_http_read_all - what is left of the body, in one piece
 *
 *   max    bytes; choose it small, anybody may send that much
 *   body   out: arena, NUL-terminated
 *
 * Errors   ERR_TOO_BIG above max bytes; ERR_NO_MEMORY; as mm_http_read
 */
bool mm_http_read_all(
    struct mm_http *h, size_t max, struct str *body, struct err *err) MUST_USE;

/* Set a header of the answer in place of one of that name; copied. Without
 * effect once the head has been sent. */
void mm_http_set_header(struct mm_http *h, struct str name, struct str value);

/* Send status and headers; the second time does nothing. Without it the first
 * write, or the end of the handler, sends 200. */
void mm_http_write_header(struct mm_http *h, int status);

/* The status that was sent; 0: none yet. */
int mm_http_status(const struct mm_http *h);

/* Send a piece of the answer's body; borrowed. Blocks until the server has
 * taken it, for at most a minute a piece. */
void mm_http_write(struct mm_http *h, const void *data, size_t n);

/* Have the server send on what it has got, as far as it can; the head at
 * least. Servers before 11.4 have no such call, and send when they like. */
void mm_http_flush(struct mm_http *h);

/* Everything at once; nothing may be written before. What is left of the
 * request's body is not fetched. An empty content_type sets none. */
void mm_http_reply(
    struct mm_http *h, int status, struct str content_type, struct str body);

/* Whether all of the answer has been taken so far; if not, why. For handlers
 * that would rather stop than produce what nobody reads. */
bool mm_http_ok(const struct mm_http *h, struct err *err) MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
