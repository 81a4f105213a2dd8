/*
 * channel_settings - a dialog, its answer, and the list
 *
 * The dialog's state is the channel's id; typed in a thread, a slash and the
 * thread's id follow, so that the confirmation is shown where one looks. What
 * comes back is what any signed-in user may send: everything is checked again.
 */
#include "plugin/channel_settings.h"

#include "plugin/audit.h"
#include "plugin/policy.h"
#include "plugin/post.h"
#include "plugin/routes.h"
#include "plugin/say.h"
#include "plugin/store.h"

/* A post has at most 16,383 characters; the list leaves room for what stands
 * around it. Bytes. */
#define LIST_MAX ((size_t)16000)

#define ELEMENT "preference"

/* ---- the three values ---------------------------------------------------------- */

struct choice {
	const char *value;
	const char *option; /* in the dialog */
	const char *holds;  /* once it is set; NULL: it depends */
};

static const struct choice choices[] = {
	{ "allow", SAY("Allowed"),
	    SAY("Meetings can be started in this channel, whatever the system "
	        "admins set for others.") },
	{ "restrict", SAY("Switched off"),
	    SAY("Starting meetings is switched off in this channel.") },
	{ "default", SAY("As the system admins have set it"), NULL },
};
#define N_CHOICES (sizeof(choices) / sizeof(choices[0]))

static const struct choice *find_choice(struct str value)
{
	for (size_t i = 0; i < N_CHOICES; i++) {
		if (str_eq(value, str_from(choices[i].value)))
			return &choices[i];
	}
	return NULL;
}

/* ---- the dialog ------------------------------------------------------------------ */

static struct mm_dialog_element element(struct ctx *c, struct str present)
{
	struct mm_post_action_options *options =
	    arena_array(c->arena, N_CHOICES, sizeof(*options));
	for (size_t i = 0; options != NULL && i < N_CHOICES; i++)
		options[i] = (struct mm_post_action_options){
			.text = say_words(c, choices[i].option),
			.value = str_from(choices[i].value),
		};
	return (struct mm_dialog_element){
		.display_name = say(c, "Starting meetings"),
		.name = S(ELEMENT),
		.type = S("radio"),
		.default_ =
		    find_choice(present) == NULL ? S("default") : present,
		.help_text = say(c, "It holds for everybody in this channel, "
		                    "at once."),
		.options = { options, options == NULL ? 0 : N_CHOICES },
	};
}

static struct str state_of(struct ctx *c, const struct mm_command_args *args)
{
	if (args->root_id.len == 0)
		return args->channel_id;
	return arena_printf(c->arena, "%.*s/%.*s", STR_ARG(args->channel_id),
	    STR_ARG(args->root_id));
}

bool channel_settings_open(struct ctx *c, const struct mm_command_args *args,
    struct str *says, struct err *err)
{
	struct mm_channel *channel;
	struct str present;
	if (!policy_may_configure(
	        c, args->user_id, args->channel_id, &channel, says, err))
		return false;
	if (channel == NULL)
		return true;
	if (!store_load_channel_preference(c, channel->id, &present, err))
		return false;
	struct mm_dialog_element preference = element(c, present);
	const struct mm_open_dialog_request request = {
		.trigger_id = args->trigger_id,
		/* without the Site URL: the server calls us in process */
		.url = S(PLUGIN_PATH CHANNEL_SETTINGS_PATH),
		.dialog = {
			.callback_id = channel->id,
			.title = say(c, "Zoom in this channel"),
			.elements = { &preference, 1 },
			.submit_label = say(c, "Save"),
			.state = state_of(c, args),
		},
	};
	return arena_ok(c->arena, err) &&
	       (mm_open_interactive_dialog(c->mm, c->arena, &request, err) ||
	           err_wrap(err, "opening the dialog"));
}

/* ---- its answer -------------------------------------------------------------------- */

struct submission {
	struct str channel_id;
	struct str root_id; /* may be empty */
	const struct choice *choice;
	bool cancelled;
};

/* The answer's body is taken; a dialog shows its texts. */
static void reply(struct ctx *c, struct mm_http *http, int status, json_t *body)
{
	mm_http_reply(
	    http, status, S("application/json"), js_dump(c->arena, body));
}

static void refuse(
    struct ctx *c, struct mm_http *http, int status, struct str why)
{
	reply(c, http, status, json_pack("{s:o}", "error", js_string(why)));
}

static void fail(struct ctx *c, struct mm_http *http, const struct err *err)
{
	mm_log(c->mm, LOG_LEVEL_ERROR, "A channel's setting was not changed",
	    "error", err->text, NULL);
	refuse(c, http, 500,
	    say(c, "Something went wrong. The server's log has the details."));
}

static bool read_submission(struct ctx *c, struct mm_http *http,
    struct submission *submission, struct err *err)
{
	struct str body, channel_id;
	if (!mm_http_read_all(http, ROUTES_MAX_BODY, &body, err))
		return false;
	json_t *object = js_parse(body);
	if (object == NULL)
		return err_set(err, ERR_INVALID, "the body is no JSON object");
	str_cut(js_text(c->arena, object, "state"), '/', &channel_id,
	    &submission->root_id);
	submission->channel_id = js_text(c->arena, object, "channel_id");
	submission->cancelled =
	    json_is_true(json_object_get(object, "cancelled"));
	submission->choice = find_choice(
	    js_text(c->arena, json_object_get(object, "submission"), ELEMENT));
	json_decref(object);
	if (submission->channel_id.len == 0)
		return err_set(err, ERR_INVALID, "channel_id is missing");
	if (channel_id.len > 0 && !str_eq(channel_id, submission->channel_id))
		return err_set(
		    err, ERR_DENIED, "the dialog is another channel's");
	return arena_ok(c->arena, err);
}

