/*
 * channel_settings - may meetings be started in a channel, set by its admins
 *
 *	/zoom channel-settings         the server shows a dialog
 *	POST CHANNEL_SETTINGS_PATH     the dialog's answer is stored
 *	/zoom channel-settings list    all channels with a setting of their own
 *
 * A setting is "allow", "restrict" or "default": what the system admins have
 * set. What it means for whoever starts a meeting is policy.h's business.
 */
#ifndef PLUGIN_CHANNEL_SETTINGS_H
#define PLUGIN_CHANNEL_SETTINGS_H

#include "plugin/plugin.h"

#define CHANNEL_SETTINGS_PATH "/api/v1/channel-preference"

/*
 * channel_settings_open - open the dialog for the channel of a command
 *
 *   says   out: empty, or why there is no dialog, as a sentence for the user
 */
bool channel_settings_open(struct ctx *c, const struct mm_command_args *args,
    struct str *says, struct err *err) MUST_USE;

/* The route: a dialog has been submitted. */
void channel_settings_submit(struct ctx *c, struct mm_http *http);

/* text: out, arena; fits a post. For system admins. */
bool channel_settings_list(
    struct ctx *c, struct str *text, struct err *err) MUST_USE;

#endif
