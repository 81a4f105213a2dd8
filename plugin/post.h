/*
 * post - what the plugin writes into channels
 *
 * A meeting's post has the type custom_zoom; webapps draw it from its props,
 * other clients show the attachment in them. Names and values of the props
 * are those of the plugin's Go predecessor.
 */
#ifndef PLUGIN_POST_H
#define PLUGIN_POST_H

#include "plugin/plugin.h"

struct action;

struct post_meeting {
	struct str user_id; /* author: the starter, or the bot */
	struct str username;
	struct str channel_id;
	struct str root_id; /* may be empty */
	int64_t id;
	struct str uuid; /* may be empty */
	struct str link; /* checked */
	struct str topic;
	bool personal;
};

/* A message that only one user sees, from the bot. Markdown. Failures are
 * logged: there is nobody else to tell. */
void post_tell(struct ctx *c, struct str user_id, struct str channel_id,
    struct str root_id, struct str message);

/* A button of a message that only one user sees. */
struct post_button {
	const char *id; /* letters and digits, once in a post; constant */
	struct str label;
	const char *path; /* of the route, behind PLUGIN_PATH; constant */
	struct gob_any_map context; /* what the route gets back */
};

struct post_offer {
	struct str user_id; /* who sees it */
	struct str channel_id;
	struct str root_id;    /* may be empty */
	struct str title;      /* plain text when it has a link */
	struct str title_link; /* checked; may be empty */
	struct str text;       /* markdown */
	struct gob_any_map props;
	const struct post_button *buttons;
	size_t n_buttons;
};

/* A message with buttons that only one user sees, from the bot. */
bool post_offer(
    struct ctx *c, const struct post_offer *offer, struct err *err) MUST_USE;

/* Put a sentence in the place of such a message, so that no button is pressed
 * twice. A press without a message does nothing; failures are logged. */
void post_answer(struct ctx *c, const struct action *press, struct str message);

/* A direct message from the bot. False when it was not sent, which is logged. */
bool post_direct(struct ctx *c, struct str user_id, struct str message);

/* Post a meeting that has started. post_id: out, arena. */
bool post_meeting_started(struct ctx *c, const struct post_meeting *m,
    struct str *post_id, struct err *err) MUST_USE;

/*
 * post_meeting_ended - turn a meeting's post to "ended"
 *
 *   post      as fetched; changed and sent back, props that are not ours too
 *   start_ms, end_ms   UTC, from Zoom; 0 = unknown
 *
 * A post that has ended already is left alone, as is one whose channel has
 * been archived since.
 */
bool post_meeting_ended(struct ctx *c, struct mm_post *post, int64_t start_ms,
    int64_t end_ms, struct err *err) MUST_USE;

/* A meeting id in groups of digits, as Zoom shows it: 855 5000 1111. Arena. */
struct str post_id_text(struct arena *a, int64_t id);

/* Whether a post is that of a Zoom meeting's instance. */
bool post_is_of(const struct mm_post *post, struct str uuid);

/* Whether a post is one of a running Zoom meeting with this id. */
bool post_is_running(const struct mm_post *post, int64_t meeting_id);

/* Whether who started the meeting has written it, or the bot: anybody can write
 * a post that looks like one. starter: empty when unknown. */
bool post_is_from(
    const struct ctx *c, const struct mm_post *post, struct str starter);

#endif
