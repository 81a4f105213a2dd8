/*
 * goplugin - a HashiCorp go-plugin, plugin side, net/rpc flavour
 *
 * Streams of the session, in the order in which the host opens them:
 *
 *	1   control: Control.Ping, Control.Quit, Dispenser.Dispense
 *	3   stdout, 5 stderr: accepted and kept silent
 *	7.. broker streams; the first is the one that Dispense has announced
 *
 * Source: go-plugin rpc_server.go, rpc_client.go v1.6.0
 */
#ifndef GOPLUGIN_GOPLUGIN_H
#define GOPLUGIN_GOPLUGIN_H

#include "goplugin/broker.h"
#include "rpc/rpc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* After Quit the host closes the socket; if it does not, we do. */
#define GOPLUGIN_QUIT_MS 1000

struct goplugin;

struct goplugin_service {
	void *object; /* borrowed, handed to start */

	/* Threads that serve the host, all connections together. */
	size_t max_threads;
	const char *thread_name; /* at most 15 characters */

	/*
	 * The host has dispensed the plugin and dialled it: begin to serve.
	 * Must not block. Called once, on the thread of goplugin_serve.
	 *   pool     borrowed until stop has returned true: these threads
	 *   stream   taken, also on failure
	 */
	bool (*start)(void *object, struct broker *broker,
	    struct rpc_pool *pool, struct yamux_stream *stream,
	    struct err *err);

	/* The session has ended: wait for what start has begun, for at most
	 * GOPLUGIN_QUIT_MS. False: threads are still at work, and what they
	 * use must not be freed. */
	bool (*stop)(void *object);
};

/*
 * goplugin_serve - serve the host on a connected socket until it goes
 *
 *   fd    taken
 *   why   out: why the session ended; ERR_CLOSED in the ordinary case
 *
 * Returns true when everything has been freed.
 */
bool goplugin_serve(
    int fd, const struct goplugin_service *service, struct err *why);

#ifdef __cplusplus
}
#endif

#endif
