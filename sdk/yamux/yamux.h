/*
 * yamux - many streams over one connected socket
 *
 * A session owns the socket. Whoever waits for a stream reads the socket
 * himself, if nobody else does: he fills the buffers of all streams, answers
 * pings and acknowledges new streams until what he waits for is there. The
 * session's one thread, `yamux-read`, reads when nobody has for a moment, so
 * that a ping is answered within a few milliseconds also while every thread
 * is busy. Whoever writes hands frames to the socket without blocking, and
 * what the socket does not take at once is sent by whoever reads, when the
 * socket is ready.
 *
 * Lock order: there is one lock, the session's. It guards the session and
 * all its streams, is held for the non-blocking write of a frame, and never
 * while waiting.
 *
 * Source: yamux spec.md; session.go, stream.go v0.1.2
 */
#ifndef YAMUX_YAMUX_H
#define YAMUX_YAMUX_H

#include "base/clock.h"
#include "base/io.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Credit of a fresh stream, and the most that is buffered for one. */
#define YAMUX_WINDOW ((uint32_t)256 * 1024)

/* 512 calls in flight have two streams each, and there are a few more. */
#define YAMUX_MAX_STREAMS 1100

/* The Go side resets the 257th stream it has not acknowledged. */
#define YAMUX_MAX_UNACKED 256

/* Writers wait while this much is waiting for the socket. */
#define YAMUX_MAX_PENDING ((size_t)256 * 1024)

/* A peer that reads nothing while we owe it this much is gone. */
#define YAMUX_DEAD_PENDING ((size_t)4 * 1024 * 1024)

/* After this long half closed, a stream nobody reads is reset. */
#define YAMUX_HALF_CLOSED_MS ((int64_t)5 * 60 * 1000)

struct yamux_session;
struct yamux_stream;

/*
 * yamux_session_new - take over a connected stream socket
 *
 *   fd       taken, also on failure
 *   client   our streams are odd (a plugin is the server: even)
 *
 * Starts the thread. Errors: ERR_NO_MEMORY, ERR_IO.
 * Source: go-plugin client.go: the host is the yamux client
 */
struct yamux_session *yamux_session_new(int fd, bool client, struct err *err);

/*
 * yamux_session_idle - wait for the bytes of all streams that are watched
 *
 * Returns after yamux_session_poke, also one from before, or at the deadline; up
 * to a millisecond later when many streams are open.
 * False: the session has ended. One thread at a time.
 */
bool yamux_session_idle(struct yamux_session *s, int64_t deadline_ms);

/* Have who idles return. Only from a function that watches. True: he is who
 * calls this. */
bool yamux_session_poke(struct yamux_session *s);

/* Have a function called when somebody begins to wait who does not idle, and now
 * and then while nobody but the session's thread reads. As for one that watches;
 * NULL: not any more. */
void yamux_session_on_wait(
    struct yamux_session *s, void (*waits)(void *arg), void *arg);

/* End the session: streams and waiters fail with ERR_CLOSED. Any thread. */
void yamux_session_close(struct yamux_session *s);

/* The same for a reason of the caller's, which the waiters are told. */
void yamux_session_fail(struct yamux_session *s, const struct err *why);

/* Block until the session has ended; why it did. */
void yamux_session_wait(struct yamux_session *s, struct err *why);

/* Close, join the thread and free. NULL is accepted. Every stream
 * handle has been closed before. */
void yamux_session_free(struct yamux_session *s);

/*
 * yamux_accept - the next stream that the peer has opened
 *
 * It is acknowledged already. Owned: close it with yamux_stream_close.
 * Errors: ERR_TIMEOUT, ERR_CLOSED. Any thread.
 */
struct yamux_stream *yamux_accept(
    struct yamux_session *s, int64_t deadline_ms, struct err *err);

