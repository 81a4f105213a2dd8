#include "plugin/say.h"

#include <string.h>

/* Whoever changes their language sees it after so long. */
#define KNOWN_MS 60000

/* ---- who reads which language ---------------------------------------------------- */

void say_init(struct say_readers *readers)
{
	pthread_mutex_init(&readers->lock, NULL);
}

void say_fini(struct say_readers *readers)
{
	pthread_mutex_destroy(&readers->lock);
}

/* The one row where a user may be; whoever else is there has to go. */
static struct say_reader *row_of(struct say_readers *readers, struct str id)
{
	uint32_t hash = 0;
	for (size_t i = 0; i < id.len; i++)
		hash = hash * 31 + (unsigned char)id.data[i];
	return &readers->rows[hash % SAY_READERS];
}

/* NULL: not known any more. */
static const struct lang *recall(struct say_readers *readers, struct str id)
{
	const struct lang *lang = NULL;
	pthread_mutex_lock(&readers->lock);
	const struct say_reader *row = row_of(readers, id);
	if (str_eq(str_from(row->id), id) && clock_now_ms() < row->until_ms)
		lang = row->lang;
	pthread_mutex_unlock(&readers->lock);
	return lang;
}

static void keep(
    struct say_readers *readers, struct str id, const struct lang *lang)
{
	struct say_reader row = {
		.lang = lang,
		.until_ms = clock_deadline_ms(KNOWN_MS),
	};
	if (id.len >= sizeof(row.id))
		return;
	memcpy(row.id, str_c(id), id.len);
	pthread_mutex_lock(&readers->lock);
	*row_of(readers, id) = row;
	pthread_mutex_unlock(&readers->lock);
}

void say_knows(struct ctx *c, const struct mm_user *user)
{
	const struct lang *lang = lang_find(user->locale);
	if (str_eq(user->id, c->reader))
		c->lang = lang;
	keep(&c->plugin->readers, user->id, lang);
}

/* Not to know it costs a sentence in another language, nothing more. */
static void look_up(struct ctx *c)
{
	struct mm_user *user = NULL;
	struct err err = { 0 };
	c->lang = recall(&c->plugin->readers, c->reader);
	if (c->lang != NULL)
		return;
	c->lang = c->config->lang;
	if (!mm_get_user(c->mm, c->arena, c->reader, &user, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "A user's language is not known, the server's is used",
		    "error", err.text, NULL);
	else if (user != NULL)
		say_knows(c, user);
}

const struct lang *say_lang(struct ctx *c)
{
	if (c->lang == NULL && c->reader.len == 0)
		c->lang = c->config->lang;
	if (c->lang == NULL)
		look_up(c);
	return c->lang;
}

struct ctx say_to(const struct ctx *c, struct str user_id)
{
	struct ctx to = *c;
	to.reader = user_id;
	to.lang = str_eq(user_id, c->reader) ? c->lang : NULL;
	return to;
}

struct ctx say_to_all(const struct ctx *c)
{
	return say_to(c, S(""));
}

struct ctx say_in_english(const struct ctx *c)
{
	struct ctx to = *c;
	to.lang = lang_find(S("en"));
	return to;
}

/* ---- saying ----------------------------------------------------------------------- */

PRINTF_LIKE(2, 0)
static struct str print(struct arena *a, const char *text, va_list ap)
{
	return strchr(text, '%') == NULL ? str_from(text)
	                                 : arena_vprintf(a, text, ap);
}

struct str say_words(struct ctx *c, const char *english)
{
	return str_from(lang_words(say_lang(c), english));
}

struct str say_v(struct ctx *c, const char *english, va_list ap)
{
	return print(c->arena, lang_text(say_lang(c), english), ap);
}

struct str say(struct ctx *c, const char *english, ...)
{
	va_list ap;
	va_start(ap, english);
	struct str text = say_v(c, english, ap);
	va_end(ap);
	return text;
}

struct str say_n(
    struct ctx *c, long long n, const char *one, const char *many, ...)
{
	va_list ap;
	va_start(ap, many);
	struct str text =
	    print(c->arena, lang_form(say_lang(c), n, one, many), ap);
	va_end(ap);
	return text;
}
