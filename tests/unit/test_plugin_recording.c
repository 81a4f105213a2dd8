/* Recordings: the link, the password and the files that a reply has. */
#include "plugin/recording.h"

#include "plugin/webhook.h"
#include "tests/lib/tape.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct tape t;

static void set_up(void)
{
	tape_start(&t);
}

static void tear_down(void)
{
	tape_stop(&t);
}

/* ---- links ----------------------------------------------------------------- */

START_TEST(a_recording_is_a_reply_with_a_link)
{
	ck_assert_int_eq(tape_delivers_video(&t, START, "/rec/play/1"), 200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	tape_expect_message(&t, 0, tape_watch(&t, "/rec/play/1"));
	ck_assert_uint_eq(tape_reply(&t, 0)->type.len, 0);
	ck_assert_uint_eq(tape_reply(&t, 0)->file_ids.n, 0);
	ck_assert_ptr_null(
	    gob_any_map_get(&tape_reply(&t, 0)->props, S("captions")));
}
END_TEST

START_TEST(the_password_is_posted_only_when_the_admin_wants_it)
{
	world_configures(&t.w, "EnablePostingRecordingPassword", "true");
	tape_delivers_video(&t, START, "/rec/play/1");
	tape_expect_message(&t, 0,
	    str_c(arena_printf(&t.w.arena, "%s\nPassword: `a!B2`",
	        tape_watch(&t, "/rec/play/1"))));
	world_configures(&t.w, "EnablePostingRecordingPassword", "false");
	tape_delivers_video(&t, LATER, "/rec/play/2");
	tape_expect_message(&t, 1, tape_watch(&t, "/rec/play/2"));
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
	world_configures(&t.w, "EnablePostingRecordingPassword", "true");
	struct str more = arena_printf(
	    &t.w.arena, "],\"password\":\"%s\",\"x\":[", passwords[_i].json);
	/* the last of two counts */
	tape_delivers(&t,
	    str_c(arena_printf(&t.w.arena, "%s%s",
	        tape_video(&t, START, "/rec/play/1"), str_c(more))),
	    NULL, NULL);
	tape_expect_message(&t, 0,
	    str_c(arena_printf(&t.w.arena, "%s\nPassword: %s",
	        tape_watch(&t, "/rec/play/1"), passwords[_i].shown)));
}
END_TEST

START_TEST(without_a_password_there_is_none_in_the_post)
{
	static const char *const none[] = { "\"\"", "null", "7", "\"a\\nb\"" };
	world_configures(&t.w, "EnablePostingRecordingPassword", "true");
	struct str more =
	    arena_printf(&t.w.arena, "],\"password\":%s,\"x\":[", none[_i]);
	tape_delivers(&t,
	    str_c(arena_printf(&t.w.arena, "%s%s",
	        tape_video(&t, START, "/rec/play/1"), str_c(more))),
	    NULL, NULL);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	tape_expect_message(&t, 0, tape_watch(&t, "/rec/play/1"));
}
END_TEST

START_TEST(each_start_has_a_reply_in_order_of_time)
{
	ck_assert_int_eq(tape_delivers(&t, tape_video(&t, LATER, "/rec/play/2"),
	                     tape_video(&t, START, "/rec/play/1"),
	                     tape_video(&t, LATER, "/rec/play/3")),
	    200);
	ck_assert_uint_eq(tape_n_replies(&t), 2);
	tape_expect_message(&t, 0, tape_watch(&t, "/rec/play/1"));
	tape_expect_message(&t, 1, tape_watch(&t, "/rec/play/2"));
}
END_TEST

START_TEST(of_several_videos_the_one_with_screen_and_speaker_is_linked)
{
	struct str more = arena_printf(&t.w.arena,
	    COMPLETED "\"play_url\":\"%s/rec/play/2\",", https_url(t.w.zoom));
	tape_delivers(&t, tape_video(&t, START, "/rec/play/1"),
	    tape_file(&t, "MP4", "shared_screen_with_speaker_view(CC)", START,
	        str_c(more)),
	    tape_video(&t, START, "/rec/play/3"));
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	tape_expect_message(&t, 0, tape_watch(&t, "/rec/play/2"));
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
	    &t.w.arena, COMPLETED "\"play_url\":\"%s\",", bad_links[_i]);
	tape_expect_nothing(
	    &t, tape_delivers(&t,
	            tape_file(&t, "MP4", "gallery_view", START, str_c(more)),
	            NULL, NULL));
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
	tape_expect_nothing(&t, tape_delivers(&t, unready[_i], NULL, NULL));
	tape_expect_nothing(
	    &t, tape_delivers_transcript(&t, unready[_i], NULL));
	ck_assert_int_eq(https_n_requests(t.w.zoom), 2);
	tape_delivers(
	    &t, unready[_i], tape_video(&t, START, "/rec/play/1"), unready[_i]);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
}
END_TEST

START_TEST(a_file_without_status_counts)
{
	struct str more = arena_printf(&t.w.arena,
	    "\"status\":null,\"play_url\":\"%s/rec/play/1\",",
	    https_url(t.w.zoom));
	tape_delivers(
	    &t, tape_file(&t, "MP4", "x", START, str_c(more)), NULL, NULL);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
}
END_TEST

