/*
 * tape - a meeting that was posted, events of its recordings, and replies
 *
 *	tape_start(&t);
 *	https_answers(t.w.zoom, 200, TEXT, "00:00:01\thi\n");
 *	const char *video = tape_video(&t, START, "/rec/play/1");
 *	ck_assert_int_eq(tape_delivers(&t, video, tape_chat(&t, START), NULL),
 *	    200);
 *	ck_assert_uint_eq(tape_n_replies(&t), 1);
 *	tape_expect_file(tape_reply(&t, 0), "custom_zoom_chat");
 *	tape_stop(&t);
 *
 * ADA has started the meeting in TALK; its post is the first one. Texts that
 * are returned live in w.arena.
 *
 * Threads: one test thread.
 */
#ifndef TESTS_TAPE_H
#define TESTS_TAPE_H

#include "tests/lib/world.h"

/* When parts of a recording began: 1760000040000 and 1760002200000. */
#define START "2025-10-09T08:54:00Z"
#define LATER "2025-10-09T09:30:00Z"

/* The claim on a part, before its time. */
#define CLAIM "z2_recording_AbCdEf%2F12345+ghIJKLmno==_"

/* What files are fetched with, and the header that texts come with. */
#define TOKEN "download.token-1"
#define TEXT  "Content-Type: text/plain"

struct tape {
	struct world w;
	bool last_attempt; /* of those that are worked off */
	/* of the event that was worked off last */
	struct err why;   /* it is to be tried again */
	int64_t retry_ms; /* and how much later at least */
	bool elsewhere;   /* somebody else is at work on it */
};

void tape_start(struct tape *t);
void tape_stop(struct tape *t);

/* ---- events ------------------------------------------------------------------ */

/* A file of a recording; more: its other members, each with a comma behind. */
const char *tape_file(struct tape *t, const char *type, const char *kind,
    const char *start, const char *more);
#define COMPLETED "\"status\":\"completed\","

/* A video, to be watched at a path of Zoom's; a chat; a transcript. */
const char *tape_video(struct tape *t, const char *start, const char *path);
const char *tape_chat(struct tape *t, const char *start);
const char *tape_transcript(struct tape *t, const char *start);

/* An event with up to three files; more: further members of the object. */
const char *tape_event(struct tape *t, const char *event, const char *uuid,
    const char *more, const char *one, const char *two, const char *three);

/* What the queue does with an event: 200, done; 500, to be tried again. */
int tape_works_off(struct tape *t, const char *event);

/* The same with an event of the meeting's recordings. */
int tape_delivers(
    struct tape *t, const char *one, const char *two, const char *three);
int tape_delivers_video(struct tape *t, const char *start, const char *path);

/* The same with one of its transcripts. */
int tape_delivers_transcript(struct tape *t, const char *one, const char *two);

/* ---- what is in the channel ----------------------------------------------------- */

/* Posts besides the meeting's, and number i of them: the bot's, in the thread
 * of the meeting. */
size_t tape_n_replies(struct tape *t);
const struct mm_post *tape_reply(struct tape *t, size_t i);

const struct mm_upload_file_args *tape_upload(struct tape *t, size_t i);

/* The sentence with the link to a path of Zoom's. */
const char *tape_watch(struct tape *t, const char *path);

void tape_expect_message(struct tape *t, size_t i, const char *text);

/* The event was done without a reply. */
void tape_expect_nothing(struct tape *t, int status);

/* The file's id is in the post, and in captions as Agents reads it. */
void tape_expect_file(const struct mm_post *post, const char *type);

#endif
