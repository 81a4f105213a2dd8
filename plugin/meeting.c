/*
 * meeting - the life of a meeting that was started from a channel
 *
 * The happy path of meeting_start: policy; the Mattermost user's e-mail; the
 * Zoom user with that e-mail; the meeting at Zoom; the post; two notes in the
 * store, so that webhooks find the post; the event for the browser.
 */
#include "plugin/meeting.h"

#include "plugin/announce.h"
#include "plugin/policy.h"
#include "plugin/post.h"
#include "plugin/store.h"
#include "plugin/token.h"
#include "zoom/user.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

/* ---- questions to Zoom -------------------------------------------------------------- */

struct question {
	struct str email;
	struct str topic;
	struct zoom_user user;
	struct zoom_meeting meeting;
};

static bool ask_user(struct zoom_call *call, void *ctx, struct err *err)
{
	struct question *q = ctx;
	return zoom_user_fetch(call, q->email, &q->user, err);
}

static bool ask_meeting(struct zoom_call *call, void *ctx, struct err *err)
{
	struct question *q = ctx;
	return zoom_meeting_create(call, q->email, q->topic, &q->meeting, err);
}

/* ---- starting ------------------------------------------------------------------------- */

static void refuse(struct meeting_result *result, int status, struct str says)
{
	result->link = (struct str){ NULL, 0 };
	result->says = says;
	result->status = status;
}

/* The server or Zoom failed: log the chain, tell the user one sentence. */
static void fail(struct ctx *c, struct meeting_result *result, struct str says,
    const struct zoom_answer *answer, const struct err *err)
{
	mm_log(c->mm, LOG_LEVEL_WARN, "A meeting could not be started", "error",
	    err->text, "tracking_id", answer == NULL ? "" : answer->tracking_id,
	    NULL);
	refuse(result, 500, says);
}

struct str meeting_topic(struct arena *a, struct str topic)
{
	topic = str_trim(topic);
	if (topic.len == 0)
		return S(MEETING_TOPIC);
	struct str copy = arena_str(a, topic);
	char *p = (char *)(uintptr_t)copy.data;
	size_t characters = 0;
	for (size_t i = 0; i < copy.len; i++) {
		if ((unsigned char)p[i] < ' ')
			p[i] = ' ';
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			characters++;
		if (characters > MEETING_TOPIC_MAX)
			return arena_printf(a, "%.*s\xe2\x80\xa6", (int)i, p);
	}
	return copy;
}

struct str meeting_link(struct ctx *c, const struct zoom_meeting *m)
{
	if (config_trusts(c->config, m->join_url))
		return m->join_url;
	return arena_printf(c->arena, "%.*s/j/%lld",
	    STR_ARG(c->config->zoom_url), (long long)m->id);
}

static struct str explain_user(struct ctx *c, struct str email,
    const struct zoom_answer *answer, const struct err *err)
{
	if (answer->verdict != ZOOM_NOT_FOUND)
		return token_explain(c, answer, err);
	return arena_printf(c->arena,
	    "Zoom knows nobody with your Mattermost e-mail address `%.*s` in "
	    "the connected Zoom account. Use the same address in both, or ask "
	    "your Zoom admin to add you.",
	    STR_ARG(email));
}

static bool find_starter(struct ctx *c, const struct meeting_start *start,
    struct mm_user **user, struct meeting_result *result)
{
	struct err err = { 0 };
	struct str refusal;
	if (!policy_may_start(
	        c, start->user_id, start->channel_id, &refusal, &err) ||
	    !mm_get_user(c->mm, c->arena, start->user_id, user, &err) ||
	    *user == NULL) {
		fail(c, result,
		    S("Something went wrong. The server's log has the "
		      "details."),
		    NULL, &err);
		return false;
	}
	if (refusal.len > 0)
		refuse(result, 403, refusal);
	return refusal.len == 0;
}

static bool create(struct ctx *c, struct str user_id, struct question *q,
    struct meeting_result *result)
{
	struct zoom_answer answer;
	struct err err = { 0 };
	if (!token_ask(c, user_id, ask_user, q, &answer, &err)) {
		struct str says = explain_user(c, q->email, &answer, &err);
		result->not_connected = answer.verdict == ZOOM_NO_ANSWER &&
		                        err.code == ERR_NOT_FOUND;
		if (answer.verdict == ZOOM_NOT_FOUND || result->not_connected)
			refuse(result, 404, says);
		else
			fail(c, result, says, &answer, &err);
		return false;
	}
	if (token_ask(c, user_id, ask_meeting, q, &answer, &err))
		return true;
	fail(
	    c, result, explain_user(c, q->email, &answer, &err), &answer, &err);
	return false;
}

/* So that webhooks find the post. Failing here must not fail the start. */
static void remember(struct ctx *c, const struct meeting_start *start,
    const struct zoom_meeting *m, struct str post_id)
{
	struct err err = { 0 };
	const struct store_channel channel = {
		.channel_id = start->channel_id,
		.created_by = start->user_id,
	};
	if (store_save_meeting_post(c, m->uuid, post_id, &err) &&
	    store_save_meeting_channel(c, m->id, &channel, &err))
		return;
	mm_log(c->mm, LOG_LEVEL_ERROR,
	    "A meeting was started, but its post will not follow it", "error",
	    err.text, NULL);
}

