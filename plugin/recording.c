/*
 * recording - from an event to replies
 *
 * The happy path: the meeting's post; the files that are of use, by the start
 * of their recording; for each a claim, the file from Zoom to Mattermost, the
 * reply, the claim finished. Whoever is killed between the reply and the
 * claim's end has marked the reply with the claim's name; the next one finds
 * it in the thread. Of two who post at the same time, since one was held up
 * for longer than a claim lasts, one deletes what the other has posted, too.
 */
#include "plugin/recording.h"

#include "plugin/claim.h"
#include "plugin/meeting.h"
#include "plugin/post.h"
#include "plugin/say.h"
#include "plugin/store.h"
#include "zoom/download.h"
#include "zoom/escape.h"

#include <stdlib.h>
#include <string.h>

#define MARK      "z2_recording"
#define KEY       "z2_recording_"
#define VIDEO     "shared_screen_with_speaker_view"
#define MINUTE_MS ((int64_t)60 * 1000)

/* A file, and what is asked and answered about it. */
#define FILE_MEMORY_MAX (2 * RECORDING_FILE_MAX)

/* What the steps share. */
struct work {
	const struct zoom_event *event;
	const struct mm_post *meeting; /* its post */
	int64_t deadline_ms;
};

/* One reply. */
struct reply {
	struct str name;    /* of its claim */
	struct str message; /* empty: without a file there is nothing to say */
	const struct zoom_recording_file *file; /* to be attached, or NULL */
	struct str file_name;
	struct str file_type; /* of the post, when the file is attached */
	struct str file_says; /* added to the message then */
	bool is_chat;
};

/* ---- the meeting's post ----------------------------------------------------------- */

/* Whether an instance that began at start_ms can be this post's. */
static bool fits(const struct mm_post *post, const struct zoom_event *event)
{
	int64_t id = 0;
	int64_t end_ms = 0;
	int64_t start_ms = event->start_ms;
	const struct gob_any_map *props = &post->props;
	gob_any_get_int64(gob_any_map_get(props, S("meeting_id")), &id);
	gob_any_get_int64(
	    gob_any_map_get(props, S("meeting_end_time")), &end_ms);
	return post->delete_at == 0 && str_eq(post->type, S("custom_zoom")) &&
	       id == event->meeting_id &&
	       start_ms >= post->create_at - 5 * MINUTE_MS &&
	       start_ms <= post->create_at + 60 * MINUTE_MS &&
	       (end_ms == 0 || start_ms <= end_ms);
}

/*
 * A personal or recurring meeting has another UUID each time, which we do not
 * know when meeting.started has not reached us. Then the one post counts
 * that the meeting began at, in the channel where it was started last. The
 * same meeting id is used elsewhere, too: in doubt, none.
 */
static bool find_by_id(struct ctx *c, const struct zoom_event *event,
    const struct mm_post **post, struct err *err)
{
	struct store_channel channel;
	struct mm_post_list *list = NULL;
	size_t n = 0;
	*post = NULL;
	if (event->meeting_id == 0 || event->start_ms == 0)
		return true;
	if (!store_load_meeting_channel(c, event->meeting_id, &channel, err))
		return false;
	if (channel.channel_id.len == 0)
		return true;
	if (!mm_get_posts_since(c->mm, c->arena, channel.channel_id,
	        event->start_ms - 60 * MINUTE_MS, &list, err))
		return false;
	for (size_t i = 0; list != NULL && i < list->posts.n; i++) {
		const struct mm_post *p = &list->posts.items[i].value;
		if (!fits(p, event) || !post_is_from(c, p, channel.created_by))
			continue;
		*post = p;
		n++;
	}
	if (n != 1)
		*post = NULL;
	return true;
}

static bool find_meeting(struct ctx *c, const struct zoom_event *event,
    const struct mm_post **post, struct err *err)
{
	struct mm_post *found = NULL;
	if (!meeting_find_post(c, event, &found, err))
		return false;
	*post = found;
	return found != NULL || find_by_id(c, event, post, err);
}

