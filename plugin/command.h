/*
 * command - /zoom and its subcommands, all from one table
 */
#ifndef PLUGIN_COMMAND_H
#define PLUGIN_COMMAND_H

#include "plugin/plugin.h"

/* Make the command and its suggestions known to the server. */
bool command_register(struct ctx *c, struct err *err) MUST_USE;

/* Run what a user has typed; answers come from the bot, for that user only. */
void command_execute(struct ctx *c, const struct mm_command_args *args);

#endif
