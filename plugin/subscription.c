/*
 * subscription - the commands behind /zoom subscription
 *
 * The happy path of subscription_add: the id in what was typed; may the user
 * post here; the meeting and its host at Zoom; is it theirs, and none that
 * everybody meets in; the meeting's key, by compare-and-set; the index of the
 * user. The key comes first: an index that lacks a meeting is repaired by
 * adding it once more.
 */
#include "plugin/subscription.h"

#include "plugin/meeting.h"
#include "plugin/policy.h"
#include "plugin/post.h"
#include "plugin/say.h"
#include "plugin/token.h"
#include "zoom/meeting.h"
#include "zoom/user.h"

#include <string.h>

#define INDEX_KEY  "subscription_index_"
#define INDEX_NAME "meeting_ids"

/* Zoom's ids have 9 to 11 digits; more of them will come before 16. */
#define ID_MIN_DIGITS 9
#define ID_MAX_DIGITS 15

/* The type of a personal meeting room (FACTS 3.3). */
#define PERSONAL_ROOM 4

/* Somebody else may change the same meeting; not for ever. */
#define ATTEMPTS 8

/* Rows of the list, so that it stays one message. */
#define LIST_MAX 50

/* ---- what was typed -------------------------------------------------------------- */

/* Digits with spaces and dashes between them. */
static bool parse_digits(struct str text, int64_t *id)
{
	char digits[ID_MAX_DIGITS];
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		char ch = text.data[i];
		if (ch == ' ' || ch == '-')
			continue;
		if (ch < '0' || ch > '9' || n == ID_MAX_DIGITS)
			return false;
		digits[n++] = ch;
	}
	return n >= ID_MIN_DIGITS && str_to_int64(str_n(digits, n), id) &&
	       *id > 0;
}

/* The part of a link's path behind /j/, /s/ or /w/; {NULL, 0} without one. */
static struct str id_in_link(struct str link, bool *personal)
{
	struct str path, rest;
	str_cut(link, '?', &path, &rest);
	str_cut(path, '#', &path, &rest);
	rest = path;
	*personal = false;
	while (rest.len > 0) {
		struct str part, next, behind;
		str_cut(rest, '/', &part, &rest);
		str_cut(rest, '/', &next, &behind);
		if (str_eq(part, S("j")) || str_eq(part, S("s")) ||
		    str_eq(part, S("w")))
			return next;
		if (str_eq(part, S("my")))
			*personal = true;
	}
	return (struct str){ NULL, 0 };
}

bool subscription_parse_id(struct str typed, int64_t *id, const char **why)
{
	bool personal = false;
	struct str text = str_trim(typed);
	*id = 0;
	if (text.len > 0 && memchr(text.data, '/', text.len) != NULL)
		text = id_in_link(text, &personal);
	if (parse_digits(text, id))
		return true;
	if (personal)
		*why = SAY("This is the link of somebody's personal meeting "
		           "room, which cannot be subscribed to. Please use a "
		           "meeting with an ID of its own.");
	else
		*why = SAY("Please name the meeting by its ID, such as "
		           "`855 5000 1111`, or by its link, such as "
		           "`https://zoom.us/j/85550001111`.");
	return false;
}

/* ---- words ------------------------------------------------------------------------- */

static struct str topic_key(struct ctx *c, int64_t id)
{
	return arena_printf(c->arena, "z2_topic_%lld", (long long)id);
}

/* **Topic** (`855 5000 1111`) */
static struct str meeting_words(struct ctx *c, struct str topic, int64_t id)
{
	struct str digits = post_id_text(c->arena, id);
	if (topic.len == 0)
		return arena_printf(c->arena, "`%.*s`", STR_ARG(digits));
	return arena_printf(
	    c->arena, "**%.*s** (`%.*s`)", STR_ARG(topic), STR_ARG(digits));
}

