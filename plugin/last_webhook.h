/*
 * last_webhook - when Zoom was heard of last, for those who look after it
 *
 *	z2_last_webhook   JSON {at, event_ts}: UTC milliseconds, ours and Zoom's
 *
 * Stored once a minute at most, for all nodes together.
 */
#ifndef PLUGIN_LAST_WEBHOOK_H
#define PLUGIN_LAST_WEBHOOK_H

#include "plugin/plugin.h"
#include "zoom/webhook.h"

struct last_webhook {
	int64_t at_ms;  /* UTC; 0: there was none */
	int64_t lag_ms; /* from Zoom's time to ours; 0 when it has none */
};

/* An event that Zoom has signed is here. Failures are logged. */
void last_webhook_note(struct ctx *c, const struct zoom_event *event);

bool last_webhook_load(
    struct ctx *c, struct last_webhook *last, struct err *err) MUST_USE;

#endif
