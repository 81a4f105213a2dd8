/*
 * claim - do a thing once, however often and by whomever it is asked for
 *
 * A claim is a value in the key-value store under the thing's name, changed
 * by compare-and-set only, so that it holds across nodes and restarts:
 *
 *	{"until": <UTC ms>}   somebody is at work, until then at most
 *	{"until": 0}          somebody has given up; whoever comes may go on
 *	{"done": <text>}      it is done
 *
 *	if (!claim_take(c, name, &claim, err))
 *		return false;
 *	if (claim.done)
 *		return true;
 *	if (claim.again && already_there(...))
 *		return claim_finish(c, &claim, what, &mine, err);
 *	...
 *	if (!claim_is_held(&claim))
 *		return err_set(...);
 *	...
 *	return claim_finish(c, &claim, what, &mine, err);
 *
 * Whoever dies in between leaves a claim that ends by itself. The next one
 * is told so by `again`, and looks first whether the thing is there already.
 * Whoever did not die but was held up in the middle of doing it learns from
 * `mine` that there are two who did not see each other.
 */
#ifndef PLUGIN_CLAIM_H
#define PLUGIN_CLAIM_H

#include "plugin/plugin.h"

/* Longer than a recording's downloads and the calls around them take. */
#define CLAIM_MS ((int64_t)60 * 1000)

/* How long it is known what has been done: as long as a meeting's post. */
#define CLAIM_KEPT_S ((int64_t)30 * 24 * 3600)

struct claim {
	struct str key;
	struct str value; /* as it is stored */
	bool done;        /* there is nothing left to do */
	bool again;       /* somebody has begun it before */
	int64_t until_ms; /* monotonic, a second before the stored one */
};

/*
 * claim_take - begin a thing
 *
 *   name   begins with z2_; the key, or what the key is made from when it is
 *          too long for one
 *
 * Errors   ERR_BUSY: somebody else is at work on it; those of the store
 */
bool claim_take(struct ctx *c, struct str name, struct claim *claim,
    struct err *err) MUST_USE;

/* By our own clock: nobody else may have begun it. To be asked before what
 * is not to be done twice. */
bool claim_is_held(const struct claim *claim);

/*
 * claim_finish - it is done
 *
 *   what   a word to find it by, for people; UTF-8
 *   mine   out: false when it was done under a claim that had ended, and
 *          somebody else has gone on with it meanwhile. They may not have
 *          seen it: they looked before it was there
 */
bool claim_finish(struct ctx *c, const struct claim *claim, struct str what,
    bool *mine, struct err *err) MUST_USE;

/* It is not done, and may be begun again at once. Failures are logged: the
 * claim ends by itself, only later. */
void claim_release(struct ctx *c, const struct claim *claim);

#endif
