/*
 * floor - the least that a plugin has to do for a request
 *
 *	floor IN:OUT...
 *
 * On the socket it has as descriptor 3: wait, receive what has come, and when
 * IN bytes are there, send OUT bytes; then the next pair, and after the last
 * the first again. No protocol, no other thread, nothing looked at: what this
 * costs, a plugin pays that says and is told as much.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

static char buffer[65536];

/* Receive what is there, once there is something; 0 at the end. */
static ssize_t take(void)
{
	for (;;) {
		struct pollfd fd = { .fd = 3, .events = POLLIN };
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			exit(EXIT_FAILURE);
		ssize_t n = recv(3, buffer, sizeof(buffer), MSG_DONTWAIT);
		if (n >= 0)
			return n;
		if (errno != EAGAIN && errno != EINTR)
			exit(EXIT_FAILURE);
	}
}

int main(int argc, char **argv)
{
	static const char reply[4096];
	size_t have = 0;
	for (int i = 1; argc > 1; i = i + 1 < argc ? i + 1 : 1) {
		char *colon;
		size_t in = strtoul(argv[i], &colon, 10);
		size_t out = strtoul(colon + 1, NULL, 10);
		if (*colon != ':' || out > sizeof(reply))
			break;
		while (have < in) {
			ssize_t n = take();
			if (n == 0)
				return EXIT_SUCCESS;
			have += (size_t)n;
		}
		have -= in;
		if (send(3, reply, out, MSG_NOSIGNAL) != (ssize_t)out)
			break;
	}
	return EXIT_FAILURE;
}
