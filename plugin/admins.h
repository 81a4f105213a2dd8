/*
 * admins - a word to those who run the server
 */
#ifndef PLUGIN_ADMINS_H
#define PLUGIN_ADMINS_H

#include "plugin/plugin.h"

/* A server may have more; a word to this many is enough. */
#define ADMINS_TOLD 20

/* A direct message from the bot to every system admin who is active, each in
 * their language. Markdown. False when nobody got it; failures are logged. */
bool admins_tell(struct ctx *c, const char *english, ...) PRINTF_LIKE(2, 3);

#endif
