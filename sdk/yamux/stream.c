/* stream - reading, writing and ending one stream */
#include "yamux/session.h"

#include <string.h>

/* Payload per frame: small enough that streams take turns. */
#define LARGEST_PAYLOAD ((size_t)64 * 1024)

static bool dead(const struct yamux_stream *st, struct err *err)
{
	if (st->reset)
		return !err_set(err, ERR_CLOSED, "stream %u was reset", st->id);
	if (st->session->closed)
		return !err_set(err, ERR_CLOSED, "session ended: %s",
		    st->session->why.text);
	return false;
}

static void send_window(
    struct yamux_stream *st, uint16_t flags, uint32_t credit)
{
	struct frame_header h = { FRAME_WINDOW, flags, st->id, credit };
	session_send(st->session, &h, NULL, 0);
}

/* Credit goes back when it is worth a frame, unless the peer has finished. */
static void give_back(struct yamux_stream *st, size_t n)
{
	st->consumed += (uint32_t)n;
	if (st->consumed < YAMUX_WINDOW / 2 || st->fin_received)
		return;
	st->recv_window += st->consumed;
	send_window(st, 0, st->consumed);
	st->consumed = 0;
}

static bool has_input(const struct yamux_stream *st, size_t n)
{
	return session_unread(st) >= n || st->fin_received;
}

/* Lock held. Wait until n bytes are there, or the peer has finished. */
static bool await(
    struct yamux_stream *st, size_t n, int64_t deadline_ms, struct err *err)
{
	bool in_time = true;
	if (has_input(st, n))
		return true;
	st->wanted = (uint32_t)n;
	while (in_time && !has_input(st, n) && !dead(st, err))
		in_time = session_wait(st->session, &st->changed, deadline_ms);
	st->wanted = 0;
	session_leave(st->session);
	if (has_input(st, n))
		return true;
	if (!in_time)
		err_set(err, ERR_TIMEOUT, "stream %u: nothing came", st->id);
	return false;
}

bool yamux_stream_await(
    struct yamux_stream *st, size_t n, int64_t deadline_ms, struct err *err)
{
	pthread_mutex_lock(&st->session->lock);
	bool done = await(st, n, deadline_ms, err);
	pthread_mutex_unlock(&st->session->lock);
	return done;
}

/* What is there, as far as there is room. */
static size_t take_input(struct yamux_stream *st, void *data, size_t room)
{
	size_t n = st->input.len - st->start;
	if (n > room)
		n = room;
	if (n > 0)
		memcpy(data, st->input.data + st->start, n);
	st->start += n;
	if (st->start == st->input.len) {
		st->start = 0;
		buf_reset(&st->input, 4096);
	}
	return n;
}

/* Wait for the next bytes, which come to where they are wanted. */
static bool await_into(struct yamux_stream *st, void *data, size_t room,
    int64_t deadline_ms, size_t *got, struct err *err)
{
	st->sink = data;
	st->sinker = pthread_self();
	st->sink_room = room;
	bool done = await(st, 1, deadline_ms, err);
	*got = st->sunk;
	st->sink = NULL;
	st->sink_room = st->sunk = 0;
	return done;
}

bool yamux_stream_read(struct yamux_stream *st, void *data, size_t room,
    int64_t deadline_ms, size_t *got, struct err *err)
{
	bool done = true;
	pthread_mutex_lock(&st->session->lock);
	if (session_unread(st) > 0)
		*got = take_input(st, data, room);
	else
		done = await_into(st, data, room, deadline_ms, got, err);
	if (done && !st->session->closed && !st->reset)
		give_back(st, *got);
	pthread_mutex_unlock(&st->session->lock);
	return done;
}

static bool may_write(const struct yamux_stream *st)
{
	return st->send_window > 0 &&
	       session_pending(st->session) <= YAMUX_MAX_PENDING;
}

