/*
 * floor - the least that a plugin has to do for one message of its host
 *
 * On the socket it has as descriptor 3: wait, receive what has come, and when
 * it is a whole message send one back. No protocol, no other thread, nothing
 * looked at: what this costs, a plugin pays for each time it waits.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* As dev/bench/floor.go sends them: a frame's header, then its payload. */
#define MESSAGE (12 + 256)
#define REPLY   (12 + 64)

int main(void)
{
	static char buffer[65536];
	char reply[REPLY];
	size_t have = 0;
	memset(reply, 'r', sizeof(reply));
	for (;;) {
		struct pollfd fd = { .fd = 3, .events = POLLIN };
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			return EXIT_FAILURE;
		ssize_t n = recv(3, buffer, sizeof(buffer), MSG_DONTWAIT);
		if (n == 0)
			return EXIT_SUCCESS;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return EXIT_FAILURE;
		have += n > 0 ? (size_t)n : 0;
		for (; have >= MESSAGE; have -= MESSAGE) {
			if (send(3, reply, sizeof(reply), MSG_NOSIGNAL) !=
			    sizeof(reply))
				return EXIT_FAILURE;
		}
	}
}