/*
 * yamux_open - open a stream and send its first bytes along
 *
 *   first, n   borrowed; n may be 0, at most YAMUX_WINDOW. They leave in one
 *              write with the SYN, so that a host that reads a stream's
 *              first bytes before it looks at the next one is not held up.
 *
 * Waits while 256 streams of ours are not acknowledged.
 * Owned: close it with yamux_stream_close.
 * Errors: ERR_TIMEOUT, ERR_CLOSED, ERR_NO_MEMORY, ERR_BUSY at
 * YAMUX_MAX_STREAMS. Any thread.
 */
struct yamux_stream *yamux_open(struct yamux_session *s, const void *first,
    size_t n, int64_t deadline_ms, struct err *err);

/* One of several streams that are opened together. */
struct yamux_opening {
	const void *first; /* borrowed, n bytes, as for yamux_open */
	size_t n;
	struct yamux_stream *stream; /* out: owned */
};

/* Open them all in one write, or none: with what is sent next, for one who has
 * something to say at once, or when somebody waits, in a few milliseconds at
 * most. Otherwise as yamux_open. */
bool yamux_open_all(struct yamux_session *s, struct yamux_opening *openings,
    size_t count, int64_t deadline_ms, struct err *err) MUST_USE;

/*
 * yamux_stream_read - read at least one byte from the peer
 *
 * Gives window back to the peer once half of it has been consumed.
 *
 *   data, room   borrowed, room > 0, bytes
 *   got          out: bytes read; 0 only at end of stream
 *
 * Errors   ERR_TIMEOUT at the deadline; ERR_CLOSED after a reset or the end
 *          of the session
 * Threads  any thread, one reader per stream
 * Source   yamux spec.md "Flow Control"; stream.go (*Stream).Read
 */
bool yamux_stream_read(struct yamux_stream *st, void *data, size_t room,
    int64_t deadline_ms, size_t *got, struct err *err);

/* Wait until n bytes can be read, or the peer has finished. n is at most half
 * a window. Errors and threads as yamux_stream_read. */
bool yamux_stream_await(struct yamux_stream *st, size_t n, int64_t deadline_ms,
    struct err *err) MUST_USE;

/*
 * yamux_stream_watch - be told when bytes have come that nobody waits for
 *
 * input is called when n of them can be read, or the peer has finished or reset
 * the stream, or the session has ended; at once, if it is so; and again with
 * everything that comes then. On the thread that brings the bytes, with the
 * session's lock held: it may do no more than yamux_session_poke, or wake or start a
 * thread. Not after the handle has been given back. NULL: no more; nothing is under
 * way when this returns.
 */
void yamux_stream_watch(
    struct yamux_stream *st, size_t n, void (*input)(void *arg), void *arg);

/*
 * yamux_stream_write - send all n bytes as the window allows
 *
 * Errors   ERR_TIMEOUT (part of the bytes may be gone), ERR_CLOSED
 * Threads  any thread, one writer per stream
 */
bool yamux_stream_write(struct yamux_stream *st, const void *data, size_t n,
    int64_t deadline_ms, struct err *err);

/* Send FIN: nothing more will be written; reading goes on. Once is enough,
 * more do nothing. */
void yamux_stream_finish(struct yamux_stream *st);

/* Give the handle back. Sends FIN if it has not been sent, or a reset in its
 * place when something is unread. NULL is accepted. What the peer still sends
 * is answered by a reset. */
void yamux_stream_close(struct yamux_stream *st);

/*
 * yamux_stream_leave - close, for one who speaks on another stream at once
 *
 * The FIN may wait for the next frame of the session, to leave in one write
 * with it. What the peer still sends is dropped, up to the window; so this is
 * for a peer that ends its side when ours has ended. NULL is accepted.
 */
void yamux_stream_leave(struct yamux_stream *st);

/* The stream as a byte stream for rpc, borrowed. */
struct io yamux_stream_io(struct yamux_stream *st);

/* Number of the stream, for logs. */
uint32_t yamux_stream_id(const struct yamux_stream *st);

/* When it was opened, by clock_now_ms. */
int64_t yamux_stream_opened_ms(const struct yamux_stream *st);

/* Streams that exist now, for tests and figures. */
size_t yamux_session_streams(struct yamux_session *s);

#ifdef __cplusplus
}
#endif

#endif