/* What now holds, as a sentence. */
static bool describe(struct ctx *c, const struct mm_channel *channel,
    const struct choice *choice, struct str *text, struct err *err)
{
	bool restricted;
	if (choice->holds != NULL) {
		*text = say_words(c, choice->holds);
		return true;
	}
	if (!policy_is_restricted(c, channel, &restricted, err))
		return false;
	*text = restricted
	            ? say(c, "This channel follows the system admins' setting "
	                     "again: starting meetings is switched off in "
	                     "public channels.")
	            : say(c, "This channel follows the system admins' setting "
	                     "again: meetings can be started.");
	return true;
}

static void save(struct ctx *c, struct mm_http *http,
    const struct submission *submission, const struct mm_channel *channel)
{
	struct str holds;
	struct err err = { 0 };
	if (!store_save_channel_preference(
	        c, channel->id, str_from(submission->choice->value), &err) ||
	    !describe(c, channel, submission->choice, &holds, &err)) {
		fail(c, http, &err);
		return;
	}
	audit(c, &(struct audit){ .event = "zoomChannelSetting",
	             .user_id = mm_http_user_id(http),
	             .object = "channel",
	             .name = "channel_id",
	             .value = channel->id,
	             .setting = submission->choice->value });
	post_tell(
	    c, mm_http_user_id(http), channel->id, submission->root_id, holds);
	reply(c, http, 200, json_object());
}

void channel_settings_submit(struct ctx *c, struct mm_http *http)
{
	struct submission submission = { 0 };
	struct mm_channel *channel;
	struct str refusal;
	struct err err = { 0 };
	bool read = read_submission(c, http, &submission, &err);
	if (!read && err.code == ERR_DENIED)
		refuse(c, http, 400,
		    say(c, "This dialog belongs to another channel. Go there "
		           "and type `/zoom channel-settings` again."));
	else if (!read)
		refuse(c, http, err.code == ERR_TOO_BIG ? 413 : 400,
		    str_from(err.text));
	else if (!policy_may_configure(c, mm_http_user_id(http),
	             submission.channel_id, &channel, &refusal, &err))
		fail(c, http, &err);
	else if (channel == NULL)
		refuse(c, http, 403, refusal);
	else if (submission.cancelled)
		reply(c, http, 200, json_object());
	else if (submission.choice == NULL)
		reply(c, http, 400,
		    json_pack("{s:{s:o}}", "errors", ELEMENT,
		        js_string(say(c, "Please choose one of the three."))));
	else
		save(c, http, &submission, channel);
}

/* ---- the list ------------------------------------------------------------------------ */

/* A line about a channel; empty for one that is gone. */
static bool line_of(struct ctx *c, const struct store_preference *preference,
    struct str *line, struct err *err)
{
	struct mm_channel *channel = NULL;
	struct mm_team *team = NULL;
	struct err why = { 0 };
	*line = (struct str){ NULL, 0 };
	bool found =
	    mm_get_channel(
	        c->mm, c->arena, preference->channel_id, &channel, &why) &&
	    channel != NULL && channel->delete_at == 0 &&
	    mm_get_team(c->mm, c->arena, channel->team_id, &team, &why) &&
	    team != NULL;
	if (!found)
		return why.code == ERR_NONE || why.code == ERR_NOT_FOUND ||
		       err_set(err, why.code, "%s", why.text);
	*line = arena_printf(c->arena, "\n- ~%.*s (%.*s): `%.*s`",
	    STR_ARG(channel->name), STR_ARG(team->name),
	    STR_ARG(preference->preference));
	return arena_ok(c->arena, err);
}

static bool is_own(const struct store_preference *preference)
{
	const struct choice *choice = find_choice(preference->preference);
	return choice != NULL && choice->holds != NULL;
}

/* The lines that fit a post; those that do not are counted, unseen. */
static bool list_channels(struct ctx *c, const struct store_preference *list,
    size_t n, struct str *text, size_t *n_more, struct err *err)
{
	*text = S("");
	*n_more = 0;
	for (size_t i = 0; i < n; i++) {
		struct str line = { NULL, 0 };
		if (!is_own(&list[i]))
			continue;
		bool full = *n_more > 0 || clock_now_ms() >= c->deadline_ms;
		if (!full && !line_of(c, &list[i], &line, err))
			return false;
		if (full || text->len + line.len > LIST_MAX)
			++*n_more;
		else
			*text = arena_printf(c->arena, "%.*s%.*s",
			    STR_ARG(*text), STR_ARG(line));
	}
	return arena_ok(c->arena, err);
}

bool channel_settings_list(struct ctx *c, struct str *text, struct err *err)
{
	struct store_preference *list;
	struct str lines;
	size_t n;
	size_t n_more;
	if (!store_load_channel_preferences(c, &list, &n, err) ||
	    !list_channels(c, list, n, &lines, &n_more, err))
		return false;
	if (lines.len == 0 && n_more == 0) {
		*text = say(c, "No channel has a Zoom setting of its own.");
		return true;
	}
	*text = say(c, "#### Channels with a Zoom setting of their own\n%.*s",
	    STR_ARG(lines));
	if (n_more > 0)
		*text = say(
		    c, "%.*s\n\nAnd up to %zu more.", STR_ARG(*text), n_more);
	return arena_ok(c->arena, err);
}
