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

static struct rpc_args make_call(struct mm_plugin *p, struct arena *a,
    const struct mm_api_row *row, const struct feed *feed)
{
	const struct mm_method *m = &mm_api_methods[row->method];
	int64_t timeout_ms = p->def->api_timeout_ms;
	return (struct rpc_args){
		.method = m->name,
		.args = { m->args, row->args },
		.reply_type = m->returns,
		.reply = row->returns,
		.arena = a,
		.deadline_ms = clock_deadline_ms(
		    timeout_ms == 0 ? MM_API_TIMEOUT_MS : timeout_ms),
		.moved_ms = feed == NULL ? NULL : feed_moved_ms,
		.streams = feed,
	};
}

/* A server that is too old for a method has its own way to say so.
 * Source: net/rpc (Go 1.26) server.go, readRequestHeader */
static void know_missing_method(struct err *err)
{
	struct str method, rest;
	if (err->code == ERR_REMOTE &&
	    str_cut(str_from(err->text), ':', &method, &rest) &&
	    str_has_prefix(str_trim(rest), S("rpc: can't find method")))
		err->code = ERR_NOT_FOUND;
}

static bool call_all(struct mm_plugin *p, const struct rpc_args *calls,
    size_t n, struct err *err)
{
	if (!plugin_api_ready(p))
		return err_set(
		    err, ERR_CLOSED, "%s: not activated", calls[0].method);
	/* it waits for the answers, perhaps behind others' */
	rpc_pool_look(p->pool);
	if (rpc_call_all(&p->api, calls, n, err))
		return true;
	struct err why = { 0 };
	know_missing_method(err);
	if (!rpc_client_usable(&p->api, &why))
		plugin_lost(p, "API", &why);
	return false;
}

bool plugin_call(struct mm_plugin *p, struct arena *a,
    enum mm_api_method method, const void *args, void *returns,
    const struct feed *feed, struct err *err)
{
	const struct mm_api_row row = { method, args, returns };
	const struct rpc_args call = make_call(p, a, &row, feed);
	return call_all(p, &call, 1, err);
}

bool mm_api_call(struct mm_plugin *p, struct arena *a,
    enum mm_api_method method, const void *args, void *returns, struct err *err)
{
	return plugin_call(p, a, method, args, returns, NULL, err);
}

bool mm_api_call_all(struct mm_plugin *p, struct arena *a,
    const struct mm_api_row *rows, size_t n, struct err *err)
{
	struct rpc_args calls[MM_API_AT_ONCE];
	_Static_assert(MM_API_AT_ONCE <= RPC_AT_ONCE, "more than rpc takes");
	if (n == 0 || n > MM_API_AT_ONCE)
		return err_set(err, ERR_INVALID, "%zu calls at once", n);
	for (size_t i = 0; i < n; i++)
		calls[i] = make_call(p, a, &rows[i], NULL);
	return call_all(p, calls, n, err);
}
