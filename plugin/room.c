#include "plugin/room.h"

#include "plugin/token.h"
#include "zoom/meeting.h"

/* What is asked and answered; each question uses a part of it. */
struct question {
	struct str who;
	struct str topic;
	int64_t meeting_id;
	struct zoom_user user;
	struct zoom_user_settings settings;
	struct zoom_meeting meeting;
};

static bool ask_user(struct zoom_call *call, void *ctx, struct err *err)
{
	struct question *q = ctx;
	return zoom_user_fetch(call, q->who, &q->user, err);
}

static bool ask_settings(struct zoom_call *call, void *ctx, struct err *err)
{
	struct question *q = ctx;
	return zoom_user_fetch_settings(call, q->who, &q->settings, err);
}

static bool ask_create(struct zoom_call *call, void *ctx, struct err *err)
{
	struct question *q = ctx;
	return zoom_meeting_create(call, q->who, q->topic, &q->meeting, err);
}

static bool ask_meeting(struct zoom_call *call, void *ctx, struct err *err)
{
	struct question *q = ctx;
	return zoom_meeting_fetch(call, q->meeting_id, &q->meeting, err);
}

/* ---- hosts ------------------------------------------------------------------------ */

bool room_find_host(struct ctx *c, struct str user_id, struct str email,
    struct room_host *host, struct zoom_answer *answer, struct err *err)
{
	bool own = !c->config->account_level_app;
	struct question q = { .who = own ? S("me") : email };
	*host = (struct room_host){ .user_id = user_id };
	if (!token_ask(c, user_id, ask_user, &q, answer, err))
		return false;
	host->user = q.user;
	host->who = own && q.user.email.len > 0 ? q.user.email : q.who;
	return true;
}

/* ---- unique ------------------------------------------------------------------------ */

struct str room_link(
    struct ctx *c, int64_t id, struct str first, struct str second)
{
	if (config_trusts(c->config, first))
		return first;
	if (config_trusts(c->config, second))
		return second;
	return arena_printf(c->arena, "%.*s/j/%lld",
	    STR_ARG(c->config->zoom_url), (long long)id);
}

bool room_create(struct ctx *c, const struct room_host *host, struct str topic,
    struct room *room, struct zoom_answer *answer, struct err *err)
{
	struct question q = { .who = host->who, .topic = topic };
	if (!token_ask(c, host->user_id, ask_create, &q, answer, err))
		return false;
	*room = (struct room){
		.id = q.meeting.id,
		.uuid = q.meeting.uuid,
		.link = room_link(c, q.meeting.id, q.meeting.join_url, S("")),
	};
	return arena_ok(c->arena, err);
}

/* ---- personal ------------------------------------------------------------------------ */

static void log_unknown(struct ctx *c, const char *what,
    const struct zoom_answer *answer, const struct err *err)
{
	mm_log(c->mm, LOG_LEVEL_WARN,
	    "Zoom did not tell all about a personal meeting", "asked", what,
	    "error", err->text, "tracking_id", answer->tracking_id, NULL);
}

/* Whether the token may read settings. To ask in vain each time would make
 * the app look broken at Zoom. */
static bool may_read_settings(struct ctx *c, struct str user_id)
{
	static const struct str scopes[] = { STR("user:read"),
		STR("user:read:admin"), STR("user:read:settings"),
		STR("user:read:settings:admin") };
	struct grant grant;
	struct err err = { 0 };
	if (!grant_load(c, user_id, &grant, &err))
		return false; /* the next question says why */
	struct str rest = grant.token.scope;
	while (rest.len > 0) {
		struct str scope = str_word(&rest);
		for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
			if (str_eq(scope, scopes[i]))
				return true;
	}
	return false;
}

static bool is_switched_off(struct ctx *c, const struct room_host *host)
{
	struct question q = { .who = host->who };
	struct zoom_answer answer;
	struct err err = { 0 };
	if (!may_read_settings(c, host->user_id))
		return false;
	if (token_ask(c, host->user_id, ask_settings, &q, &answer, &err))
		return !q.settings.personal_meeting;
	log_unknown(c, "settings", &answer, &err);
	return false;
}

bool room_find_personal(
    struct ctx *c, const struct room_host *host, struct room *room)
{
	struct question q = { .meeting_id = host->user.pmi };
	struct zoom_answer answer;
	struct err err = { 0 };
	if (host->user.pmi <= 0 || is_switched_off(c, host))
		return false;
	if (!token_ask(c, host->user_id, ask_meeting, &q, &answer, &err)) {
		if (answer.verdict == ZOOM_NOT_FOUND)
			return false;
		log_unknown(c, "meeting", &answer, &err);
		q.meeting = (struct zoom_meeting){ 0 };
	}
	*room = (struct room){
		.id = host->user.pmi,
		.link = room_link(c, host->user.pmi, q.meeting.join_url,
		    host->user.personal_meeting_url),
		.personal = true,
	};
	/* until it begins, the UUID is that of the instance before */
	if (str_eq(q.meeting.status, S("started")))
		room->uuid = q.meeting.uuid;
	return true;
}
