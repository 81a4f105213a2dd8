/*
 * say - sentences for whoever reads the answer of a call
 *
 *	answer(c, t, say(c, "No Zoom account is connected."));
 *
 * A call has one reader, c->reader, by default who made it. Whoever else is
 * told something gets it by a ctx of their own, from say_to; what is posted
 * for everybody in a channel is in the server's language, by say_to_all. The
 * reader's language is looked up when the first sentence is said, and kept for
 * a minute for the calls to come. What is logged stays English.
 *
 * Sentences stand as literals in these calls: a test reads them from the code.
 */
#ifndef PLUGIN_SAY_H
#define PLUGIN_SAY_H

#include "plugin/plugin.h"

/* A sentence, printed; arena. */
struct str say(struct ctx *c, const char *english, ...) PRINTF_LIKE(2, 3);
struct str say_v(struct ctx *c, const char *english, va_list ap)
    PRINTF_LIKE(2, 0);

/* One about n things; both texts are printed with the same values. */
struct str say_n(struct ctx *c, long long n, const char *one, const char *many,
    ...) PRINTF_LIKE(3, 5) PRINTF_LIKE(4, 5);

/* Words without conversions, from a table. Not copied. */
struct str say_words(struct ctx *c, const char *english);

/* The same call with another reader. Not to be ended by ctx_end. */
struct ctx say_to(const struct ctx *c, struct str user_id);
struct ctx say_to_all(const struct ctx *c);
struct ctx say_in_english(const struct ctx *c);

/* A user that has been loaded anyway needs no look-up. */
void say_knows(struct ctx *c, const struct mm_user *user);

/* The reader's language, looked up if need be. */
const struct lang *say_lang(struct ctx *c);

/* Who reads which language, for a minute. */
void say_init(struct say_readers *readers);
void say_fini(struct say_readers *readers);

#endif
