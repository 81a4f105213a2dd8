/*
 * life - what a plugin can meet, from the first stream to the last
 *
 * Activation, a hook that calls the API, a file that comes, one that replaces
 * it and one that goes to the API, ServeHTTP with a body, a hook that is not
 * there, a ping.
 */
#ifndef TESTS_LIFE_H
#define TESTS_LIFE_H

#include "tests/lib/raw.h"

extern const struct mm_plugin_def life_plugin;

/* After raw_start with it. True when everything has been answered, be it with
 * an error; false when the session has ended, or a stream of it. */
bool life_live(struct raw *r);

#endif
