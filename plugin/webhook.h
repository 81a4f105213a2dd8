/*
 * webhook - what Zoom tells us: checked, then handed to the event's function
 */
#ifndef PLUGIN_WEBHOOK_H
#define PLUGIN_WEBHOOK_H

#include "plugin/plugin.h"
#include "zoom/webhook.h"

/* Where Zoom says that the app was removed; takes every other event, too. */
#define WEBHOOK_DEAUTHORIZATION "/deauthorization"

/* Nothing for who does not know the secret in the address. */
enum mm_http_ahead webhook_ahead(struct ctx *c, const struct mm_http *http);

/* POST /webhook?secret=, POST /deauthorization?secret= */
void webhook_receive(struct ctx *c, struct mm_http *http);

/* Work an event off that was stored. False: try again later. */
bool webhook_handle(
    struct ctx *c, const struct zoom_event *event, struct err *err) MUST_USE;

#endif
