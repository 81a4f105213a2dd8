/*
 * announce - one post for each instance of a subscribed meeting
 *
 * The happy path of announce_started: the note that keeps others away; no
 * post that an attempt has left behind; the subscriber and what they may do;
 * the link, asked of Zoom with their grant; the post; its id in the note's
 * place.
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

/* Among the channel's newest so many is the post that was cut off: when Zoom
 * sends an event again it is minutes old. */
#define FORMER_POSTS 100

/* The other side of a race has at most two steps. */
#define ATTEMPTS 4

#define ENDED_NOTE   "ended:"
#define REFUSED_NOTE "refused:"

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

/* Somebody else has posted it meanwhile, and theirs is remembered. */
static bool take_back(struct ctx *c, struct str post_id, struct err *err)
{
	struct err why = { 0 };
	mm_log(c->mm, LOG_LEVEL_INFO,
	    "A meeting was posted twice at once; one post is deleted",
	    "post_id", str_c(post_id), NULL);
	return mm_delete_post(c->mm, c->arena, post_id, &why) ||
	       why.code == ERR_NOT_FOUND ||
	       err_set(err, why.code, "%s", why.text);
}

/* Put the post's id in the note's place, or in the place of what others have
 * put there since: another note, or the end. Their post's id stays. */
static bool remember(struct ctx *c, const struct zoom_event *event,
    struct str note, struct str post_id, struct err *err)
{
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		int64_t start_ms, end_ms;
		bool saved = false;
		struct str theirs = store_note_post(note);
		if (theirs.len > 0)
			return str_eq(theirs, post_id) ||
			       take_back(c, post_id, err);
		if (parse_ended(note, &start_ms, &end_ms) &&
		    !end_post(c, post_id, start_ms, end_ms, err))
			return false;
		if (!store_swap_meeting_note(c, event->uuid, note, post_id,
		        STORE_MEETING_S, &saved, err))
			return false;
		if (saved)
			return true;
		if (!store_load_meeting_note(c, event->uuid, &note, err))
			return false;
	}
	return err_set(err, ERR_BUSY, "the post's note changes all the time");
}

/*
 * The post of whoever was cut off before it was remembered; post_id: out,
 * empty when there is none. Pages are read from the database: the posts since
 * a time, from a cache that may not know what another node has posted.
 */
static bool find_former(struct ctx *c, const struct zoom_event *event,
    struct str channel_id, struct str *post_id, struct err *err)
{
	struct mm_post_list *list = NULL;
	struct err why = { 0 };
	*post_id = (struct str){ NULL, 0 };
	/* one monstrous post must not keep meetings out of the channel */
	if (!mm_get_posts_for_channel(
	        c->mm, c->arena, channel_id, 0, FORMER_POSTS, &list, &why))
		return why.code == ERR_TOO_BIG ||
		       err_set(err, why.code, "%s", why.text);
	for (size_t i = 0; list != NULL && i < list->posts.n; i++) {
		const struct mm_post *p = &list->posts.items[i].value;
		if (p->delete_at == 0 &&
		    str_eq(p->user_id, str_from(c->plugin->bot_id)) &&
		    post_is_of(p, event->uuid))
			*post_id = p->id;
	}
	return true;
}

/* post_id: out, empty when the subscriber could not post it. */
static bool create(struct ctx *c, const struct zoom_event *event,
    const struct store_channel *channel, struct str *post_id, struct err *err)
{
	struct mm_user *user = NULL;
	struct str reason, link;
	*post_id = (struct str){ NULL, 0 };
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
	return post_meeting_started(c, &post, post_id, err);
}

/* Without the note a repeat may try again. Kept, it goes by itself. */
static void give_note(
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

/* So that a repeat is not checked, and logged, once more. */
static bool note_refusal(struct ctx *c, const struct zoom_event *event,
    struct str note, struct err *err)
{
	bool saved;
	return store_swap_meeting_note(
	    c, event->uuid, note, S(REFUSED_NOTE), POSTING_S, &saved, err);
}

/* Note held. */
static bool post_it(struct ctx *c, const struct zoom_event *event,
    const struct store_channel *channel, struct str note, struct err *err)
{
	struct str post_id;
	bool done =
	    find_former(c, event, channel->channel_id, &post_id, err) &&
	    (post_id.len > 0 || create(c, event, channel, &post_id, err));
	if (done)
		return post_id.len > 0 ? remember(c, event, note, post_id, err)
		                       : note_refusal(c, event, note, err);
	/* after a time-out the post may be under way: whoever comes when the
	 * note has gone finds it */
	if (err->code != ERR_TIMEOUT)
		give_note(c, event, note);
	return false;
}

/* Its end came first, or the one who was to post it was cut off. */
static bool end_former(struct ctx *c, const struct zoom_event *event,
    const struct store_channel *channel, struct str note, struct err *err)
{
	struct str post_id;
	return find_former(c, event, channel->channel_id, &post_id, err) &&
	       (post_id.len == 0 || remember(c, event, note, post_id, err));
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
	if (store_note_post(present).len > 0 ||
	    str_eq(present, S(REFUSED_NOTE)))
		return true;
	if (str_has_prefix(present, S(ENDED_NOTE)))
		return end_former(c, event, channel, present, err);
	if (present.len == 0 && !store_swap_meeting_note(c, event->uuid,
	                            present, note, POSTING_S, &saved, err))
		return false;
	return saved ? post_it(c, event, channel, note, err)
	             : err_set(err, ERR_BUSY, "the meeting is being posted");
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
