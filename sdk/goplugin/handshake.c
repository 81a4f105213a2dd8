#include "goplugin/handshake.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool check_cookie(struct err *err)
{
	const char *cookie = getenv(HANDSHAKE_COOKIE_NAME);
	if (cookie != NULL && strcmp(cookie, HANDSHAKE_COOKIE_VALUE) == 0)
		return true;
	return err_set(err, ERR_INVALID,
	    "This program is a Mattermost plugin: upload its bundle to a "
	    "Mattermost server, which starts it");
}

/* $PLUGIN_UNIX_SOCKET_DIR, else $TMPDIR, else /tmp, as Go does. */
static bool make_path(struct sockaddr_un *address, struct err *err)
{
	const char *dir = getenv("PLUGIN_UNIX_SOCKET_DIR");
	if (dir == NULL || dir[0] == '\0')
		dir = getenv("TMPDIR");
	if (dir == NULL || dir[0] == '\0')
		dir = "/tmp";
	if (strpbrk(dir, "|\n") != NULL)
		return err_set(err, ERR_INVALID,
		    "socket path in %s would part the handshake's line", dir);
	int n = snprintf(address->sun_path, sizeof(address->sun_path),
	    "%s/plugin%d-%llx", dir, (int)getpid(),
	    (unsigned long long)clock_wall_ms());
	if (n < 0 || (size_t)n >= sizeof(address->sun_path))
		return err_set(
		    err, ERR_TOO_BIG, "socket path in %s is too long", dir);
	return true;
}

static bool print_line(
    int out_fd, const struct sockaddr_un *address, struct err *err)
{
	char line[256];
	int n = snprintf(
	    line, sizeof(line), "1|1|unix|%s|netrpc|\n", address->sun_path);
	if (write(out_fd, line, (size_t)n) != n)
		return err_set_errno(err, "writing the handshake");
	return true;
}

static bool accept_host(
    int listener, int64_t timeout_ms, int *fd, struct err *err)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	int64_t deadline = clock_deadline_ms(timeout_ms);
	int n;
	do {
		n = poll(&p, 1, clock_poll_ms(deadline));
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return err_set(err, ERR_TIMEOUT, "the host does not connect");
	*fd = n < 0 ? -1 : accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (*fd < 0)
		return err_set_errno(err, "accepting the host");
	return true;
}

bool handshake_run(int out_fd, int64_t timeout_ms,
    handshake_meanwhile *meanwhile, void *arg, int *fd, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	bool done = false;
	if (!check_cookie(err) || !make_path(&address, err))
		return false;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0)
		return err_set_errno(err, "socket");
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0) {
		err_set_errno(err, "binding %s", address.sun_path);
		goto close_listener;
	}
	if (listen(listener, 1) < 0) {
		err_set_errno(err, "listening on %s", address.sun_path);
		goto unlink_socket;
	}
	done = print_line(out_fd, &address, err) &&
	       (meanwhile == NULL || meanwhile(arg, err)) &&
	       accept_host(listener, timeout_ms, fd, err);
unlink_socket:
	unlink(address.sun_path);
close_listener:
	close(listener);
	return done;
}