static struct str root_of(const struct mm_post *post)
{
	return post->root_id.len > 0 ? post->root_id : post->id;
}

/* ---- files ---------------------------------------------------------------------------- */

static bool trusts(const void *object, struct str url)
{
	return config_trusts(object, url);
}

static bool fetch(struct ctx *c, const struct work *w,
    const struct zoom_recording_file *file, struct arena *memory,
    struct str *content, struct err *err)
{
	const struct zoom_download d = {
		.url = file->download_url,
		.token = w->event->download_token,
		.max = RECORDING_FILE_MAX,
		.public_only = config_zoom_is_public(c->config),
		.trusts = trusts,
		.object = c->config,
	};
	struct zoom_file got;
	bool ok = zoom_download(
	    c->plugin->zoom, memory, &d, w->deadline_ms, &got, err);
	*content = got.content;
	if (got.retry_ms > c->retry_ms)
		c->retry_ms = got.retry_ms;
	return ok;
}

/* The bytes as they are, but for lines without a character; in place, for they
 * are in an arena and nobody else's. */
static struct str without_blank_lines(struct str text)
{
	char *out = (char *)(uintptr_t)text.data;
	size_t n = 0;
	while (text.len > 0) {
		const char *end = memchr(text.data, '\n', text.len);
		size_t len =
		    end == NULL ? text.len : (size_t)(end - text.data) + 1;
		struct str line = str_sub(text, 0, len);
		if (str_trim(line).len > 0) {
			memmove(out + n, line.data, len);
			n += len;
		}
		text = str_sub(text, len, text.len);
	}
	return str_n(out, n);
}

/* The server has understood, and will refuse it again. */
static bool is_refusal(const struct err *err)
{
	return (err->status >= 400 && err->status < 500 &&
	           err->status != 429) ||
	       err->status == 501;
}

static void log_loss(struct ctx *c, const struct work *w, const char *what,
    const struct err *err)
{
	mm_log(c->mm, LOG_LEVEL_ERROR, what, "error", err->text, "meeting_uuid",
	    str_c(w->event->uuid), NULL);
}

/* From Zoom to Mattermost, in memory that is given back at once: an event may
 * bring many files. file_id: out, empty when the file is. */
static bool move(struct ctx *c, const struct work *w, const struct reply *r,
    struct str *file_id, bool *is_final, struct err *err)
{
	struct arena memory;
	struct str content;
	struct mm_file_info *info = NULL;
	arena_init(&memory, FILE_MEMORY_MAX);
	bool fetched = fetch(c, w, r->file, &memory, &content, err);
	if (fetched && r->is_chat)
		content = without_blank_lines(content);
	bool done =
	    fetched && (content.len == 0 || mm_upload_file(c->mm, &memory,
	                                        content, w->meeting->channel_id,
	                                        r->file_name, &info, err));
	*file_id = arena_str(c->arena, info == NULL ? S("") : info->id);
	*is_final = fetched ? is_refusal(err) : zoom_download_is_final(err);
	arena_fini(&memory);
	return done;
}

/*
 * file_id: out, empty when there is no such file for good, which has been
 * logged, or when it is empty.
 */
static bool attach(struct ctx *c, const struct work *w, const struct reply *r,
    struct str *file_id, struct err *err)
{
	bool is_final;
	struct err why = { 0 };
	if (move(c, w, r, file_id, &is_final, &why))
		return arena_ok(c->arena, err);
	/* busy is only whoever has the claim: this is a failure. In the end the
	 * rest is posted without it */
	if (!is_final && !c->last_attempt)
		return err_set(err,
		    why.code == ERR_BUSY ? ERR_REMOTE : why.code, "%.*s: %s",
		    STR_ARG(r->file_name), why.text);
	err_wrap(&why, "%.*s", STR_ARG(r->file_name));
	log_loss(c, w, "A file of a recording could not be posted", &why);
	return true;
}

/* ---- replies ----------------------------------------------------------------------------- */

