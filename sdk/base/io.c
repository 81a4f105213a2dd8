#include "base/io.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

static bool wait_for(int fd, short events, int64_t deadline_ms, struct err *err)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		int n = poll(&p, 1, clock_poll_ms(deadline_ms));
		if (n > 0)
			return true;
		if (n == 0)
			return err_set(err, ERR_TIMEOUT, "socket timed out");
		if (errno != EINTR)
			return err_set_errno(err, "poll");
	}
}

static bool socket_read(void *object, void *data, size_t room,
    int64_t deadline_ms, size_t *got, struct err *err)
{
	int fd = *(const int *)object;
	for (;;) {
		ssize_t n = recv(fd, data, room, MSG_DONTWAIT);
		if (n >= 0) {
			*got = (size_t)n;
			return true;
		}
		if (errno == ECONNRESET)
			return err_set(err, ERR_CLOSED, "socket closed");
		if (errno != EAGAIN && errno != EINTR)
			return err_set_errno(err, "recv");
		if (!wait_for(fd, POLLIN, deadline_ms, err))
			return false;
	}
}

static bool socket_write(void *object, const void *data, size_t n,
    int64_t deadline_ms, struct err *err)
{
	int fd = *(const int *)object;
	const char *p = data;
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent >= 0) {
			p += sent;
			n -= (size_t)sent;
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET)
			return err_set(err, ERR_CLOSED, "socket closed");
		if (errno != EAGAIN && errno != EINTR)
			return err_set_errno(err, "send");
		if (!wait_for(fd, POLLOUT, deadline_ms, err))
			return false;
	}
	return true;
}

struct io io_socket(int *fd)
{
	return (struct io){ fd, socket_read, socket_write, NULL };
}
