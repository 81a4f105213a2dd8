/*
 * personal - the posts of a personal meeting that say that it is running
 *
 * A personal meeting can be started in several channels, and again before its
 * host has come: several posts of one meeting, of which post_meeting_<uuid>
 * knows the newest. All of them end with it.
 *
 *	z2_personal_<meeting id>   JSON {"posts": [id, ...]}, the oldest first
 */
#ifndef PLUGIN_PERSONAL_H
#define PLUGIN_PERSONAL_H

#include "plugin/plugin.h"
#include "zoom/webhook.h"

/* What is stored of a meeting will be asked for, see store_expect. */
void personal_expect(struct ctx *c, int64_t meeting_id);

/* A start has posted it. */
bool personal_add(struct ctx *c, int64_t meeting_id, struct str post_id,
    struct err *err) MUST_USE;

/*
 * personal_ended - turn all posts to "ended" that are not younger than the end
 *
 * No error when there are none. When it fails, what is left ends next time.
 */
bool personal_ended(
    struct ctx *c, const struct zoom_event *event, struct err *err) MUST_USE;

#endif