/* [{"file_id": id}] */
static struct gob_any captions(struct arena *a, struct str file_id)
{
	struct gob_any_map caption = { 0 };
	struct gob_any *item = arena_new(a, struct gob_any);
	gob_any_map_set(a, &caption, S("file_id"), gob_any_string(a, file_id));
	if (item == NULL)
		return (struct gob_any){ 0 };
	*item = gob_any_map(a, caption);
	return gob_any_list(a, (struct gob_any_list){ item, 1 });
}

static bool create(struct ctx *c, const struct work *w, const struct reply *r,
    struct str file_id, struct str *post_id, struct err *err)
{
	struct arena *a = c->arena;
	struct mm_post *created = NULL;
	struct mm_post post = {
		.user_id = str_from(c->plugin->bot_id),
		.channel_id = w->meeting->channel_id,
		.root_id = root_of(w->meeting),
		.message = r->message,
	};
	gob_any_map_set(a, &post.props, S(MARK), gob_any_string(a, r->name));
	if (file_id.len > 0) {
		post.type = r->file_type;
		post.file_ids = (struct gob_strings){ &file_id, 1 };
		post.message =
		    arena_printf(a, "%.*s%s%.*s", STR_ARG(r->message),
		        r->message.len > 0 ? "\n" : "", STR_ARG(r->file_says));
		gob_any_map_set(
		    a, &post.props, S("captions"), captions(a, file_id));
	}
	if (!arena_ok(a, err) ||
	    !mm_create_post(c->mm, a, &post, &created, err))
		return false;
	*post_id = created == NULL ? S("") : created->id;
	return true;
}

/* A reply that somebody has made; but: the id of one that does not count. */
static bool find_reply(struct ctx *c, const struct work *w, struct str name,
    struct str but, struct str *post_id, struct err *err)
{
	struct mm_post_list *list = NULL;
	*post_id = (struct str){ NULL, 0 };
	if (!mm_get_post_thread(
	        c->mm, c->arena, root_of(w->meeting), &list, err))
		return false;
	for (size_t i = 0; list != NULL && i < list->posts.n; i++) {
		const struct mm_post *p = &list->posts.items[i].value;
		const struct gob_any *mark =
		    gob_any_map_get(&p->props, S(MARK));
		if (str_eq(p->user_id, str_from(c->plugin->bot_id)) &&
		    str_eq(gob_any_get_string(mark), name) &&
		    !str_eq(p->id, but))
			*post_id = p->id;
	}
	return true;
}

/* There may be two, whose makers did not see each other: that of whoever has
 * the claim stays. mine: it is the one of post_id. */
static void keep_one(struct ctx *c, const struct work *w, struct str name,
    struct str post_id, bool mine)
{
	struct str other;
	struct err err = { 0 };
	bool done = find_reply(c, w, name, post_id, &other, &err);
	if (done && other.len == 0)
		return;
	done = done &&
	       mm_delete_post(c->mm, c->arena, mine ? other : post_id, &err);
	mm_log(c->mm, done ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
	    done ? "A recording was posted twice, and one reply is deleted"
	         : "A recording may have been posted twice",
	    "error", err.text, "meeting_uuid", str_c(w->event->uuid), NULL);
}

/* post_id: out, empty when nothing is to be posted or the server does not
 * want it. */
static bool make_reply(struct ctx *c, const struct work *w,
    const struct reply *r, const struct claim *claim, struct str *post_id,
    struct err *err)
{
	struct str file_id = { NULL, 0 };
	struct err why = { 0 };
	*post_id = (struct str){ NULL, 0 };
	if (r->file != NULL && !attach(c, w, r, &file_id, err))
		return false;
	if (r->message.len == 0 && file_id.len == 0)
		return true;
	if (!claim_is_held(claim))
		return err_set(err, ERR_TIMEOUT,
		    "the server was so slow that somebody else may be posting "
		    "the recording");
	if (create(c, w, r, file_id, post_id, &why))
		return true;
	if (!is_refusal(&why))
		return err_set(err, why.code, "%s", why.text);
	log_loss(c, w, "A recording could not be posted", &why);
	return true;
}