/* A channel as the user may know it. The server makes ~name a link. */
static bool channel_words(struct ctx *c, const struct subscription_request *r,
    struct str channel_id, struct str *words, struct err *err)
{
	struct mm_channel *channel = NULL;
	bool visible = false;
	*words = say(c, "another channel");
	if (str_eq(channel_id, r->channel_id)) {
		*words = say(c, "this channel");
		return true;
	}
	if (!policy_may_read(c, r->user_id, channel_id, &visible, err))
		return false;
	if (!visible)
		return true;
	struct err why = { 0 };
	if (!mm_get_channel(c->mm, c->arena, channel_id, &channel, &why))
		return why.code == ERR_NOT_FOUND ||
		       err_set(err, why.code, "%s", why.text);
	if (channel == NULL)
		return true;
	if (str_eq(channel->type, S("D")) || str_eq(channel->type, S("G")))
		*words = say(c, "a direct or group message");
	else
		*words =
		    arena_printf(c->arena, "~%.*s", STR_ARG(channel->name));
	return true;
}

/* ---- the index ------------------------------------------------------------------------- */

static struct str index_key(struct ctx *c, struct str user_id)
{
	return arena_printf(c->arena, INDEX_KEY "%.*s", STR_ARG(user_id));
}

/* A change of the index: these ids are taken out, this one is put in. */
struct change {
	int64_t add; /* 0: none */
	const int64_t *drop;
	size_t n_drop;
};

/* Written as a number; as a text it is understood, too. 0: neither. */
static int64_t id_of(const json_t *item)
{
	int64_t id = json_integer_value(item);
	if (json_is_string(item))
		(void)str_to_int64(str_from(json_string_value(item)), &id);
	return id;
}

static bool is_dropped(const struct change *change, int64_t id)
{
	for (size_t i = 0; i < change->n_drop; i++) {
		if (change->drop[i] == id)
			return true;
	}
	return id == 0 || id == change->add;
}

static bool edit_index(
    struct ctx *c, json_t *object, void *ctx, struct err *err)
{
	const struct change *change = ctx;
	const json_t *item;
	size_t i;
	json_t *ids = json_array();
	int failed = ids == NULL ? -1 : 0;
	(void)c;
	json_array_foreach(json_object_get(object, INDEX_NAME), i, item) {
		if (!is_dropped(change, id_of(item)))
			failed |= json_array_append_new(
			    ids, json_integer(id_of(item)));
	}
	if (change->add != 0)
		failed |= json_array_append_new(ids, json_integer(change->add));
	failed |= json_object_set_new(object, INDEX_NAME, ids);
	return failed == 0 ||
	       err_set(err, ERR_NO_MEMORY, "changing the subscriptions");
}

static bool change_index(struct ctx *c, struct str user_id,
    const struct change *change, struct err *err)
{
	struct change copy = *change;
	return store_edit(c, index_key(c, user_id), edit_index, &copy, err) ||
	       err_wrap(err, "the list of subscriptions");
}

