#include "plugin/refresh.h"

#include "plugin/admins.h"
#include "plugin/lease.h"
#include "plugin/news.h"
#include "plugin/post.h"
#include "plugin/say.h"
#include "plugin/store.h"
#include "plugin/vault.h"

#include <stdlib.h>
#include <time.h>

/* Refresh a little before the end: clocks differ, and requests take time. */
#define EARLY_MS ((int64_t)60 * 1000)

/* A refresh whose answer is lost may lose the grant, so it gets all the time
 * that Zoom may need, however little the request has left that asked first. */
#define REFRESH_MS 15000

/* Refreshing and storing fit in. */
#define LEASE_S 25

/* How often a node looks whether another one is done. */
#define LOOK_MS 100

#define SAVE_ATTEMPTS 4
#define SAVE_PAUSE_MS 250

bool refresh_is_fresh(const struct zoom_token *token)
{
	return token->expires_ms == 0 ||
	       token->expires_ms - EARLY_MS > clock_wall_ms();
}

/* ---- what could not be stored -------------------------------------------------- */

struct refresh_unsaved {
	struct refresh_unsaved *next;
	struct arena memory;
	struct grant grant; /* raw: what is stored instead of it */
};

void refresh_init(struct refresh_kept *kept)
{
	pthread_mutex_init(&kept->lock, NULL);
	kept->first = NULL;
}

static void unsaved_free(struct refresh_unsaved *u)
{
	zoom_token_wipe(&u->grant.token);
	arena_fini(&u->memory);
	free(u);
}

void refresh_fini(struct refresh_kept *kept)
{
	while (kept->first != NULL) {
		struct refresh_unsaved *u = kept->first;
		kept->first = u->next;
		unsaved_free(u);
	}
	pthread_mutex_destroy(&kept->lock);
}

static struct grant copy(struct arena *a, const struct grant *g)
{
	return (struct grant){
		.user_id = arena_str(a, g->user_id),
		.zoom_id = arena_str(a, g->zoom_id),
		.zoom_email = arena_str(a, g->zoom_email),
		.connected_ms = g->connected_ms,
		.raw = arena_str(a, g->raw),
		.spent = arena_str(a, g->spent),
		.token = {
			.access_token = arena_str(a, g->token.access_token),
			.token_type = arena_str(a, g->token.token_type),
			.refresh_token = arena_str(a, g->token.refresh_token),
			.scope = arena_str(a, g->token.scope),
			.expires_ms = g->token.expires_ms,
		},
	};
}

/* Lock held: kept. Let go of this owner's, or of one token of theirs. */
static void let_go(struct refresh_kept *kept, const struct grant *grant,
    const struct str *access_token)
{
	struct refresh_unsaved **link = &kept->first;
	while (*link != NULL) {
		struct refresh_unsaved *u = *link;
		if (!str_eq(u->grant.user_id, grant->user_id) ||
		    (access_token != NULL &&
		        !str_eq(u->grant.token.access_token, *access_token))) {
			link = &u->next;
			continue;
		}
		*link = u->next;
		unsaved_free(u);
	}
}

/* In place of what was kept for this owner: that one is spent by now. */
static void keep(struct ctx *c, const struct grant *grant)
{
	struct refresh_kept *kept = &c->plugin->kept;
	struct refresh_unsaved *u = calloc(1, sizeof(*u));
	if (u == NULL)
		return;
	arena_init(&u->memory, (size_t)64 * 1024);
	u->grant = copy(&u->memory, grant);
	if (u->memory.fault != ERR_NONE) {
		unsaved_free(u);
		return;
	}
	pthread_mutex_lock(&kept->lock);
	let_go(kept, grant, NULL);
	u->next = kept->first;
	kept->first = u;
	pthread_mutex_unlock(&kept->lock);
}

/* Whether what is stored is what a token was refreshed from: the same bytes,
 * or the same sealed anew. */
static bool is_still(const struct grant *refreshed, const struct grant *stored)
{
	return str_eq(refreshed->raw, stored->raw) ||
	       (refreshed->spent.len > 0 &&
	           str_eq(refreshed->spent, stored->token.refresh_token));
}

