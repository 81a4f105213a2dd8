/*
 * reply - JSON answers of the routes that webapps and buttons use
 */
#ifndef PLUGIN_REPLY_H
#define PLUGIN_REPLY_H

#include "plugin/plugin.h"

/* {"name": text} */
void reply_json(struct ctx *c, struct mm_http *http, int status,
    const char *name, struct str text);

/* {"error": why} */
void reply_error(
    struct ctx *c, struct mm_http *http, int status, struct str why);

/* {}: to the server, which shows what a button's answer holds, nothing. */
void reply_done(struct mm_http *http);

#endif
