#include "plugin/question.h"

#include "plugin/action.h"
#include "plugin/post.h"
#include "plugin/reply.h"
#include "plugin/say.h"

struct answer {
	const char *id; /* of the button */
	const char *label;
	const char *action; /* on the wire */
	const char *chosen;
	enum preference preference;
};

static const struct answer answers[] = {
	{ "WithPMI", SAY("Use my personal meeting ID"),
	    "USE PERSONAL MEETING ID",
	    SAY("You chose your personal meeting ID."), PREFERENCE_PERSONAL },
	{ "WithoutPMI", SAY("Use a unique meeting ID"),
	    "USE A UNIQUE MEETING ID", SAY("You chose a unique meeting ID."),
	    PREFERENCE_UNIQUE },
};
#define N_ANSWERS (sizeof(answers) / sizeof(answers[0]))

bool question_ask(struct ctx *c, const struct meeting_start *start,
    enum preference preference, struct err *err)
{
	struct post_button buttons[N_ANSWERS];
	for (size_t i = 0; i < N_ANSWERS; i++) {
		const struct action press = {
			.name = str_from(answers[i].action),
			.owner_id = start->user_id,
			.channel_id = start->channel_id,
			.root_id = start->root_id,
			.topic = start->topic,
			.force = start->force,
		};
		buttons[i] = (struct post_button){
			.id = answers[i].id,
			.label = say_words(c, answers[i].label),
			.path = "/api/v1/askPMI",
			.context = action_context(c->arena, &press),
		};
	}
	const struct post_offer offer = {
		.user_id = start->user_id,
		.channel_id = start->channel_id,
		.root_id = start->root_id,
		.title = say(c, "Which meeting ID shall this meeting have?"),
		.text =
		    preference == PREFERENCE_ASK
		        ? say(c, "Your personal meeting ID is always the same; "
		                 "a unique one is for this meeting only.")
		        : say(c, "Your personal meeting ID is always the same; "
		                 "a unique one is for this meeting only. Your "
		                 "answer is remembered; `/zoom settings` "
		                 "changes it."),
		.buttons = buttons,
		.n_buttons = N_ANSWERS,
	};
	return post_offer(c, &offer, err);
}

/* ---- the answer ---------------------------------------------------------------------- */

static const struct answer *answer_of(struct str action)
{
	for (size_t i = 0; i < N_ANSWERS; i++) {
		if (str_eq(action, str_from(answers[i].action)))
			return &answers[i];
	}
	return NULL;
}

/* The first answer, once a meeting has come of it. */
static void remember(struct ctx *c, struct str user_id, enum preference chosen)
{
	enum preference present;
	struct err err = { 0 };
	bool done = preference_load(c, user_id, &present, &err);
	if (done && present == PREFERENCE_NONE)
		done = preference_save(c, user_id, chosen, &err);
	if (!done)
		mm_log(c->mm, LOG_LEVEL_ERROR,
		    "An answer was not remembered: the user will be asked "
		    "again",
		    "error", err.text, NULL);
}

static void start_with(struct ctx *c, struct mm_http *http,
    const struct action *press, const struct answer *answer)
{
	struct meeting_result result;
	const struct meeting_start start = {
		.user_id = press->user_id,
		.channel_id = press->channel_id,
		.root_id = press->root_id,
		.topic = press->topic,
		.use_pmi = answer->preference,
		.force = press->force,
	};
	post_answer(c, press, say_words(c, answer->chosen));
	meeting_start(c, &start, &result);
	if (result.link.len > 0)
		remember(c, press->user_id, answer->preference);
	if (result.says.len == 0) {
		reply_done(http);
		return;
	}
	post_tell(
	    c, press->user_id, press->channel_id, press->root_id, result.says);
	reply_error(c, http, result.status, result.says);
}

void question_answer(struct ctx *c, struct mm_http *http)
{
	struct action press;
	if (!action_read(c, http, &press))
		return;
	const struct answer *answer = answer_of(press.name);
	if (press.owner_id.len == 0) {
		action_refuse(c, http, "userID is missing");
	} else if (press.channel_id.len == 0) {
		action_refuse(c, http, "channelID is missing");
	} else if (answer == NULL) {
		post_tell(c, press.user_id, press.channel_id, press.root_id,
		    say(c, "I do not know this button. Type `/zoom start` to "
		           "be asked again."));
		action_refuse(c, http, "unknown action");
	} else {
		start_with(c, http, &press, answer);
	}
}
