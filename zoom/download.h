/*
 * download - a file of a recording
 *
 * Zoom answers with a redirect to a signed address, mostly on another host.
 * Each hop is checked before it is asked: https, and trusted by the caller.
 * The download token goes to the host of the first address only.
 * Source: FACTS 5.5
 */
#ifndef ZOOM_DOWNLOAD_H
#define ZOOM_DOWNLOAD_H

#include "zoom/client.h"

/* Redirects that are followed; Zoom needs one. */
#define ZOOM_DOWNLOAD_MAX_HOPS 5

/* What is to be fetched. Borrowed. */
struct zoom_download {
	struct str url;
	struct str token; /* of the event */
	size_t max;       /* bytes of the file */
	/* Zoom is on the public internet: hosts with a private, loopback or
	 * other special address are refused; unless a proxy is in between */
	bool public_only;
	/* whether a host may be asked; url is an address as Zoom gave it */
	bool (*trusts)(const void *object, struct str url);
	const void *object; /* for trusts */
};

/* What came. */
struct zoom_file {
	struct str content; /* arena, byte for byte; may be empty */
	int64_t retry_ms;   /* after a failure: how long Zoom wants to be left
	                       alone, at most a day; 0: it has not said */
};

/*
 * zoom_download - fetch a file, once
 *
 *   file   out
 *
 * A web page or JSON instead of the file is an error: Zoom answers so with
 * status 200 when it wants a login.
 *
 * Errors   for good: ERR_DENIED (no token, refused by Zoom, a hop refused by
 *          us), ERR_NOT_FOUND, ERR_TOO_BIG; all others: later may work
 * Threads  any thread
 */
bool zoom_download(struct zoom_client *client, struct arena *a,
    const struct zoom_download *d, int64_t deadline_ms, struct zoom_file *file,
    struct err *err) MUST_USE;

/* Whether an error of zoom_download would come again at the next attempt. */
bool zoom_download_is_final(const struct err *err);

#endif
