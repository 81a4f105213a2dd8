#include "plugin/command.h"

#include "base/buf.h"
#include "plugin/channel_settings.h"
#include "plugin/connect.h"
#include "plugin/disconnect.h"
#include "plugin/grant.h"
#include "plugin/meeting.h"
#include "plugin/policy.h"
#include "plugin/post.h"
#include "plugin/say.h"
#include "plugin/setup.h"
#include "plugin/status.h"
#include "plugin/store.h"
#include "plugin/subscription.h"

/* The list of commands, in any language: what a post may hold. */
#define HELP_MAX ((size_t)64 * 1024)

/* One typed command. */
struct typed {
	const struct mm_command_args *args;
	struct str rest; /* behind the subcommand, trimmed */
	bool is_admin;
};

static void run_start(struct ctx *c, const struct typed *t);
static void run_connect(struct ctx *c, const struct typed *t);
static void run_settings(struct ctx *c, const struct typed *t);
static void run_disconnect(struct ctx *c, const struct typed *t);
static void run_channel_settings(struct ctx *c, const struct typed *t);
static void run_channel_list(struct ctx *c, const struct typed *t);
static void run_subscription(struct ctx *c, const struct typed *t);
static void run_subscription_add(struct ctx *c, const struct typed *t);
static void run_subscription_remove(struct ctx *c, const struct typed *t);
static void run_subscription_list(struct ctx *c, const struct typed *t);
static void run_setup(struct ctx *c, const struct typed *t);
static void run_status(struct ctx *c, const struct typed *t);
static void run_help(struct ctx *c, const struct typed *t);

enum who {
	EVERYBODY,
	CONNECTORS, /* account level: system admins; else everybody */
	SYSTEM_ADMINS,
};

/* Rows whose names begin with the same word stand together, the one that is
 * this word alone, if any, first. */
struct command_row {
	const char *name;     /* one word or two */
	const char *argument; /* hint, NULL: takes none */
	const char *help;
	enum who who;
	bool needs_settings; /* answers what is missing until they are valid */
	void (*run)(struct ctx *c, const struct typed *t);
};