/* Of no consequence for the user: the list does it later. */
static void drop_from_index(struct ctx *c, struct str user_id, int64_t id)
{
	struct err err = { 0 };
	const struct change change = { .drop = &id, .n_drop = 1 };
	if (user_id.len > 0 && !change_index(c, user_id, &change, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "A list of subscriptions is behind", "error", err.text,
		    NULL);
}

static bool load_index(struct ctx *c, struct str user_id, int64_t **ids,
    size_t *n, struct err *err)
{
	struct str text;
	size_t i;
	const json_t *item;
	*n = 0;
	if (!store_get(c, index_key(c, user_id), &text, err))
		return false;
	json_t *object = js_parse(text);
	const json_t *list = json_object_get(object, INDEX_NAME);
	*ids = arena_array(c->arena, json_array_size(list) + 1, sizeof(**ids));
	json_array_foreach(list, i, item) {
		if (*ids != NULL)
			(*ids)[(*n)++] = id_of(item);
	}
	json_decref(object);
	return arena_ok(c->arena, err);
}

/* ---- the meeting at Zoom ------------------------------------------------------------------ */

struct question {
	int64_t id;
	struct str who;
	struct zoom_meeting meeting;
	struct zoom_user host; /* or who asks, when that is somebody else */
};

static bool ask_meeting(struct zoom_call *call, void *ctx, struct err *err)
{
	struct question *q = ctx;
	return zoom_meeting_fetch(call, q->id, &q->meeting, err);
}

static bool ask_user(struct zoom_call *call, void *ctx, struct err *err)
{
	struct question *q = ctx;
	return zoom_user_fetch(call, q->who, &q->host, err);
}

/* What Zoom does not know has words of its own; the rest is logged. */
static struct str explain(struct ctx *c, const struct zoom_answer *answer,
    struct str unknown, const struct err *why)
{
	if (answer->verdict == ZOOM_NOT_FOUND)
		return unknown;
	mm_log(c->mm, LOG_LEVEL_WARN, "A meeting could not be looked up",
	    "error", why->text, "tracking_id", answer->tracking_id, NULL);
	return token_explain(c, answer, why);
}

/* Whom to ask Zoom for: the host where any meeting will do, else the user.
 * says: out, why the user may not be asked for. */
static bool name_host(struct ctx *c, const struct subscription_request *r,
    struct question *q, struct str *says, struct err *err)
{
	struct mm_user *user = NULL;
	if (!c->config->account_level_app) {
		q->who = S("me");
		return true;
	}
	if (r->is_admin) {
		q->who = q->meeting.host_id;
		return true;
	}
	if (!mm_get_user(c->mm, c->arena, r->user_id, &user, err))
		return false;
	if (user == NULL)
		return err_set(err, ERR_NOT_FOUND, "no such user");
	q->who = user->email;
	*says = policy_refuse_address(c, user);
	return true;
}

/* Fill in the meeting and its host, or say why not. */
static bool look_up(struct ctx *c, const struct subscription_request *r,
    struct question *q, struct str *says, struct err *err)
{
	struct zoom_answer answer;
	struct err why = { 0 };
	if (!token_ask(c, r->user_id, ask_meeting, q, &answer, &why)) {
		*says = explain(c, &answer,
		    say(c,
		        "Zoom knows no meeting %.*s that you could subscribe "
		        "to. Please check its ID.",
		        STR_ARG(meeting_words(c, S(""), q->id))),
		    &why);
		return true;
	}
	if (!name_host(c, r, q, says, err))
		return false;
	if (says->len == 0 &&
	    !token_ask(c, r->user_id, ask_user, q, &answer, &why))
		*says = explain(c, &answer,
		    say(c,
		        "Zoom knows nobody as `%.*s` in the connected "
		        "account, so this cannot be told to be your meeting. "
		        "Please ask a system admin to subscribe this channel.",
		        STR_ARG(q->who)),
		    &why);
	return true;
}

/* Empty: the meeting will do. */
static struct str judge(struct ctx *c, const struct subscription_request *r,
    const struct question *q)
{
	const struct zoom_meeting *m = &q->meeting;
	if (!r->is_admin && !str_eq(m->host_id, q->host.id))
		return say(c,
		    "This is somebody else's meeting. Please ask its host "
		    "or a system admin to subscribe this channel to it.");
	if (m->type == PERSONAL_ROOM || m->pmi == q->id || q->host.pmi == q->id)
		return say(c,
		    "This is a personal meeting ID, under which all kinds "
		    "of meetings are held. Please use a meeting with an "
		    "ID of its own.");
	return S("");
}

/* Admins subscribe to any meeting, whatever their address. */
static bool refuse_subscriber(struct ctx *c, const struct mm_user *user,
    struct str *reason, struct err *err)
{
	bool admin = false;
	if (policy_refuse_address(c, user).len == 0)
		return true;
	if (!policy_is_admin(c, user->id, &admin, err))
		return false;
	if (!admin)
		*reason = S("The subscriber's e-mail address is not verified.");
	return true;
}

/* ---- add -------------------------------------------------------------------------------- */

bool subscription_check(struct ctx *c, const struct store_channel *channel,
    struct mm_user **user, struct str *reason, struct err *err)
{
	struct err why = { 0 };
	struct ctx english = say_in_english(c); /* it is for the log */
	*user = NULL;
	*reason = S("The subscriber's account is gone or deactivated.");
	if (channel->created_by.len == 0)
		return true;
	if (!mm_get_user(c->mm, c->arena, channel->created_by, user, &why))
		return why.code == ERR_NOT_FOUND ||
		       err_set(err, why.code, "%s", why.text);
	if (*user == NULL || (*user)->delete_at != 0)
		return true;
	return policy_may_post(&english, channel->created_by,
	           channel->channel_id, reason, err) &&
	       (reason->len > 0 || refuse_subscriber(c, *user, reason, err));
}

/* What is there already, and whether the user may put theirs in its place. */
static bool judge_former(struct ctx *c, const struct subscription_request *r,
    const struct store_channel *former, struct str meeting, struct str *says,
    struct err *err)
{
	struct mm_user *subscriber;
	struct str dead, where;
	if (!former->is_subscription)
		return true;
	if (!subscription_check(c, former, &subscriber, &dead, err) ||
	    !channel_words(c, r, former->channel_id, &where, err))
		return false;
	bool same = str_eq(former->channel_id, r->channel_id);
	bool mine = str_eq(former->created_by, r->user_id);
	if (same && dead.len == 0)
		*says = say(c, "This channel is already subscribed to %.*s.",
		    STR_ARG(meeting));
	else if (!mine && !r->is_admin && dead.len == 0)
		*says = say(c,
		    "%.*s is posted in %.*s, and a meeting can have one "
		    "channel only. Please ask whoever subscribed it, or a "
		    "system admin, to move it here.",
		    STR_ARG(meeting), STR_ARG(where));
	return true;
}

/* The meeting has this channel now. */
static bool settle(struct ctx *c, const struct subscription_request *r,
    const struct question *q, const struct store_channel *former,
    struct str *says, struct err *err)
{
	struct str topic = meeting_topic(c->arena, q->meeting.topic);
	struct str meeting = meeting_words(c, topic, q->id);
	struct str where;
	bool moved = former->is_subscription &&
	             !str_eq(former->channel_id, r->channel_id);
	const struct change change = { .add = q->id };
	if (!change_index(c, r->user_id, &change, err) ||
	    !store_put(c, topic_key(c, q->id), topic, 0, err))
		return false;
	if (former->is_subscription && !str_eq(former->created_by, r->user_id))
		drop_from_index(c, former->created_by, q->id);
	*says = say(c,
	    "This channel is now subscribed to %.*s: it is posted here when "
	    "it starts.",
	    STR_ARG(meeting));
	if (!moved)
		return true;
	if (!channel_words(c, r, former->channel_id, &where, err))
		return false;
	*says = say(c, "%.*s Before, it was posted in %.*s.", STR_ARG(*says),
	    STR_ARG(where));
	return true;
}

static bool claim(struct ctx *c, const struct subscription_request *r,
    const struct question *q, struct str *says, struct err *err)
{
	const struct store_channel mine = {
		.channel_id = r->channel_id,
		.created_by = r->user_id,
		.is_subscription = true,
	};
	const struct change change = { .add = q->id };
	struct str meeting =
	    meeting_words(c, meeting_topic(c->arena, q->meeting.topic), q->id);
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		struct store_channel former;
		bool saved = false;
		if (!store_load_meeting_channel(c, q->id, &former, err) ||
		    !judge_former(c, r, &former, meeting, says, err))
			return false;
		if (says->len > 0)
			return !str_eq(former.created_by, r->user_id) ||
			       change_index(c, r->user_id, &change, err);
		if (!store_swap_meeting_channel(
		        c, q->id, &former, &mine, &saved, err))
			return false;
		if (saved)
			return settle(c, r, q, &former, says, err);
	}
	return err_set(err, ERR_BUSY, "the subscription keeps changing");
}

