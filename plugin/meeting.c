/*
 * meeting - the life of a meeting that was started from a channel
 *
 * The happy path of meeting_start: policy; the Zoom user of the Mattermost
 * user; no other meeting in the channel just now; which meeting ID; the
 * meeting at Zoom; the post; two notes in the store, so that webhooks find
 * the post; the event for the browser.
 */
#include "plugin/meeting.h"

#include "plugin/announce.h"
#include "plugin/personal.h"
#include "plugin/policy.h"
#include "plugin/post.h"
#include "plugin/question.h"
#include "plugin/recent.h"
#include "plugin/room.h"
#include "plugin/say.h"
#include "plugin/store.h"
#include "plugin/text.h"
#include "plugin/token.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

/* ---- refusing ------------------------------------------------------------------------- */

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

static bool failed(
    struct ctx *c, struct meeting_result *result, const struct err *err)
{
	fail(c, result,
	    say(c, "Something went wrong. The server's log has the details."),
	    NULL, err);
	return false;
}

static struct str explain_user(struct ctx *c, struct str email,
    const struct zoom_answer *answer, const struct err *err)
{
	if (answer->verdict != ZOOM_NOT_FOUND || !c->config->account_level_app)
		return token_explain(c, answer, err);
	return say(c,
	    "Zoom knows nobody with your Mattermost e-mail address `%.*s` in "
	    "the connected Zoom account. Use the same address in both, or ask "
	    "your Zoom admin to add you.",
	    STR_ARG(email));
}

/* ---- who, and where ---------------------------------------------------------------------- */

/* Replies go to the first post of their thread. Whatever is wrong with it is
 * to be known before there is a meeting at Zoom. */
static bool find_thread(
    struct ctx *c, struct meeting_start *start, struct meeting_result *result)
{
	struct mm_post *root = NULL;
	struct err err = { 0 };
	if (start->root_id.len == 0)
		return true;
	if (!mm_get_post(c->mm, c->arena, start->root_id, &root, &err) &&
	    err.code != ERR_NOT_FOUND)
		return failed(c, result, &err);
	if (root == NULL || !str_eq(root->channel_id, start->channel_id)) {
		refuse(result, 400,
		    say(c, "This thread is not in the channel any more. Please "
		           "start the meeting in the channel itself."));
		return false;
	}
	if (root->root_id.len > 0)
		start->root_id = root->root_id;
	return true;
}

static bool find_starter(struct ctx *c, struct meeting_start *start,
    struct mm_user **user, struct meeting_result *result)
{
	struct err err = { 0 };
	struct str refusal;
	*user = NULL;
	if (!mm_get_user(c->mm, c->arena, start->user_id, user, &err) ||
	    *user == NULL)
		return failed(c, result, &err);
	say_knows(c, *user);
	if (!policy_may_start(
	        c, start->user_id, start->channel_id, &refusal, &err))
		return failed(c, result, &err);
	if (refusal.len == 0)
		refusal = policy_refuse_address(c, *user);
	if (refusal.len > 0) {
		refuse(result, 403, refusal);
		return false;
	}
	return find_thread(c, start, result);
}

static bool find_host(struct ctx *c, const struct mm_user *user,
    struct room_host *host, struct meeting_result *result)
{
	struct zoom_answer answer;
	struct err err = { 0 };
	if (room_find_host(c, user->id, user->email, host, &answer, &err))
		return true;
	struct str says = explain_user(c, user->email, &answer, &err);
	result->not_connected =
	    answer.verdict == ZOOM_NO_ANSWER && err.code == ERR_NOT_FOUND;
	if (answer.verdict == ZOOM_NOT_FOUND || result->not_connected)
		refuse(result, 404, says);
	else
		fail(c, result, says, &answer, &err);
	return false;
}

/* ---- asking the starter ------------------------------------------------------------------- */

/* Returns false when there is nothing more to do. */
static bool pass_recent(struct ctx *c, const struct meeting_start *start,
    struct meeting_result *result)
{
	struct recent recent;
	struct err err = { 0 };
	if (start->force)
		return true;
	if (!recent_find(c, start->channel_id, &recent, &err))
		return failed(c, result, &err);
	if (recent.link.len == 0)
		return true;
	if (!recent_offer(c, start, &recent, &err))
		return failed(c, result, &err);
	return false;
}

/* Likewise: the question has been asked, or could not be. */
static bool choose(
    struct ctx *c, struct meeting_start *start, struct meeting_result *result)
{
	enum preference wanted = start->use_pmi;
	struct err err = { 0 };
	if (wanted == PREFERENCE_NONE &&
	    !preference_load(c, start->user_id, &wanted, &err))
		return failed(c, result, &err);
	if (wanted == PREFERENCE_PERSONAL || wanted == PREFERENCE_UNIQUE) {
		start->use_pmi = wanted;
		return true;
	}
	if (!question_ask(c, start, wanted, &err))
		return failed(c, result, &err);
	return false;
}

/* ---- the meeting ---------------------------------------------------------------------------- */

static void tell(
    struct ctx *c, const struct meeting_start *start, struct str sentence)
{
	post_tell(
	    c, start->user_id, start->channel_id, start->root_id, sentence);
}