static const struct command_row rows[] = {
	{ "start", SAY("[topic]"), SAY("Start a meeting in this channel"),
	    EVERYBODY, true, run_start },
	{ "connect", NULL, SAY("Connect Mattermost to your Zoom account"),
	    CONNECTORS, true, run_connect },
	{ "disconnect", NULL, SAY("End the connection to your Zoom account"),
	    CONNECTORS, true, run_disconnect },
	{ "settings", NULL, SAY("Choose the meeting ID of your meetings"),
	    EVERYBODY, true, run_settings },
	{ "channel-settings", NULL,
	    SAY("Set who may start meetings in this channel (channel admins)"),
	    EVERYBODY, true, run_channel_settings },
	{ "channel-settings list", NULL,
	    SAY("Show the channels that have a setting of their own"),
	    SYSTEM_ADMINS, true, run_channel_list },
	{ "subscription", NULL,
	    SAY("Post a meeting in a channel when it starts"), EVERYBODY, false,
	    run_subscription },
	{ "subscription add", SAY("<meeting id>"),
	    SAY("Post this meeting here whenever it starts"), EVERYBODY, true,
	    run_subscription_add },
	{ "subscription remove", SAY("<meeting id>"),
	    SAY("Do not post this meeting any more"), EVERYBODY, true,
	    run_subscription_remove },
	{ "subscription list", NULL, SAY("Show your subscriptions"), EVERYBODY,
	    true, run_subscription_list },
	{ "setup", NULL, SAY("Show how to set the app up at Zoom"),
	    SYSTEM_ADMINS, false, run_setup },
	{ "status", NULL, SAY("Check the settings and the connection to Zoom"),
	    SYSTEM_ADMINS, false, run_status },
	{ "help", NULL, SAY("Show what /zoom can do"), EVERYBODY, false,
	    run_help },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* ---- answers ---------------------------------------------------------------------- */

static void answer(struct ctx *c, const struct typed *t, struct str text)
{
	post_tell(
	    c, t->args->user_id, t->args->channel_id, t->args->root_id, text);
}

static void answer_failed(
    struct ctx *c, const struct typed *t, const struct err *err)
{
	mm_log(c->mm, LOG_LEVEL_ERROR, "A command failed", "error", err->text,
	    NULL);
	answer(c, t,
	    say(c, "Something went wrong. The server's log has the details."));
}

/* What is missing, for those who can do something about it. */
static void answer_unconfigured(struct ctx *c, const struct typed *t)
{
	if (!t->is_admin) {
		answer(c, t,
		    say(c, "Zoom is not set up yet. Please ask a system "
		           "admin."));
		return;
	}
	struct gob_strings problems =
	    config_problems(c->config, say_lang(c), c->arena);
	struct str text =
	    say(c, "Zoom is not set up yet; `/zoom setup` shows the way. In "
	           "the System Console, under Plugins > Zoom:\n");
	for (size_t i = 0; i < problems.n; i++)
		text = arena_printf(c->arena, "%.*s\n- %.*s", STR_ARG(text),
		    STR_ARG(problems.items[i]));
	answer(c, t, text);
}

/* ---- who may --------------------------------------------------------------------------- */

static bool is_for_admins(const struct ctx *c, const struct command_row *row)
{
	return row->who == SYSTEM_ADMINS ||
	       (row->who == CONNECTORS && c->config->account_level_app);
}

/* ---- subcommands ---------------------------------------------------------------------- */

/* The rows whose names begin so, as far as they are for this user. */
static struct str list_rows(struct ctx *c, const struct typed *t,
    struct str title, struct str beginning)
{
	struct buf text;
	buf_init(&text, HELP_MAX);
	buf_put_str(&text, title);
	for (size_t i = 0; i < N_ROWS; i++) {
		if ((is_for_admins(c, &rows[i]) && !t->is_admin) ||
		    !str_has_prefix(str_from(rows[i].name), beginning))
			continue;
		struct str argument = rows[i].argument == NULL
		                          ? S("")
		                          : say_words(c, rows[i].argument);
		buf_printf(&text, "\n- `/zoom %s%s%.*s` - %.*s", rows[i].name,
		    argument.len == 0 ? "" : " ", STR_ARG(argument),
		    STR_ARG(say_words(c, rows[i].help)));
	}
	struct str all = arena_str(c->arena, buf_str(&text));
	if (text.fault != ERR_NONE && c->arena->fault == ERR_NONE)
		c->arena->fault = text.fault;
	buf_fini(&text);
	return all;
}

static void run_help(struct ctx *c, const struct typed *t)
{
	answer(c, t, list_rows(c, t, S("#### Zoom\n"), S("")));
}

static void run_subscription(struct ctx *c, const struct typed *t)
{
	answer(c, t,
	    list_rows(
	        c, t, say(c, "#### Subscriptions\n"), S("subscription ")));
}

static void subscribe(
    struct ctx *c, const struct typed *t, subscription_command *command)
{
	const struct subscription_request request = {
		.user_id = t->args->user_id,
		.channel_id = t->args->channel_id,
		.meeting = t->rest,
		.is_admin = t->is_admin,
	};
	struct str says;
	struct err err = { 0 };
	if (command(c, &request, &says, &err))
		answer(c, t, says);
	else
		answer_failed(c, t, &err);
}

static void run_subscription_add(struct ctx *c, const struct typed *t)
{
	subscribe(c, t, subscription_add);
}

static void run_subscription_remove(struct ctx *c, const struct typed *t)
{
	subscribe(c, t, subscription_remove);
}

static void run_subscription_list(struct ctx *c, const struct typed *t)
{
	subscribe(c, t, subscription_list);
}

/* Whether a token is stored, readable or not. */
static bool is_connected(
    struct ctx *c, struct str user_id, bool *connected, struct err *err)
{
	struct grant stored;
	struct err why = { 0 };
	if (grant_load(c, user_id, &stored, &why)) {
		*connected = stored.raw.len > 0;
		return true;
	}
	*connected = false;
	return why.code == ERR_DENIED || why.code == ERR_INVALID ||
	       err_set(err, why.code, "%s", why.text);
}

static void offer_connection(
    struct ctx *c, const struct typed *t, struct str before, bool only_connect)
{
	struct str offer;
	struct err err = { 0 };
	const struct meeting_start wish = {
		.user_id = t->args->user_id,
		.channel_id = t->args->channel_id,
		.root_id = t->args->root_id,
		.topic = t->rest,
	};
	if (connect_offer(c, &wish, only_connect, &offer, &err))
		answer(c, t,
		    arena_printf(
		        c->arena, "%.*s%.*s", STR_ARG(before), STR_ARG(offer)));
	else
		answer_failed(c, t, &err);
}

/* To which account of Zoom's; empty when that is not known. */
static bool connected_to(struct ctx *c, const struct typed *t, bool *connected,
    struct str *email, struct err *err)
{
	struct grant grant;
	struct store_account account;
	struct err unreadable = { 0 };
	if (!is_connected(c, t->args->user_id, connected, err) ||
	    !store_load_account(c, &account, err))
		return false;
	bool readable = grant_load(c, t->args->user_id, &grant, &unreadable);
	*email = c->config->account_level_app ? account.zoom_email
	         : readable                   ? grant.zoom_email
	                                      : S("");
	return true;
}

static void run_connect(struct ctx *c, const struct typed *t)
{
	struct err err = { 0 };
	struct str email;
	bool connected;
	if (!connected_to(c, t, &connected, &email, &err)) {
		answer_failed(c, t, &err);
		return;
	}
	struct str before = S("");
	if (connected && email.len == 0)
		before = say(c, "Zoom is already connected; `/zoom disconnect` "
		                "ends that. To replace it:\n\n");
	else if (connected)
		before = say(c,
		    "Zoom is already connected to the account of `%.*s`; "
		    "`/zoom disconnect` ends that. To replace it:\n\n",
		    STR_ARG(email));
	offer_connection(c, t, before, true);
}

static void run_disconnect(struct ctx *c, const struct typed *t)
{
	struct str says;
	disconnect(c, t->args->user_id, &says);
	answer(c, t, says);
}

static void run_start(struct ctx *c, const struct typed *t)
{
	struct meeting_result result;
	struct err err = { 0 };
	bool connected = true;
	bool may_connect = t->is_admin || !c->config->account_level_app;
	const struct meeting_start start = {
		.user_id = t->args->user_id,
		.channel_id = t->args->channel_id,
		.root_id = t->args->root_id,
		.topic = t->rest,
		.connection_id = t->args->connection_id,
	};
	if (may_connect &&
	    !is_connected(c, t->args->user_id, &connected, &err)) {
		answer_failed(c, t, &err);
		return;
	}
	if (!connected) {
		offer_connection(c, t, S(""), false);
		return;
	}
	meeting_start(c, &start, &result);
	if (result.says.len > 0)
		answer(c, t, result.says);
}

static void run_channel_settings(struct ctx *c, const struct typed *t)
{
	struct str says;
	struct err err = { 0 };
	if (!channel_settings_open(c, t->args, &says, &err))
		answer_failed(c, t, &err);
	else if (says.len > 0)
		answer(c, t, says);
}

static void run_channel_list(struct ctx *c, const struct typed *t)
{
	struct str text;
	struct err err = { 0 };
	if (channel_settings_list(c, &text, &err))
		answer(c, t, text);
	else
		answer_failed(c, t, &err);
}

static void run_settings(struct ctx *c, const struct typed *t)
{
	struct err err = { 0 };
	if (!preference_offer(c, t->args->user_id, t->args->channel_id,
	        t->args->root_id, &err))
		answer_failed(c, t, &err);
}

static void run_setup(struct ctx *c, const struct typed *t)
{
	struct str text;
	struct err err = { 0 };
	if (setup_guide(c, &text, &err))
		answer(c, t, text);
	else
		answer_failed(c, t, &err);
}

static void run_status(struct ctx *c, const struct typed *t)
{
	struct str text;
	struct err err = { 0 };
	if (status_report(c, t->args->user_id, &text, &err))
		answer(c, t, text);
	else
		answer_failed(c, t, &err);
}

/* ---- dispatch --------------------------------------------------------------------------- */

static const struct command_row *row_named(struct str name)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if (str_eq_nocase(name, str_from(rows[i].name)))
			return &rows[i];
	}
	return NULL;
}

