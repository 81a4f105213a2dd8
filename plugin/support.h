/*
 * support - what the server's support packet holds of the plugin
 */
#ifndef PLUGIN_SUPPORT_H
#define PLUGIN_SUPPORT_H

#include "plugin/plugin.h"

/* One file: the status, and the settings; of secrets only whether and how
 * long. files: out, arena. Errors: those of the store. */
bool support_files(
    struct ctx *c, struct mm_file_data_slice *files, struct err *err) MUST_USE;

#endif