bool yamux_stream_write(struct yamux_stream *st, const void *data, size_t n,
    int64_t deadline_ms, struct err *err)
{
	const uint8_t *p = data;
	struct yamux_session *s = st->session;
	bool waited = false;
	pthread_mutex_lock(&s->lock);
	while (n > 0 && !dead(st, err)) {
		if (st->fin_sent) {
			err_set(
			    err, ERR_CLOSED, "stream %u is finished", st->id);
			break;
		}
		if (!may_write(st)) {
			pthread_cond_t *cond =
			    st->send_window == 0 ? &st->changed : &s->eased;
			waited = true;
			if (session_wait(s, cond, deadline_ms) || may_write(st))
				continue;
			err_set(err, ERR_TIMEOUT,
			    "stream %u: the peer takes nothing", st->id);
			break;
		}
		size_t part = n < LARGEST_PAYLOAD ? n : LARGEST_PAYLOAD;
		if (part > st->send_window)
			part = st->send_window;
		struct frame_header h = { FRAME_DATA, 0, st->id,
			(uint32_t)part };
		session_send(s, &h, p, part);
		st->send_window -= (uint32_t)part;
		p += part;
		n -= part;
	}
	if (waited)
		session_leave(s);
	pthread_mutex_unlock(&s->lock);
	return n == 0;
}

static void send_fin(struct yamux_stream *st)
{
	if (st->fin_sent || st->reset || st->session->closed)
		return;
	st->fin_sent = true;
	send_window(st, FRAME_FIN, 0);
}

void yamux_stream_finish(struct yamux_stream *st)
{
	struct yamux_session *s = st->session;
	pthread_mutex_lock(&s->lock);
	send_fin(st);
	/* a writer that waits for window has nothing to wait for */
	pthread_cond_broadcast(&st->changed);
	session_tell_reader(s, &st->changed);
	pthread_mutex_unlock(&s->lock);
}

void yamux_stream_watch(
    struct yamux_stream *st, size_t n, void (*input)(void *arg), void *arg)
{
	pthread_mutex_lock(&st->session->lock);
	st->watcher = input;
	st->watcher_arg = arg;
	st->watched = n;
	session_tell_watcher(st);
	pthread_mutex_unlock(&st->session->lock);
}

void yamux_stream_close(struct yamux_stream *st)
{
	if (st == NULL)
		return;
	struct yamux_session *s = st->session;
	pthread_mutex_lock(&s->lock);
	st->has_handle = false;
	st->watcher = NULL;
	st->closed_at_ms = clock_now_ms();
	bool unread = st->start < st->input.len;
	if (unread && !st->fin_received && !st->reset && !s->closed) {
		/* the peer is still sending and waits for window; a FIN in
		 * front would have Go forget the stream, and warn of the RST */
		st->reset = true;
		send_window(st, FRAME_RST, 0);
	}
	send_fin(st);
	session_settle_stream(st);
	pthread_mutex_unlock(&s->lock);
}

void yamux_stream_leave(struct yamux_stream *st)
{
	if (st == NULL)
		return;
	struct yamux_session *s = st->session;
	pthread_mutex_lock(&s->lock);
	st->has_handle = false;
	st->watcher = NULL;
	st->left = true;
	st->closed_at_ms = clock_now_ms();
	if (!st->fin_sent && !st->reset && !s->closed) {
		struct frame_header h = { FRAME_WINDOW, FRAME_FIN, st->id, 0 };
		st->fin_sent = true;
		session_put_off(s, &h, NULL, 0);
	}
	session_settle_stream(st);
	pthread_mutex_unlock(&s->lock);
}

uint32_t yamux_stream_id(const struct yamux_stream *st)
{
	return st->id;
}

int64_t yamux_stream_opened_ms(const struct yamux_stream *st)
{
	return st->opened_ms;
}

static bool io_read(void *object, void *data, size_t room, int64_t deadline_ms,
    size_t *got, struct err *err)
{
	return yamux_stream_read(object, data, room, deadline_ms, got, err);
}

static bool io_write(void *object, const void *data, size_t n,
    int64_t deadline_ms, struct err *err)
{
	return yamux_stream_write(object, data, n, deadline_ms, err);
}

static void io_watch(void *object, void (*input)(void *arg), void *arg)
{
	yamux_stream_watch(object, 1, input, arg);
}

struct io yamux_stream_io(struct yamux_stream *st)
{
	return (struct io){ st, io_read, io_write, io_watch };
}
