#include "tests/lib/tape.h"

#include "plugin/webhook.h"

#include <check.h>
#include <string.h>

void tape_start(struct tape *t)
{
	memset(t, 0, sizeof(*t));
	world_start(&t->w);
	world_connects(&t->w);
	https_answers(t->w.zoom, 200, "", WORLD_USER);
	https_answers(t->w.zoom, 201, "", world_meeting(&t->w));
	ck_assert_str_eq(world_types(&t->w, ADA, "/zoom start"), "");
	ck_assert_uint_eq(host_n_posts(&t->w.host), 1);
}

void tape_stop(struct tape *t)
{
	world_stop(&t->w);
}

/* ---- events ------------------------------------------------------------------ */

const char *tape_file(struct tape *t, const char *type, const char *kind,
    const char *start, const char *more)
{
	return str_c(arena_printf(&t->w.arena,
	    "{%s\"id\":\"f\",\"recording_start\":\"%s\",\"file_type\":\"%s\","
	    "\"recording_type\":\"%s\",\"download_url\":\"%s/rec/1\"}",
	    more, start, type, kind, https_url(t->w.zoom)));
}

const char *tape_video(struct tape *t, const char *start, const char *path)
{
	struct str more = arena_printf(&t->w.arena,
	    COMPLETED "\"play_url\":\"%s%s\",", https_url(t->w.zoom), path);
	return tape_file(t, "MP4", "gallery_view", start, str_c(more));
}

const char *tape_chat(struct tape *t, const char *start)
{
	return tape_file(t, "CHAT", "chat_file", start, COMPLETED);
}

const char *tape_transcript(struct tape *t, const char *start)
{
	return tape_file(t, "TRANSCRIPT", "audio_transcript", start, COMPLETED);
}

const char *tape_event(struct tape *t, const char *event, const char *uuid,
    const char *more, const char *one, const char *two, const char *three)
{
	return str_c(arena_printf(&t->w.arena,
	    "{\"event\":\"%s\",\"download_token\":\"" TOKEN "\","
	    "\"payload\":{\"object\":{\"id\":85550001111,\"uuid\":\"%s\"%s,"
	    "\"password\":\"a!B2\",\"recording_files\":[%s%s%s%s%s]}}}",
	    event, uuid, more, one, two == NULL ? "" : ",",
	    two == NULL ? "" : two, three == NULL ? "" : ",",
	    three == NULL ? "" : three));
}

int tape_works_off(struct tape *t, const char *event)
{
	struct ctx c = world_ctx(&t->w);
	struct zoom_event parsed = { 0 };
	struct err err = { 0 };
	c.last_attempt = t->last_attempt;
	bool done = zoom_webhook_parse(
	                &t->w.arena, str_from(event), NULL, &parsed, &err) &&
	            webhook_handle(&c, &parsed, &err);
	t->why = err;
	t->retry_ms = c.retry_ms;
	t->elsewhere = c.elsewhere;
	ctx_end(&c);
	return done ? 200 : 500;
}

int tape_delivers(
    struct tape *t, const char *one, const char *two, const char *three)
{
	return tape_works_off(t, tape_event(t, "recording.completed",
	                             MEETING_UUID, "", one, two, three));
}

int tape_delivers_video(struct tape *t, const char *start, const char *path)
{
	return tape_delivers(t, tape_video(t, start, path), NULL, NULL);
}

int tape_delivers_transcript(struct tape *t, const char *one, const char *two)
{
	return tape_works_off(t, tape_event(t, "recording.transcript_completed",
	                             MEETING_UUID, "", one, two, NULL));
}

/* ---- what is in the channel ----------------------------------------------------- */

size_t tape_n_replies(struct tape *t)
{
	return host_n_posts(&t->w.host) - 1;
}

const struct mm_post *tape_reply(struct tape *t, size_t i)
{
	const struct mm_post *post = host_post(&t->w.host, i + 1);
	ck_assert_str_eq(str_c(post->user_id), HOST_BOT);
	ck_assert_str_eq(str_c(post->channel_id), TALK);
	ck_assert_str_eq(
	    str_c(post->root_id), str_c(host_post(&t->w.host, 0)->id));
	return post;
}

const struct mm_upload_file_args *tape_upload(struct tape *t, size_t i)
{
	return host_args(&t->w.host, MM_API_UPLOAD_FILE, i);
}

const char *tape_watch(struct tape *t, const char *path)
{
	return str_c(arena_printf(&t->w.arena,
	    "The meeting was recorded: [watch the recording](%s%s)",
	    https_url(t->w.zoom), path));
}

void tape_expect_message(struct tape *t, size_t i, const char *text)
{
	ck_assert_str_eq(str_c(tape_reply(t, i)->message), text);
}

void tape_expect_nothing(struct tape *t, int status)
{
	ck_assert_int_eq(status, 200);
	ck_assert_uint_eq(tape_n_replies(t), 0);
}

void tape_expect_file(const struct mm_post *post, const char *type)
{
	const struct gob_any_list *captions =
	    gob_any_get_list(gob_any_map_get(&post->props, S("captions")));
	ck_assert_str_eq(str_c(post->type), type);
	ck_assert_uint_eq(post->file_ids.n, 1);
	ck_assert_ptr_nonnull(captions);
	ck_assert_uint_eq(captions->n, 1);
	struct str id = gob_any_get_string(gob_any_map_get(
	    gob_any_get_map(&captions->items[0]), S("file_id")));
	ck_assert(str_has_prefix(id, S("file")));
	ck_assert(str_eq(id, post->file_ids.items[0]));
}
