#include "plugin/admins.h"

#include "plugin/post.h"

void admins_tell(struct ctx *c, struct str message)
{
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
		return;
	}
	for (size_t i = 0; i < admins.n; i++)
		post_direct(c, admins.items[i].id, message);
}
