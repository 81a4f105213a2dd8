#include "plugin/status.h"

#include "plugin/job.h"
#include "plugin/last_webhook.h"
#include "plugin/say.h"
#include "plugin/scope.h"
#include "plugin/store.h"
#include "plugin/token.h"
#include "zoom/user.h"

/* More than this, and signatures, tokens and states begin to fail early. */
#define CLOCK_OFF_MS ((int64_t)60 * 1000)

enum mark { GOOD, NOTE, BAD };

static const char *const marks[] = {
	[GOOD] = ":white_check_mark:",
	[NOTE] = ":information_source:",
	[BAD] = ":x:",
};

struct report {
	struct str text;
	int n_bad;
};

/* Translated here. */
static void line(struct ctx *c, struct report *r, enum mark mark,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

static void line(
    struct ctx *c, struct report *r, enum mark mark, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str says = say_v(c, fmt, ap);
	va_end(ap);
	r->text = arena_printf(c->arena, "%.*s\n- %s %.*s", STR_ARG(r->text),
	    marks[mark], STR_ARG(says));
	r->n_bad += mark == BAD;
}

/* "5 minutes": the largest unit of which there are two. */
static struct str span(struct ctx *c, int64_t ms)
{
	long long s = ms / 1000;
	long long minutes = s / 60;
	long long hours = minutes / 60;
	long long days = hours / 24;
	if (days >= 2)
		return say_n(c, days, "%lld day", "%lld days", days);
	if (hours >= 2)
		return say_n(c, hours, "%lld hour", "%lld hours", hours);
	if (minutes >= 2)
		return say_n(
		    c, minutes, "%lld minute", "%lld minutes", minutes);
	return say_n(c, s, "%lld second", "%lld seconds", s);
}

/* ---- settings -------------------------------------------------------------------- */

static void report_settings(struct ctx *c, struct report *r)
{
	const struct config *config = c->config;
	struct gob_strings problems =
	    config_problems(config, say_lang(c), c->arena);
	for (size_t i = 0; i < problems.n; i++)
		line(c, r, BAD, "%.*s.", STR_ARG(problems.items[i]));
	if (config->valid)
		line(c, r, GOOD, "The settings are complete.");
	if (config->zoom_webhook_secret.len == 0)
		line(c, r, BAD,
		    "**Zoom secret token** is empty, so every event is "
		    "refused and meetings never show as ended: copy it from "
		    "the app at Zoom.");
	if (config->site_url.len > 0 &&
	    !str_has_prefix(config->site_url, S("https://")))
		line(c, r, BAD,
		    "The server's **Site URL** does not begin with `https://`: "
		    "Zoom accepts no other addresses.");
	else if (config->site_url.len > 0)
		line(c, r, GOOD, "The server's Site URL is `%.*s`.",
		    STR_ARG(config->site_url));
	line(c, r, NOTE,
	    config->account_level_app
	        ? "The app is at account level: one Zoom account for everybody."
	        : "The app is at user level: everybody connects a Zoom account "
	          "of their own.");
}

static bool is_on(const bool *setting)
{
	return setting != NULL && *setting;
}

/* Whether somebody can start meetings as the user of another one's address. */
static bool report_addresses(struct ctx *c, struct report *r, struct err *err)
{
	struct mm_config *server = NULL;
	if (!c->config->account_level_app)
		return true;
	if (c->config->require_verified_email) {
		line(c, r, GOOD,
		    "Only e-mail addresses that are verified in Mattermost "
		    "count at Zoom.");
		return true;
	}
	if (!mm_get_config(c->mm, c->arena, &server, err))
		return false;
	if (server == NULL ||
	    is_on(server->email_settings.require_email_verification))
		return true;
	bool open = is_on(server->team_settings.enable_open_server) &&
	            is_on(server->team_settings.enable_user_creation) &&
	            is_on(server->email_settings.enable_sign_up_with_email);
	line(c, r, open ? BAD : NOTE,
	    open ? "Anybody can sign up here with any e-mail address, and "
	           "start meetings as the Zoom user whose it is. Switch on "
	           "e-mail verification in Mattermost, or **Require verified "
	           "e-mail addresses** in the plugin's settings."
	         : "Members can change their e-mail address to any other, and "
	           "start meetings as the Zoom user whose it is. Switch on "
	           "e-mail verification in Mattermost, or **Require verified "
	           "e-mail addresses** in the plugin's settings.");
	return true;
}

/* ---- the connection ---------------------------------------------------------------- */

static bool ask_me(struct zoom_call *call, void *ctx, struct err *err)
{
	return zoom_user_fetch(call, S("me"), ctx, err);
}

/* "@root", where it is known. */
static struct str by_whom(struct ctx *c, const struct store_account *account)
{
	struct mm_user *user = NULL;
	struct err err = { 0 };
	if (account->connected_by.len == 0)
		return S("");
	if (!mm_get_user(c->mm, c->arena, account->connected_by, &user, &err) ||
	    user == NULL)
		return say(c, "somebody who is gone");
	return arena_printf(c->arena, "@%.*s", STR_ARG(user->username));
}

static void report_token(
    struct ctx *c, struct report *r, const struct zoom_token *token)
{
	int64_t left_ms = token->expires_ms - clock_wall_ms();
	struct str missing =
	    scope_missing(c->arena, token->scope, c->config->account_level_app);
	if (token->scope.len == 0)
		line(c, r, NOTE,
		    "The former plugin did not store which scopes Zoom "
		    "granted; `/zoom connect` finds out.");
	else if (missing.len > 0)
		line(c, r, BAD,
		    "Scopes are missing: %.*s. Add them to the app at Zoom, "
		    "then type `/zoom connect`.",
		    STR_ARG(missing));
	else
		line(
		    c, r, GOOD, "Zoom has granted all scopes that are needed.");
	if (token->expires_ms > 0 && left_ms > 0)
		line(c, r, NOTE,
		    "The access token is good for another %s, and is renewed "
		    "by itself.",
		    str_c(span(c, left_ms)));
}

static void report_clock(
    struct ctx *c, struct report *r, const struct zoom_answer *answer)
{
	int64_t off_ms = clock_wall_ms() - answer->date_ms;
	bool is_ahead = off_ms > 0;
	if (answer->date_ms == 0)
		return;
	off_ms = is_ahead ? off_ms : -off_ms;
	if (off_ms > CLOCK_OFF_MS)
		line(c, r, BAD,
		    is_ahead
		        ? "This server's clock is %s ahead of Zoom's: set it "
		          "right, or events will be refused."
		        : "This server's clock is %s behind Zoom's: set it "
		          "right, or events will be refused.",
		    str_c(span(c, off_ms)));
	else
		line(c, r, GOOD, "This server's clock agrees with Zoom's.");
}

static bool report_working(struct ctx *c, struct report *r, struct str user_id,
    const struct zoom_user *owner, struct err *err)
{
	struct grant grant;
	struct store_account account;
	if (!grant_load(c, user_id, &grant, err) ||
	    !store_load_account(c, &account, err))
		return false;
	struct str by = by_whom(c, &account);
	if (!c->config->account_level_app)
		line(c, r, GOOD,
		    "You are connected to the account of `%.*s`. Zoom accepts "
		    "the token.",
		    STR_ARG(owner->email));
	else if (by.len == 0)
		line(c, r, GOOD,
		    "Zoom is connected to the account of `%.*s`. Zoom accepts "
		    "the token.",
		    STR_ARG(owner->email));
	else
		line(c, r, GOOD,
		    "Zoom is connected to the account of `%.*s`, connected by "
		    "%.*s. Zoom accepts the token.",
		    STR_ARG(owner->email), STR_ARG(by));
	report_token(c, r, &grant.token);
	return true;
}

static void report_failure(struct ctx *c, struct report *r,
    const struct zoom_answer *answer, const struct err *why)
{
	bool is_absent =
	    why->code == ERR_NOT_FOUND && answer->verdict == ZOOM_NO_ANSWER;
	/* where everybody has a connection, an admin need not have one */
	enum mark mark =
	    is_absent && !c->config->account_level_app ? NOTE : BAD;
	if (!is_absent)
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "The connection to Zoom was checked and does not work",
		    "error", why->text, "tracking_id", answer->tracking_id,
		    NULL);
	line(c, r, mark, "%s", str_c(token_explain(c, answer, why)));
}

