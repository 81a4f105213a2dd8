#include "plugin/news.h"

#include "plugin/store.h"

/* More than it takes to send twenty messages. */
#define TELLING_S 60

bool news_take(struct ctx *c, const struct news *news, struct err *err)
{
	struct str told;
	bool taken = false;
	return store_get(c, news->key, &told, err) &&
	       !str_eq(told, news->what) &&
	       store_swap_for(
	           c, news->key, told, news->what, TELLING_S, &taken, err) &&
	       taken;
}

void news_told(struct ctx *c, const struct news *news)
{
	struct err err = { 0 };
	bool saved;
	/* in a minute it is told once more if this fails */
	if (!store_swap(c, news->key, news->what, news->what, &saved, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "That admins or a user were told could not be stored",
		    "error", err.text, NULL);
}
