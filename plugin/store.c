#include "plugin/store.h"

#include "plugin/js.h"
#include "zoom/escape.h"

#include <openssl/rand.h>
#include <string.h>

#define CHANNELS_KEY "zoomChannelSettings"
#define ACCOUNT_KEY  "z2_account"
#define SCHEMA_KEY   "z2_schema"

#define STATE_RANDOM 15

/* Somebody else may change the same value; not for ever. */
#define EDIT_ATTEMPTS 16

/* In the call's arena. */
struct store_expected {
	struct store_expected *next;
	struct mm_kv_get_args args;
	struct mm_kv_get_returns returns;
	bool asked; /* returns is what the server says */
	bool used;
};

/* ---- reading ---------------------------------------------------------------------- */

static struct store_expected *find_expected(struct ctx *c, struct str key)
{
	struct store_expected *e = c->expected;
	while (e != NULL && (e->used || !str_eq(e->args.key, key)))
		e = e->next;
	return e;
}

void store_expect(struct ctx *c, struct str key)
{
	struct store_expected *e = arena_new(c->arena, struct store_expected);
	struct store_expected *former;
	if (e == NULL)
		return;
	while ((former = find_expected(c, key)) != NULL)
		former->used = true;
	e->args.key = key;
	e->next = c->expected;
	c->expected = e;
}

/* Fetch e, and all others that have not been asked for. */
static bool ask_expected(
    struct ctx *c, struct store_expected *e, struct err *err)
{
	struct store_expected *asked[MM_API_AT_ONCE] = { e };
	struct mm_api_row rows[MM_API_AT_ONCE] = { 0 };
	size_t n = 1;
	for (struct store_expected *more = c->expected;
	     more != NULL && n < MM_API_AT_ONCE; more = more->next) {
		if (more != e && !more->asked && !more->used)
			asked[n++] = more;
	}
	for (size_t i = 0; i < n; i++)
		rows[i] = (struct mm_api_row){ MM_API_KV_GET, &asked[i]->args,
			&asked[i]->returns };
	bool done = mm_api_call_all(c->mm, c->arena, rows, n, err);
	for (size_t i = 0; i < n; i++)
		asked[i]->asked = done;
	return done;
}

bool store_get(
    struct ctx *c, struct str key, struct str *value, struct err *err)
{
	struct store_expected *e = find_expected(c, key);
	if (!arena_ok(c->arena, err))
		return false;
	if (e == NULL)
		return mm_kv_get(c->mm, c->arena, key, value, err);
	e->used = true;
	if (!e->asked && !ask_expected(c, e, err))
		return false;
	*value = e->returns.result;
	return mm_api_error(e->returns.app_error, err);
}

/* ---- writing ---------------------------------------------------------------------- */

bool store_put(struct ctx *c, struct str key, struct str value,
    int64_t expire_s, struct err *err)
{
	bool saved = false;
	const struct mm_plugin_kv_set_options options = {
		.expire_in_seconds = expire_s,
	};
	if (!arena_ok(c->arena, err) || !mm_kv_set_with_options(c->mm, c->arena,
	                                    key, value, &options, &saved, err))
		return false;
	return saved ||
	       err_set(err, ERR_REMOTE, "%.*s was not saved", STR_ARG(key));
}

bool store_swap(struct ctx *c, struct str key, struct str former,
    struct str value, bool *saved, struct err *err)
{
	return store_swap_for(c, key, former, value, 0, saved, err);
}

bool store_swap_for(struct ctx *c, struct str key, struct str former,
    struct str value, int64_t expire_s, bool *saved, struct err *err)
{
	const struct mm_plugin_kv_set_options options = {
		.atomic = true,
		.old_value = former,
		.expire_in_seconds = expire_s,
	};
	*saved = false;
	return arena_ok(c->arena, err) &&
	       mm_kv_set_with_options(
	           c->mm, c->arena, key, value, &options, saved, err);
}

bool store_delete(struct ctx *c, struct str key, struct err *err)
{
	return arena_ok(c->arena, err) &&
	       mm_kv_delete(c->mm, c->arena, key, err);
}

