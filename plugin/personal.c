#include "plugin/personal.h"

#include "plugin/meeting.h"
#include "plugin/post.h"
#include "plugin/store.h"

/* Without webhooks no post ever ends: then the oldest are let go. */
#define MAX_POSTS 32

/* Zoom ends every meeting after 30 hours. */
#define KEPT_S ((int64_t)48 * 3600)

/* Somebody else may start or end it at the same time; not for ever. */
#define ATTEMPTS 8

/* What is stored, and what is to be stored in its place. */
struct posts {
	struct str key, raw;
	json_t *ids; /* owned; an array */
};

static struct str key_of(struct ctx *c, int64_t meeting_id)
{
	return arena_printf(
	    c->arena, "z2_personal_%lld", (long long)meeting_id);
}

void personal_expect(struct ctx *c, int64_t meeting_id)
{
	store_expect(c, key_of(c, meeting_id));
}

static bool load(
    struct ctx *c, int64_t meeting_id, struct posts *posts, struct err *err)
{
	*posts = (struct posts){ .key = key_of(c, meeting_id) };
	if (!store_get(c, posts->key, &posts->raw, err))
		return false;
	json_t *object = js_parse(posts->raw);
	json_t *ids = json_object_get(object, "posts");
	posts->ids = json_is_array(ids) ? json_incref(ids) : json_array();
	json_decref(object);
	return posts->ids != NULL || err_set(err, ERR_NO_MEMORY, "posts");
}

/* Unless they have changed meanwhile. Frees the array. */
static bool save(
    struct ctx *c, struct posts *posts, bool *saved, struct err *err)
{
	bool empty = json_array_size(posts->ids) == 0;
	struct str value =
	    js_dump(c->arena, json_pack("{s:o}", "posts", posts->ids));
	posts->ids = NULL;
	if (!empty)
		return store_swap_for(
		    c, posts->key, posts->raw, value, KEPT_S, saved, err);
	return arena_ok(c->arena, err) &&
	       mm_kv_compare_and_delete(
	           c->mm, c->arena, posts->key, posts->raw, saved, err);
}

bool personal_add(
    struct ctx *c, int64_t meeting_id, struct str post_id, struct err *err)
{
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		struct posts posts;
		bool saved = false;
		if (!load(c, meeting_id, &posts, err))
			return false;
		if (json_array_append_new(posts.ids, js_string(post_id)) != 0) {
			json_decref(posts.ids);
			return err_set(err, ERR_NO_MEMORY, "posts");
		}
		if (json_array_size(posts.ids) > MAX_POSTS)
			json_array_remove(posts.ids, 0);
		if (!save(c, &posts, &saved, err))
			return false;
		if (saved)
			return true;
	}
	return err_set(err, ERR_BUSY, "a personal meeting's posts");
}

/* stays: out, the post is of a later instance. */
static bool end_post(struct ctx *c, const struct zoom_event *event,
    struct str post_id, bool *stays, struct err *err)
{
	int64_t end_ms = meeting_end_ms(event);
	struct mm_post *post = NULL;
	struct err why = { 0 };
	*stays = false;
	if (!mm_get_post(c->mm, c->arena, post_id, &post, &why))
		return why.code == ERR_NOT_FOUND ||
		       err_set(err, why.code, "%s", why.text);
	if (post == NULL || !post_is_running(post, event->meeting_id))
		return true;
	/* Zoom counts whole seconds */
	*stays = end_ms + 1000 <= post->create_at;
	return *stays ||
	       post_meeting_ended(c, post, event->start_ms, end_ms, err);
}

/* Those that stay are what remains of the array. */
static bool end_posts(struct ctx *c, const struct zoom_event *event,
    struct posts *posts, struct err *err)
{
	size_t i = 0;
	while (i < json_array_size(posts->ids)) {
		const char *id =
		    json_string_value(json_array_get(posts->ids, i));
		bool stays = false;
		if (id != NULL &&
		    !end_post(c, event, arena_str(c->arena, str_from(id)),
		        &stays, err))
			return false;
		if (stays)
			i++;
		else
			json_array_remove(posts->ids, i);
	}
	return true;
}

bool personal_ended(
    struct ctx *c, const struct zoom_event *event, struct err *err)
{
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		struct posts posts;
		bool saved = false;
		if (!load(c, event->meeting_id, &posts, err))
			return false;
		if (posts.raw.len == 0 || !end_posts(c, event, &posts, err)) {
			json_decref(posts.ids);
			return posts.raw.len == 0;
		}
		if (!save(c, &posts, &saved, err))
			return false;
		if (saved)
			return true;
	}
	return err_set(err, ERR_BUSY, "a personal meeting's posts");
}
