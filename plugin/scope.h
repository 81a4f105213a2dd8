/*
 * scope - what the app at Zoom must be allowed to do
 *
 * A scope has a classic and a granular name; apps that reach the whole
 * account have either with ":admin" behind it. Any of the four is enough.
 * Source: FACTS 1.8
 */
#ifndef PLUGIN_SCOPE_H
#define PLUGIN_SCOPE_H

#include "base/arena.h"

struct scope {
	const char *classic;
	const char *granular;
	const char *what;  /* it is good for, as the end of a sentence */
	bool is_desirable; /* the plugin does without */
};

extern const struct scope scope_table[];
extern const size_t scope_n;

/*
 * scope_missing - those that a token lacks
 *
 *   granted      of the token, separated by spaces; empty when it is not
 *                known, and then nothing is missing
 *   of_account   name the ":admin" forms
 *
 * "`meeting:write:meeting`, `user:read:user`", in the names that the token's
 * own scopes have; empty: nothing is missing. Desirable ones do not count.
 */
struct str scope_missing(struct arena *a, struct str granted, bool of_account);

#endif
