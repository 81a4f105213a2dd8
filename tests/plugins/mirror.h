/*
 * mirror - a plugin that hands back what it gets and answers as it is told
 *
 * It has every hook and can call every API method, so that a test in Go sees
 * what C made of each value, and the server sees what C sends. Values travel
 * in the key-value store and in the bodies of requests, as gob streams of one
 * value each.
 */
#ifndef TESTS_PLUGINS_MIRROR_H
#define TESTS_PLUGINS_MIRROR_H

#include "mm/mm.h"

/* Every hook of struct mm_hooks, each a call of mirror_hook. */
extern const struct mm_hooks mirror_hooks;

/* Store a hook's args under "hook/<name>", take its returns from
 * "reply/<name>". NULL: the hook has none. */
void mirror_hook(
    struct mm_call *call, const char *name, const void *args, void *returns);

/* Call a function of mm/gen/api.h with the members of an args struct; its
 * outputs go into a returns struct. NULL: the method is hand-written. */
typedef bool mirror_typed_fn(struct mm_plugin *p, struct arena *a,
    const void *args, void *returns, struct err *err);
extern mirror_typed_fn *const mirror_typed[MM_N_API];

#endif
