/*
 * handshake - how the host and the plugin find each other
 *
 * The host starts the process with a cookie in its environment and reads one
 * line from its stdout, within three seconds:
 *
 *	1|1|unix|/tmp/plugin123|netrpc|
 *	core protocol, plugin protocol, network, address, protocol, certificate
 *
 * Then it connects to the socket, once.
 *
 * Source: go-plugin server.go Serve, client.go Start v1.6.0;
 * server/public plugin/client.go handshake
 */
#ifndef GOPLUGIN_HANDSHAKE_H
#define GOPLUGIN_HANDSHAKE_H

#include "base/err.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HANDSHAKE_COOKIE_NAME  "MATTERMOST_PLUGIN"
#define HANDSHAKE_COOKIE_VALUE "Securely message teams, anywhere."

/* Something to do between the line and the host. False ends it. */
typedef bool handshake_meanwhile(void *arg, struct err *err);

/*
 * handshake_run - print the line and wait for the host
 *
 *   out_fd       where the line goes: stdout
 *   timeout_ms   how long the host may take to connect
 *   meanwhile    called when the line is out, with arg; NULL: nothing
 *   fd           out: the connected socket, close-on-exec, owned
 *
 * Errors: ERR_INVALID without the cookie: started by hand, or when the socket's
 * folder has a | or a line's end in its name; ERR_TOO_BIG: a name too long for
 * a socket; ERR_IO; ERR_TIMEOUT; those of meanwhile. The socket's file is gone afterwards in any case.
 */
bool handshake_run(int out_fd, int64_t timeout_ms,
    handshake_meanwhile *meanwhile, void *arg, int *fd,
    struct err *err) MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