/* The row of the first two words, else of the first; *rest is what follows.
 * With more words than a command takes it is no command: who types "disconnect
 * nobody" shall not be disconnected. */
static const struct command_row *find_row(struct ctx *c, struct str *rest)
{
	struct str first = str_word(rest);
	struct str behind = *rest;
	struct str second = str_word(&behind);
	const struct command_row *row = row_named(arena_printf(
	    c->arena, "%.*s %.*s", STR_ARG(first), STR_ARG(second)));
	if (row != NULL)
		*rest = behind;
	else
		row = row_named(first.len == 0 ? S("help") : first);
	return row != NULL && row->argument == NULL && rest->len > 0 ? NULL
	                                                             : row;
}

void command_execute(struct ctx *c, const struct mm_command_args *args)
{
	struct typed t = { .args = args, .rest = args->command };
	struct err err = { 0 };
	str_word(&t.rest); /* "/zoom" */
	const struct command_row *row = find_row(c, &t.rest);
	if (!policy_is_admin(c, args->user_id, &t.is_admin, &err)) {
		answer_failed(c, &t, &err);
	} else if (row == NULL) {
		answer(c, &t,
		    say(c, "I do not know this command. Type `/zoom help` to "
		           "see what there is."));
	} else if (is_for_admins(c, row) && !t.is_admin) {
		answer(c, &t,
		    say(c, "Only system admins can use `/zoom %s`.",
		        row->name));
	} else if (row->needs_settings && !c->config->valid) {
		answer_unconfigured(c, &t);
	} else {
		row->run(c, &t);
	}
}

