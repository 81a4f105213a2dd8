/*
 * mm - write a Mattermost server plugin in C
 *
 * The one header a plugin includes. A plugin fills a struct mm_plugin_def
 * with the hooks it wants and hands it to mm_plugin_run:
 *
 *	static void
 *	execute_command(struct mm_call *call,
 *	    const struct mm_hook_execute_command_args *args,
 *	    struct mm_hook_execute_command_returns *ret)
 *	{
 *		...
 *	}
 *
 *	int
 *	main(void)
 *	{
 *		const struct mm_plugin_def def = {
 *			.hooks = { .execute_command = execute_command },
 *		};
 *		return mm_plugin_run(&def);
 *	}
 *
 * Memory: everything a hook gets lives in call->arena and dies with the
 * call; so does everything the hook puts into its returns. Strings are
 * struct str (base/str.h).
 * Threads: hooks run on many threads at once, also while another hook of
 * the same plugin waits for the API. The API (gen/api.h) may be called from
 * any thread between activation and on_stop.
 * Errors: struct err (base/err.h) in, bool out; zero it before.
 * To begin with: docs/sdk.md, examples/hello.c.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "base/log.h"
#include "mm/call.h"
#include "mm/gen/api.h"
#include "mm/gen/hooks.h"
#include "mm/gen/models.h"
#include "mm/http.h"
#include "mm/inter.h"
#include "mm/registry.h"
#include "mm/upload.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Calls in flight; beyond it ServeHTTP answers 503, other hooks fail. */
#define MM_MAX_CALLS 512

struct mm_plugin;

/* One hook call. Made by the SDK, borrowed by the hook until it returns. */
struct mm_call {
	struct mm_plugin *plugin; /* for the API */
	struct arena *arena;      /* dies with the call */
	void *user;               /* mm_plugin_def.user */
};

struct mm_plugin_def {
	struct mm_hooks hooks; /* those left NULL are not called */

	/*
	 * The host knows where to connect, and is about to: what takes long to
	 * set up, libraries and the like, costs no time here. On main's thread,
	 * before everything else. Failure: the text goes to stderr, which the
	 * host logs, and mm_plugin_run returns.
	 */
	bool (*on_start)(void *user, struct err *err);

	/*
	 * The plugin is being enabled. on_configuration_change, when there is
	 * one, has been called just before. Failure: the text is shown to the
	 * admin, and the plugin is stopped.
	 */
	bool (*on_activate)(struct mm_call *call, struct err *err);

	/* A request to /plugins/<id>/...; see mm/http.h. */
	void (*serve_http)(struct mm_call *call, struct mm_http *http);

	/*
	 * What serve_http will need for this request. Asked before it is
	 * called, when the request has a body of MM_HTTP_AHEAD bytes at most;
	 * it is called when the body has come, or a second later, and no thread
	 * waits until then. NULL here is MM_AHEAD_NOTHING for all. On the
	 * thread that reads the host's calls: look at the request, do not wait,
	 * and call nothing of the API.
	 */
	enum mm_http_ahead (*ahead)(
	    struct mm_call *call, const struct mm_http *http);

	/* A request to the server's metrics port, /plugins/<id>/metrics/...;
	 * server 9.x or later. */
	void (*serve_metrics)(struct mm_call *call, struct mm_http *http);

	/*
	 * A file is being uploaded; see mm/upload.h. ret->result, when set, is
	 * laid over its file info; ret->result2, when not empty, refuses it
	 * with this text.
	 */
	void (*file_will_be_uploaded)(struct mm_call *call,
	    const struct mm_hook_file_will_be_uploaded_args *args,
	    struct mm_upload *upload,
	    struct mm_hook_file_will_be_uploaded_returns *ret);

	/*
	 * The host has gone, in order or by a crash: stop own threads. The API
	 * is dead by now; hooks may still be running. Called once, on main's
	 * thread. Calls that have not ended a second later are cut off.
	 */
	void (*on_stop)(void *user);

	void *user;         /* borrowed, for the plugin's own state */
	size_t max_message; /* bytes of one rpc message, 0 = 64 MiB */
	size_t max_calls;   /* at once, 0 = MM_MAX_CALLS */

	/* An API call that is not answered by then has failed, 0 = 30 s. */
	int64_t api_timeout_ms;
};

/*
 * mm_plugin_run - be a plugin until the host goes
 *
 * Call it once, on main's thread, and soon: the host waits three seconds for
 * the handshake. From here on stdout is stderr, SIGINT and SIGPIPE are
 * ignored. Without a host, prints what the program is and returns 1.
 *
 *   def   borrowed until it returns, with all it points at
 *
 * Returns the process's exit status; main returns it at once. If calls are
 * still at work then, the process ends here and nothing returns.
 */
int mm_plugin_run(const struct mm_plugin_def *def);

/*
 * mm_log - a line in the server's log, with fields
 *
 * Followed by pairs of const char *: key, value, 16 at most, and a final NULL.
 * All borrowed. One round trip; without the API, or when it fails, the line
 * goes to stderr, which the host logs too. Any thread.
 */
void mm_log(struct mm_plugin *p, enum log_level level, const char *text, ...)
    __attribute__((sentinel));

/*
 * mm_load_plugin_configuration - the plugin's settings as a JSON object
 *
 * With the manifest's defaults, and with secrets, which mm_get_plugin_config
 * has not. Errors as mm_api_call. Any thread.
 *
 *   json   out: arena
 *
 * Keys arrive lower-cased or as written in plugin.json: match them without
 * regard to case. Source: server/public plugin/client_rpc.go
 */
bool mm_load_plugin_configuration(struct mm_plugin *p, struct arena *a,
    struct str *json, struct err *err) MUST_USE;

/*
 * Results for hooks: an error of Go's type error, and an AppError. All that is
 * printed lives in the arena; `where` is borrowed, commonly a literal. When
 * memory is out, no error (NULL), and the arena remembers.
 */
struct gob_any mm_error(struct arena *a, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
struct mm_app_error *mm_app_error(struct arena *a, const char *where,
    int status, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Attachments of a post, for its props under the key "attachments". The items
 * are not copied. nil when memory is out, and the arena remembers. */
struct gob_any mm_any_attachments(
    struct arena *a, struct mm_message_attachment_slice attachments);

#ifdef __cplusplus
}
#endif

#endif
