/*
 * meeting - Zoom's meetings
 *
 * start_url is never read: whoever has it is the host.
 * Source: FACTS 3.2, 3.3
 */
#ifndef ZOOM_MEETING_H
#define ZOOM_MEETING_H

#include "zoom/client.h"

/* A meeting. Texts live in the arena of the call; all may be empty. */
struct zoom_meeting {
	int64_t id;       /* never 0 */
	int64_t pmi;      /* 0 unless it is a personal meeting */
	int64_t type;     /* 1 instant, 2 scheduled, 4 personal room, ... */
	int64_t start_ms; /* UTC milliseconds, 0 for instant meetings */
	struct str uuid;  /* of this instance, standard base64 */
	struct str topic;
	struct str join_url; /* as Zoom gave it: check the host before use */
	struct str password;
	struct str host_id;
	struct str host_email;
	struct str status; /* "waiting" or "started" */
};

/*
 * zoom_meeting_create - an instant meeting with the host's own defaults
 *
 *   host    e-mail address, Zoom user id or "me"
 *   topic   UTF-8
 *
 * Never repeated once it may have happened: ZOOM_UNKNOWN after a time-out or
 * a reset.
 *
 * Errors   as zoom_user_fetch
 * Threads  any thread
 */
bool zoom_meeting_create(struct zoom_call *call, struct str host,
    struct str topic, struct zoom_meeting *meeting, struct err *err) MUST_USE;

/* The meeting of an id; ERR_NOT_FOUND also when an instant one has ended. */
bool zoom_meeting_fetch(struct zoom_call *call, int64_t id,
    struct zoom_meeting *meeting, struct err *err) MUST_USE;

#endif
