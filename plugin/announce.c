/*
 * announce - one post for each instance of a subscribed meeting
 *
 * The happy path of announce_started: the note that keeps others away; the
 * subscriber and what they may do; the link, asked of Zoom with their grant;
 * the post; its id in the note's place.
 */
#include "plugin/announce.h"

#include "plugin/meeting.h"
#include "plugin/post.h"
#include "plugin/room.h"
#include "plugin/subscription.h"
#include "plugin/token.h"
#include "zoom/meeting.h"

/* Longer than any posting takes, shorter than the five minutes after which
 * Zoom sends an event again that was not taken. */
#define POSTING_S 120

/* Zoom's last repeat comes 85 minutes after the first attempt. */
#define ENDED_S ((int64_t)24 * 3600)

/* For a refresh and the question, where nobody waits for the answer. */
#define LINK_MS 20000

/* The other side of a race has at most two steps. */
#define ATTEMPTS 4

#define ENDED_NOTE "ended:"

/* ---- the link -------------------------------------------------------------------- */

struct question {
	int64_t id;
	struct zoom_meeting meeting;
};

static bool ask_meeting(struct zoom_call *call, void *ctx, struct err *err)
{
	struct question *q = ctx;
	return zoom_meeting_fetch(call, q->id, &q->meeting, err);
}

/* With the passcode in it, if Zoom can be asked. False: it can be later. */
static bool find_link(struct ctx *c, int64_t meeting_id, struct str user_id,
    struct str *link, struct err *err)
{
	struct ctx bounded = *c;
	struct question q = { .id = meeting_id };
	struct zoom_answer answer;
	struct err why = { 0 };
	int64_t soon = clock_deadline_ms(LINK_MS);
	if (bounded.deadline_ms > soon)
		bounded.deadline_ms = soon;
	if (!token_ask(&bounded, user_id, ask_meeting, &q, &answer, &why)) {
		if (c->hurried && why.code == ERR_BUSY)
			return err_set(err, why.code, "%s", why.text);
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "The link of a subscribed meeting could not be looked up",
		    "error", why.text, "tracking_id", answer.tracking_id, NULL);
		q.meeting = (struct zoom_meeting){ 0 };
	}
	*link = room_link(c, meeting_id, q.meeting.join_url, S(""));
	return true;
}

/* ---- posting ------------------------------------------------------------------------ */

/* "ended:<start>:<end>" */
static bool parse_ended(struct str note, int64_t *start_ms, int64_t *end_ms)
{
	struct str start, end;
	if (!str_has_prefix(note, S(ENDED_NOTE)))
		return false;
	str_cut(
	    str_sub(note, sizeof(ENDED_NOTE) - 1, note.len), ':', &start, &end);
	return str_to_int64(start, start_ms) && str_to_int64(end, end_ms);
}

/* A post that somebody has deleted needs no end. */
static bool end_post(struct ctx *c, struct str post_id, int64_t start_ms,
    int64_t end_ms, struct err *err)
{
	struct mm_post *post = NULL;
	struct err why = { 0 };
	if (!mm_get_post(c->mm, c->arena, post_id, &post, &why))
		return why.code == ERR_NOT_FOUND ||
		       err_set(err, why.code, "%s", why.text);
	return post == NULL ||
	       post_meeting_ended(c, post, start_ms, end_ms, err);
}

/* The note has become another one: the meeting has ended meanwhile. */
static bool end_at_once(struct ctx *c, const struct zoom_event *event,
    struct str post_id, struct err *err)
{
	struct str note;
	int64_t start_ms, end_ms;
	if (!store_load_meeting_note(c, event->uuid, &note, err) ||
	    !store_save_meeting_post(c, event->uuid, post_id, err))
		return false;
	return !parse_ended(note, &start_ms, &end_ms) ||
	       end_post(c, post_id, start_ms, end_ms, err);
}

/* The post is there: failing now would only make Zoom ask for another. */
static void remember(struct ctx *c, const struct zoom_event *event,
    struct str note, struct str post_id)
{
	struct err err = { 0 };
	bool saved = false;
	if (store_swap_meeting_note(
	        c, event->uuid, note, post_id, STORE_MEETING_S, &saved, &err) &&
	    (saved || end_at_once(c, event, post_id, &err)))
		return;
	mm_log(c->mm, LOG_LEVEL_ERROR,
	    "A meeting was posted, but its post will not follow it", "error",
	    err.text, NULL);
}

static bool post_it(struct ctx *c, const struct zoom_event *event,
    const struct store_channel *channel, struct str note, struct err *err)
{
	struct mm_user *user = NULL;
	struct str reason, link, post_id;
	if (!subscription_check(c, channel, &user, &reason, err))
		return false;
	if (reason.len > 0) {
		mm_log(c->mm, LOG_LEVEL_INFO,
		    "A meeting with a subscription was not posted", "channel",
		    str_c(channel->channel_id), "subscriber",
		    str_c(channel->created_by), "reason", str_c(reason), NULL);
		return true;
	}
	if (!find_link(c, event->meeting_id, channel->created_by, &link, err))
		return false;
	const struct post_meeting post = {
		.user_id = str_from(c->plugin->bot_id),
		.username = user->username,
		.channel_id = channel->channel_id,
		.id = event->meeting_id,
		.uuid = event->uuid,
		.link = link,
		.topic = meeting_topic(c->arena, event->topic),
	};
	if (!post_meeting_started(c, &post, &post_id, err))
		return false;
	remember(c, event, note, post_id);
	return true;
}

/* Let Zoom's repeat do it. Kept, the note goes by itself before that. */
static void give_up(
    struct ctx *c, const struct zoom_event *event, struct str note)
{
	struct err err = { 0 };
	bool deleted;
	if (!store_swap_meeting_note(
	        c, event->uuid, note, S(""), 0, &deleted, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "A meeting can be posted only in some minutes", "error",
		    err.text, NULL);
}

bool announce_started(struct ctx *c, const struct zoom_event *event,
    const struct store_channel *channel, struct err *err)
{
	struct str present;
	bool saved = false;
	struct str note =
	    arena_printf(c->arena, "posting:%lld", (long long)clock_wall_ms());
	if (event->uuid.len == 0) {
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "Zoom does not say which meeting has started", NULL);
		return true;
	}
	if (!store_load_meeting_note(c, event->uuid, &present, err))
		return false;
	if (present.len > 0)
		return true;
	if (!store_swap_meeting_note(
	        c, event->uuid, present, note, POSTING_S, &saved, err))
		return false;
	if (!saved || post_it(c, event, channel, note, err))
		return true;
	give_up(c, event, note);
	return false;
}

/* ---- ended ------------------------------------------------------------------------------ */

bool announce_ended(
    struct ctx *c, const struct zoom_event *event, struct err *err)
{
	int64_t end_ms = meeting_end_ms(event);
	struct str ended = arena_printf(c->arena, ENDED_NOTE "%lld:%lld",
	    (long long)event->start_ms, (long long)end_ms);
	if (event->uuid.len == 0)
		return true;
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		struct str note, post_id;
		bool saved = false;
		if (!store_load_meeting_note(c, event->uuid, &note, err))
			return false;
		post_id = store_note_post(note);
		if (post_id.len > 0)
			return end_post(
			    c, post_id, event->start_ms, end_ms, err);
		if (str_has_prefix(note, S(ENDED_NOTE)))
			return true;
		if (!store_swap_meeting_note(
		        c, event->uuid, note, ended, ENDED_S, &saved, err))
			return false;
		if (saved)
			return true;
	}
	return err_set(err, ERR_BUSY, "the meeting is being posted");
}