static bool report_connection(
    struct ctx *c, struct report *r, struct str user_id, struct err *err)
{
	struct zoom_user owner = { 0 };
	struct zoom_answer answer = { 0 };
	struct err why = { 0 };
	if (!c->config->valid ||
	    (!c->config->account_level_app && user_id.len == 0)) {
		line(c, r, NOTE, "The connection to Zoom was not checked.");
		return true;
	}
	bool works = token_ask(c, user_id, ask_me, &owner, &answer, &why);
	if (works && !report_working(c, r, user_id, &owner, err))
		return false;
	if (!works)
		report_failure(c, r, &answer, &why);
	report_clock(c, r, &answer);
	return true;
}

/* ---- events ------------------------------------------------------------------------ */

static bool report_webhook(struct ctx *c, struct report *r, struct err *err)
{
	struct last_webhook last;
	if (!last_webhook_load(c, &last, err))
		return false;
	if (last.at_ms == 0) {
		line(c, r, BAD,
		    "No event has come from Zoom yet. `/zoom setup` shows the "
		    "address that Zoom must send them to.");
		return true;
	}
	int64_t ago_ms = clock_wall_ms() - last.at_ms;
	line(c, r, GOOD,
	    "An event came from Zoom %s ago, %s after it was sent.",
	    str_c(span(c, ago_ms > 0 ? ago_ms : 0)),
	    str_c(span(c, last.lag_ms > 0 ? last.lag_ms : 0)));
	if (last.lag_ms > CLOCK_OFF_MS || last.lag_ms < -CLOCK_OFF_MS)
		line(c, r, BAD,
		    last.lag_ms > 0
		        ? "It was %s old: events are late, or this server's "
		          "clock is wrong."
		        : "It was %s early: events are late, or this server's "
		          "clock is wrong.",
		    str_c(
		        span(c, last.lag_ms > 0 ? last.lag_ms : -last.lag_ms)));
	return true;
}

