/*
 * preference - which meeting ID somebody wants to use
 *
 *	key                            value
 *	zoomUserPreference_<user id>   JSON "true", "false" or "ask"
 *
 * Older installations keep it as a preference of Mattermost's, category
 * plugin:zoom, name use-pmi, with the same words: it is moved at its first
 * use.
 */
#ifndef PLUGIN_PREFERENCE_H
#define PLUGIN_PREFERENCE_H

#include "plugin/plugin.h"

enum preference {
	PREFERENCE_NONE = 0, /* not said yet */
	PREFERENCE_PERSONAL, /* "true": the personal meeting ID */
	PREFERENCE_UNIQUE,   /* "false": a new one each time */
	PREFERENCE_ASK,      /* "ask": each time */
};

/* The word that stands for it; empty for PREFERENCE_NONE. */
struct str preference_text(enum preference preference);

/* It will be loaded, see store_expect. */
void preference_expect(struct ctx *c, struct str user_id);

/* Errors: of the server. What is stored and makes no sense is none. */
bool preference_load(struct ctx *c, struct str user_id,
    enum preference *preference, struct err *err) MUST_USE;

bool preference_save(struct ctx *c, struct str user_id,
    enum preference preference, struct err *err) MUST_USE;

/* Show the present choice with buttons to change it: /zoom settings. */
bool preference_offer(struct ctx *c, struct str user_id, struct str channel_id,
    struct str root_id, struct err *err) MUST_USE;

/* POST /api/v1/updatePMI: one of those buttons was pressed. */
void preference_update(struct ctx *c, struct mm_http *http);

#endif