static bool post_once(
    struct ctx *c, const struct work *w, const struct reply *r, struct err *err)
{
	struct claim claim;
	struct str post_id = { NULL, 0 };
	bool mine;
	if (!claim_take(c, r->name, &claim, err))
		return false;
	if (claim.done)
		return true;
	if (claim.again && !find_reply(c, w, r->name, S(""), &post_id, err)) {
		claim_release(c, &claim);
		return false;
	}
	if (post_id.len > 0)
		mm_log(c->mm, LOG_LEVEL_INFO,
		    "A recording was posted before by a process that died",
		    "meeting_uuid", str_c(w->event->uuid), "post_id",
		    str_c(post_id), NULL);
	bool done =
	    post_id.len > 0 || make_reply(c, w, r, &claim, &post_id, err);
	if (!done || post_id.len == 0) {
		/* another delivery may bring a token and addresses that work */
		claim_release(c, &claim);
		return done;
	}
	if (!claim_finish(c, &claim, post_id, &mine, err))
		return false;
	if (!mine || claim.again)
		keep_one(c, w, r->name, post_id, mine);
	return true;
}

/* ---- recording.completed ------------------------------------------------------------------ */

/* The files of one start that are of use. */
struct part {
	int64_t start_ms;
	const struct zoom_recording_file *video, *chat;
};

static bool is_ready(const struct zoom_recording_file *f)
{
	return f->id.len > 0 && f->start_ms > 0 &&
	       (f->status.len == 0 || str_eq(f->status, S("completed")));
}

/* A link that is Zoom's, and stays one inside of Markdown. */
static bool is_link(const struct config *config, struct str url)
{
	for (size_t i = 0; i < url.len; i++) {
		char ch = url.data[i];
		if (ch <= ' ' || ch > '~' || strchr("()<>[]\\\"`", ch) != NULL)
			return false;
	}
	return config_trusts(config, url);
}

static bool is_video(
    const struct config *config, const struct zoom_recording_file *f)
{
	return str_eq(f->file_type, S("MP4")) && is_link(config, f->play_url);
}

static bool is_chat(const struct zoom_recording_file *f)
{
	return f->download_url.len > 0 &&
	       (str_eq(f->recording_type, S("chat_file")) ||
	           str_eq(f->file_type, S("CHAT")));
}

static void add_file(struct part *parts, size_t *n_parts,
    const struct zoom_recording_file *f, bool video)
{
	struct part *p = parts;
	while (p < parts + *n_parts && p->start_ms != f->start_ms)
		p++;
	if (p == parts + *n_parts) {
		*p = (struct part){ .start_ms = f->start_ms };
		++*n_parts;
	}
	/* of several videos the one that shows most, else the first */
	if (!video)
		p->chat = f;
	else if (p->video == NULL ||
	         (str_has_prefix(f->recording_type, S(VIDEO)) &&
	             !str_has_prefix(p->video->recording_type, S(VIDEO))))
		p->video = f;
}

static int by_start(const void *a, const void *b)
{
	const struct part *x = a;
	const struct part *y = b;
	return (x->start_ms > y->start_ms) - (x->start_ms < y->start_ms);
}

/* As code, so that no character of it means anything; in more backticks than
 * it holds. Empty for what is no password. */
