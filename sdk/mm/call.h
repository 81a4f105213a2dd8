/*
 * call - from a typed API call to the connection and back
 *
 * What the generated functions of gen/api_*.c are made of.
 */
#ifndef MM_CALL_H
#define MM_CALL_H

#include "mm/gen/wire.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_plugin;

/* Default of mm_plugin_def.api_timeout_ms. */
#define MM_API_TIMEOUT_MS 30000

/*
 * mm_api_call - call one method of the plugin API
 *
 * For methods that have no function; the others do this and look at the
 * error result.
 *
 *   args      borrowed, the method's args struct; NULL when it has none
 *   returns   out: zeroed by the caller, the method's returns struct; NULL
 *             when it has none
 *   a         arena for what returns points at
 *
 * Errors   as rpc_call; ERR_CLOSED before activation; ERR_NOT_FOUND when the
 *          server is too old to have the method
 * Threads  any thread
 */
bool mm_api_call(struct mm_plugin *p, struct arena *a,
    enum mm_api_method method, const void *args, void *returns,
    struct err *err) MUST_USE;

/* One of several calls; as for mm_api_call. */
struct mm_api_row {
	enum mm_api_method method;
	const void *args;
	void *returns;
};

/* So many can be made at once. */
#define MM_API_AT_ONCE 16

/*
 * mm_api_call_all - several calls at once, none of which needs another's answer
 *
 * One wait instead of n: they leave in one write, and the server serves them at
 * the same time, in any order.
 *
 *	struct mm_get_user_returns user = { 0 };
 *	struct mm_get_channel_returns channel = { 0 };
 *	const struct mm_api_row rows[] = {
 *		{ MM_API_GET_USER, &user_args, &user },
 *		{ MM_API_GET_CHANNEL, &channel_args, &channel },
 *	};
 *	return mm_api_call_all(p, a, rows, 2, err) &&
 *	       mm_api_error(user.app_error, err) &&
 *	       mm_api_error(channel.app_error, err);
 *
 *   n   1 to MM_API_AT_ONCE
 *
 * Errors as mm_api_call, that of the first row that has one: it does not say of the
 * others that they were not served, and returns of those that were answered are
 * filled. When one cannot be sent (ERR_INVALID; ERR_TOO_BIG, all together count for
 * max_message), none is. Any thread.
 */
bool mm_api_call_all(struct mm_plugin *p, struct arena *a,
    const struct mm_api_row *rows, size_t n, struct err *err) MUST_USE;

/* A call's own error result, as the generated functions report it. NULL: none,
 * true. The code follows the HTTP
 * status (404 ERR_NOT_FOUND, 401 and 403 ERR_DENIED, 400 ERR_INVALID). */
bool mm_api_error(const struct mm_app_error *e, struct err *err) MUST_USE;

/* The same for results of Go's type error. */
bool mm_api_any_error(const struct gob_any *e, struct err *err) MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
