/*
 * lease - one at a time, on all nodes together
 *
 * A key of the store that whoever makes it first holds, until it is given
 * back or its time is over: its holder may die. Correct by compare-and-set
 * alone, as Mattermost's own cluster mutex is.
 *
 * A holder that was stopped for longer than its time does not know it. So
 * what is done under a lease is made harmless by a compare-and-set of its
 * own, and lease_is_held (of a claim, claim_is_held) is asked before what
 * cannot be undone.
 */
#ifndef PLUGIN_LEASE_H
#define PLUGIN_LEASE_H

#include "plugin/plugin.h"

struct lease {
	struct str key;
	struct str mark;  /* the value: of this holder alone */
	int64_t until_ms; /* monotonic, a second before the store's */
};

/*
 * lease_take - try once
 *
 *   name    of what is to be done, at most 100 characters of a key
 *   for_s   seconds
 *   taken   out: false when somebody else holds it
 */
bool lease_take(struct ctx *c, struct str name, int64_t for_s,
    struct lease *lease, bool *taken, struct err *err) MUST_USE;

/* By our own clock. */
bool lease_is_held(const struct lease *lease);

/* Hold it for so long from now; held: out, false when it was lost. */
bool lease_renew(struct ctx *c, struct lease *lease, int64_t for_s, bool *held,
    struct err *err) MUST_USE;

/* Never somebody else's. A failure is logged; the lease ends by itself. */
void lease_give(struct ctx *c, const struct lease *lease);

#endif
