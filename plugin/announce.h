/*
 * announce - posts of meetings that a channel is subscribed to
 *
 * One post for each instance, in whatever order and number Zoom's events
 * come, and whoever is killed or held in between. Who posts it is settled at
 * the key of its post, by compare-and-set:
 *
 *	what happens           post_meeting_<uuid>
 *	meeting.started        nothing -> posting:<UTC ms>, for two minutes
 *	... has been posted    posting:... -> post id
 *	... may not be posted  posting:... -> refused:, for two minutes
 *	meeting.ended, while   any note or nothing -> ended:<start>:<end>,
 *	there is no post       for a day
 *
 * An event that finds somebody else's note comes again (ERR_BUSY). Whoever has
 * taken it first looks for a post that was made and not remembered. Whoever has
 * posted and finds that the meeting has ended meanwhile ends the post, and
 * deletes it where another one is remembered; a meeting.started after the end
 * posts nothing.
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
 * Errors: those of the server; ERR_BUSY, also when somebody else is at it. It
 * may be tried again.
 */
bool announce_started(struct ctx *c, const struct zoom_event *event,
    const struct store_channel *channel, struct err *err) MUST_USE;

/* Remember that an instance has ended before it was posted. */
bool announce_ended(
    struct ctx *c, const struct zoom_event *event, struct err *err) MUST_USE;

#endif