bool store_edit(struct ctx *c, struct str key, store_editor *edit, void *ctx,
    struct err *err)
{
	for (int attempt = 0; attempt < EDIT_ATTEMPTS; attempt++) {
		struct str former;
		bool saved = false;
		if (!store_get(c, key, &former, err))
			return false;
		json_t *object =
		    former.len == 0 ? json_object() : js_parse(former);
		if (object == NULL)
			return err_set(
			    err, ERR_INVALID, "%.*s is damaged", STR_ARG(key));
		if (!edit(c, object, ctx, err)) {
			json_decref(object);
			return err->code == ERR_NONE;
		}
		struct str value = js_dump(c->arena, object);
		if (!store_swap(c, key, former, value, &saved, err))
			return false;
		if (saved)
			return true;
	}
	return err_set(
	    err, ERR_BUSY, "%.*s is being changed all the time", STR_ARG(key));
}

bool store_set_schema(struct ctx *c, struct err *err)
{
	struct str present;
	if (!store_get(c, S(SCHEMA_KEY), &present, err))
		return false;
	return str_eq(present, S(STORE_SCHEMA)) ||
	       store_put(c, S(SCHEMA_KEY), S(STORE_SCHEMA), 0, err);
}

/* ---- the linked account ---------------------------------------------------------- */

bool store_load_account(
    struct ctx *c, struct store_account *account, struct err *err)
{
	struct str text;
	*account = (struct store_account){ 0 };
	if (!store_get(c, S(ACCOUNT_KEY), &text, err))
		return false;
	json_t *object = js_parse(text);
	if (object == NULL)
		return true;
	*account = (struct store_account){
		.account_id = js_text(c->arena, object, "account_id"),
		.zoom_email = js_text(c->arena, object, "zoom_email"),
		.connected_by = js_text(c->arena, object, "connected_by"),
		.connected_ms =
		    json_integer_value(json_object_get(object, "connected")),
	};
	json_decref(object);
	return arena_ok(c->arena, err);
}

bool store_save_account(
    struct ctx *c, const struct store_account *account, struct err *err)
{
	return store_put(c, S(ACCOUNT_KEY),
	    js_dump(
	        c->arena, json_pack("{s:o,s:o,s:o,s:I}", "account_id",
	                      js_string(account->account_id), "zoom_email",
	                      js_string(account->zoom_email), "connected_by",
	                      js_string(account->connected_by), "connected",
	                      (json_int_t)account->connected_ms)),
	    0, err);
}

bool store_forget_account(struct ctx *c, struct err *err)
{
	return store_delete(c, S(ACCOUNT_KEY), err);
}

/* ---- authorisation states ------------------------------------------------------------ */

static struct str state_key(struct ctx *c, struct str user_id)
{
	return arena_printf(c->arena, "zoomuserstate_%.*s", STR_ARG(user_id));
}

static bool random_text(char out[STATE_RANDOM + 1], struct err *err)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	unsigned char bytes[STATE_RANDOM];
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return err_set(err, ERR_IO, "no random numbers");
	for (int i = 0; i < STATE_RANDOM; i++)
		out[i] = letters[bytes[i] % 64];
	out[STATE_RANDOM] = '\0';
	return true;
}

bool store_new_state(struct ctx *c, struct str user_id, struct str channel_id,
    bool only_connect, struct store_state *state, struct err *err)
{
	char random[STATE_RANDOM + 1];
	if (!random_text(random, err))
		return false;
	*state = (struct store_state){
		.text = arena_printf(c->arena, "%s_%.*s_%.*s_%s", random,
		    STR_ARG(user_id), STR_ARG(channel_id),
		    only_connect ? "true" : "false"),
		.user_id = user_id,
		.channel_id = channel_id,
		.only_connect = only_connect,
	};
	return store_put(
	    c, state_key(c, user_id), state->text, STORE_STATE_S, err);
}

static void split_state(struct str text, struct store_state *state)
{
	struct str random, rest, last;
	*state = (struct store_state){ .text = text };
	str_cut(text, '_', &random, &rest);
	str_cut(rest, '_', &state->user_id, &rest);
	str_cut(rest, '_', &state->channel_id, &last);
	state->only_connect = !str_eq(last, S("false"));
}

bool store_load_state(struct ctx *c, struct str user_id,
    struct store_state *state, struct err *err)
{
	struct str text;
	if (!store_get(c, state_key(c, user_id), &text, err))
		return false;
	split_state(text, state);
	return true;
}