static void notify_browser(
    struct ctx *c, const struct meeting_start *start, struct str link)
{
	struct err err = { 0 };
	struct gob_any_map payload = { 0 };
	const struct mm_websocket_broadcast to = {
		.user_id = start->user_id,
		.connection_id = start->connection_id,
	};
	gob_any_map_set(c->arena, &payload, S("meeting_url"),
	    gob_any_string(c->arena, link));
	if (!mm_publish_web_socket_event(
	        c->mm, c->arena, S("meeting_started"), payload, &to, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "The starter's browser could not be told", "error",
		    err.text, NULL);
}

void meeting_start(struct ctx *c, const struct meeting_start *start,
    struct meeting_result *result)
{
	struct mm_user *user = NULL;
	struct err err = { 0 };
	struct str post_id;
	*result = (struct meeting_result){ .status = 200 };
	if (!find_starter(c, start, &user, result))
		return;
	struct question q = {
		.email = user->email,
		.topic = meeting_topic(c->arena, start->topic),
	};
	if (!create(c, start->user_id, &q, result))
		return;
	result->link = meeting_link(c, &q.meeting);
	const struct post_meeting post = {
		.user_id = start->user_id,
		.username = user->username,
		.channel_id = start->channel_id,
		.root_id = start->root_id,
		.id = q.meeting.id,
		.uuid = q.meeting.uuid,
		.link = result->link,
		.topic = q.topic,
	};
	if (post_meeting_started(c, &post, &post_id, &err)) {
		remember(c, start, &q.meeting, post_id);
	} else {
		mm_log(c->mm, LOG_LEVEL_ERROR, "A meeting could not be posted",
		    "error", err.text, NULL);
		post_tell(c, start->user_id, start->channel_id, start->root_id,
		    arena_printf(c->arena,
		        "Your meeting is ready, but it could not be posted "
		        "here: %.*s",
		        STR_ARG(result->link)));
	}
	notify_browser(c, start, result->link);
}

/* ---- webhooks --------------------------------------------------------------------------- */

int64_t meeting_end_ms(const struct zoom_event *event)
{
	if (event->end_ms > 0)
		return event->end_ms;
	return event->event_ms > 0 ? event->event_ms : clock_wall_ms();
}

static bool post_of_uuid(struct ctx *c, const struct zoom_event *event,
    struct mm_post **post, struct err *err)
{
	struct str post_id;
	struct err why = { 0 };
	*post = NULL;
	if (!store_load_meeting_post(c, event->uuid, &post_id, err))
		return false;
	if (post_id.len == 0 ||
	    mm_get_post(c->mm, c->arena, post_id, post, &why))
		return true;
	/* deleted meanwhile */
	*post = NULL;
	return why.code == ERR_NOT_FOUND ||
	       err_set(err, why.code, "%s", why.text);
}

/* The newest running post of this meeting id in the channel where it was
 * started last. */
static bool post_of_channel(struct ctx *c, const struct zoom_event *event,
    const struct store_channel *channel, struct mm_post **post, struct err *err)
{
	struct mm_post_list *list = NULL;
	*post = NULL;
	if (channel->channel_id.len == 0)
		return true;
	if (!mm_get_posts_since(c->mm, c->arena, channel->channel_id,
	        clock_wall_ms() - DAY_MS, &list, err))
		return false;
	for (size_t i = 0; list != NULL && i < list->posts.n; i++) {
		struct mm_post *p = &list->posts.items[i].value;
		/* a late event of an earlier instance is not about this one */
		bool earlier =
		    event->end_ms > 0 && event->end_ms < p->create_at;
		if (earlier || p->delete_at != 0 ||
		    !post_is_running(p, event->meeting_id))
			continue;
		if (*post == NULL || p->create_at > (*post)->create_at)
			*post = p;
	}
	return true;
}

bool meeting_ended(
    struct ctx *c, const struct zoom_event *event, struct err *err)
{
	struct mm_post *post;
	struct store_channel channel = { 0 };
	if (!post_of_uuid(c, event, &post, err))
		return false;
	if (post == NULL &&
	    !store_load_meeting_channel(c, event->meeting_id, &channel, err))
		return false;
	if (channel.is_subscription)
		return announce_ended(c, event, err);
	if (post == NULL && !post_of_channel(c, event, &channel, &post, err))
		return false;
	return post == NULL || post_meeting_ended(c, post, event->start_ms,
	                           meeting_end_ms(event), err);
}

bool meeting_started(
    struct ctx *c, const struct zoom_event *event, struct err *err)
{
	struct mm_post *post;
	struct store_channel channel;
	if (!post_of_uuid(c, event, &post, err))
		return false;
	if (post != NULL)
		return true;
	if (!store_load_meeting_channel(c, event->meeting_id, &channel, err))
		return false;
	if (channel.is_subscription)
		return announce_started(c, event, &channel, err);
	if (!post_of_channel(c, event, &channel, &post, err))
		return false;
	return post == NULL ||
	       store_save_meeting_post(c, event->uuid, post->id, err);
}

bool meeting_find_post(struct ctx *c, const struct zoom_event *event,
    struct mm_post **post, struct err *err)
{
	return post_of_uuid(c, event, post, err);
}
