#include "plugin/post.h"

#include "base/clock.h"
#include "plugin/action.h"
#include "plugin/say.h"

#include <time.h>

#define POST_TYPE     "custom_zoom"
#define DEFAULT_COLOR "#2d8cff"
#define ENDED_COLOR   "#8a8f98"

/* ---- messages for one user ------------------------------------------------------- */

void post_tell(struct ctx *c, struct str user_id, struct str channel_id,
    struct str root_id, struct str message)
{
	struct err err = { 0 };
	struct mm_post *sent;
	const struct mm_post post = {
		.user_id = str_from(c->plugin->bot_id),
		.channel_id = channel_id,
		.root_id = root_id,
		.message = message,
	};
	if (!arena_ok(c->arena, &err) ||
	    !mm_send_ephemeral_post(
	        c->mm, c->arena, user_id, &post, &sent, &err))
		mm_log(c->mm, LOG_LEVEL_ERROR, "A user could not be answered",
		    "error", err.text, NULL);
}

static struct gob_any one_attachment(
    struct arena *a, struct mm_message_attachment attachment)
{
	struct mm_message_attachment *copy =
	    arena_new(a, struct mm_message_attachment);
	if (copy == NULL)
		return (struct gob_any){ 0 };
	*copy = attachment;
	return mm_any_attachments(
	    a, (struct mm_message_attachment_slice){ copy, 1 });
}

static bool offer_actions(struct arena *a, const struct post_offer *offer,
    struct mm_post_action_slice *actions)
{
	struct mm_post_action *items =
	    arena_array(a, offer->n_buttons, sizeof(*items));
	for (size_t i = 0; items != NULL && i < offer->n_buttons; i++) {
		const struct post_button *b = &offer->buttons[i];
		struct mm_post_action_integration *to =
		    arena_new(a, struct mm_post_action_integration);
		if (to == NULL)
			return false;
		/* without the Site URL: the server then calls us in process */
		to->url = arena_printf(a, PLUGIN_PATH "%s", b->path);
		to->context = b->context;
		items[i] = (struct mm_post_action){
			.id = str_from(b->id),
			.type = S("button"),
			.name = b->label,
			.integration = to,
		};
	}
	*actions = (struct mm_post_action_slice){ items, offer->n_buttons };
	return items != NULL;
}

bool post_offer(struct ctx *c, const struct post_offer *offer, struct err *err)
{
	struct arena *a = c->arena;
	struct mm_post *sent;
	struct mm_message_attachment attachment = {
		.fallback = offer->title,
		.color = S(DEFAULT_COLOR),
		.title = offer->title,
		.title_link = offer->title_link,
		.text = offer->text,
	};
	struct mm_post post = {
		.user_id = str_from(c->plugin->bot_id),
		.channel_id = offer->channel_id,
		.root_id = offer->root_id,
		.props = offer->props,
	};
	if (!offer_actions(a, offer, &attachment.actions))
		return arena_ok(a, err);
	gob_any_map_set(
	    a, &post.props, S("attachments"), one_attachment(a, attachment));
	return arena_ok(a, err) && mm_send_ephemeral_post(c->mm, a,
	                               offer->user_id, &post, &sent, err);
}