bool subscription_add(struct ctx *c, const struct subscription_request *r,
    struct str *says, struct err *err)
{
	struct question q = { 0 };
	const char *why = NULL;
	*says = S("");
	if (!subscription_parse_id(r->meeting, &q.id, &why)) {
		*says = say_words(c, why);
		return true;
	}
	if (!policy_may_post(c, r->user_id, r->channel_id, says, err))
		return false;
	if (says->len == 0 && !look_up(c, r, &q, says, err))
		return false;
	if (says->len == 0)
		*says = judge(c, r, &q);
	return says->len > 0 || claim(c, r, &q, says, err);
}

/* ---- remove ----------------------------------------------------------------------------- */

static bool remove_loaded(struct ctx *c, const struct subscription_request *r,
    int64_t id, const struct store_channel *channel, struct str *says,
    struct err *err)
{
	struct str topic, where;
	bool deleted = false;
	if (!store_get(c, topic_key(c, id), &topic, err) ||
	    !channel_words(c, r, channel->channel_id, &where, err) ||
	    !store_delete_meeting_channel(c, id, channel, &deleted, err))
		return false;
	if (!deleted)
		return true;
	drop_from_index(c, channel->created_by, id);
	*says = say(c, "%.*s is no longer posted in %.*s.",
	    STR_ARG(meeting_words(c, topic, id)), STR_ARG(where));
	return store_delete(c, topic_key(c, id), err);
}

