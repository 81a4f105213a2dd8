/*
 * announce - posts of meetings that a channel is subscribed to
 *
 * One post for each instance, in whatever order and number Zoom's events
 * come. Who posts it is settled at the key of its post, by compare-and-set:
 *
 *	what happens           post_meeting_<uuid>
 *	meeting.started        nothing -> posting:<UTC ms>, for two minutes
 *	... has been posted    posting:... -> post id
 *	meeting.ended, while   nothing or posting:... -> ended:<start>:<end>,
 *	there is no post       for a day
 *
 * An event that finds somebody else's note leaves the work to them. Whoever
 * has posted and finds that the meeting has ended meanwhile ends the post; a
 * meeting.started after the end posts nothing.
 */
#ifndef PLUGIN_ANNOUNCE_H
#define PLUGIN_ANNOUNCE_H

#include "plugin/store.h"
#include "zoom/webhook.h"

/*
 * announce_started - post an instance that has no post yet
 *
 *   channel   the subscription
 *
 * Nothing is posted, and the reason logged, when the subscriber could not
 * post there any more.
 *
 * Errors: those of the server; then it may be tried again.
 */
bool announce_started(struct ctx *c, const struct zoom_event *event,
    const struct store_channel *channel, struct err *err) MUST_USE;

/* Remember that an instance has ended before it was posted. */
bool announce_ended(
    struct ctx *c, const struct zoom_event *event, struct err *err) MUST_USE;

#endif
