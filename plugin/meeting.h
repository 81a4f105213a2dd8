/*
 * meeting - start a meeting, find its post again, end it
 */
#ifndef PLUGIN_MEETING_H
#define PLUGIN_MEETING_H

#include "plugin/preference.h"
#include "zoom/webhook.h"

#define MEETING_TOPIC "Zoom Meeting"

/* Zoom's limit, in characters; what is longer is cut, visibly. */
#define MEETING_TOPIC_MAX 200

struct meeting_start {
	struct str user_id;
	struct str channel_id;
	struct str root_id;       /* may be empty */
	struct str topic;         /* empty: MEETING_TOPIC */
	struct str connection_id; /* of the browser tab, may be empty */
	enum preference use_pmi;  /* PREFERENCE_NONE: what the user prefers */
	bool force; /* also when there is a meeting in the channel already */
};

/* How it went. Without link and says the user has been asked something. */
struct meeting_result {
	struct str link;    /* empty: no meeting was started */
	struct str says;    /* why not, a sentence for the user, markdown */
	int status;         /* then: HTTP status that fits */
	bool not_connected; /* then: because no Zoom account is connected */
};

/*
 * meeting_start - from the wish to the post in the channel
 *
 * Checks the policy, finds the Zoom user, offers a meeting that the channel
 * has got just now, asks which meeting ID to use where that is wanted,
 * creates the meeting or takes the personal one, posts it, remembers where,
 * and tells the starter's browser. What went wrong is in the result, and in
 * the log when it is the admins' business. Once the meeting exists nothing
 * is called a failure any more: the starter gets the link.
 */
void meeting_start(struct ctx *c, const struct meeting_start *start,
    struct meeting_result *result);

/* A topic in one line of at most MEETING_TOPIC_MAX characters, never empty.
 * Arena. */
struct str meeting_topic(struct arena *a, struct str topic);

/* When a meeting has ended, as well as meeting.ended knows. UTC ms. */
int64_t meeting_end_ms(const struct zoom_event *event);

/*
 * meeting_ended - Zoom says that a meeting is over
 *
 * Its post is found by the instance's UUID, else, unless a channel is
 * subscribed to it, by meeting id and channel among the posts of the last
 * day. Of a personal meeting all posts end that were made before. A meeting
 * that is not ours is no error.
 */
bool meeting_ended(
    struct ctx *c, const struct zoom_event *event, struct err *err) MUST_USE;

/* The post of an event's instance, by its UUID alone; NULL: none. */
bool meeting_find_post(struct ctx *c, const struct zoom_event *event,
    struct mm_post **post, struct err *err) MUST_USE;

/* Zoom says that a meeting has started: it is posted where a channel is
 * subscribed to it. Of other meetings the UUID is remembered, because the
 * instance may have another one than the one it was created with. */
bool meeting_started(
    struct ctx *c, const struct zoom_event *event, struct err *err) MUST_USE;

#endif
