#include "plugin/preference.h"

#include "plugin/action.h"
#include "plugin/post.h"
#include "plugin/reply.h"
#include "plugin/say.h"
#include "plugin/store.h"

#define OLD_CATEGORY "plugin:zoom"
#define OLD_NAME     "use-pmi"

struct choice {
	struct str word;     /* as it is kept */
	const char *action;  /* of its button, on the wire */
	const char *button;  /* as people read it */
	const char *present; /* what is so now */
};

static const struct choice choices[] = {
	[PREFERENCE_NONE] = { .word = STR(""),
	    .present = SAY("You are asked which meeting ID to use, until you "
	                   "have answered once.") },
	[PREFERENCE_PERSONAL] = { STR("true"), "Yes",
	    SAY("Personal meeting ID"),
	    SAY("Your meetings use your personal meeting ID.") },
	[PREFERENCE_UNIQUE] = { STR("false"), "No", SAY("Unique meeting ID"),
	    SAY("Each of your meetings gets an ID of its own.") },
	[PREFERENCE_ASK] = { STR("ask"), "Ask", SAY("Ask every time"),
	    SAY("You are asked which meeting ID to use, every time.") },
};
#define N_CHOICES (sizeof(choices) / sizeof(choices[0]))

struct str preference_text(enum preference preference)
{
	return choices[preference].word;
}

static enum preference preference_of(struct str word)
{
	for (size_t i = 1; i < N_CHOICES; i++) {
		if (str_eq(word, choices[i].word))
			return (enum preference)i;
	}
	return PREFERENCE_NONE;
}

/* ---- stored ------------------------------------------------------------------------ */

static struct str key_of(struct ctx *c, struct str user_id)
{
	return arena_printf(
	    c->arena, "zoomUserPreference_%.*s", STR_ARG(user_id));
}

static struct str json_of(struct ctx *c, enum preference preference)
{
	return arena_printf(
	    c->arena, "\"%.*s\"", STR_ARG(choices[preference].word));
}

/* The place where it was kept before, NULL: nothing is there. */
static bool find_old(struct ctx *c, struct str user_id,
    struct mm_preference **old, struct err *err)
{
	struct mm_preference_slice list = { 0 };
	*old = NULL;
	if (!mm_get_preferences_for_user(c->mm, c->arena, user_id, &list, err))
		return err_wrap(err, "looking for the old preference");
	for (size_t i = 0; i < list.n; i++) {
		if (str_eq(list.items[i].category, S(OLD_CATEGORY)) &&
		    str_eq(list.items[i].name, S(OLD_NAME)))
			*old = &list.items[i];
	}
	return true;
}

/* Once. A choice that is made in the same moment wins; what cannot be deleted
 * is never looked at again. */
static bool move_old(struct ctx *c, struct str user_id,
    enum preference *preference, struct err *err)
{
	struct mm_preference *old;
	struct err why = { 0 };
	bool saved;
	if (!find_old(c, user_id, &old, err))
		return false;
	*preference = old == NULL ? PREFERENCE_NONE : preference_of(old->value);
	if (old == NULL)
		return true;
	if (*preference != PREFERENCE_NONE &&
	    !store_swap(c, key_of(c, user_id), S(""), json_of(c, *preference),
	        &saved, err))
		return err_wrap(err, "moving the old preference");
	if (!mm_delete_preferences_for_user(c->mm, c->arena, user_id,
	        (struct mm_preference_slice){ old, 1 }, &why))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "An old preference could not be deleted", "error", why.text,
		    NULL);
	return true;
}

void preference_expect(struct ctx *c, struct str user_id)
{
	store_expect(c, key_of(c, user_id));
}

bool preference_load(struct ctx *c, struct str user_id,
    enum preference *preference, struct err *err)
{
	struct str stored;
	*preference = PREFERENCE_NONE;
	if (!store_get(c, key_of(c, user_id), &stored, err))
		return err_wrap(err, "loading the preference");
	if (stored.len == 0)
		return move_old(c, user_id, preference, err);
	if (stored.len > 2 && stored.data[0] == '"')
		*preference = preference_of(str_sub(stored, 1, stored.len - 2));
	return true;
}

bool preference_save(struct ctx *c, struct str user_id,
    enum preference preference, struct err *err)
{
	return store_put(c, key_of(c, user_id), json_of(c, preference), 0, err);
}

/* ---- /zoom settings ------------------------------------------------------------------ */

bool preference_offer(struct ctx *c, struct str user_id, struct str channel_id,
    struct str root_id, struct err *err)
{
	struct post_button buttons[N_CHOICES - 1];
	enum preference now;
	if (!preference_load(c, user_id, &now, err))
		return false;
	for (size_t i = 1; i < N_CHOICES; i++) {
		const struct action press = {
			.name = str_from(choices[i].action),
			.owner_id = user_id,
			.channel_id = channel_id,
			.root_id = root_id,
		};
		buttons[i - 1] = (struct post_button){
			.id = choices[i].action,
			.label = say_words(c, choices[i].button),
			.path = "/api/v1/updatePMI",
			.context = action_context(c->arena, &press),
		};
	}
	const struct post_offer offer = {
		.user_id = user_id,
		.channel_id = channel_id,
		.root_id = root_id,
		.title = say(c, "Which meeting ID do you want to use?"),
		.text = say_words(c, choices[now].present),
		.buttons = buttons,
		.n_buttons = N_CHOICES - 1,
	};
	return post_offer(c, &offer, err);
}

/* The bot needs a channel to speak in. */
static void tell(struct ctx *c, const struct action *press, struct str sentence)
{
	if (press->channel_id.len > 0)
		post_tell(c, press->user_id, press->channel_id, press->root_id,
		    sentence);
}

void preference_update(struct ctx *c, struct mm_http *http)
{
	struct action press;
	struct err err = { 0 };
	enum preference chosen = PREFERENCE_NONE;
	if (!action_read(c, http, &press))
		return;
	for (size_t i = 1; i < N_CHOICES; i++) {
		if (str_eq(press.name, str_from(choices[i].action)))
			chosen = (enum preference)i;
	}
	if (chosen == PREFERENCE_NONE) {
		tell(c, &press,
		    say(c, "I do not know this button. Type `/zoom settings` "
		           "to get new ones."));
		action_refuse(c, http, "action must be Yes, No or Ask");
		return;
	}
	if (!preference_save(c, press.user_id, chosen, &err)) {
		mm_log(c->mm, LOG_LEVEL_ERROR,
		    "A preference could not be saved", "error", err.text, NULL);
		struct str says = say(c, "Your choice could not be saved. "
		                         "Please try again in a minute.");
		tell(c, &press, says);
		reply_error(c, http, 500, says);
		return;
	}
	post_answer(c, &press,
	    say(c, "Saved. %.*s `/zoom settings` changes it.",
	        STR_ARG(say_words(c, choices[chosen].present))));
	reply_done(http);
}