/* ---- chats and transcripts ------------------------------------------------- */

START_TEST(the_chat_comes_with_the_link)
{
	https_answers(t.w.zoom, 200, TEXT,
	    "00:00:01\tAda:\thi  \r\n\r\n \t\n00:00:02\tSam:\t\xff\n\n"
	    "00:00:03\tend");
	ck_assert_int_eq(tape_delivers(&t, tape_chat(&t, START),
	                     tape_video(&t, START, "/rec/play/1"), NULL),
	    200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	tape_expect_message(&t, 0,
	    str_c(
	        arena_printf(&t.w.arena, "%s\nThe meeting's chat is attached.",
	            tape_watch(&t, "/rec/play/1"))));
	tape_expect_file(tape_reply(&t, 0), "custom_zoom_chat");
	ck_assert_str_eq(
	    str_c(tape_upload(&t, 0)->filename), "Chat-history.txt");
	ck_assert_str_eq(str_c(tape_upload(&t, 0)->channel_id), TALK);
	ck_assert(str_eq(tape_upload(&t, 0)->data,
	    S("00:00:01\tAda:\thi  \r\n00:00:02\tSam:\t\xff\n"
	      "00:00:03\tend")));
	const char *request = https_request(t.w.zoom, 2);
	ck_assert(strncmp(request, "GET /rec/1 ", 11) == 0);
	ck_assert_ptr_nonnull(
	    strstr(request, "\r\nAuthorization: Bearer " TOKEN "\r\n"));
}
END_TEST

START_TEST(a_chat_alone_is_a_reply_too)
{
	https_answers(t.w.zoom, 200, TEXT, "00:00:01\thi\n");
	tape_delivers(&t, tape_chat(&t, START), NULL, NULL);
	tape_expect_message(&t, 0, "The meeting's chat is attached.");
	tape_expect_file(tape_reply(&t, 0), "custom_zoom_chat");
}
END_TEST

START_TEST(an_empty_chat_is_not_attached)
{
	https_answers(t.w.zoom, 200, TEXT, "");
	https_answers(t.w.zoom, 200, TEXT, "\n \r\n");
	tape_delivers(&t, tape_chat(&t, START), NULL, NULL);
	ck_assert_uint_eq(tape_n_replies(&t), 0);
	tape_delivers(&t, tape_chat(&t, LATER),
	    tape_video(&t, LATER, "/rec/play/1"), NULL);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	tape_expect_message(&t, 0, tape_watch(&t, "/rec/play/1"));
	ck_assert_uint_eq(host_n_called(&t.w.host, MM_API_UPLOAD_FILE), 0);
}
END_TEST

START_TEST(the_last_transcript_is_posted_byte_for_byte)
{
	https_answers(t.w.zoom, 200, TEXT, "WEBVTT\r\n\r\n1\r\n\r\n");
	struct str first = arena_printf(&t.w.arena,
	    "{\"id\":\"g\",\"recording_start\":\"" START
	    "\",\"recording_type\":\"audio_transcript\","
	    "\"download_url\":\"%s/rec/first\"}",
	    https_url(t.w.zoom));
	ck_assert_int_eq(tape_delivers_transcript(
	                     &t, str_c(first), tape_transcript(&t, LATER)),
	    200);
	ck_assert_uint_eq(tape_n_replies(&t), 1);
	tape_expect_message(&t, 0, "The meeting's transcript is attached.");
	tape_expect_file(tape_reply(&t, 0), "custom_zoom_transcript");
	ck_assert_str_eq(
	    str_c(tape_upload(&t, 0)->filename), "transcription.txt");
	ck_assert(
	    str_eq(tape_upload(&t, 0)->data, S("WEBVTT\r\n\r\n1\r\n\r\n")));
	ck_assert_int_eq(https_n_requests(t.w.zoom), 3);
	ck_assert(strncmp(https_request(t.w.zoom, 2), "GET /rec/1 ", 11) == 0);
}
END_TEST

START_TEST(many_large_files_need_the_memory_of_one)
{
	struct arena small;
	struct ctx c = world_ctx(&t.w);
	struct zoom_event event = { 0 };
	const char *body = tape_event(&t, "recording.completed", MEETING_UUID,
	    "", tape_chat(&t, START), tape_chat(&t, LATER), NULL);
	c.arena = &small;
	arena_init(&small, (size_t)1024 * 1024);
	const size_t len = (size_t)3 * 1024 * 1024;
	char *text = calloc(1, len + 1);
	ck_assert_ptr_nonnull(text);
	memset(text, 'a', len);
	https_answers(t.w.zoom, 200, TEXT, text);
	https_answers(t.w.zoom, 200, TEXT, text);
	ck_assert(zoom_webhook_parse(
	    &t.w.arena, str_from(body), NULL, &event, &t.w.err));
	ck_assert_msg(webhook_handle(&c, &event, &t.w.err), "%s", t.w.err.text);
	ck_assert_uint_eq(tape_n_replies(&t), 2);
	tape_expect_file(tape_reply(&t, 1), "custom_zoom_chat");
	ck_assert(str_eq(tape_upload(&t, 1)->data, str_from(text)));
	free(text);
	arena_fini(&small);
	ctx_end(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin recording: replies");
	TCase *tc = tcase_create("replies");
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
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
