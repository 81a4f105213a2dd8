#include "plugin/admins.h"

#include "plugin/post.h"
#include "plugin/say.h"

PRINTF_LIKE(3, 0)
static bool tell(
    struct ctx *c, const struct mm_user *admin, const char *english, va_list ap)
{
	va_list again;
	struct ctx to = say_to(c, admin->id);
	say_knows(&to, admin);
	va_copy(again, ap);
	bool told = post_direct(&to, admin->id, say_v(&to, english, again));
	va_end(again);
	return told;
}

bool admins_tell(struct ctx *c, const char *english, ...)
{
	va_list ap;
	struct err err = { 0 };
	struct mm_user_slice admins = { NULL, 0 };
	const struct mm_user_get_options options = {
		.role = S("system_admin"),
		.active = true,
		.per_page = ADMINS_TOLD,
	};
	if (!mm_get_users(c->mm, c->arena, &options, &admins, &err)) {
		mm_log(c->mm, LOG_LEVEL_ERROR, "The admins could not be told",
		    "error", err.text, NULL);
		return false;
	}
	bool told = false;
	va_start(ap, english);
	for (size_t i = 0; i < admins.n; i++)
		told = tell(c, &admins.items[i], english, ap) || told;
	va_end(ap);
	return told;
}