void post_answer(struct ctx *c, const struct action *press, struct str message)
{
	struct err err = { 0 };
	struct mm_post *sent;
	const struct mm_post post = {
		.id = press->post_id,
		.create_at = clock_wall_ms(),
		.user_id = str_from(c->plugin->bot_id),
		.channel_id = press->channel_id,
		.root_id = press->root_id,
		.message = message,
	};
	if (press->post_id.len == 0 || press->channel_id.len == 0)
		return;
	if (!arena_ok(c->arena, &err) ||
	    !mm_update_ephemeral_post(
	        c->mm, c->arena, press->user_id, &post, &sent, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "A message with buttons could not be replaced", "error",
		    err.text, NULL);
}

bool post_direct(struct ctx *c, struct str user_id, struct str message)
{
	struct err err = { 0 };
	struct mm_channel *channel = NULL;
	struct mm_post *sent;
	struct str bot = str_from(c->plugin->bot_id);
	struct mm_post post = { .user_id = bot, .message = message };
	bool found =
	    arena_ok(c->arena, &err) && mm_get_direct_channel(c->mm, c->arena,
	                                    user_id, bot, &channel, &err);
	if (found && channel != NULL)
		post.channel_id = channel->id;
	if (found && mm_create_post(c->mm, c->arena, &post, &sent, &err))
		return true;
	mm_log(c->mm, LOG_LEVEL_ERROR, "A direct message could not be sent",
	    "error", err.text, NULL);
	return false;
}

/* ---- the meeting's post ------------------------------------------------------------- */

struct str post_id_text(struct arena *a, int64_t id)
{
	struct str digits = arena_printf(a, "%lld", (long long)id);
	size_t n = digits.len;
	if (n < 9 || n > 11)
		return digits;
	size_t middle = n == 11 ? 4 : 3;
	return arena_printf(a, "%.3s %.*s %s", str_c(digits), (int)middle,
	    digits.data + 3, digits.data + 3 + middle);
}

static struct mm_message_attachment_field field(
    struct arena *a, struct str title, struct str value)
{
	return (struct mm_message_attachment_field){
		.title = title,
		.value = gob_any_string(a, value),
		.short_ = true,
	};
}

static struct gob_any started_attachment(
    struct ctx *all, const struct post_meeting *m)
{
	struct arena *a = all->arena;
	struct str id = post_id_text(a, m->id);
	return one_attachment(a,
	    (struct mm_message_attachment){
	        .fallback = say(all, "Zoom meeting %.*s: %.*s",
	            STR_ARG(m->topic), STR_ARG(m->link)),
	        .color = S(DEFAULT_COLOR),
	        .title = m->topic,
	        .title_link = m->link,
	        .text =
	            m->personal
	                ? say(all,
	                      "Personal meeting ID: [%.*s](%.*s)\n\n"
	                      "[Join meeting](%.*s)",
	                      STR_ARG(id), STR_ARG(m->link), STR_ARG(m->link))
	                : say(all,
	                      "Meeting ID: [%.*s](%.*s)\n\n"
	                      "[Join meeting](%.*s)",
	                      STR_ARG(id), STR_ARG(m->link), STR_ARG(m->link)),
	    });
}

static void set(
    struct arena *a, struct gob_any_map *props, struct str key, struct str text)
{
	gob_any_map_set(a, props, key, gob_any_string(a, text));
}

bool post_meeting_started(struct ctx *c, const struct post_meeting *m,
    struct str *post_id, struct err *err)
{
	struct arena *a = c->arena;
	struct ctx all = say_to_all(c);
	struct gob_any_map props = { 0 };
	struct mm_post *created;
	gob_any_map_set(
	    a, &props, S("attachments"), started_attachment(&all, m));
	gob_any_map_set(a, &props, S("meeting_id"), gob_any_int64(a, m->id));
	set(a, &props, S("meeting_uuid"), m->uuid);
	set(a, &props, S("meeting_link"), m->link);
	set(a, &props, S("meeting_status"), S("STARTED"));
	gob_any_map_set(
	    a, &props, S("meeting_personal"), gob_any_bool(a, m->personal));
	set(a, &props, S("meeting_topic"), m->topic);
	set(a, &props, S("meeting_creator_username"), m->username);
	set(a, &props, S("meeting_provider"), S("Zoom"));
	const struct mm_post post = {
		.user_id = m->user_id,
		.channel_id = m->channel_id,
		.root_id = m->root_id,
		.type = S(POST_TYPE),
		.message = say(&all, "Meeting started: %.*s", STR_ARG(m->link)),
		.props = props,
	};
	if (!arena_ok(a, err) ||
	    !mm_create_post(c->mm, a, &post, &created, err))
		return err_wrap(err, "posting the meeting");
	*post_id = created == NULL ? S("") : created->id;
	return true;
}

/* ---- ended ------------------------------------------------------------------------------ */

static struct str prop(const struct mm_post *post, struct str name)
{
	return gob_any_get_string(gob_any_map_get(&post->props, name));
}

bool post_is_of(const struct mm_post *post, struct str uuid)
{
	return str_eq(post->type, S(POST_TYPE)) &&
	       str_eq(prop(post, S("meeting_uuid")), uuid);
}

bool post_is_running(const struct mm_post *post, int64_t meeting_id)
{
	int64_t id;
	return str_eq(post->type, S(POST_TYPE)) &&
	       str_eq(prop(post, S("meeting_status")), S("STARTED")) &&
	       gob_any_get_int64(
	           gob_any_map_get(&post->props, S("meeting_id")), &id) &&
	       id == meeting_id;
}

bool post_is_from(
    const struct ctx *c, const struct mm_post *post, struct str starter)
{
	return starter.len == 0 || str_eq(post->user_id, starter) ||
	       str_eq(post->user_id, str_from(c->plugin->bot_id));
}

static struct str clock_text(struct arena *a, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[32];
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm);
	return arena_str(a, str_from(text));
}

