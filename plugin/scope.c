#include "plugin/scope.h"

#include "plugin/lang.h"

const struct scope scope_table[] = {
	{ "user:read", "user:read:user",
	    SAY("to find the Zoom user of a person"), false },
	{ "meeting:write", "meeting:write:meeting", SAY("to start meetings"),
	    false },
	{ "meeting:read", "meeting:read:meeting",
	    SAY("for the links of personal meetings"), false },
	{ "recording:read", "cloud_recording:read:recording",
	    SAY("to hear of recordings"), false },
	{ "user:read", "user:read:settings",
	    SAY("to see whether personal meeting IDs are switched off"), true },
};
const size_t scope_n = sizeof(scope_table) / sizeof(scope_table[0]);

#define ADMIN_FORM ":admin"

static struct str without_admin(struct str scope)
{
	if (str_has_suffix(scope, S(ADMIN_FORM)))
		scope.len -= sizeof(ADMIN_FORM) - 1;
	return scope;
}

static bool is_granted(struct str granted, const struct scope *scope)
{
	while (granted.len > 0) {
		struct str word = without_admin(str_word(&granted));
		if (str_eq(word, str_from(scope->classic)) ||
		    str_eq(word, str_from(scope->granular)))
			return true;
	}
	return false;
}

/* Classic names have two parts, granular ones three. An app has one kind. */
static bool is_classic(struct str granted)
{
	struct str resource, verb, thing;
	str_cut(without_admin(str_word(&granted)), ':', &resource, &verb);
	return !str_cut(verb, ':', &verb, &thing);
}

struct str scope_missing(struct arena *a, struct str granted, bool of_account)
{
	struct str list = S("");
	granted = str_trim(granted);
	if (granted.len == 0)
		return list;
	for (size_t i = 0; i < scope_n; i++) {
		const struct scope *scope = &scope_table[i];
		if (scope->is_desirable || is_granted(granted, scope))
			continue;
		list = arena_printf(a, "%.*s%s`%s%s`", STR_ARG(list),
		    list.len > 0 ? ", " : "",
		    is_classic(granted) ? scope->classic : scope->granular,
		    of_account ? ADMIN_FORM : "");
	}
	return list;
}