/* ---- suggestions ---------------------------------------------------------------------------- */

/* The server has no optional positional arguments: the hint must do. */
static struct mm_autocomplete_data suggestion(
    struct ctx *c, const struct command_row *row, struct str trigger)
{
	return (struct mm_autocomplete_data){
		.trigger = trigger,
		.hint =
		    row->argument == NULL ? S("") : say_words(c, row->argument),
		.help_text = say_words(c, row->help),
		.role_id = is_for_admins(c, row) ? S("system_admin")
		                                 : S("system_user"),
	};
}

/* The rows at rows[*i] that share their first word, as one suggestion. */
static bool suggest_group(
    struct ctx *c, size_t *i, struct mm_autocomplete_data *group)
{
	struct str first, second;
	str_cut(str_from(rows[*i].name), ' ', &first, &second);
	*group = suggestion(c, &rows[*i], first);
	struct mm_autocomplete_data *subs =
	    arena_array(c->arena, N_ROWS, sizeof(*subs));
	if (subs == NULL)
		return false;
	group->sub_commands.items = subs;
	for (; *i < N_ROWS; ++*i) {
		struct str word;
		str_cut(str_from(rows[*i].name), ' ', &word, &second);
		if (!str_eq(word, first))
			return true;
		if (second.len > 0)
			subs[group->sub_commands.n++] =
			    suggestion(c, &rows[*i], second);
	}
	return true;
}

bool command_register(struct ctx *c, struct err *err)
{
	struct mm_autocomplete_data *subs =
	    arena_array(c->arena, N_ROWS, sizeof(*subs));
	size_t n = 0;
	for (size_t i = 0; subs != NULL && i < N_ROWS;) {
		if (!suggest_group(c, &i, &subs[n++]))
			break;
	}
	if (!arena_ok(c->arena, err))
		return false;
	struct str help = say(c, "Start and manage Zoom meetings");
	struct str hint = say(c, "[command]");
	struct mm_autocomplete_data zoom = {
		.trigger = S("zoom"),
		.hint = hint,
		.help_text = help,
		.role_id = S("system_user"),
		.sub_commands = { subs, n },
	};
	const struct mm_command command = {
		.trigger = S("zoom"),
		.display_name = S("Zoom"),
		.description = help,
		.auto_complete = true,
		.auto_complete_desc = help,
		.auto_complete_hint = hint,
		.autocomplete_data = &zoom,
	};
	return arena_ok(c->arena, err) &&
	       mm_register_command(c->mm, c->arena, &command, err);
}