static bool open_room(struct ctx *c, const struct meeting_start *start,
    const struct room_host *host, struct room *room,
    struct meeting_result *result)
{
	struct zoom_answer answer;
	struct err err = { 0 };
	bool personal = start->use_pmi == PREFERENCE_PERSONAL;
	if (personal && room_find_personal(c, host, room))
		return true;
	if (!room_create(c, host, start->topic, room, &answer, &err)) {
		fail(c, result, explain_user(c, host->who, &answer, &err),
		    &answer, &err);
		return false;
	}
	if (personal)
		tell(c, start,
		    say(c,
		        "You have no personal meeting ID at Zoom, or it is "
		        "switched off, so this meeting has one of its own. "
		        "You can switch it on in your [Zoom "
		        "profile](%.*s/profile).",
		        STR_ARG(c->config->zoom_url)));
	return true;
}

/* A personal meeting that is running is in the channel already: one post an
 * instance. Not to know it costs a second post, nothing more. */
static bool is_posted(
    struct ctx *c, const struct meeting_start *start, const struct room *room)
{
	struct str post_id;
	struct mm_post *post = NULL;
	struct err err = { 0 };
	if (!room->personal || room->uuid.len == 0)
		return false;
	if (!store_load_meeting_post(c, room->uuid, &post_id, &err) ||
	    (post_id.len > 0 &&
	        !mm_get_post(c->mm, c->arena, post_id, &post, &err) &&
	        err.code != ERR_NOT_FOUND))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "The post of a personal meeting was not found", "error",
		    err.text, NULL);
	return post != NULL && str_eq(post->channel_id, start->channel_id) &&
	       post_is_running(post, room->id);
}

/* So that webhooks find the post. Failing here must not fail the start. */
static void remember(struct ctx *c, const struct meeting_start *start,
    const struct room *room, struct str post_id)
{
	struct err err = { 0 };
	const struct store_channel channel = {
		.channel_id = start->channel_id,
		.created_by = start->user_id,
	};
	/* a personal one has been somewhere before, mostly */
	bool done =
	    room->personal
	        ? store_save_meeting_post(c, room->uuid, post_id, &err) &&
	              store_save_meeting_channel(c, room->id, &channel, &err) &&
	              personal_add(c, room->id, post_id, &err)
	        : store_save_new_meeting(
	              c, room->uuid, post_id, room->id, &channel, &err);
	if (done)
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

static void announce(struct ctx *c, const struct meeting_start *start,
    const struct room *room, struct str username)
{
	struct err err = { 0 };
	struct str post_id;
	const struct post_meeting post = {
		.user_id = start->user_id,
		.username = username,
		.channel_id = start->channel_id,
		.root_id = start->root_id,
		.id = room->id,
		.uuid = room->uuid,
		.link = room->link,
		.topic = start->topic,
		.personal = room->personal,
	};
	if (post_meeting_started(c, &post, &post_id, &err)) {
		remember(c, start, room, post_id);
		return;
	}
	mm_log(c->mm, LOG_LEVEL_ERROR, "A meeting could not be posted", "error",
	    err.text, NULL);
	tell(c, start,
	    say(c,
	        "Your meeting is ready, but it could not be posted here: %.*s",
	        STR_ARG(room->link)));
}

/* What the store will be asked for, so that one wait brings it all. */
static void expect(struct ctx *c, const struct meeting_start *start)
{
	store_expect_channel_preference(c);
	grant_expect(c, start->user_id);
	if (start->use_pmi == PREFERENCE_NONE)
		preference_expect(c, start->user_id);
}

void meeting_start(struct ctx *c, const struct meeting_start *wish,
    struct meeting_result *result)
{
	struct meeting_start start = *wish;
	struct mm_user *user;
	struct room_host host;
	struct room room;
	*result = (struct meeting_result){ .status = 200 };
	start.topic = text_line(c->arena, wish->topic, MEETING_TOPIC_MAX);
	expect(c, &start);
	if (!find_starter(c, &start, &user, result) ||
	    !find_host(c, user, &host, result) ||
	    !pass_recent(c, &start, result) || !choose(c, &start, result))
		return;
	if (start.topic.len == 0)
		start.topic = S(MEETING_TOPIC);
	if (!open_room(c, &start, &host, &room, result))
		return;
	result->link = room.link;
	if (is_posted(c, &start, &room))
		tell(c, &start,
		    say(c,
		        "Your personal meeting is already running in this "
		        "channel. [Join it](%.*s).",
		        STR_ARG(text_link_target(c->arena, room.link))));
	else
		announce(c, &start, &room, user->username);
	notify_browser(c, &start, room.link);
}

/* ---- webhooks --------------------------------------------------------------------------- */

struct str meeting_topic(struct arena *a, struct str topic)
{
	struct str line = text_line(a, topic, MEETING_TOPIC_MAX);
	return line.len > 0 ? line : S(MEETING_TOPIC);
}

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
		/* a late event of an earlier instance is not about this one;
		 * Zoom counts whole seconds */
		bool earlier =
		    event->end_ms > 0 && event->end_ms + 1000 <= p->create_at;
		if (earlier || p->delete_at != 0 ||
		    !post_is_running(p, event->meeting_id) ||
		    !post_is_from(c, p, channel->created_by))
			continue;
		if (*post == NULL || p->create_at > (*post)->create_at)
			*post = p;
	}
	return true;
}

/* The post that the instance is known by. */
static bool end_instance(
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

bool meeting_ended(
    struct ctx *c, const struct zoom_event *event, struct err *err)
{
	store_expect_meeting(c, event->uuid, event->meeting_id);
	personal_expect(c, event->meeting_id);
	return end_instance(c, event, err) && personal_ended(c, event, err);
}

bool meeting_started(
    struct ctx *c, const struct zoom_event *event, struct err *err)
{
	struct mm_post *post;
	struct store_channel channel;
	store_expect_meeting(c, event->uuid, event->meeting_id);
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
