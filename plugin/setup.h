/*
 * setup - /zoom setup: the way through Zoom's portal, with this server's
 * addresses ready to copy
 */
#ifndef PLUGIN_SETUP_H
#define PLUGIN_SETUP_H

#include "plugin/plugin.h"

/*
 * setup_guide - the steps, each with a mark when it can be seen to be done
 *
 *   text   out: Markdown, arena. It holds the webhook secret: only for the
 *          eyes of a system admin, never to be stored
 */
bool setup_guide(struct ctx *c, struct str *text, struct err *err) MUST_USE;

#endif
