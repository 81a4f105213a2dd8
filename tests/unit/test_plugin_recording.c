/* Recordings: what is posted, where, how often, and what is not. */
#include "plugin/recording.h"

#include "plugin/claim.h"
#include "plugin/store.h"
#include "plugin/webhook.h"
#include "tests/lib/fast_clock.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "download.token-1"
#define TEXT  "Content-Type: text/plain"
#define START "2025-10-09T08:54:00Z"
#define LATER "2025-10-09T09:30:00Z"
#define CLAIM "z2_recording_AbCdEf%2F12345+ghIJKLmno==_"

static struct world w;

static void set_up(void)
{
	world_start(&w);
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
	ck_assert_str_eq(world_types(&w, ADA, "/zoom start"), "");
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
}

static void tear_down(void)
{
	world_stop(&w);
}

/* ---- events ---------------------------------------------------------------------- */

/* A file of a recording; more: its other members, each with a comma behind. */
static const char *file(
    const char *type, const char *kind, const char *start, const char *more)
{
	return str_c(arena_printf(&w.arena,
	    "{%s\"id\":\"f\",\"recording_start\":\"%s\",\"file_type\":\"%s\","
	    "\"recording_type\":\"%s\",\"download_url\":\"%s/rec/1\"}",
	    more, start, type, kind, https_url(w.zoom)));
}

#define COMPLETED "\"status\":\"completed\","

static const char *video(const char *start, const char *path)
{
	return file("MP4", "gallery_view", start,
	    str_c(arena_printf(&w.arena, COMPLETED "\"play_url\":\"%s%s\",",
	        https_url(w.zoom), path)));
}

static const char *chat(const char *start)
{
	return file("CHAT", "chat_file", start, COMPLETED);
}

static const char *transcript(const char *start)
{
	return file("TRANSCRIPT", "audio_transcript", start, COMPLETED);
}

/* An event with up to three files; more: further members of the object. */
static const char *recorded_as(const char *event, const char *uuid,
    const char *more, const char *one, const char *two, const char *three)
{
	return str_c(arena_printf(&w.arena,
	    "{\"event\":\"%s\",\"download_token\":\"" TOKEN "\","
	    "\"payload\":{\"object\":{\"id\":85550001111,\"uuid\":\"%s\"%s,"
	    "\"password\":\"a!B2\",\"recording_files\":[%s%s%s%s%s]}}}",
	    event, uuid, more, one, two == NULL ? "" : ",",
	    two == NULL ? "" : two, three == NULL ? "" : ",",
	    three == NULL ? "" : three));
}

static struct err failure; /* why it is to be tried again */
static int64_t failure_ms; /* and how much later at least */
static bool failure_elsewhere;

/* What the queue does with an event: 200, done; 500, to be tried again. */
static int works_off(const char *body)
{
	struct ctx c = world_ctx(&w);
	struct zoom_event event = { 0 };
	struct err err = { 0 };
	bool done =
	    zoom_webhook_parse(&w.arena, str_from(body), &event, &err) &&
	    webhook_handle(&c, &event, &err);
	failure = err;
	failure_ms = c.retry_ms;
	failure_elsewhere = c.elsewhere;
	ctx_end(&c);
	return done ? 200 : 500;
}

static int delivers(const char *one, const char *two, const char *three)
{
	return works_off(recorded_as(
	    "recording.completed", MEETING_UUID, "", one, two, three));
}

static int delivers_transcript(const char *one, const char *two)
{
	return works_off(recorded_as("recording.transcript_completed",
	    MEETING_UUID, "", one, two, NULL));
}

/* ---- what is in the channel --------------------------------------------------------- */

static size_t n_replies(void)
{
	return host_n_posts(&w.host) - 1;
}

static const struct mm_post *reply(size_t i)
{
	const struct mm_post *post = host_post(&w.host, i + 1);
	ck_assert_str_eq(str_c(post->user_id), HOST_BOT);
	ck_assert_str_eq(str_c(post->channel_id), TALK);
	ck_assert_str_eq(
	    str_c(post->root_id), str_c(host_post(&w.host, 0)->id));
	return post;
}

static const struct mm_upload_file_args *upload(size_t i)
{
	return host_args(&w.host, MM_API_UPLOAD_FILE, i);
}

static void expect_message(size_t i, const char *text)
{
	ck_assert_str_eq(str_c(reply(i)->message), text);
}

static const char *watch(const char *path)
{
	return str_c(arena_printf(&w.arena,
	    "The meeting was recorded: [watch the recording](%s%s)",
	    https_url(w.zoom), path));
}

/* The file's id is in the post, and in captions as Agents reads it. */
static void expect_file(const struct mm_post *post, const char *type)
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

