/*
 * yamux: the bytes go into a session over a pair of sockets. Whoever uses it
 * accepts every stream, echoes what comes, and opens one of his own.
 */
#include "fuzz/fuzz.h"

#include "yamux/frame.h"
#include "yamux/yamux.h"

#include <sys/socket.h>
#include <unistd.h>

/* Fits into the socket's buffer, so that nobody has to wait. */
#define LONGEST ((size_t)64 * 1024)

static void use(struct yamux_stream *st)
{
	char data[4096];
	size_t got = 0;
	struct err err = { 0 };
	if (st == NULL)
		return;
	if (yamux_stream_read(st, data, sizeof(data), 0, &got, &err) &&
	    got > 0 && !yamux_stream_write(st, data, got, 0, &err))
		FUZZ_CHECK(err.code != ERR_NONE);
	if (yamux_stream_id(st) % 4 == 1)
		yamux_stream_finish(st);
	yamux_stream_close(st);
}

/* All bytes have been seen when a ping behind them is answered, or the
 * session is over; in the middle of a frame it is neither. */
static void settle(int fd, const uint8_t *data, size_t size)
{
	uint8_t ping[FRAME_SIZE];
	struct frame_header h = { FRAME_PING, FRAME_SYN, 0, 0x5EE };
	frame_put(ping, &h);
	(void)send(fd, data, size, MSG_NOSIGNAL);
	(void)send(fd, ping, sizeof(ping), MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fds[2];
	struct err err = { 0 };
	if (size > LONGEST ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return 0;
	struct yamux_session *s = yamux_session_new(fds[1], false, &err);
	FUZZ_CHECK(s != NULL);
	struct yamux_stream *ours = yamux_open(s, "hi", 2, 0, &err);
	settle(fds[0], data, size);
	struct yamux_stream *theirs;
	do {
		err_clear(&err);
		theirs = yamux_accept(s, DEADLINE_NEVER, &err);
		use(theirs);
	} while (theirs != NULL);
	use(ours);
	yamux_session_free(s);
	close(fds[0]);
	return 0;
}
