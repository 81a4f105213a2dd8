/*
 * subscription - channels in which a Zoom meeting is posted when it starts
 *
 *	key                            value
 *	meeting_channel_<meeting id>   see store.h: the one channel, and who
 *	                               subscribed it, for good
 *	subscription_index_<user id>   {"meeting_ids":[85550001111]}, what a
 *	                               user has subscribed channels to
 *	z2_topic_<meeting id>          the topic, for the list
 *
 * The first key decides. The index is for the list alone and may be behind:
 * what does not fit the first key is left out and taken out.
 */
#ifndef PLUGIN_SUBSCRIPTION_H
#define PLUGIN_SUBSCRIPTION_H

#include "plugin/store.h"

struct subscription_request {
	struct str user_id;
	struct str channel_id; /* where it was typed */
	struct str meeting;    /* as typed: an id, or a link with one */
	bool is_admin;
};

/*
 * The three commands. says: out, what to tell the user, refusals too;
 * markdown. They return false only when the server fails.
 *
 * add      Hosts may subscribe a channel to their own meetings, system
 *          admins to any; both must be members who may post. A meeting has
 *          one channel: whoever subscribed it, or a system admin, moves it
 *          by adding it in another one. A subscription whose subscriber
 *          cannot post any more can be taken over.
 * remove   By the subscriber, or a system admin.
 * list     What the user has subscribed channels to.
 */
typedef bool subscription_command(struct ctx *c,
    const struct subscription_request *r, struct str *says, struct err *err);
bool subscription_add(struct ctx *c, const struct subscription_request *r,
    struct str *says, struct err *err) MUST_USE;
bool subscription_remove(struct ctx *c, const struct subscription_request *r,
    struct str *says, struct err *err) MUST_USE;
bool subscription_list(struct ctx *c, const struct subscription_request *r,
    struct str *says, struct err *err) MUST_USE;

/*
 * subscription_parse_id - the meeting in what somebody typed or pasted
 *
 *	85550001111   855 5000 1111   855-5000-1111
 *	https://example.zoom.us/j/85550001111?pwd=...   also /s/ and /w/
 *
 *   why   out: why not, for say_words; not set otherwise
 */
bool subscription_parse_id(struct str typed, int64_t *id, const char **why);

/*
 * subscription_check - can the subscriber still post there
 *
 *   user     out: the subscriber
 *   reason   out: why not, for the log; empty: they can
 */
bool subscription_check(struct ctx *c, const struct store_channel *channel,
    struct mm_user **user, struct str *reason, struct err *err) MUST_USE;

#endif
