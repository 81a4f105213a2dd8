#include "plugin/recent.h"

#include "plugin/action.h"
#include "plugin/post.h"
#include "plugin/say.h"
#include "plugin/text.h"

static struct str prop(const struct mm_post *post, struct str name)
{
	return gob_any_get_string(gob_any_map_get(&post->props, name));
}

/* ---- finding --------------------------------------------------------------------- */

static bool is_meeting(
    struct ctx *c, const struct mm_post *post, int64_t since_ms)
{
	struct str provider = prop(post, S("meeting_provider"));
	struct str link = prop(post, S("meeting_link"));
	if (post->delete_at != 0 || post->create_at < since_ms ||
	    provider.len == 0 || !text_is_link(link) ||
	    str_eq(prop(post, S("meeting_status")), S("ENDED")))
		return false;
	return !str_eq_nocase(provider, S("Zoom")) ||
	       config_trusts(c->config, link);
}

static const struct mm_post *newest(
    struct ctx *c, const struct mm_post_list *list, int64_t since_ms)
{
	const struct mm_post *found = NULL;
	for (size_t i = 0; list != NULL && i < list->posts.n; i++) {
		const struct mm_post *post = &list->posts.items[i].value;
		if (is_meeting(c, post, since_ms) &&
		    (found == NULL || post->create_at > found->create_at))
			found = post;
	}
	return found;
}

/* A name in the props can be anybody's; a bot posts for somebody, though. */
static bool find_author(struct ctx *c, const struct mm_post *post,
    struct str *username, struct err *err)
{
	struct mm_user *author = NULL;
	struct err why = { 0 };
	*username = (struct str){ NULL, 0 };
	if (!mm_get_user(c->mm, c->arena, post->user_id, &author, &why))
		return why.code == ERR_NOT_FOUND ||
		       err_set(err, why.code, "%s", why.text);
	if (author == NULL)
		return true;
	struct str named = prop(post, S("meeting_creator_username"));
	*username = author->username;
	if (author->is_bot && text_is_name(named))
		*username = named;
	return true;
}

bool recent_find(struct ctx *c, struct str channel_id, struct recent *recent,
    struct err *err)
{
	struct mm_post_list *list = NULL;
	int64_t since_ms = clock_wall_ms() - RECENT_MS;
	*recent = (struct recent){ .link = { NULL, 0 } };
	if (!mm_get_posts_since(
	        c->mm, c->arena, channel_id, since_ms, &list, err))
		return err_wrap(err, "looking for a recent meeting");
	const struct mm_post *post = newest(c, list, since_ms);
	if (post == NULL)
		return true;
	recent->link = prop(post, S("meeting_link"));
	recent->provider = prop(post, S("meeting_provider"));
	recent->topic = text_line(
	    c->arena, prop(post, S("meeting_topic")), MEETING_TOPIC_MAX);
	return find_author(c, post, &recent->username, err) &&
	       arena_ok(c->arena, err);
}

/* ---- offering --------------------------------------------------------------------- */

static struct str sentence(struct ctx *c, const struct recent *recent)
{
	struct arena *a = c->arena;
	struct str who =
	    recent->username.len == 0
	        ? say(c, "Somebody")
	        : arena_printf(a, "@%.*s", STR_ARG(recent->username));
	struct str link = text_link_target(a, recent->link);
	if (!text_is_name(recent->provider))
		return say(c,
		    "%.*s has just started a meeting in this channel. "
		    "[Join it](%.*s), or start another one.",
		    STR_ARG(who), STR_ARG(link));
	return say(c,
	    "%.*s has just started a %.*s meeting in this channel. "
	    "[Join it](%.*s), or start another one.",
	    STR_ARG(who), STR_ARG(recent->provider), STR_ARG(link));
}

/* For our webapp, which draws the post from them. The server gives the post
 * another type: `type` is where webapps look then. */
static struct gob_any_map props_of(
    struct arena *a, const struct recent *recent, struct str wanted_topic)
{
	const struct {
		struct str name, value;
	} rows[] = {
		{ S("type"), S("custom_zoom") },
		{ S("meeting_status"), S("RECENTLY_CREATED") },
		{ S("meeting_link"), recent->link },
		{ S("meeting_provider"), recent->provider },
		{ S("meeting_topic"), recent->topic },
		{ S("meeting_creator_username"), recent->username },
		{ S("wanted_topic"), wanted_topic },
	};
	struct gob_any_map props = { 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value.len > 0)
			gob_any_map_set(a, &props, rows[i].name,
			    gob_any_string(a, rows[i].value));
	}
	return props;
}

bool recent_offer(struct ctx *c, const struct meeting_start *start,
    const struct recent *recent, struct err *err)
{
	const struct action press = {
		.owner_id = start->user_id,
		.channel_id = start->channel_id,
		.root_id = start->root_id,
		.topic = start->topic,
		.use_pmi = start->use_pmi,
	};
	const struct post_button button = {
		.id = "StartNew",
		.label = say(c, "Start a new meeting"),
		.path = "/api/v1/meetings?force=true",
		.context = action_context(c->arena, &press),
	};
	const struct post_offer offer = {
		.user_id = start->user_id,
		.channel_id = start->channel_id,
		.root_id = start->root_id,
		.title = recent->topic.len > 0
		             ? recent->topic
		             : say(c, "There is a meeting already"),
		.title_link = recent->link,
		.text = sentence(c, recent),
		.props = props_of(c->arena, recent, start->topic),
		.buttons = &button,
		.n_buttons = 1,
	};
	return post_offer(c, &offer, err);
}
