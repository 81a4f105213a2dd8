/*
 * webhook - the checks, in the order in which they cost
 *
 * The secret in the address before a byte of the body is pulled, then the
 * kind of content, then the signature over the raw bytes, and only then is
 * anything parsed. The challenge that Zoom sends when the address is saved
 * may be unsigned; its token is restricted instead.
 */
#include "plugin/webhook.h"

#include "plugin/disconnect.h"
#include "plugin/job.h"
#include "plugin/last_webhook.h"
#include "plugin/meeting.h"
#include "plugin/recording.h"
#include "plugin/routes.h"
#include "zoom/webhook.h"

/* Zoom waits three seconds for the answer. */
#define NOW_MS 2000

/* The one event that is answered with more than a status, and its bytes: others
 * have accounts and objects, and are longer. */
#define CHALLENGE     "endpoint.url_validation"
#define CHALLENGE_MAX 128

/* LATER: it takes longer than Zoom waits. NOW: it hardly ever does. */
enum when { NOW, LATER };

struct event_row {
	const char *name;
	enum when when;
	bool (*handle)(
	    struct ctx *c, const struct zoom_event *event, struct err *err);
};

static const struct event_row rows[] = {
	{ "meeting.started", NOW, meeting_started },
	{ "meeting.ended", NOW, meeting_ended },
	{ "app_deauthorized", NOW, disconnect_deauthorized },
	{ "recording.completed", LATER, recording_post },
	{ "recording.transcript_completed", LATER, recording_post },
};

static void refuse(
    struct ctx *c, struct mm_http *http, int status, const char *why)
{
	mm_log(
	    c->mm, LOG_LEVEL_WARN, "A webhook was refused", "why", why, NULL);
	mm_http_reply(http, status, S("text/plain; charset=utf-8"),
	    arena_printf(c->arena, "%s\n", why));
}

static bool is_json(struct str content_type)
{
	struct str type, parameters;
	str_cut(content_type, ';', &type, &parameters);
	return str_eq_nocase(str_trim(type), S("application/json"));
}

static void answer_challenge(
    struct ctx *c, struct mm_http *http, const struct zoom_event *event)
{
	struct str json;
	struct err err = { 0 };
	if (zoom_webhook_answer_challenge(c->arena,
	        c->config->zoom_webhook_secret, event->plain_token, &json,
	        &err))
		mm_http_reply(http, 200, S("application/json"), json);
	else
		refuse(c, http, 400, err.text);
}

static const struct event_row *find_row(struct str name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (str_eq(name, str_from(rows[i].name)))
			return &rows[i];
	}
	return NULL;
}

static bool is_wanted(struct str name)
{
	return find_row(name) != NULL || str_eq(name, S(CHALLENGE));
}

bool webhook_handle(
    struct ctx *c, const struct zoom_event *event, struct err *err)
{
	const struct event_row *row = find_row(event->event);
	return row == NULL || row->handle(c, event, err);
}

/* What is busy, or a token that has to be refreshed first, is waited for on
 * another thread. */
static bool handle_now(struct ctx *c, const struct event_row *row,
    const struct zoom_event *event, struct str body, struct err *err)
{
	struct ctx hurried = *c;
	hurried.hurried = true;
	hurried.deadline_ms = clock_deadline_ms(NOW_MS);
	if (row->handle(&hurried, event, err))
		return true;
	if (err->code != ERR_BUSY)
		return false;
	err_clear(err);
	return job_add(c, body, err);
}

static void accept_event(struct ctx *c, struct mm_http *http,
    const struct zoom_event *event, struct str body)
{
	struct err err = { 0 };
	const struct event_row *row = find_row(event->event);
	bool done =
	    row == NULL ||
	    (row->when == LATER ? job_add(c, body, &err)
	                        : handle_now(c, row, event, body, &err));
	if (!done)
		mm_log(c->mm, LOG_LEVEL_ERROR, "A webhook could not be handled",
		    "event", str_c(event->event), "error", err.text, NULL);
	/* anything but 2xx makes Zoom send it again later, which is wanted
	 * here: the work has not been done */
	mm_http_write_header(http, done ? 200 : 500);
}

