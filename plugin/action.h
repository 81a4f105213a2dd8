/*
 * action - what the buttons below our posts carry, and what comes back
 *
 * A pressed button arrives as Mattermost's PostActionIntegrationRequest, of
 * which `post_id` and `context` count; our webapp sends the same wishes
 * without a context, at the top level:
 *
 *	context      top level       struct action
 *	action                       name
 *	userID                       owner_id
 *	channelID    channel_id      channel_id
 *	rootID       root_id         root_id
 *	topic        topic           topic
 *	use_pmi      use_pmi         use_pmi
 *	force        ?force=true     force
 *	             connection_id   connection_id
 *	             post_id         post_id
 *
 * A context is no secret and no proof: anybody can send one.
 */
#ifndef PLUGIN_ACTION_H
#define PLUGIN_ACTION_H

#include "plugin/preference.h"

struct action {
	struct str name;
	struct str owner_id; /* for whom the button was made */
	struct str channel_id;
	struct str root_id; /* may be empty */
	struct str topic;   /* may be empty */
	enum preference use_pmi;
	bool force;

	/* as they came; not part of a context */
	struct str user_id; /* who is signed in: from the server */
	struct str connection_id;
	struct str post_id; /* with the button; empty: from the webapp */
};

/* The context of a button, to be read again by action_read. */
struct gob_any_map action_context(struct arena *a, const struct action *action);

/*
 * action_read - from a request's body to what is wanted
 *
 * Texts live in the arena. On failure the request has been answered, with
 * 400 or 413 and one sentence, and logged: no JSON object, a value of the
 * wrong type, an id that is too long, somebody else's button.
 */
bool action_read(
    struct ctx *c, struct mm_http *http, struct action *action) MUST_USE;

/* Answer with 400 and a sentence, and log it. */
void action_refuse(struct ctx *c, struct mm_http *http, const char *why);

#endif
