/*
 * status - /zoom status: what works, and what to do about what does not
 */
#ifndef PLUGIN_STATUS_H
#define PLUGIN_STATUS_H

#include "plugin/plugin.h"

/*
 * status_report - all that can be checked, Zoom included, as a list
 *
 * Asks Zoom who the token belongs to, within the deadline of the call.
 *
 *   user_id   whose connection counts where everybody has one; empty: nobody's
 *   text      out: Markdown, arena, no secrets
 *
 * What Zoom answers is part of the list. Errors: those of the store.
 */
bool status_report(struct ctx *c, struct str user_id, struct str *text,
    struct err *err) MUST_USE;

#endif
