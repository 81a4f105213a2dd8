/*
 * routes - which path goes to which function, and who may go there
 */
#ifndef PLUGIN_ROUTES_H
#define PLUGIN_ROUTES_H

#include "plugin/plugin.h"

/* Zoom's largest webhooks, recordings with many files, have some 50 kB. */
#define ROUTES_MAX_BODY ((size_t)1024 * 1024)

/* Nothing for visitors whose body is not read. */
enum mm_http_ahead routes_ahead(struct ctx *c, const struct mm_http *http);

void routes_serve(struct ctx *c, struct mm_http *http);

/* The same on the server's metrics port: metrics.h, and what waits. */
void routes_serve_metrics(struct ctx *c, struct mm_http *http);

#endif
