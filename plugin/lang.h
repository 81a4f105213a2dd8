/*
 * lang - sentences in other languages
 *
 * A sentence is written in English where it is used, and that text, as it is
 * passed to printf, finds it in a translation; what a translation lacks stays
 * English. Translations are plugin/i18n/<language>.po, which make compiles
 * (plugin/i18n/po.sed). Another language is such a file and a row in lang.c.
 * Pure.
 */
#ifndef PLUGIN_LANG_H
#define PLUGIN_LANG_H

#include "base/str.h"

/* Marks a sentence, without conversions, that is looked up later. */
#define SAY(literal) literal

/* A language has at most so many forms of a sentence with a number. */
#define LANG_FORMS 4

/* A row of a translation; the last one has no English. */
struct lang_text {
	const char *english;
	const char *plural; /* English for more than one, or NULL */
	const char *forms[LANG_FORMS];
};

struct lang {
	const char *tag; /* as in HTML's lang */
	const struct lang_text *texts;
	size_t (*form)(long long n); /* which of the forms */
};

/* The language of a locale such as "de" or "de-AT"; English for one that there
 * is no translation into. Lives for ever, as all texts do. */
const struct lang *lang_find(struct str locale);

/* The sentence in that language, with the same conversions. */
const char *lang_text(const struct lang *lang, const char *english)
    __attribute__((format_arg(2)));

/* The same for words from a table, which have no conversions. */
const char *lang_words(const struct lang *lang, const char *english);

/* Likewise, for a number of things: `one` and `many` are English. */
const char *lang_form(const struct lang *lang, long long n, const char *one,
    const char *many) __attribute__((format_arg(3), format_arg(4)));

#endif
