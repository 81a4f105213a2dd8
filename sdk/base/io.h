/*
 * io - a byte stream, as rpc sees it
 *
 * A table of functions and the object they work on, so that a connection
 * can run over a yamux stream, a socket pair or a test's broken pipe.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct io {
	void *object; /* borrowed, handed to each function */

	/*
	 * Read at least one byte, at most `room`, before the deadline.
	 * *got is 0 only at end of stream.
	 * Errors: ERR_TIMEOUT at the deadline, ERR_CLOSED after a reset.
	 */
	bool (*read)(void *object, void *data, size_t room, int64_t deadline_ms,
	    size_t *got, struct err *err);

	/* Write all n bytes before the deadline, or fail. */
	bool (*write)(void *object, const void *data, size_t n,
	    int64_t deadline_ms, struct err *err);

	/*
	 * May be NULL: it cannot be watched. Call input whenever something
	 * comes, or the stream ends, and nobody waits in read; and at once, if
	 * something is there. It is called on the thread that brings the bytes,
	 * with that thread's lock held, and may do no more than wake or start a thread.
	 * NULL: not any more; nothing is under way when this returns.
	 */
	void (*watch)(void *object, void (*input)(void *arg), void *arg);
};

/* A connected socket, borrowed, as a byte stream. fd is read by pointer. */
struct io io_socket(int *fd);

#ifdef __cplusplus
}
#endif

#endif