bool store_use_state(struct ctx *c, struct str user_id, struct str text,
    struct store_state *state, struct err *err)
{
	bool deleted = false;
	struct str key = state_key(c, user_id);
	if (!store_load_state(c, user_id, state, err))
		return false;
	bool same = state->text.len > 0 && str_eq(state->user_id, user_id) &&
	            str_eq_constant_time(state->text, text);
	if (!same) {
		*state = (struct store_state){ 0 };
		return true;
	}
	/* of two that come at once, one deletes it */
	if (!mm_kv_compare_and_delete(
	        c->mm, c->arena, key, state->text, &deleted, err))
		return false;
	if (!deleted)
		*state = (struct store_state){ 0 };
	return true;
}

/* ---- meetings --------------------------------------------------------------------------- */

static struct str post_key(struct ctx *c, struct str uuid)
{
	return arena_printf(c->arena, "post_meeting_%.*s",
	    STR_ARG(zoom_path_escape(c->arena, uuid)));
}

bool store_save_meeting_post(
    struct ctx *c, struct str uuid, struct str post_id, struct err *err)
{
	if (uuid.len == 0)
		return true;
	return store_put(c, post_key(c, uuid), post_id, STORE_MEETING_S, err);
}

bool store_load_meeting_note(
    struct ctx *c, struct str uuid, struct str *note, struct err *err)
{
	*note = (struct str){ NULL, 0 };
	if (uuid.len == 0)
		return true;
	return store_get(c, post_key(c, uuid), note, err);
}

struct str store_note_post(struct str note)
{
	struct str before, after;
	return str_cut(note, ':', &before, &after) ? S("") : note;
}

bool store_load_meeting_post(
    struct ctx *c, struct str uuid, struct str *post_id, struct err *err)
{
	if (!store_load_meeting_note(c, uuid, post_id, err))
		return false;
	*post_id = store_note_post(*post_id);
	return true;
}

bool store_swap_meeting_note(struct ctx *c, struct str uuid, struct str former,
    struct str value, int64_t expire_s, bool *saved, struct err *err)
{
	struct str key = post_key(c, uuid);
	if (value.len > 0)
		return store_swap_for(
		    c, key, former, value, expire_s, saved, err);
	return arena_ok(c->arena, err) &&
	       mm_kv_compare_and_delete(
	           c->mm, c->arena, key, former, saved, err);
}

static struct str channel_key(struct ctx *c, int64_t meeting_id)
{
	return arena_printf(
	    c->arena, "meeting_channel_%lld", (long long)meeting_id);
}

static struct str channel_json(
    struct ctx *c, const struct store_channel *channel)
{
	return js_dump(
	    c->arena, json_pack("{s:o,s:b,s:o}", "channel_id",
	                  js_string(channel->channel_id), "is_subscription",
	                  channel->is_subscription, "created_by",
	                  js_string(channel->created_by)));
}

void store_expect_meeting(struct ctx *c, struct str uuid, int64_t meeting_id)
{
	if (uuid.len > 0)
		store_expect(c, post_key(c, uuid));
	store_expect(c, channel_key(c, meeting_id));
}

bool store_save_meeting_channel(struct ctx *c, int64_t meeting_id,
    const struct store_channel *channel, struct err *err)
{
	struct store_channel former;
	bool saved;
	if (!store_load_meeting_channel(c, meeting_id, &former, err))
		return false;
	/* not saved: it has just been stored by somebody else, who may have
	 * subscribed to it */
	return former.is_subscription ||
	       store_swap_for(c, channel_key(c, meeting_id), former.raw,
	           channel_json(c, channel), STORE_MEETING_S, &saved, err);
}

bool store_save_new_meeting(struct ctx *c, struct str uuid, struct str post_id,
    int64_t meeting_id, const struct store_channel *channel, struct err *err)
{
	const struct mm_kv_set_with_options_args args[] = {
		/* unless there is one, perhaps of a subscription */
		{ channel_key(c, meeting_id), channel_json(c, channel),
		    { .atomic = true, .expire_in_seconds = STORE_MEETING_S } },
		{ post_key(c, uuid), post_id,
		    { .expire_in_seconds = STORE_MEETING_S } },
	};
	struct mm_kv_set_with_options_returns place = { 0 };
	struct mm_kv_set_with_options_returns post = { 0 };
	const struct mm_api_row rows[] = {
		{ MM_API_KV_SET_WITH_OPTIONS, &args[0], &place },
		{ MM_API_KV_SET_WITH_OPTIONS, &args[1], &post },
	};
	if (!arena_ok(c->arena, err) ||
	    !mm_api_call_all(
	        c->mm, c->arena, rows, uuid.len > 0 ? 2 : 1, err) ||
	    !mm_api_error(post.app_error, err) ||
	    !mm_api_error(place.app_error, err))
		return false;
	if (uuid.len > 0 && !post.result)
		return err_set(err, ERR_REMOTE, "the post was not saved");
	return place.result ||
	       store_save_meeting_channel(c, meeting_id, channel, err);
}