static bool is_signed(
    struct ctx *c, struct mm_http *http, struct str body, struct err *err)
{
	const struct zoom_delivery delivery = {
		.timestamp = mm_http_header(http, S("X-Zm-Request-Timestamp")),
		.signature = mm_http_header(http, S("X-Zm-Signature")),
		.body = body,
	};
	return zoom_webhook_verify(c->config->zoom_webhook_secret, &delivery,
	    clock_wall_ms() / 1000, err);
}

/* Where no secret token is set, a deauthorization rests on the secret in its
 * address alone: to disconnect is the safe side. */
static bool may_be_unsigned(
    const struct ctx *c, struct mm_http *http, const struct zoom_event *event)
{
	return c->config->zoom_webhook_secret.len == 0 &&
	       str_eq(mm_http_path(http), S(WEBHOOK_DEAUTHORIZATION)) &&
	       str_eq(event->event, S("app_deauthorized"));
}

/* For a body that could not be read. */
static int status_of(const struct err *err)
{
	if (err->code == ERR_TOO_BIG)
		return 413;
	return err->code == ERR_NO_MEMORY ? 500 : 400;
}

/* A generated secret may have a plus sign, which whoever pastes it into an
 * address does not escape: it arrives as a space. */
static struct str without_spaces(struct ctx *c, struct str secret)
{
	struct str copy = arena_str(c->arena, secret);
	char *p = (char *)(uintptr_t)copy.data;
	for (size_t i = 0; i < copy.len; i++) {
		if (p[i] == ' ')
			p[i] = '+';
	}
	return copy;
}

static bool is_ours(struct ctx *c, const struct mm_http *http)
{
	return str_eq_constant_time(
	    without_spaces(c, mm_http_query_get(http, S("secret"))),
	    without_spaces(c, c->config->webhook_secret));
}

enum mm_http_ahead webhook_ahead(struct ctx *c, const struct mm_http *http)
{
	int64_t length = 0;
	if (!is_ours(c, http))
		return MM_AHEAD_NOTHING;
	bool known =
	    str_to_int64(mm_http_header(http, S("Content-Length")), &length);
	return known && length <= CHALLENGE_MAX ? MM_AHEAD_HEADERS
	                                        : MM_AHEAD_BODY;
}

void webhook_receive(struct ctx *c, struct mm_http *http)
{
	struct zoom_event event = { 0 };
	struct str body;
	struct err err = { 0 };
	struct err forged = { 0 };
	if (!is_ours(c, http)) {
		refuse(c, http, 401, "wrong secret in the address");
		return;
	}
	if (!is_json(mm_http_header(http, S("Content-Type")))) {
		refuse(c, http, 400, "not application/json");
		return;
	}
	if (!mm_http_read_all(http, ROUTES_MAX_BODY, &body, &err)) {
		refuse(c, http, status_of(&err), err.text);
		return;
	}
	bool is_genuine = is_signed(c, http, body, &forged);
	/* only a challenge may come without any signature */
	bool bare = mm_http_header(http, S("X-Zm-Signature")).len == 0;
	if (!is_genuine && !bare) {
		refuse(c, http, 401, forged.text);
		return;
	}
	if (!zoom_webhook_parse(c->arena, body, is_wanted, &event, &err))
		refuse(c, http, is_genuine ? status_of(&err) : 401, err.text);
	else if (str_eq(event.event, S(CHALLENGE)))
		answer_challenge(c, http, &event);
	else if (!is_genuine && !(bare && may_be_unsigned(c, http, &event)))
		refuse(c, http, 401, forged.text);
	else
		accept_event(c, http, &event, body);
	if (is_genuine && event.event.len > 0)
		last_webhook_note(c, &event);
}
