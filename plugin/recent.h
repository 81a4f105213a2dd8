/*
 * recent - the meeting that somebody else has just started in the channel
 *
 * Two people often start a meeting for the same reason at the same time. Any
 * provider's post counts that has the props meeting_provider and meeting_link.
 */
#ifndef PLUGIN_RECENT_H
#define PLUGIN_RECENT_H

#include "plugin/meeting.h"

#define RECENT_MS ((int64_t)30 * 1000)

struct recent {
	struct str link; /* empty: there is none; else it may be shown */
	struct str provider;
	struct str topic;    /* one line, may be empty */
	struct str username; /* of the author, may be empty */
};

/*
 * recent_find - the newest meeting of the last RECENT_MS in a channel
 *
 * Neither deleted nor ended, with a link of http or https; a link that claims
 * to be Zoom's must be on its hosts. Anybody can write such a post.
 */
bool recent_find(struct ctx *c, struct str channel_id, struct recent *recent,
    struct err *err) MUST_USE;

/* Show it to the starter alone, to join it, or to start another one. */
bool recent_offer(struct ctx *c, const struct meeting_start *start,
    const struct recent *recent, struct err *err) MUST_USE;

#endif
