/*
 * news - what is told once, by whichever node notices it first
 *
 * A mark in the store says of what was told. It is there for a minute while
 * somebody tells, and for good once somebody has been told: when the process
 * dies in between, or the server takes no message, whoever notices it next
 * tells it.
 */
#ifndef PLUGIN_NEWS_H
#define PLUGIN_NEWS_H

#include "plugin/plugin.h"

struct news {
	struct str key;  /* of the mark */
	struct str what; /* a digest, another one for other news */
};

/* Is it ours to tell? False with err->code ERR_NONE when it has been told. */
bool news_take(struct ctx *c, const struct news *news, struct err *err);

/* Somebody has been told. */
void news_told(struct ctx *c, const struct news *news);

#endif