static bool report_jobs(struct ctx *c, struct report *r, struct err *err)
{
	struct job_summary jobs;
	if (!job_count(c, &jobs, err))
		return false;
	if (jobs.n == 0)
		line(c, r, GOOD, "No recording is waiting to be posted.");
	else
		line(c, r, jobs.n_failing > 0 ? BAD : NOTE, "%s",
		    str_c(say_n(c, jobs.n,
		        "Waiting to be posted: %d recording, the oldest for "
		        "%s; %d could not be posted so far and will be tried "
		        "again.",
		        "Waiting to be posted: %d recordings, the oldest for "
		        "%s; %d could not be posted so far and will be tried "
		        "again.",
		        jobs.n, str_c(span(c, jobs.oldest_ms)),
		        jobs.n_failing)));
	return true;
}

static void report_versions(struct ctx *c, struct report *r)
{
	struct str server;
	struct err err = { 0 };
	if (!mm_get_server_version(c->mm, c->arena, &server, &err)) {
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "The server does not tell its version", "error", err.text,
		    NULL);
		server = say(c, "of an unknown version");
	}
	line(c, r, NOTE, "Plugin %s, Mattermost %.*s.", PLUGIN_VERSION,
	    STR_ARG(server));
}

bool status_report(
    struct ctx *c, struct str user_id, struct str *text, struct err *err)
{
	struct report r = { .text = S("") };
	report_settings(c, &r);
	if (!report_addresses(c, &r, err) ||
	    !report_connection(c, &r, user_id, err) ||
	    !report_webhook(c, &r, err) || !report_jobs(c, &r, err))
		return false;
	report_versions(c, &r);
	struct str title =
	    r.n_bad == 0 ? say(c, "#### Zoom: everything works\n")
	                 : say_n(c, r.n_bad, "#### Zoom: %d thing to look at\n",
	                       "#### Zoom: %d things to look at\n", r.n_bad);
	*text =
	    arena_printf(c->arena, "%.*s%.*s", STR_ARG(title), STR_ARG(r.text));
	return arena_ok(c->arena, err);
}
