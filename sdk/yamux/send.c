/*
 * send - frames on their way to the socket
 *
 * Whoever has a frame hands it to the socket at once, together with what was
 * put off before; whoever waits sends what was put off, too. What the socket does
 * not take is kept, in order, and sent by whoever reads when the socket is ready.
 */
#include "yamux/session.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Hand parts to the socket; the bytes it took. (Their number fits whatever
 * type a libc gives msg_iovlen.) */
static size_t hand_over(
    struct yamux_session *s, struct iovec *parts, uint8_t n_parts)
{
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = n_parts };
	ssize_t sent = sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		session_lost(s, "send", errno);
	return sent < 0 ? 0 : (size_t)sent;
}

static void keep(struct yamux_session *s, const void *data, size_t n)
{
	buf_put(&s->pending, data, n);
	if (s->pending.fault != ERR_NONE)
		session_end(s, s->pending.fault, "yamux: %s",
		    s->pending.fault == ERR_TOO_BIG
		        ? "the peer does not read"
		        : err_code_text(s->pending.fault));
}

/* The socket has taken n bytes of pending. */
static void drop_pending(struct yamux_session *s, size_t n)
{
	s->pending_start += n;
	if (s->pending_start == s->pending.len) {
		s->pending_start = 0;
		buf_reset(&s->pending, 4096);
	} else if (s->pending_start > YAMUX_MAX_PENDING) {
		buf_drop(&s->pending, s->pending_start);
		s->pending_start = 0;
	}
}

size_t session_pending(const struct yamux_session *s)
{
	return s->pending.len - s->pending_start;
}

/* One write for what was put off, a header and a payload. What the socket
 * does not take waits for who reads. */
static void send_all(
    struct yamux_session *s, const void *header, const void *payload, size_t n)
{
	size_t before = session_pending(s);
	struct iovec parts[] = {
		{ before > 0 ? s->pending.data + s->pending_start : NULL,
		    before },
		{ (void *)(uintptr_t)header, FRAME_SIZE },
		{ (void *)(uintptr_t)payload, n },
	};
	s->put_off = false;
	size_t taken =
	    before > 0 ? hand_over(s, parts, 3) : hand_over(s, parts + 1, 2);
	if (s->closed)
		return;
	size_t of_pending = taken < before ? taken : before;
	drop_pending(s, of_pending);
	taken -= of_pending;
	size_t of_header = taken < FRAME_SIZE ? taken : FRAME_SIZE;
	taken -= of_header;
	keep(s, (const uint8_t *)header + of_header, FRAME_SIZE - of_header);
	if (taken < n)
		keep(s, (const uint8_t *)payload + taken, n - taken);
	if (session_pending(s) > 0)
		session_nudge(s);
}

void session_send(struct yamux_session *s, const struct frame_header *h,
    const void *payload, size_t n)
{
	uint8_t header[FRAME_SIZE];
	if (s->closed)
		return;
	frame_put(header, h);
	if (session_pending(s) == 0 || s->put_off) {
		send_all(s, header, payload, n);
		return;
	}
	keep(s, header, sizeof(header));
	keep(s, payload, n);
}

void session_put_off(struct yamux_session *s, const struct frame_header *h,
    const void *payload, size_t n)
{
	uint8_t header[FRAME_SIZE];
	if (s->closed)
		return;
	if (session_pending(s) == 0)
		s->put_off = true;
	frame_put(header, h);
	keep(s, header, sizeof(header));
	keep(s, payload, n);
}

void session_send_put_off(struct yamux_session *s)
{
	if (!s->put_off)
		return;
	session_flush(s);
	if (session_pending(s) > 0)
		session_nudge(s);
}

void session_flush(struct yamux_session *s)
{
	if (session_pending(s) == 0 || s->closed)
		return;
	struct iovec part = { s->pending.data + s->pending_start,
		session_pending(s) };
	s->put_off = false;
	drop_pending(s, hand_over(s, &part, 1));
	s->n_woken++;
	pthread_cond_broadcast(&s->eased);
}