/* Lock held: kept. What was stored since then is newer, and ends it. */
static bool find_newer(
    struct ctx *c, struct refresh_kept *kept, struct grant *grant)
{
	const struct refresh_unsaved *u = kept->first;
	while (u != NULL && !str_eq(u->grant.user_id, grant->user_id))
		u = u->next;
	if (u == NULL)
		return false;
	if (!is_still(&u->grant, grant)) {
		let_go(kept, grant, NULL);
		return false;
	}
	struct str raw = grant->raw;
	*grant = copy(c->arena, &u->grant);
	grant->raw = raw;
	return true;
}

/* It stays in the list while it is being stored: whoever finds nothing there
 * would use the spent token. */
void refresh_recall(struct ctx *c, struct grant *grant)
{
	struct refresh_kept *kept = &c->plugin->kept;
	bool saved = false;
	struct err err = { 0 };
	pthread_mutex_lock(&kept->lock);
	bool found = find_newer(c, kept, grant);
	pthread_mutex_unlock(&kept->lock);
	if (!found || !grant_save(c, grant, &grant->raw, &saved, &err) ||
	    !saved)
		return;
	pthread_mutex_lock(&kept->lock);
	let_go(kept, grant, &grant->token.access_token);
	pthread_mutex_unlock(&kept->lock);
}

/* ---- the end of a grant ------------------------------------------------------------ */

static struct str owner_key(
    struct ctx *c, const char *prefix, struct str user_id)
{
	return arena_printf(c->arena, "%s%.*s", prefix,
	    STR_ARG(user_id.len == 0 ? S("account") : user_id));
}

/* Once for each grant. */
static bool is_news(struct ctx *c, const struct grant *grant, struct news *news)
{
	struct err err = { 0 };
	news->key = owner_key(c, "z2_told_", grant->user_id);
	if (vault_digest(c->arena, grant->raw, &news->what, &err) &&
	    news_take(c, news, &err))
		return true;
	if (err.code != ERR_NONE)
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "Nobody could be told that a connection has ended", "error",
		    err.text, NULL);
	return false;
}

static void tell_end(struct ctx *c, const struct grant *grant)
{
	struct news news;
	bool told;
	if (!is_news(c, grant, &news))
		return;
	mm_log(c->mm, LOG_LEVEL_ERROR,
	    "Zoom has ended a connection; it must be made again", "user_id",
	    str_c(grant->user_id), NULL);
	struct ctx to = say_to(c, grant->user_id);
	if (grant->user_id.len > 0)
		told = post_direct(c, grant->user_id,
		    say(&to,
		        "The connection to your Zoom account has ended: Zoom "
		        "does not accept it any more. Type `/zoom connect` to "
		        "make it again."));
	else
		told = admins_tell(c,
		    "The connection to Zoom has ended: Zoom does not accept it "
		    "any more, and nobody can start meetings. A system admin "
		    "can make it again with `/zoom connect`.");
	if (told)
		news_told(c, &news);
}

/* ---- refreshing ------------------------------------------------------------------------ */

static bool is_usable(const struct grant *grant, struct str refused)
{
	return refresh_is_fresh(&grant->token) &&
	       !str_eq(grant->token.access_token, refused);
}

/* usable: out, somebody else has refreshed it. */
static bool look_again(struct ctx *c, struct grant *grant, struct str refused,
    bool *usable, struct err *err)
{
	struct grant now;
	if (!grant_load(c, grant->user_id, &now, err))
		return false;
	if (now.token.access_token.len == 0)
		return err_set(
		    err, ERR_NOT_FOUND, "the Zoom account was disconnected");
	refresh_recall(c, &now);
	*grant = now;
	*usable = is_usable(grant, refused);
	return true;
}