static void expect_nothing(int status)
{
	ck_assert_int_eq(status, 200);
	ck_assert_uint_eq(n_replies(), 0);
}

/* ---- links --------------------------------------------------------------------------- */

START_TEST(a_recording_is_a_reply_with_a_link)
{
	ck_assert_int_eq(
	    delivers(video(START, "/rec/play/1"), NULL, NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
	expect_message(0, watch("/rec/play/1"));
	ck_assert_uint_eq(reply(0)->type.len, 0);
	ck_assert_uint_eq(reply(0)->file_ids.n, 0);
	ck_assert_ptr_null(gob_any_map_get(&reply(0)->props, S("captions")));
}
END_TEST

START_TEST(the_password_is_posted_only_when_the_admin_wants_it)
{
	world_configures(&w, "EnablePostingRecordingPassword", "true");
	delivers(video(START, "/rec/play/1"), NULL, NULL);
	expect_message(0, str_c(arena_printf(&w.arena, "%s\nPassword: `a!B2`",
	                      watch("/rec/play/1"))));
	world_configures(&w, "EnablePostingRecordingPassword", "false");
	delivers(video(LATER, "/rec/play/2"), NULL, NULL);
	expect_message(1, watch("/rec/play/2"));
}
END_TEST

static const struct {
	const char *json, *shown;
} passwords[] = {
	{ "*a*_b_~c~", "`*a*_b_~c~`" },
	{ "a`b", "`` a`b ``" },
	{ "``", "``` `` ```" },
	{ "@channel", "`@channel`" },
};

START_TEST(a_password_is_shown_as_it_is)
{
	world_configures(&w, "EnablePostingRecordingPassword", "true");
	struct str more = arena_printf(
	    &w.arena, "],\"password\":\"%s\",\"x\":[", passwords[_i].json);
	/* the last of two counts */
	delivers(str_c(arena_printf(&w.arena, "%s%s",
	             video(START, "/rec/play/1"), str_c(more))),
	    NULL, NULL);
	expect_message(0, str_c(arena_printf(&w.arena, "%s\nPassword: %s",
	                      watch("/rec/play/1"), passwords[_i].shown)));
}
END_TEST

START_TEST(without_a_password_there_is_none_in_the_post)
{
	static const char *const none[] = { "\"\"", "null", "7", "\"a\\nb\"" };
	world_configures(&w, "EnablePostingRecordingPassword", "true");
	struct str more =
	    arena_printf(&w.arena, "],\"password\":%s,\"x\":[", none[_i]);
	delivers(str_c(arena_printf(&w.arena, "%s%s",
	             video(START, "/rec/play/1"), str_c(more))),
	    NULL, NULL);
	ck_assert_uint_eq(n_replies(), 1);
	expect_message(0, watch("/rec/play/1"));
}
END_TEST

START_TEST(each_start_has_a_reply_in_order_of_time)
{
	ck_assert_int_eq(
	    delivers(video(LATER, "/rec/play/2"), video(START, "/rec/play/1"),
	        video(LATER, "/rec/play/3")),
	    200);
	ck_assert_uint_eq(n_replies(), 2);
	expect_message(0, watch("/rec/play/1"));
	expect_message(1, watch("/rec/play/2"));
}
END_TEST

START_TEST(of_several_videos_the_one_with_screen_and_speaker_is_linked)
{
	struct str more = arena_printf(&w.arena,
	    COMPLETED "\"play_url\":\"%s/rec/play/2\",", https_url(w.zoom));
	delivers(video(START, "/rec/play/1"),
	    file("MP4", "shared_screen_with_speaker_view(CC)", START,
	        str_c(more)),
	    video(START, "/rec/play/3"));
	ck_assert_uint_eq(n_replies(), 1);
	expect_message(0, watch("/rec/play/2"));
}
END_TEST

static const char *const bad_links[] = { "https://evil.test/rec/play/1",
	"http://localhost/rec/play/1", "javascript:alert(1)", "",
	"https://localhost.evil.test/", "https://localhost@evil.test/",
	"https://localhost/a) [b](https://evil.test/",
	"https://localhost/\\u0000" };

START_TEST(a_link_that_is_not_zooms_is_not_posted)
{
	struct str more = arena_printf(
	    &w.arena, COMPLETED "\"play_url\":\"%s\",", bad_links[_i]);
	expect_nothing(delivers(
	    file("MP4", "gallery_view", START, str_c(more)), NULL, NULL));
}
END_TEST

static const char *const unready[] = {
	"{\"recording_start\":\"" START "\",\"file_type\":\"TIMELINE\","
	"\"file_extension\":\"JSON\",\"download_url\":\"https://localhost/\"}",
	"{}",
	"null",
	"[]",
	"7",
	"{\"id\":\"f\",\"file_type\":\"CHAT\",\"recording_type\":\"chat_"
	"file\"}",
	"{\"id\":null,\"recording_start\":\"" START "\",\"file_type\":\"CHAT\","
	"\"download_url\":\"https://localhost/\"}",
	"{\"id\":\"f\",\"recording_start\":\"soon\",\"file_type\":\"CHAT\","
	"\"download_url\":\"https://localhost/\"}",
	"{\"id\":\"f\",\"recording_start\":\"" START "\",\"file_type\":"
	"\"CHAT\",\"download_url\":\"https://localhost/\",\"status\":"
	"\"processing\"}",
	"{\"id\":\"f\",\"recording_start\":\"" START "\",\"file_type\":"
	"\"CHAT\",\"recording_type\":\"chat_file\",\"download_url\":\"\"}",
	"{\"id\":\"f\",\"recording_start\":\"" START "\",\"file_type\":"
	"\"M4A\",\"play_url\":\"https://localhost/\",\"status\":"
	"\"completed\"}",
};

START_TEST(a_file_that_is_not_ready_or_of_no_use_is_passed_over)
{
	expect_nothing(delivers(unready[_i], NULL, NULL));
	expect_nothing(delivers_transcript(unready[_i], NULL));
	ck_assert_int_eq(https_n_requests(w.zoom), 2);
	delivers(unready[_i], video(START, "/rec/play/1"), unready[_i]);
	ck_assert_uint_eq(n_replies(), 1);
}
END_TEST

START_TEST(a_file_without_status_counts)
{
	struct str more = arena_printf(&w.arena,
	    "\"status\":null,\"play_url\":\"%s/rec/play/1\",",
	    https_url(w.zoom));
	delivers(file("MP4", "x", START, str_c(more)), NULL, NULL);
	ck_assert_uint_eq(n_replies(), 1);
}
END_TEST

/* ---- chats and transcripts --------------------------------------------------------------- */

START_TEST(the_chat_comes_with_the_link)
{
	https_answers(w.zoom, 200, TEXT,
	    "00:00:01\tAda:\thi  \r\n\r\n \t\n00:00:02\tSam:\t\xff\n\n"
	    "00:00:03\tend");
	ck_assert_int_eq(
	    delivers(chat(START), video(START, "/rec/play/1"), NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
	expect_message(0,
	    str_c(arena_printf(&w.arena, "%s\nThe meeting's chat is attached.",
	        watch("/rec/play/1"))));
	expect_file(reply(0), "custom_zoom_chat");
	ck_assert_str_eq(str_c(upload(0)->filename), "Chat-history.txt");
	ck_assert_str_eq(str_c(upload(0)->channel_id), TALK);
	ck_assert(str_eq(
	    upload(0)->data, S("00:00:01\tAda:\thi  \r\n00:00:02\tSam:\t\xff\n"
	                       "00:00:03\tend")));
	const char *request = https_request(w.zoom, 2);
	ck_assert(strncmp(request, "GET /rec/1 ", 11) == 0);
	ck_assert_ptr_nonnull(
	    strstr(request, "\r\nAuthorization: Bearer " TOKEN "\r\n"));
}
END_TEST

START_TEST(a_chat_alone_is_a_reply_too)
{
	https_answers(w.zoom, 200, TEXT, "00:00:01\thi\n");
	delivers(chat(START), NULL, NULL);
	expect_message(0, "The meeting's chat is attached.");
	expect_file(reply(0), "custom_zoom_chat");
}
END_TEST

START_TEST(an_empty_chat_is_not_attached)
{
	https_answers(w.zoom, 200, TEXT, "");
	https_answers(w.zoom, 200, TEXT, "\n \r\n");
	delivers(chat(START), NULL, NULL);
	ck_assert_uint_eq(n_replies(), 0);
	delivers(chat(LATER), video(LATER, "/rec/play/1"), NULL);
	ck_assert_uint_eq(n_replies(), 1);
	expect_message(0, watch("/rec/play/1"));
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_UPLOAD_FILE), 0);
}
END_TEST

START_TEST(the_last_transcript_is_posted_byte_for_byte)
{
	https_answers(w.zoom, 200, TEXT, "WEBVTT\r\n\r\n1\r\n\r\n");
	struct str first = arena_printf(&w.arena,
	    "{\"id\":\"g\",\"recording_start\":\"" START
	    "\",\"recording_type\":\"audio_transcript\","
	    "\"download_url\":\"%s/rec/first\"}",
	    https_url(w.zoom));
	ck_assert_int_eq(
	    delivers_transcript(str_c(first), transcript(LATER)), 200);
	ck_assert_uint_eq(n_replies(), 1);
	expect_message(0, "The meeting's transcript is attached.");
	expect_file(reply(0), "custom_zoom_transcript");
	ck_assert_str_eq(str_c(upload(0)->filename), "transcription.txt");
	ck_assert(str_eq(upload(0)->data, S("WEBVTT\r\n\r\n1\r\n\r\n")));
	ck_assert_int_eq(https_n_requests(w.zoom), 3);
	ck_assert(strncmp(https_request(w.zoom, 2), "GET /rec/1 ", 11) == 0);
}
END_TEST

START_TEST(many_large_files_need_the_memory_of_one)
{
	struct arena small;
	struct ctx c = world_ctx(&w);
	struct zoom_event event = { 0 };
	const char *body = recorded_as("recording.completed", MEETING_UUID, "",
	    chat(START), chat(LATER), NULL);
	c.arena = &small;
	arena_init(&small, (size_t)1024 * 1024);
	const size_t len = (size_t)3 * 1024 * 1024;
	char *text = calloc(1, len + 1);
	ck_assert_ptr_nonnull(text);
	memset(text, 'a', len);
	https_answers(w.zoom, 200, TEXT, text);
	https_answers(w.zoom, 200, TEXT, text);
	ck_assert(zoom_webhook_parse(&w.arena, str_from(body), &event, &w.err));
	ck_assert_msg(webhook_handle(&c, &event, &w.err), "%s", w.err.text);
	ck_assert_uint_eq(n_replies(), 2);
	expect_file(reply(1), "custom_zoom_chat");
	ck_assert(str_eq(upload(1)->data, str_from(text)));
	free(text);
	arena_fini(&small);
	ctx_end(&c);
}
END_TEST

/* ---- where ------------------------------------------------------------------------------- */

START_TEST(a_meeting_in_a_thread_has_its_recording_there)
{
	host_post(&w.host, 0)->root_id = S("root");
	delivers(video(START, "/rec/play/1"), NULL, NULL);
	ck_assert_str_eq(str_c(host_post(&w.host, 1)->root_id), "root");
}
END_TEST

START_TEST(a_recording_of_an_unknown_meeting_is_dropped)
{
	static const char *const uuids[] = { "", "//o+==" };
	for (size_t i = 0; i < 2; i++)
		expect_nothing(works_off(recorded_as("recording.completed",
		    uuids[i], "", video(START, "/rec/play/1"), NULL, NULL)));
	ck_assert(host_logged(&w.host, "of no meeting that was posted here"));
}
END_TEST

START_TEST(a_deleted_post_gets_no_replies)
{
	host_post(&w.host, 0)->delete_at = 1;
	expect_nothing(delivers(video(START, "/rec/play/1"), NULL, NULL));
}
END_TEST

START_TEST(a_recording_that_comes_weeks_later_finds_its_post)
{
	w.host.clock_off_ms = (int64_t)29 * 24 * 3600 * 1000;
	ck_assert_int_eq(
	    delivers(video(START, "/rec/play/1"), NULL, NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
}
END_TEST

START_TEST(a_uuid_of_any_form_is_found)
{
	static const char *const uuids[] = {
		"/Ab/cd+fg==", "//o+==", "a b%;?"
	};
	struct ctx c = world_ctx(&w);
	for (size_t i = 0; i < 3; i++) {
		ck_assert(store_save_meeting_post(
		    &c, str_from(uuids[i]), host_post(&w.host, 0)->id, &w.err));
		ck_assert_int_eq(
		    works_off(recorded_as("recording.completed", uuids[i], "",
		        video(START, "/rec/play/1"), NULL, NULL)),
		    200);
		ck_assert_uint_eq(n_replies(), i + 1);
	}
	ctx_end(&c);
}
END_TEST

/* A start_time so many seconds after the meeting's post. */
static const char *begun(int64_t after_s)
{
	time_t at = host_post(&w.host, 0)->create_at / 1000 + after_s;
	struct tm tm;
	char text[64];
	gmtime_r(&at, &tm);
	strftime(
	    text, sizeof(text), ",\"start_time\":\"%Y-%m-%dT%H:%M:%SZ\"", &tm);
	return str_c(arena_str(&w.arena, str_from(text)));
}

static int delivers_another(const char *more)
{
	return works_off(recorded_as("recording.completed", "other==", more,
	    video(START, "/rec/play/1"), NULL, NULL));
}

START_TEST(an_instance_of_another_uuid_is_found_by_the_time_it_began)
{
	ck_assert_int_eq(delivers_another(begun(60)), 200);
	ck_assert_uint_eq(n_replies(), 1);
	expect_message(0, watch("/rec/play/1"));
}
END_TEST

START_TEST(an_instance_that_began_at_another_time_is_not_this_one)
{
	static const int64_t far[] = { -3600, -301, 3700, 86400 };
	for (size_t i = 0; i < 4; i++)
		expect_nothing(delivers_another(begun(far[i])));
	expect_nothing(delivers_another(""));
}
END_TEST

START_TEST(an_instance_that_began_after_the_end_is_not_this_one)
{
	struct mm_post *post = host_post(&w.host, 0);
	gob_any_map_set(&w.arena, &post->props, S("meeting_end_time"),
	    gob_any_int64(&w.arena, post->create_at + 600000));
	expect_nothing(delivers_another(begun(900)));
	delivers_another(begun(300));
	ck_assert_uint_eq(n_replies(), 1);
}
END_TEST

START_TEST(of_two_posts_that_can_be_meant_none_is)
{
	/* not so recent that it would be offered */
	host_post(&w.host, 0)->create_at -= 40 * 1000;
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
	world_types(&w, ADA, "/zoom start");
	ck_assert_uint_eq(host_n_posts(&w.host), 2);
	ck_assert_int_eq(delivers_another(begun(60)), 200);
	ck_assert_uint_eq(host_n_posts(&w.host), 2);
}
END_TEST

START_TEST(a_meeting_that_was_started_elsewhere_meanwhile_is_not_guessed)
{
	struct ctx c = world_ctx(&w);
	const struct store_channel elsewhere = {
		.channel_id = S(TEAM),
		.created_by = S(ADA),
	};
	ck_assert(
	    store_save_meeting_channel(&c, MEETING_ID, &elsewhere, &w.err));
	ctx_end(&c);
	expect_nothing(delivers_another(begun(60)));
}
END_TEST

/* ---- once ---------------------------------------------------------------------------------- */

START_TEST(an_event_that_comes_twice_is_posted_once)
{
	https_answers(w.zoom, 200, TEXT, "00:00:01\thi\n");
	https_answers(w.zoom, 200, TEXT, "WEBVTT\n");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    delivers(chat(START), video(START, "/rec/play/1"), NULL),
		    200);
		ck_assert_int_eq(
		    delivers_transcript(transcript(START), NULL), 200);
	}
	ck_assert_uint_eq(n_replies(), 2);
	ck_assert_int_eq(https_n_requests(w.zoom), 4);
	struct str done = arena_printf(
	    &w.arena, "{\"done\":\"%.*s\"}", STR_ARG(reply(0)->id));
	ck_assert(str_eq(host_key(&w.host, CLAIM "1760000040000"), done));
	ck_assert_uint_gt(
	    host_key(&w.host, CLAIM "transcript_1760000040000").len, 0);
}
END_TEST

START_TEST(while_another_is_at_work_it_is_to_be_sent_again)
{
	struct ctx c = world_ctx(&w);
	struct claim claim;
	ck_assert(claim_take(&c, S(CLAIM "1760000040000"), &claim, &w.err));
	ck_assert_int_eq(
	    delivers(video(START, "/rec/play/1"), NULL, NULL), 500);
	ck_assert(failure_elsewhere);
	ck_assert_uint_eq(n_replies(), 0);
	claim_release(&c, &claim);
	ctx_end(&c);
	ck_assert_int_eq(
	    delivers(video(START, "/rec/play/1"), NULL, NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
}
END_TEST

START_TEST(a_reply_of_somebody_who_died_before_the_end_is_found)
{
	ck_assert_int_eq(
	    delivers(video(START, "/rec/play/1"), NULL, NULL), 200);
	host_stores(&w.host, CLAIM "1760000040000", S("{\"until\":1}"));
	ck_assert_int_eq(
	    delivers(video(START, "/rec/play/1"), NULL, NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
	ck_assert(str_has_prefix(
	    host_key(&w.host, CLAIM "1760000040000"), S("{\"done\":")));
	/* and when there is none, it is made */
	host_stores(&w.host, CLAIM "1760002200000", S("{\"until\":1}"));
	delivers(video(LATER, "/rec/play/2"), NULL, NULL);
	ck_assert_uint_eq(n_replies(), 2);
}
END_TEST

START_TEST(a_mark_in_somebody_elses_post_counts_for_nothing)
{
	delivers(video(START, "/rec/play/1"), NULL, NULL);
	host_post(&w.host, 1)->user_id = S(EVE);
	host_stores(&w.host, CLAIM "1760000040000", S("{\"until\":1}"));
	delivers(video(START, "/rec/play/1"), NULL, NULL);
	ck_assert_uint_eq(host_n_posts(&w.host), 3);
}
END_TEST

/* ---- two at a time --------------------------------------------------------------------------- */

/* What happens while a reply is posted, beside it. */
enum meanwhile { ANOTHER_POSTS, ANOTHER_LOOKS, A_LATE_ONE_POSTS };

static void post_meanwhile(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	const struct mm_create_post_args *in = args;
	struct mm_create_post_returns *out = returns;
	(void)a;
	const enum meanwhile *what = object;
	if (*what == ANOTHER_POSTS) {
		host_adds_post(h, in->post);
		host_stores(h, CLAIM "1760000040000", S("{\"done\":\"x\"}"));
	} else if (*what == ANOTHER_LOOKS) {
		host_stores(h, CLAIM "1760000040000", S("{\"until\":9e15}"));
	}
	out->result = host_adds_post(h, in->post);
	if (*what == A_LATE_ONE_POSTS)
		host_adds_post(h, in->post);
}

static void posts_while(enum meanwhile what)
{
	host_answers(&w.host, MM_API_CREATE_POST, post_meanwhile, &what);
	ck_assert_int_eq(
	    delivers(video(START, "/rec/play/1"), NULL, NULL), 200);
}

START_TEST(who_has_lost_the_claim_deletes_what_another_has_posted_too)
{
	posts_while(ANOTHER_POSTS);
	ck_assert_uint_eq(n_replies(), 2);
	ck_assert_int_eq(reply(0)->delete_at, 0);
	ck_assert_int_ne(reply(1)->delete_at, 0);
	ck_assert_str_eq(str_c(host_key(&w.host, CLAIM "1760000040000")),
	    "{\"done\":\"x\"}");
	ck_assert(host_logged(&w.host, "posted twice, and one reply"));
}
END_TEST

START_TEST(who_has_lost_the_claim_leaves_the_only_reply)
{
	posts_while(ANOTHER_LOOKS);
	ck_assert_uint_eq(n_replies(), 1);
	ck_assert_int_eq(reply(0)->delete_at, 0);
}
END_TEST

START_TEST(who_went_on_with_it_deletes_what_came_late)
{
	host_stores(&w.host, CLAIM "1760000040000", S("{\"until\":1}"));
	posts_while(A_LATE_ONE_POSTS);
	ck_assert_uint_eq(n_replies(), 2);
	ck_assert_int_eq(reply(0)->delete_at, 0);
	ck_assert_int_ne(reply(1)->delete_at, 0);
	struct str done = arena_printf(
	    &w.arena, "{\"done\":\"%.*s\"}", STR_ARG(reply(0)->id));
	ck_assert(str_eq(host_key(&w.host, CLAIM "1760000040000"), done));
}
END_TEST

START_TEST(a_second_reply_that_stays_is_logged)
{
	host_fails(&w.host, MM_API_DELETE_POST, 500);
	posts_while(ANOTHER_POSTS);
	ck_assert(host_logged(&w.host, "may have been posted twice"));
}
END_TEST

/* So slow that the claim ends. */
static void upload_slowly(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	struct mm_upload_file_returns *out = returns;
	(void)h;
	(void)args;
	(void)object;
	out->result = arena_new(a, struct mm_file_info);
	out->result->id = S("file1");
	clock_ahead_ms += CLAIM_MS;
}

START_TEST(past_the_end_of_its_claim_nobody_posts)
{
	/* who waits for the upload must not see the clock jump */
	w.host.def.api_timeout_ms = 10 * CLAIM_MS;
	https_answers(w.zoom, 200, TEXT, "WEBVTT\n");
	https_answers(w.zoom, 200, TEXT, "WEBVTT\n");
	host_answers(&w.host, MM_API_UPLOAD_FILE, upload_slowly, NULL);
	ck_assert_int_eq(delivers_transcript(transcript(START), NULL), 500);
	ck_assert_int_eq(failure.code, ERR_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(failure.text, "somebody else may"));
	ck_assert_uint_eq(n_replies(), 0);
	host_answers(&w.host, MM_API_UPLOAD_FILE, NULL, NULL);
	ck_assert_int_eq(delivers_transcript(transcript(START), NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
}
END_TEST

/* ---- failures ---------------------------------------------------------------------------------- */

static const struct {
	int status;
	const char *headers, *body;
} refusals[] = {
	{ 401, "", "{}" },
	{ 403, "", "{}" },
	{ 404, "", "{}" },
	{ 200, "Content-Type: text/html", "<html>sign in" },
	{ 302, "Location: https://evil.test/", "" },
	{ 302, "Location: http://localhost/", "" },
};

START_TEST(a_file_that_zoom_refuses_is_logged_and_left_out)
{
	for (int i = 0; i < 2; i++)
		https_answers(w.zoom, refusals[_i].status, refusals[_i].headers,
		    refusals[_i].body);
	ck_assert_int_eq(
	    delivers(chat(START), video(START, "/rec/play/1"), NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
	expect_message(0, watch("/rec/play/1"));
	ck_assert_uint_eq(reply(0)->type.len, 0);
	ck_assert(
	    host_logged(&w.host, "A file of a recording could not be posted"));
	ck_assert(!host_logged(&w.host, TOKEN));
	ck_assert_int_eq(delivers_transcript(transcript(START), NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
	/* the copy of the event has a token that works */
	https_answers(w.zoom, 200, TEXT, "WEBVTT\n");
	ck_assert_int_eq(delivers_transcript(transcript(START), NULL), 200);
	ck_assert_uint_eq(n_replies(), 2);
}
END_TEST

START_TEST(a_file_that_may_come_later_is_to_be_sent_again)
{
	https_answers(w.zoom, 503, "", "");
	ck_assert_int_eq(
	    delivers(chat(START), video(START, "/rec/play/1"), NULL), 500);
	ck_assert_uint_eq(n_replies(), 0);
	https_answers(w.zoom, 200, TEXT, "00:00:01\thi\n");
	ck_assert_int_eq(
	    delivers(chat(START), video(START, "/rec/play/1"), NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
	expect_file(reply(0), "custom_zoom_chat");
}
END_TEST

static const struct {
	int status;
	const char *headers;
	int64_t retry_ms;
} limits[] = {
	{ 429, "Retry-After: 120", 120 * 1000 },
	{ 429, "", 0 },
	{ 408, "", 0 },
	{ 503, "Retry-After: 9", 9 * 1000 },
};

START_TEST(a_file_that_zoom_gives_to_nobody_now_is_a_failed_attempt)
{
	https_answers(w.zoom, limits[_i].status, limits[_i].headers, "");
	ck_assert_int_eq(delivers_transcript(transcript(START), NULL), 500);
	ck_assert_int_eq(failure.code, ERR_REMOTE);
	ck_assert(!failure_elsewhere);
	ck_assert_int_eq(failure_ms, limits[_i].retry_ms);
	ck_assert_uint_eq(n_replies(), 0);
}
END_TEST

START_TEST(a_part_that_fails_counts_beside_one_that_is_being_posted)
{
	struct ctx c = world_ctx(&w);
	struct claim claim;
	ck_assert(claim_take(&c, S(CLAIM "1760000040000"), &claim, &w.err));
	https_answers(w.zoom, 503, "", "");
	ck_assert_int_eq(
	    delivers(video(START, "/rec/play/1"), chat(LATER), NULL), 500);
	ck_assert(!failure_elsewhere);
	ctx_end(&c);
}
END_TEST

START_TEST(one_part_that_fails_does_not_hold_up_the_others)
{
	https_answers(w.zoom, 503, "", "");
	ck_assert_int_eq(
	    delivers(chat(START), video(LATER, "/rec/play/2"), NULL), 500);
	ck_assert_uint_eq(n_replies(), 1);
	expect_message(0, watch("/rec/play/2"));
}
END_TEST

static const enum mm_api_method used[] = { MM_API_KV_GET, MM_API_GET_POST,
	MM_API_KV_SET_WITH_OPTIONS, MM_API_UPLOAD_FILE, MM_API_CREATE_POST };

START_TEST(what_the_server_could_not_do_is_to_be_sent_again)
{
	https_answers(w.zoom, 200, TEXT, "00:00:01\thi\n");
	https_answers(w.zoom, 200, TEXT, "00:00:01\thi\n");
	host_fails(&w.host, used[_i], 500);
	ck_assert_int_eq(delivers(chat(START), NULL, NULL), 500);
	ck_assert_uint_eq(n_replies(), 0);
	host_obeys(&w.host, used[_i]);
	ck_assert_int_eq(delivers(chat(START), NULL, NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
}
END_TEST

START_TEST(what_the_server_refuses_is_logged_and_done)
{
	https_answers(w.zoom, 200, TEXT, "00:00:01\thi\n");
	host_fails(&w.host, MM_API_UPLOAD_FILE, 501);
	ck_assert_int_eq(
	    delivers(chat(START), video(START, "/rec/play/1"), NULL), 200);
	expect_message(0, watch("/rec/play/1"));
	host_fails(&w.host, MM_API_CREATE_POST, 400);
	ck_assert_int_eq(
	    delivers(video(LATER, "/rec/play/1"), NULL, NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
	ck_assert(host_logged(&w.host, "A recording could not be posted"));
}
END_TEST

START_TEST(a_reply_whose_end_could_not_be_noted_is_not_made_twice)
{
	/* the claim is taken, its end is not stored, nor that it is free */
	host_fails_after(&w.host, MM_API_KV_SET_WITH_OPTIONS, 1, 500);
	ck_assert_int_eq(
	    delivers(video(START, "/rec/play/1"), NULL, NULL), 500);
	ck_assert_uint_eq(n_replies(), 1);
	host_obeys(&w.host, MM_API_KV_SET_WITH_OPTIONS);
	host_stores(&w.host, CLAIM "1760000040000", S("{\"until\":1}"));
	ck_assert_int_eq(
	    delivers(video(START, "/rec/play/1"), NULL, NULL), 200);
	ck_assert_uint_eq(n_replies(), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin recording");
	TCase *tc = tcase_create("recordings");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_recording_is_a_reply_with_a_link);
	tcase_add_test(tc, the_password_is_posted_only_when_the_admin_wants_it);
	tcase_add_loop_test(tc, a_password_is_shown_as_it_is, 0,
	    (int)(sizeof(passwords) / sizeof(passwords[0])));
	tcase_add_loop_test(
	    tc, without_a_password_there_is_none_in_the_post, 0, 4);
	tcase_add_test(tc, each_start_has_a_reply_in_order_of_time);
	tcase_add_test(
	    tc, of_several_videos_the_one_with_screen_and_speaker_is_linked);
	tcase_add_loop_test(tc, a_link_that_is_not_zooms_is_not_posted, 0,
	    (int)(sizeof(bad_links) / sizeof(bad_links[0])));
	tcase_add_loop_test(tc,
	    a_file_that_is_not_ready_or_of_no_use_is_passed_over, 0,
	    (int)(sizeof(unready) / sizeof(unready[0])));
	tcase_add_test(tc, a_file_without_status_counts);
	tcase_add_test(tc, the_chat_comes_with_the_link);
	tcase_add_test(tc, a_chat_alone_is_a_reply_too);
	tcase_add_test(tc, an_empty_chat_is_not_attached);
	tcase_add_test(tc, the_last_transcript_is_posted_byte_for_byte);
	tcase_add_test(tc, many_large_files_need_the_memory_of_one);
	tcase_add_test(tc, a_meeting_in_a_thread_has_its_recording_there);
	tcase_add_test(tc, a_recording_of_an_unknown_meeting_is_dropped);
	tcase_add_test(tc, a_deleted_post_gets_no_replies);
	tcase_add_test(tc, a_recording_that_comes_weeks_later_finds_its_post);
	tcase_add_test(tc, a_uuid_of_any_form_is_found);
	tcase_add_test(
	    tc, an_instance_of_another_uuid_is_found_by_the_time_it_began);
	tcase_add_test(
	    tc, an_instance_that_began_at_another_time_is_not_this_one);
	tcase_add_test(
	    tc, an_instance_that_began_after_the_end_is_not_this_one);
	tcase_add_test(tc, of_two_posts_that_can_be_meant_none_is);
	tcase_add_test(
	    tc, a_meeting_that_was_started_elsewhere_meanwhile_is_not_guessed);
	tcase_add_test(tc, an_event_that_comes_twice_is_posted_once);
	tcase_add_test(tc, while_another_is_at_work_it_is_to_be_sent_again);
	tcase_add_test(
	    tc, a_reply_of_somebody_who_died_before_the_end_is_found);
	tcase_add_test(tc, a_mark_in_somebody_elses_post_counts_for_nothing);
	tcase_add_test(
	    tc, who_has_lost_the_claim_deletes_what_another_has_posted_too);
	tcase_add_test(tc, who_has_lost_the_claim_leaves_the_only_reply);
	tcase_add_test(tc, who_went_on_with_it_deletes_what_came_late);
	tcase_add_test(tc, a_second_reply_that_stays_is_logged);
	tcase_add_test(tc, past_the_end_of_its_claim_nobody_posts);
	tcase_add_loop_test(tc, a_file_that_zoom_refuses_is_logged_and_left_out,
	    0, (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(tc, a_file_that_may_come_later_is_to_be_sent_again);
	tcase_add_loop_test(tc,
	    a_file_that_zoom_gives_to_nobody_now_is_a_failed_attempt, 0,
	    (int)(sizeof(limits) / sizeof(limits[0])));
	tcase_add_test(
	    tc, a_part_that_fails_counts_beside_one_that_is_being_posted);
	tcase_add_test(tc, one_part_that_fails_does_not_hold_up_the_others);
	tcase_add_loop_test(tc,
	    what_the_server_could_not_do_is_to_be_sent_again, 0,
	    (int)(sizeof(used) / sizeof(used[0])));
	tcase_add_test(tc, what_the_server_refuses_is_logged_and_done);
	tcase_add_test(
	    tc, a_reply_whose_end_could_not_be_noted_is_not_made_twice);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