static struct str length_text(struct ctx *all, int64_t ms)
{
	int64_t minutes = (ms + 59999) / 60000;
	if (minutes < 60)
		return say(all, "%lld min", (long long)minutes);
	return say(all, "%lld h %lld min", (long long)minutes / 60,
	    (long long)minutes % 60);
}

static struct gob_any ended_attachment(struct ctx *all,
    const struct mm_post *post, int64_t start_ms, int64_t end_ms)
{
	struct arena *a = all->arena;
	struct mm_message_attachment_field *fields =
	    arena_array(a, 2, sizeof(*fields));
	size_t n = 0;
	int64_t id = 0;
	gob_any_get_int64(gob_any_map_get(&post->props, S("meeting_id")), &id);
	if (fields != NULL && start_ms > 0)
		fields[n++] =
		    field(a, say(all, "Started"), clock_text(a, start_ms));
	if (fields != NULL && start_ms > 0 && end_ms > start_ms)
		fields[n++] = field(
		    a, say(all, "Length"), length_text(all, end_ms - start_ms));
	struct str topic = prop(post, S("meeting_topic"));
	return one_attachment(a,
	    (struct mm_message_attachment){
	        .fallback =
	            say(all, "Zoom meeting %.*s has ended.", STR_ARG(topic)),
	        .color = S(ENDED_COLOR),
	        .title = topic,
	        .text =
	            say(all, "Meeting ID: %.*s", STR_ARG(post_id_text(a, id))),
	        .fields = { fields, n },
	    });
}

/* Posts in an archived channel cannot change: trying again would not help. */
static bool is_archived(struct ctx *c, struct str channel_id)
{
	struct mm_channel *channel = NULL;
	struct err unknown = { 0 };
	return mm_get_channel(
	           c->mm, c->arena, channel_id, &channel, &unknown) &&
	       channel != NULL && channel->delete_at != 0;
}

bool post_meeting_ended(struct ctx *c, struct mm_post *post, int64_t start_ms,
    int64_t end_ms, struct err *err)
{
	struct arena *a = c->arena;
	struct ctx all = say_to_all(c);
	struct mm_post *updated;
	if (str_eq(prop(post, S("meeting_status")), S("ENDED")))
		return true;
	if (start_ms <= 0)
		start_ms = post->create_at;
	gob_any_map_set(a, &post->props, S("attachments"),
	    ended_attachment(&all, post, start_ms, end_ms));
	set(a, &post->props, S("meeting_status"), S("ENDED"));
	gob_any_map_set(a, &post->props, S("meeting_start_time"),
	    gob_any_int64(a, start_ms));
	gob_any_map_set(
	    a, &post->props, S("meeting_end_time"), gob_any_int64(a, end_ms));
	post->message = say(&all, "The meeting has ended.");
	if (arena_ok(a, err) && mm_update_post(c->mm, a, post, &updated, err))
		return true;
	if (!is_archived(c, post->channel_id))
		return false;
	mm_log(c->mm, LOG_LEVEL_INFO,
	    "A meeting has ended whose channel is archived: its post stays as "
	    "it is",
	    NULL);
	err_clear(err);
	return true;
}