static void pause_ms(int64_t ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

/* Turn held. Until the lease is ours, or the grant usable without it. */
static bool wait_for_lease(struct ctx *c, struct grant *grant,
    struct str refused, struct lease *lease, bool *usable, struct err *err)
{
	bool taken = false;
	struct str name = owner_key(c, "refresh_", grant->user_id);
	for (;;) {
		if (!look_again(c, grant, refused, usable, err) || *usable)
			return *usable;
		if (!lease_take(c, name, LEASE_S, lease, &taken, err))
			return false;
		if (taken)
			break;
		if (clock_now_ms() + LOOK_MS > c->deadline_ms)
			return err_set(err, ERR_BUSY,
			    "another node is refreshing the token");
		pause_ms(LOOK_MS);
	}
	/* its former holder may have finished in between */
	return look_again(c, grant, refused, usable, err);
}

/* The old refresh token is spent: what is lost here is lost. */
static bool save(struct ctx *c, struct grant *grant, struct err *err)
{
	bool saved = false;
	for (int i = 0; i < SAVE_ATTEMPTS; i++) {
		err_clear(err);
		if (i > 0)
			pause_ms(SAVE_PAUSE_MS << i);
		if (!grant_save(c, grant, &grant->raw, &saved, err))
			continue;
		if (saved)
			return true;
		struct grant now;
		bool usable;
		if (!grant_load(c, grant->user_id, &now, err))
			continue;
		/* somebody connected another account meanwhile: that counts */
		if (!is_still(grant, &now))
			return look_again(c, grant, S(""), &usable, err);
		grant->raw = now.raw;
	}
	mm_log(c->mm, LOG_LEVEL_ERROR,
	    "A refreshed token could not be stored; it is kept in memory",
	    "error", err->text, NULL);
	keep(c, grant);
	err_clear(err);
	return true;
}

/* Turn and lease held. */
static bool ask_zoom(struct ctx *c, struct grant *grant,
    const struct lease *lease, struct zoom_answer *answer, struct err *err)
{
	struct zoom_settings settings = config_zoom(c->config);
	struct zoom_token token;
	struct zoom_call call = {
		.client = c->plugin->zoom,
		.settings = &settings,
		.arena = c->arena,
		.deadline_ms = clock_deadline_ms(REFRESH_MS),
	};
	bool current;
	if (!grant_confirm(c, grant, &current, err))
		return false;
	if (!current)
		return err_set(
		    err, ERR_BUSY, "the database answers with an older token");
	if (!lease_is_held(lease))
		return err_set(err, ERR_BUSY, "this node was held up");
	bool done =
	    zoom_oauth_refresh(&call, grant->token.refresh_token, &token, err);
	*answer = call.answer;
	metrics_count(&c->plugin->metrics,
	    done ? METRICS_REFRESH_OK : METRICS_REFRESH_FAILED);
	/* unknown is only what has become of the token, not of a meeting */
	if (answer->verdict == ZOOM_UNKNOWN)
		answer->verdict = ZOOM_UNAVAILABLE;
	if (!done)
		return err_wrap(err, "refreshing the token");
	if (token.scope.len == 0)
		token.scope = grant->token.scope;
	grant->spent = grant->token.refresh_token;
	grant->token = token;
	grant->is_old = false;
	return save(c, grant, err);
}

/* Turn held. */
static bool refresh_alone(struct ctx *c, struct grant *grant,
    struct str refused, struct zoom_answer *answer, struct err *err)
{
	struct lease lease = { .until_ms = 0 };
	bool usable = false;
	bool done = wait_for_lease(c, grant, refused, &lease, &usable, err);
	if (done && !usable)
		done = ask_zoom(c, grant, &lease, answer, err);
	if (lease.mark.len > 0)
		lease_give(c, &lease);
	if (done || answer->verdict != ZOOM_GRANT_DEAD)
		return done;
	/* a node that did not know of the lease may have been faster */
	struct err ignored = { 0 };
	struct str raw = grant->raw;
	if (look_again(c, grant, refused, &usable, &ignored) && usable) {
		err_clear(err);
		return true;
	}
	if (str_eq(raw, grant->raw))
		tell_end(c, grant);
	return false;
}

/* Users' refreshes hardly ever wait for one another. */
static struct turn *turn_of(struct plugin *p, struct str user_id)
{
	uint32_t hash = 0;
	for (size_t i = 0; i < user_id.len; i++)
		hash = hash * 31 + (unsigned char)user_id.data[i];
	return &p->token_turns[hash % PLUGIN_TURNS];
}

bool refresh(struct ctx *c, struct grant *grant, struct str refused,
    struct zoom_answer *answer, struct err *err)
{
	struct turn *turn = turn_of(c->plugin, grant->user_id);
	bool usable = false;
	if (!turn_take(turn, c->deadline_ms, err))
		return err_set(
		    err, ERR_BUSY, "others are refreshing the token");
	/* whoever had the turn before has probably done it */
	bool done = look_again(c, grant, refused, &usable, err);
	if (done && !usable)
		done = refresh_alone(c, grant, refused, answer, err);
	turn_give(turn);
	return done;
}