bool subscription_remove(struct ctx *c, const struct subscription_request *r,
    struct str *says, struct err *err)
{
	int64_t id;
	const char *why = NULL;
	*says = S("");
	if (!subscription_parse_id(r->meeting, &id, &why)) {
		*says = say_words(c, why);
		return true;
	}
	for (int attempt = 0; says->len == 0 && attempt < ATTEMPTS; attempt++) {
		struct store_channel channel;
		if (!store_load_meeting_channel(c, id, &channel, err))
			return false;
		if (!channel.is_subscription)
			*says = say(c,
			    "No channel is subscribed to %.*s. "
			    "`/zoom subscription list` shows yours.",
			    STR_ARG(meeting_words(c, S(""), id)));
		else if (!r->is_admin &&
		         !str_eq(channel.created_by, r->user_id))
			*says =
			    say(c, "Somebody else has subscribed a channel to "
			           "this meeting. Please ask them, or a system "
			           "admin, to remove it.");
		else if (!remove_loaded(c, r, id, &channel, says, err))
			return false;
	}
	return says->len > 0 ||
	       err_set(err, ERR_BUSY, "the subscription keeps changing");
}

/* ---- list --------------------------------------------------------------------------------- */

static bool list_one(struct ctx *c, const struct subscription_request *r,
    int64_t id, const struct store_channel *channel, struct str *says,
    struct err *err)
{
	struct str topic, where;
	if (!store_get(c, topic_key(c, id), &topic, err) ||
	    !channel_words(c, r, channel->channel_id, &where, err))
		return false;
	*says = say(c, "%.*s\n- %.*s in %.*s", STR_ARG(*says),
	    STR_ARG(meeting_words(c, topic, id)), STR_ARG(where));
	return true;
}

bool subscription_list(struct ctx *c, const struct subscription_request *r,
    struct str *says, struct err *err)
{
	int64_t *ids;
	size_t n;
	size_t n_shown = 0;
	struct change stale = { 0 };
	*says = say(c, "#### Your subscriptions\n");
	if (!load_index(c, r->user_id, &ids, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct store_channel channel;
		if (!store_load_meeting_channel(c, ids[i], &channel, err))
			return false;
		bool fits = channel.is_subscription &&
		            str_eq(channel.created_by, r->user_id);
		/* the front of the list has been read already */
		if (!fits)
			ids[stale.n_drop++] = ids[i];
		else if (n_shown++ < LIST_MAX &&
		         !list_one(c, r, ids[i], &channel, says, err))
			return false;
	}
	stale.drop = ids;
	if (stale.n_drop > 0 && !change_index(c, r->user_id, &stale, err))
		return false;
	if (n_shown > LIST_MAX)
		*says = say(c, "%.*s\n- and %zu more", STR_ARG(*says),
		    n_shown - LIST_MAX);
	if (n_shown == 0)
		*says =
		    say(c, "You have not subscribed any channel to a meeting. "
		           "To do so, type `/zoom subscription add <meeting "
		           "id>` in that channel.");
	return true;
}
