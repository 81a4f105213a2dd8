#include "plugin/setup.h"

#include "plugin/last_webhook.h"
#include "plugin/scope.h"
#include "plugin/store.h"
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
};

static void step(struct ctx *c, struct guide *g, enum mark mark,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

static void step(
    struct ctx *c, struct guide *g, enum mark mark, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str says = arena_vprintf(c->arena, fmt, ap);
	va_end(ap);
	g->text = arena_printf(c->arena, "%.*s\n%d. %s%.*s", STR_ARG(g->text),
	    ++g->n, marks[mark], STR_ARG(says));
}

/* Of the cloud that the settings point at; elsewhere it is not known. */
static const char *portal(const struct config *config)
{
	struct str host = url_host(config->zoom_url);
	if (url_host_is_in(host, S("zoom.us")))
		return "https://marketplace.zoom.us";
	if (url_host_is_in(host, S("zoomgov.com")))
		return "https://marketplace.zoomgov.com";
	return "your Zoom's App Marketplace";
}

/* An address with the secret in it. */
static struct str secret_url(struct ctx *c, const char *path)
{
	struct str secret =
	    zoom_form_escape(c->arena, c->config->webhook_secret);
	return arena_printf(c->arena, "%.*s" PLUGIN_PATH "%s?secret=%.*s",
	    STR_ARG(c->config->site_url), path, STR_ARG(secret));
}

static struct str scope_list(struct ctx *c)
{
	const char *form = c->config->account_level_app ? ":admin" : "";
	struct str list = S("");
	for (size_t i = 0; i < scope_n; i++)
		list = arena_printf(c->arena,
		    "%.*s\n   - `%s%s` (older apps: `%s%s`) %s%s",
		    STR_ARG(list), scope_table[i].granular, form,
		    scope_table[i].classic, form, scope_table[i].what,
		    scope_table[i].is_desirable ? "; optional" : "");
	return list;
}

static void steps_of_the_app(struct ctx *c, struct guide *g)
{
	const struct config *config = c->config;
	bool for_all = config->account_level_app;
	step(c, g, mark_of(str_has_prefix(config->site_url, S("https://"))),
	    "Under **Environment > Web Server** of the System Console, the "
	    "**Site URL** must begin with `https://`, and Zoom must be able to "
	    "reach it.");
	step(c, g, UNSEEN,
	    "At %s, under **Develop > Build App**, create a **General App** "
	    "and choose **%s**%s.",
	    portal(config), for_all ? "Admin-managed" : "User-managed",
	    for_all ? ", because **Account level app** is on in the plugin's "
	              "settings"
	            : ", because **Account level app** is off in the plugin's "
	              "settings");
	step(c, g,
	    mark_of(config->oauth_client_id.len > 0 &&
	            config->oauth_client_secret.len > 0),
	    "Copy its **Client ID** and **Client Secret** into **System "
	    "Console "
	    "> Plugins > Zoom**.");
	step(c, g,
	    mark_of(config->encryption_key.len > 0 &&
	            config->webhook_secret.len > 0),
	    "There, press **Regenerate** next to **Encryption key** and "
	    "**Webhook secret** if they are empty, and save.");
	step(c, g, UNSEEN,
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
	    "There, add an **Event Subscription** for %s, with the events "
	    "`meeting.started`, `meeting.ended`, `recording.completed` and "
	    "`recording.transcript_completed`, and as **Event notification "
	    "endpoint URL**\n   `%.*s`",
	    c->config->account_level_app ? "all users in the account"
	                                 : "all users of the app",
	    STR_ARG(webhook));
	step(c, g, UNSEEN,
	    "As **Deauthorization Notification Endpoint URL** enter\n"
	    "   `%.*s`",
	    STR_ARG(removal));
	step(c, g, UNSEEN, "Under **Scopes**, add%s", str_c(scope_list(c)));
}

bool setup_guide(struct ctx *c, struct str *text, struct err *err)
{
	struct guide g = { .text = S("") };
	struct last_webhook last;
	struct store_account account;
	if (!last_webhook_load(c, &last, err) ||
	    !store_load_account(c, &account, err))
		return false;
	steps_of_the_app(c, &g);
	if (c->config->webhook_secret.len == 0 || c->config->site_url.len == 0)
		step(c, &g, OPEN,
		    "The next addresses are made of the Site URL and the "
		    "webhook secret: set both, and type `/zoom setup` again.");
	else
		steps_of_events(c, &g, &last);
	step(c, &g,
	    c->config->account_level_app ? mark_of(account.zoom_email.len > 0)
	                                 : UNSEEN,
	    "Leave **Install**, **Add** and **Local test** at Zoom alone: "
	    "nothing there needs to be pressed. Type `/zoom connect` here%s.",
	    c->config->account_level_app
	        ? ", signed in to Zoom as an admin of the account"
	        : "; everybody does that once");
	step(c, &g, UNSEEN, "Type `/zoom status` to see whether all is well.");
	*text = arena_printf(c->arena,
	    "#### Setting Zoom up\nOnly you see this. The addresses hold a "
	    "secret: do not pass them on.\n%.*s",
	    STR_ARG(g.text));
	return arena_ok(c->arena, err);
}
