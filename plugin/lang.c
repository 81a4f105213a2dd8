#include "plugin/lang.h"

#include <string.h>

extern const struct lang_text lang_de[];

static const struct lang_text nothing[] = { { .english = NULL } };

static size_t one_or_many(long long n)
{
	return n == 1 ? 0 : 1;
}

/* The first one is what stands in the code. */
static const struct lang languages[] = {
	{ "en", nothing, one_or_many },
	{ "de", lang_de, one_or_many },
};
#define N_LANGUAGES (sizeof(languages) / sizeof(languages[0]))

const struct lang *lang_find(struct str locale)
{
	size_t n = 0;
	while (n < locale.len && locale.data[n] != '-' && locale.data[n] != '_')
		n++;
	for (size_t i = 0; i < N_LANGUAGES; i++) {
		if (str_eq_nocase(
		        str_n(locale.data, n), str_from(languages[i].tag)))
			return &languages[i];
	}
	return &languages[0];
}

static const struct lang_text *find_text(
    const struct lang *lang, const char *english)
{
	const struct lang_text *text = lang->texts;
	while (text->english != NULL && strcmp(text->english, english) != 0)
		text++;
	return text;
}

const char *lang_text(const struct lang *lang, const char *english)
{
	const char *found = find_text(lang, english)->forms[0];
	return found == NULL || *found == '\0' ? english : found;
}

const char *lang_words(const struct lang *lang, const char *english)
{
	return lang_text(lang, english);
}

const char *lang_form(
    const struct lang *lang, long long n, const char *one, const char *many)
{
	const char *found = find_text(lang, one)->forms[lang->form(n)];
	if (found == NULL || *found == '\0')
		return n == 1 ? one : many;
	return found;
}
