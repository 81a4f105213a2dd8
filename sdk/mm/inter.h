/*
 * inter - HTTP requests to other plugins of the same server
 *
 * The path begins with the other plugin's id: /com.example.other/api/v1/x.
 * The request tells it by the header Mattermost-Plugin-ID who asks.
 *
 * Source: server/public v0.4.3 plugin/client_rpc.go PluginHTTP,
 * PluginHTTPStream
 */
#ifndef MM_INTER_H
#define MM_INTER_H

#include "mm/gen/models.h"
#include "mm/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_plugin;

/*
 * mm_plugin_http - ask and have the whole answer in memory
 *
 *   request         has a URL; no header is an empty one
 *   body            may be empty
 *   response        out: arena; 404 when there is no such plugin
 *   response_body   out: arena
 *
 * Errors   as mm_api_call; a refusal of the other plugin is no error, but a
 *          status
 * Threads  any thread, one per arena
 */
bool mm_plugin_http(struct mm_plugin *p, struct arena *a,
    const struct mm_http_request_subset *request, struct str body,
    struct mm_http_response **response, struct str *response_body,
    struct err *err) MUST_USE;

struct mm_plugin_http_answer {
	int64_t status_code; /* 404: there is no such plugin */
	struct mm_string_strings_map header;
};

/* A request whose bodies stream. */
struct mm_plugin_http_exchange {
	const struct mm_http_request_subset *request;
	const struct mm_source *body; /* NULL: none; read on another thread */
	const struct mm_sink *sink;   /* gets the answer's body */
};

/*
 * mm_plugin_http_stream - ask, with bodies as they come; server 11.4 or later
 *
 * Returns once the sink has the whole answer.
 *
 *   answer   out: arena
 *
 * Errors   ERR_NOT_FOUND: the server is older, use mm_plugin_http; those of
 *          source and sink; as mm_api_call. The sink may have part of the
 *          body by then.
 * Threads  any thread, one per arena
 */
bool mm_plugin_http_stream(struct mm_plugin *p, struct arena *a,
    const struct mm_plugin_http_exchange *x,
    struct mm_plugin_http_answer *answer, struct err *err) MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
