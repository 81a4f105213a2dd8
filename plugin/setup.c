#include "plugin/setup.h"

#include "plugin/grant.h"
#include "plugin/last_webhook.h"
#include "plugin/say.h"
#include "plugin/scope.h"
#include "plugin/url.h"
#include "plugin/webhook.h"
#include "zoom/escape.h"

enum mark { UNSEEN, DONE, OPEN };

static const char *const marks[] = {
	[UNSEEN] = "",
	[DONE] = ":white_check_mark: ",
	[OPEN] = ":black_square_button: ",
};

static enum mark mark_of(bool is_done)
{
	return is_done ? DONE : OPEN;
}

struct guide {
	struct str text;
	int n;
	enum mark connected, scopes;
};

/* Translated here. */
static void step(struct ctx *c, struct guide *g, enum mark mark,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

static void step(
    struct ctx *c, struct guide *g, enum mark mark, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str says = say_v(c, fmt, ap);
	va_end(ap);
	g->text = arena_printf(c->arena, "%.*s\n%d. %s%.*s", STR_ARG(g->text),
	    ++g->n, marks[mark], STR_ARG(says));
}

/* Of the cloud that the settings point at; elsewhere it is not known. */
static struct str portal(struct ctx *c)
{
	struct str host = url_host(c->config->zoom_url);
	if (url_host_is_in(host, S("zoom.us")))
		return S("https://marketplace.zoom.us");
	if (url_host_is_in(host, S("zoomgov.com")))
		return S("https://marketplace.zoomgov.com");
	return say(c, "your Zoom's App Marketplace");
}

/* An address with the secret in it. */
static struct str secret_url(struct ctx *c, const char *path)
{
	struct str secret =
	    zoom_form_escape(c->arena, c->config->webhook_secret);
	return arena_printf(c->arena, "%.*s" PLUGIN_PATH "%s?secret=%.*s",
	    STR_ARG(c->config->site_url), path, STR_ARG(secret));
}

static struct str scope_words(struct ctx *c, const struct scope *scope)
{
	const char *form = c->config->account_level_app ? ":admin" : "";
	struct str what = say_words(c, scope->what);
	if (scope->is_desirable)
		return say(c, "`%s%s` (older apps: `%s%s`) %.*s; optional",
		    scope->granular, form, scope->classic, form, STR_ARG(what));
	return say(c, "`%s%s` (older apps: `%s%s`) %.*s", scope->granular, form,
	    scope->classic, form, STR_ARG(what));
}

static struct str scope_list(struct ctx *c)
{
	struct str list = S("");
	for (size_t i = 0; i < scope_n; i++)
		list = arena_printf(c->arena, "%.*s\n   - %.*s", STR_ARG(list),
		    STR_ARG(scope_words(c, &scope_table[i])));
	return list;
}

/* What the stored connection tells: that the app is as it should be, and which
 * scopes it has. With a user-level app there is one for each user. */
static void look_at_account(struct ctx *c, struct guide *g)
{
	struct grant grant;
	struct err unreadable = { 0 };
	if (!c->config->account_level_app)
		return;
	bool readable = grant_load_of(c, S(""), &grant, &unreadable);
	g->connected = mark_of(grant.raw.len > 0);
	if (readable && grant.token.scope.len > 0)
		g->scopes = mark_of(
		    scope_missing(c->arena, grant.token.scope, true).len == 0);
}

/* Done, or perhaps done. */
static enum mark if_connected(const struct guide *g)
{
	return g->connected == DONE ? DONE : UNSEEN;
}

static void steps_of_the_app(struct ctx *c, struct guide *g)
{
	const struct config *config = c->config;
	step(c, g, mark_of(str_has_prefix(config->site_url, S("https://"))),
	    "Under **Environment > Web Server** of the System Console, the "
	    "**Site URL** must begin with `https://`, and Zoom must be able to "
	    "reach it.");
	step(c, g, if_connected(g),
	    config->account_level_app
	        ? "At %.*s, under **Develop > Build App**, create a **General "
	          "App** and choose **Admin-managed**, because **Account level "
	          "app** is on in the plugin's settings. If everybody shall "
	          "connect for themselves, switch that off first."
	        : "At %.*s, under **Develop > Build App**, create a **General "
	          "App** and choose **User-managed**, because **Account level "
	          "app** is off in the plugin's settings. If one Zoom account "
	          "shall be connected for everybody, switch that on first.",
	    STR_ARG(portal(c)));
	step(c, g,
	    mark_of(config->oauth_client_id.len > 0 &&
	            config->oauth_client_secret.len > 0),
	    "Copy its **Client ID** and **Client Secret** into **System "
	    "Console > Plugins > Zoom**: those for **Development**, unless you "
	    "publish the app. What follows belongs to the same ones.");
	step(c, g,
	    mark_of(config->encryption_key.len > 0 &&
	            config->webhook_secret.len > 0),
	    "There, press **Regenerate** next to **Encryption key** and "
	    "**Webhook secret** if they are empty, and save.");
	step(c, g, if_connected(g),
	    "As **OAuth Redirect URL**, and in the **OAuth Allow List**, "
	    "enter\n"
	    "   `%.*s`",
	    STR_ARG(config->redirect_uri));
}

static void steps_of_events(
    struct ctx *c, struct guide *g, const struct last_webhook *last)
{
	struct str webhook = secret_url(c, "/webhook");
	struct str removal = secret_url(c, WEBHOOK_DEAUTHORIZATION);
	step(c, g, mark_of(c->config->zoom_webhook_secret.len > 0),
	    "Under **Features > Access**, copy the **Secret Token** into "
	    "**Zoom secret token** of the plugin's settings, and save. "
	    "Only then will the next two addresses work.");
	step(c, g, mark_of(last->at_ms > 0),
	    c->config->account_level_app
	        ? "There, add an **Event Subscription** for all users in the "
	          "account, with the events `meeting.started`, "
	          "`meeting.ended`, `recording.completed` and "
	          "`recording.transcript_completed`. Press **Validate** and "
	          "save. Its **Event notification endpoint URL** is\n"
	          "   `%.*s`"
	        : "There, add an **Event Subscription** for all users of the "
	          "app, with the events `meeting.started`, `meeting.ended`, "
	          "`recording.completed` and `recording.transcript_completed`. "
	          "Press **Validate** and save. Its **Event notification "
	          "endpoint URL** is\n"
	          "   `%.*s`",
	    STR_ARG(webhook));
	step(c, g, UNSEEN,
	    "Where Zoom asks for a **Deauthorization Notification Endpoint "
	    "URL**, as it does for apps that are published, enter\n"
	    "   `%.*s`",
	    STR_ARG(removal));
}

bool setup_guide(struct ctx *c, struct str *text, struct err *err)
{
	struct guide g = { .text = S("") };
	struct last_webhook last;
	if (!last_webhook_load(c, &last, err))
		return false;
	look_at_account(c, &g);
	steps_of_the_app(c, &g);
	if (c->config->webhook_secret.len == 0 || c->config->site_url.len == 0)
		step(c, &g, OPEN,
		    "The next addresses are made of the Site URL and the "
		    "webhook secret: set both, and type `/zoom setup` again.");
	else
		steps_of_events(c, &g, &last);
	step(c, &g, g.scopes, "Under **Scopes**, add%.*s",
	    STR_ARG(scope_list(c)));
	step(c, &g, g.connected,
	    c->config->account_level_app
	        ? "Leave **Install**, **Add** and **Local test** at Zoom "
	          "alone: nothing there needs to be pressed. Type `/zoom "
	          "connect` here, signed in to Zoom as an admin of the account."
	        : "Leave **Install**, **Add** and **Local test** at Zoom "
	          "alone: nothing there needs to be pressed. Type `/zoom "
	          "connect` here; everybody does that once.");
	step(c, &g, UNSEEN, "Type `/zoom status` to see whether all is well.");
	*text = say(c,
	    "#### Setting Zoom up\nOnly you see this. The addresses hold a "
	    "secret: do not pass them on.\n%.*s",
	    STR_ARG(g.text));
	return arena_ok(c->arena, err);
}