bool store_swap_meeting_channel(struct ctx *c, int64_t meeting_id,
    const struct store_channel *former, const struct store_channel *channel,
    bool *saved, struct err *err)
{
	return store_swap(c, channel_key(c, meeting_id), former->raw,
	    channel_json(c, channel), saved, err);
}

bool store_delete_meeting_channel(struct ctx *c, int64_t meeting_id,
    const struct store_channel *former, bool *deleted, struct err *err)
{
	struct str key = channel_key(c, meeting_id);
	return arena_ok(c->arena, err) &&
	       mm_kv_compare_and_delete(
	           c->mm, c->arena, key, former->raw, deleted, err);
}

bool store_load_meeting_channel(struct ctx *c, int64_t meeting_id,
    struct store_channel *channel, struct err *err)
{
	struct str text;
	*channel = (struct store_channel){ 0 };
	if (!store_get(c, channel_key(c, meeting_id), &text, err))
		return false;
	channel->raw = text;
	json_t *object = js_parse(text);
	if (object == NULL)
		return true;
	channel->channel_id = js_text(c->arena, object, "channel_id");
	channel->created_by = js_text(c->arena, object, "created_by");
	channel->is_subscription =
	    channel->channel_id.len > 0 &&
	    json_is_true(json_object_get(object, "is_subscription"));
	json_decref(object);
	return arena_ok(c->arena, err);
}

void store_expect_channel_preference(struct ctx *c)
{
	store_expect(c, S(CHANNELS_KEY));
}

bool store_load_channel_preference(struct ctx *c, struct str channel_id,
    struct str *preference, struct err *err)
{
	struct str text;
	*preference = (struct str){ NULL, 0 };
	if (!store_get(c, S(CHANNELS_KEY), &text, err))
		return false;
	json_t *object = js_parse(text);
	*preference = js_text(c->arena,
	    json_object_get(object, str_c(arena_str(c->arena, channel_id))),
	    "Preference");
	json_decref(object);
	return arena_ok(c->arena, err);
}

static bool edit_preference(
    struct ctx *c, json_t *object, void *ctx, struct err *err)
{
	const struct store_preference *wanted = ctx;
	const char *id = str_c(arena_str(c->arena, wanted->channel_id));
	json_t *entry = json_object_get(object, id);
	if (!json_is_object(entry)) {
		entry = json_object();
		if (json_object_set_new(object, id, entry) != 0)
			return err_set(err, ERR_NO_MEMORY, CHANNELS_KEY);
	}
	if (json_object_set_new(
	        entry, "Preference", js_string(wanted->preference)) != 0)
		return err_set(err, ERR_NO_MEMORY, CHANNELS_KEY);
	return arena_ok(c->arena, err);
}

bool store_save_channel_preference(struct ctx *c, struct str channel_id,
    struct str preference, struct err *err)
{
	struct store_preference wanted = { channel_id, preference };
	return store_edit(c, S(CHANNELS_KEY), edit_preference, &wanted, err);
}

bool store_load_channel_preferences(
    struct ctx *c, struct store_preference **list, size_t *n, struct err *err)
{
	struct str text;
	const char *id;
	json_t *entry;
	*list = NULL;
	*n = 0;
	if (!store_get(c, S(CHANNELS_KEY), &text, err))
		return false;
	json_t *object = js_parse(text);
	*list = arena_array(c->arena, json_object_size(object), sizeof(**list));
	json_object_foreach(object, id, entry) {
		if (*list == NULL)
			break;
		(*list)[(*n)++] = (struct store_preference){
			.channel_id = arena_str(c->arena, str_from(id)),
			.preference = js_text(c->arena, entry, "Preference"),
		};
	}
	json_decref(object);
	return arena_ok(c->arena, err);
}