static struct str code(struct arena *a, struct str text)
{
	size_t run = 0;
	size_t longest = 0;
	char fence[32];
	for (size_t i = 0; i < text.len; i++) {
		run = text.data[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
		if ((unsigned char)text.data[i] < ' ')
			return (struct str){ NULL, 0 };
	}
	if (text.len == 0 || longest + 1 >= sizeof(fence))
		return (struct str){ NULL, 0 };
	memset(fence, '`', longest + 1);
	fence[longest + 1] = '\0';
	const char *space = longest > 0 ? " " : "";
	return arena_printf(
	    a, "%s%s%.*s%s%s", fence, space, STR_ARG(text), space, fence);
}

static struct str video_says(struct ctx *c, const struct zoom_event *event,
    const struct zoom_recording_file *video)
{
	if (video == NULL)
		return S("");
	struct str password = S("");
	if (c->config->enable_posting_recording_password)
		password = code(c->arena, event->password);
	if (password.len == 0)
		return say(c,
		    "The meeting was recorded: [watch the recording](%.*s)",
		    STR_ARG(video->play_url));
	return say(c,
	    "The meeting was recorded: [watch the recording](%.*s)\n"
	    "Password: %.*s",
	    STR_ARG(video->play_url), STR_ARG(password));
}

static struct str claim_name(
    struct ctx *c, const struct work *w, const char *kind, int64_t start_ms)
{
	return arena_printf(c->arena, KEY "%.*s_%s%lld",
	    STR_ARG(zoom_path_escape(c->arena, w->event->uuid)), kind,
	    (long long)start_ms);
}

/* The parts of an event in order of time; parts: out, room for all files. */
static size_t sort_out(
    struct ctx *c, const struct zoom_event *event, struct part *parts)
{
	size_t n_parts = 0;
	for (size_t i = 0; i < event->n_files; i++) {
		const struct zoom_recording_file *f = &event->files[i];
		bool video = is_video(c->config, f);
		if (is_ready(f) && (video || is_chat(f)))
			add_file(parts, &n_parts, f, video);
	}
	qsort(parts, n_parts, sizeof(*parts), by_start);
	return n_parts;
}

static bool post_recordings(
    struct ctx *c, const struct work *w, struct err *err)
{
	struct part *parts =
	    arena_array(c->arena, w->event->n_files, sizeof(*parts));
	bool done = true;
	if (parts == NULL)
		return arena_ok(c->arena, err);
	size_t n_parts = sort_out(c, w->event, parts);
	for (size_t i = 0; i < n_parts; i++) {
		struct err why = { 0 };
		const struct reply reply = {
			.name = claim_name(c, w, "", parts[i].start_ms),
			.message = video_says(c, w->event, parts[i].video),
			.file = parts[i].chat,
			.file_name = S("Chat-history.txt"),
			.file_type = S("custom_zoom_chat"),
			.file_says = say(c, "The meeting's chat is attached."),
			.is_chat = true,
		};
		if (post_once(c, w, &reply, &why))
			continue;
		/* what failed is told rather than what somebody else is at */
		if (err->code == ERR_BUSY)
			err_clear(err);
		done = err_set(err, why.code, "%s", why.text);
	}
	return done;
}

/* ---- recording.transcript_completed ---------------------------------------------------------- */

static bool post_transcript(
    struct ctx *c, const struct work *w, struct err *err)
{
	const struct zoom_recording_file *last = NULL;
	for (size_t i = 0; i < w->event->n_files; i++) {
		const struct zoom_recording_file *f = &w->event->files[i];
		if (is_ready(f) && f->download_url.len > 0 &&
		    str_eq(f->recording_type, S("audio_transcript")))
			last = f;
	}
	if (last == NULL)
		return true;
	const struct reply reply = {
		.name = claim_name(c, w, "transcript_", last->start_ms),
		.file = last,
		.file_name = S("transcription.txt"),
		.file_type = S("custom_zoom_transcript"),
		.file_says = say(c, "The meeting's transcript is attached."),
	};
	return post_once(c, w, &reply, err);
}

bool recording_post(
    struct ctx *c, const struct zoom_event *event, struct err *err)
{
	struct work w = {
		.event = event,
		.deadline_ms = clock_deadline_ms(RECORDING_MS),
	};
	if (event->uuid.len > 0 && !find_meeting(c, event, &w.meeting, err))
		return false;
	if (w.meeting == NULL) {
		mm_log(c->mm, LOG_LEVEL_INFO,
		    "A recording is of no meeting that was posted here",
		    "event", str_c(event->event), "meeting_uuid",
		    str_c(event->uuid), NULL);
		return true;
	}
	bool done = str_eq(event->event, S("recording.transcript_completed"))
	                ? post_transcript(c, &w, err)
	                : post_recordings(c, &w, err);
	c->elsewhere = !done && err->code == ERR_BUSY;
	return done;
}
