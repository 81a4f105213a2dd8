#include "mm/call.h"

#include "mm/plugin.h"
#include "mm/pull.h"

static enum err_code code_of(int64_t status)
{
	switch (status) {
	case 404:
		return ERR_NOT_FOUND;
	case 401:
	case 403:
		return ERR_DENIED;
	case 400:
		return ERR_INVALID;
	default:
		return ERR_REMOTE;
	}
}

bool mm_api_error(const struct mm_app_error *e, struct err *err)
{
	if (e == NULL)
		return true;
	err_set(err, code_of(e->status_code), "%.*s: %.*s%s%.*s",
	    STR_ARG(e->where), STR_ARG(e->message),
	    e->detailed_error.len > 0 ? ", " : "", STR_ARG(e->detailed_error));
	err->status = (int)e->status_code;
	return false;
}

bool mm_api_any_error(const struct gob_any *e, struct err *err)
{
	if (e->type == NULL && e->name.len == 0)
		return true;
	if (e->type == &mm_type_app_error)
		return mm_api_error(e->value, err);
	if (e->type != &mm_type_error_string)
		return err_set(
		    err, ERR_REMOTE, "error of type '%.*s'", STR_ARG(e->name));
	const struct mm_error_string *text = e->value;
	return err_set(err, ERR_REMOTE, "%.*s", STR_ARG(text->err));
}

static int64_t feed_moved_ms(const void *feed)
{
	return ((const struct feed *)feed)->moved_ms;
}

bool mm_api_call(struct mm_plugin *p, struct arena *a,
    enum mm_api_method method, const void *args, void *returns, struct err *err)
{
	return plugin_call(p, a, method, args, returns, NULL, err);
}

bool plugin_call(struct mm_plugin *p, struct arena *a,
    enum mm_api_method method, const void *args, void *returns,
    const struct feed *feed, struct err *err)
{
	const struct mm_method *m = &mm_api_methods[method];
	int64_t timeout_ms = p->def->api_timeout_ms;
	const struct rpc_args call = {
		.method = m->name,
		.args = { m->args, args },
		.reply_type = m->returns,
		.reply = returns,
		.arena = a,
		.deadline_ms = clock_deadline_ms(
		    timeout_ms == 0 ? MM_API_TIMEOUT_MS : timeout_ms),
		.moved_ms = feed == NULL ? NULL : feed_moved_ms,
		.streams = feed,
	};
	if (!plugin_api_ready(p))
		return err_set(err, ERR_CLOSED, "%s: not activated", m->name);
	/* it waits for the answer, perhaps behind another one */
	rpc_pool_look(p->pool);
	if (rpc_call(&p->api, &call, err))
		return true;
	/* Source: net/rpc (Go 1.26) server.go, readRequestHeader */
	struct str text = str_from(err->text);
	struct str method_text, rest;
	if (err->code == ERR_REMOTE &&
	    str_cut(text, ':', &method_text, &rest) &&
	    str_has_prefix(str_trim(rest), S("rpc: can't find method")))
		err->code = ERR_NOT_FOUND;
	if (!rpc_client_usable(&p->api))
		plugin_lost(p, "API", err);
	return false;
}
