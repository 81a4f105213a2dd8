/*
 * session - the table of streams, and what the peer's frames do to them
 *
 * Bytes come from reader.c; session_take_bytes cuts them into frames, and
 * payload goes straight to who waits for it, or to its stream's buffer.
 *
 * What can go wrong: the peer breaks a rule (go-away 1, session ends), sends
 * more than its window (the same), closes the socket, or reads nothing while
 * we owe it megabytes. A frame for a stream that is gone is not an error: it
 * was on its way when we forgot the stream.
 */
#include "yamux/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* How often streams are looked for that their owners have forgotten. */
#define FORGOTTEN_EVERY_MS 1000

/* ---- ending --------------------------------------------------------------- */

size_t session_unread(const struct yamux_stream *st)
{
	return st->sunk + st->input.len - st->start;
}

static bool is_awaited(const struct yamux_stream *st)
{
	return session_unread(st) >= st->watched || st->fin_received ||
	       st->reset || st->session->closed;
}

void session_tell_watcher(struct yamux_stream *st)
{
	if (st->wanted > 0 || st->watcher == NULL || !is_awaited(st))
		return;
	st->session->n_woken++;
	st->watcher(st->watcher_arg);
}

bool session_end(
    struct yamux_session *s, enum err_code code, const char *fmt, ...)
{
	if (s->closed)
		return false;
	s->closed = true;
	s->why.code = code;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s->why.text, sizeof(s->why.text), fmt, ap);
	va_end(ap);
	shutdown(s->fd, SHUT_RDWR);
	pthread_cond_broadcast(&s->left);
	pthread_cond_broadcast(&s->arrived);
	pthread_cond_broadcast(&s->opened);
	pthread_cond_broadcast(&s->eased);
	pthread_cond_broadcast(&s->idle);
	list_for_each(node, &s->streams) {
		struct yamux_stream *st =
		    list_entry(node, struct yamux_stream, in_table);
		pthread_cond_broadcast(&st->changed);
		session_tell_watcher(st);
	}
	return false;
}

/* A peer that was killed has gone, too, and in no other order. */
void session_lost(struct yamux_session *s, const char *call, int error)
{
	bool gone = error == EPIPE || error == ECONNRESET;
	session_end(s, gone ? ERR_CLOSED : ERR_IO, "yamux: %s: %s", call,
	    strerror(error));
}

/* The peer broke a rule: say so, then end. */
static bool violation(struct yamux_session *s, const char *what, uint32_t id)
{
	struct frame_header h = { FRAME_GO_AWAY, 0, 0, FRAME_PROTOCOL_ERROR };
	session_send(s, &h, NULL, 0);
	return session_end(s, ERR_PROTOCOL, "yamux: %s (stream %u)", what, id);
}

/* ---- the table --------------------------------------------------------------- */

/* Where the streams with a number, and a few others, are linked. Numbers of one
 * side are all odd or all even. */
static struct yamux_stream **place(struct yamux_session *s, uint32_t id)
{
	return &s->table[id / 2 % TABLE_SIZE];
}

struct yamux_stream *session_find_stream(struct yamux_session *s, uint32_t id)
{
	struct yamux_stream *st = *place(s, id);
	while (st != NULL && st->id != id)
		st = st->next_at_place;
	return st;
}

struct yamux_stream *session_add_stream(struct yamux_session *s, uint32_t id)
{
	struct yamux_stream *st = calloc(1, sizeof(*st));
	if (st == NULL)
		return NULL;
	st->session = s;
	st->id = id;
	st->opened_ms = clock_now_ms();
	st->send_window = YAMUX_WINDOW;
	st->recv_window = YAMUX_WINDOW;
	st->has_handle = true;
	buf_init(&st->input, YAMUX_WINDOW + YAMUX_WINDOW / 2);
	clock_cond_init(&st->changed);
	list_add_before(&s->streams, &st->in_table);
	st->next_at_place = *place(s, id);
	*place(s, id) = st;
	s->n_streams++;
	return st;
}

static void free_stream(struct yamux_stream *st)
{
	buf_fini(&st->input);
	pthread_cond_destroy(&st->changed);
	free(st);
}

/* One acknowledgement is less to wait for: one of those who wait to open
 * streams looks again, if there is room for what he wants. */
static void let_open(struct yamux_session *s)
{
	s->n_unacked--;
	if (s->n_openers == 0 || s->n_unacked + s->opening > YAMUX_MAX_UNACKED)
		return;
	pthread_cond_signal(&s->opened);
	session_tell_reader(s, &s->opened);
}

static void drop_from_table(struct yamux_stream *st)
{
	struct yamux_session *s = st->session;
	if (st->in_table.next == NULL)
		return;
	list_remove(&st->in_table);
	struct yamux_stream **at = place(s, st->id);
	while (*at != st)
		at = &(*at)->next_at_place;
	*at = st->next_at_place;
	s->n_streams--;
	bool ours = (st->id % 2 == 1) == s->client;
	if (s->payload_stream == st)
		s->payload_stream = NULL;
	if (ours && !st->acked)
		let_open(s);
}

void session_settle_stream(struct yamux_stream *st)
{
	bool over = st->reset || (st->fin_sent && st->fin_received) ||
	            st->session->closed;
	if (over && st->accepting.next == NULL)
		drop_from_table(st);
	if (!st->has_handle && st->in_table.next == NULL && !st->woken)
		free_stream(st);
}

/* ---- frames -------------------------------------------------------------------- */

/* The peer opens a stream: acknowledge it at once, for each one that waits
 * counts against the peer's limit. */
static bool accept_stream(struct yamux_session *s, uint32_t id)
{
	bool ours = (id % 2 == 1) == s->client;
	/* Go numbers streams before it sends them: two that are opened at
	 * once may arrive in either order */
	if (id == 0 || ours || session_find_stream(s, id) != NULL)
		return violation(s, "stream opened twice", id);
	struct yamux_stream *st = NULL;
	if (s->n_streams < YAMUX_MAX_STREAMS)
		st = session_add_stream(s, id);
	struct frame_header h = { FRAME_WINDOW, FRAME_ACK, id, 0 };
	if (st == NULL)
		h.flags = FRAME_RST;
	session_send(s, &h, NULL, 0);
	if (st == NULL)
		return true;
	st->acked = true;
	list_add_before(&s->accept_queue, &st->accepting);
	s->n_woken++;
	pthread_cond_broadcast(&s->arrived);
	return true;
}

/* ACK, FIN and RST, in the order in which they make sense together. */
static void apply_flags(struct yamux_stream *st, uint16_t flags)
{
	if ((flags & FRAME_ACK) != 0 && !st->acked) {
		st->acked = true;
		let_open(st->session);
	}
	if ((flags & FRAME_FIN) != 0)
		st->fin_received = true;
	if ((flags & FRAME_RST) != 0)
		st->reset = true;
	if ((flags & (FRAME_FIN | FRAME_RST)) == 0)
		return;
	session_wake_later(st);
	session_tell_watcher(st);
	session_settle_stream(st);
}

/* The owner is gone and the peer still sends: it must not wait for window. */
static struct yamux_stream *refuse_data(struct yamux_stream *st)
{
	struct frame_header h = { FRAME_WINDOW, FRAME_RST, st->id, 0 };
	session_send(st->session, &h, NULL, 0);
	st->reset = true;
	session_settle_stream(st);
	return NULL;
}

static bool on_data(struct yamux_session *s, const struct frame_header *h)
{
	struct yamux_stream *st = session_find_stream(s, h->stream);
	s->payload_left = h->length;
	s->payload_stream = NULL;
	if (st == NULL)
		return true;
	if (h->length > st->recv_window)
		return violation(s, "more data than the window", h->stream);
	st->recv_window -= h->length;
	if (!st->has_handle && !st->left && h->length > 0)
		st = refuse_data(st);
	s->payload_stream = st;
	/* a FIN counts once its payload is there */
	if (st != NULL && h->length == 0)
		apply_flags(st, h->flags);
	return true;
}

static bool on_window(struct yamux_session *s, const struct frame_header *h)
{
	struct yamux_stream *st = session_find_stream(s, h->stream);
	if (st == NULL)
		return true;
	if (__builtin_add_overflow(
	        st->send_window, h->length, &st->send_window))
		return violation(s, "window above 4 GiB", h->stream);
	if (h->length > 0)
		session_wake_later(st);
	apply_flags(st, h->flags);
	return true;
}

static bool on_ping(struct yamux_session *s, const struct frame_header *h)
{
	if ((h->flags & FRAME_SYN) == 0)
		return true;
	struct frame_header answer = { FRAME_PING, FRAME_ACK, 0, h->length };
	session_send(s, &answer, NULL, 0);
	return true;
}

static bool on_go_away(struct yamux_session *s, const struct frame_header *h)
{
	if (h->length != FRAME_NORMAL)
		return session_end(s, ERR_PROTOCOL,
		    "yamux: the peer ended the session with code %u",
		    h->length);
	s->peer_goes = true;
	pthread_cond_broadcast(&s->opened);
	return true;
}

static bool on_frame(struct yamux_session *s, const struct frame_header *h)
{
	static bool (*const handlers[])(
	    struct yamux_session *, const struct frame_header *) = {
		[FRAME_DATA] = on_data,
		[FRAME_WINDOW] = on_window,
		[FRAME_PING] = on_ping,
		[FRAME_GO_AWAY] = on_go_away,
	};
	bool stream_frame = h->type == FRAME_DATA || h->type == FRAME_WINDOW;
	if (stream_frame && (h->flags & FRAME_SYN) != 0 &&
	    !accept_stream(s, h->stream))
		return false;
	return handlers[h->type](s, h);
}

size_t session_sink(const struct yamux_session *s, uint8_t **at)
{
	const struct yamux_stream *st = s->payload_stream;
	if (st == NULL || st->sink == NULL ||
	    !pthread_equal(st->sinker, pthread_self()))
		return 0;
	size_t room = st->sink_room - st->sunk;
	*at = st->sink + st->sunk;
	return room < s->payload_left ? room : s->payload_left;
}

/* As much as there is room for; it may be there already. */
static size_t sink(struct yamux_stream *st, const uint8_t *data, size_t n)
{
	if (st->sink == NULL)
		return 0;
	size_t room = st->sink_room - st->sunk;
	uint8_t *at = st->sink + st->sunk;
	if (n > room)
		n = room;
	if (data != at)
		memcpy(at, data, n);
	st->sunk += n;
	return n;
}

static bool fill(struct yamux_stream *st, const uint8_t *data, size_t n)
{
	size_t sunk = sink(st, data, n);
	if (st->start > YAMUX_WINDOW / 2) {
		buf_drop(&st->input, st->start);
		st->start = 0;
	}
	buf_put(&st->input, data + sunk, n - sunk);
	if (st->input.fault != ERR_NONE)
		return session_end(st->session, st->input.fault,
		    "yamux: buffer of stream %u: %s", st->id,
		    err_code_text(st->input.fault));
	session_tell_watcher(st);
	if (session_unread(st) >= st->wanted)
		session_wake_later(st);
	return true;
}

/* Payload that has arrived, perhaps not all of it. */
static bool take_payload(
    struct yamux_session *s, const uint8_t *data, size_t n, uint16_t flags)
{
	struct yamux_stream *st = s->payload_stream;
	s->payload_left -= (uint32_t)n;
	if (st == NULL)
		return true;
	if (!st->has_handle && !st->left) {
		refuse_data(st);
		return true;
	}
	if (!st->left && !fill(st, data, n))
		return false;
	if (s->payload_left == 0)
		apply_flags(st, flags);
	return true;
}

bool session_take_bytes(struct yamux_session *s, const uint8_t *p, size_t n)
{
	struct frame_header h;
	while (n > 0 && !s->closed) {
		size_t part;
		if (s->payload_left > 0) {
			part = n < s->payload_left ? n : s->payload_left;
			(void)frame_get(s->header, &h);
			if (!take_payload(s, p, part, h.flags))
				return false;
		} else {
			part = FRAME_SIZE - s->header_len;
			if (part > n)
				part = n;
			memcpy(s->header + s->header_len, p, part);
			s->header_len += part;
			if (s->header_len == FRAME_SIZE) {
				s->header_len = 0;
				if (!frame_get(s->header, &h))
					return violation(s, "not yamux", 0);
				if (!on_frame(s, &h))
					return false;
			}
		}
		p += part;
		n -= part;
	}
	return !s->closed;
}

void session_reset_forgotten(struct yamux_session *s)
{
	int64_t now = clock_now_ms();
	if (now < s->forgotten_at_ms)
		return;
	s->forgotten_at_ms = now + FORGOTTEN_EVERY_MS;
	struct list *node = s->streams.next;
	while (node != &s->streams) {
		struct yamux_stream *st =
		    list_entry(node, struct yamux_stream, in_table);
		node = node->next;
		if (!st->has_handle &&
		    st->closed_at_ms < now - YAMUX_HALF_CLOSED_MS)
			refuse_data(st);
	}
}

/* ---- life ------------------------------------------------------------------------ */

struct yamux_session *yamux_session_new(int fd, bool client, struct err *err)
{
	struct yamux_session *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		err_set(err, ERR_NO_MEMORY, "yamux session");
		close(fd);
		return NULL;
	}
	s->fd = fd;
	s->client = client;
	s->next_id = client ? 1 : 2;
	list_init(&s->streams);
	list_init(&s->accept_queue);
	list_init(&s->followers);
	buf_init(&s->pending, YAMUX_DEAD_PENDING);
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->left);
	clock_cond_init(&s->arrived);
	clock_cond_init(&s->opened);
	clock_cond_init(&s->eased);
	clock_cond_init(&s->idle);
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake_fd < 0) {
		err_set_errno(err, "eventfd");
		goto free_session;
	}
	if (session_start_reader(s, err))
		return s;
	close(s->wake_fd);
free_session:
	pthread_cond_destroy(&s->left);
	pthread_cond_destroy(&s->arrived);
	pthread_cond_destroy(&s->opened);
	pthread_cond_destroy(&s->eased);
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->lock);
	close(fd);
	free(s);
	return NULL;
}

void yamux_session_close(struct yamux_session *s)
{
	pthread_mutex_lock(&s->lock);
	session_end(s, ERR_CLOSED, "closed on our side");
	pthread_mutex_unlock(&s->lock);
}

void yamux_session_fail(struct yamux_session *s, const struct err *why)
{
	pthread_mutex_lock(&s->lock);
	session_end(s, why->code, "%s", why->text);
	pthread_mutex_unlock(&s->lock);
}

void yamux_session_wait(struct yamux_session *s, struct err *why)
{
	pthread_mutex_lock(&s->lock);
	while (!s->closed)
		clock_wait(&s->arrived, &s->lock, DEADLINE_NEVER);
	*why = s->why;
	pthread_mutex_unlock(&s->lock);
}

void yamux_session_free(struct yamux_session *s)
{
	if (s == NULL)
		return;
	yamux_session_close(s);
	pthread_join(s->reader, NULL);
	while (!list_empty(&s->streams)) {
		struct yamux_stream *st =
		    list_entry(s->streams.next, struct yamux_stream, in_table);
		if (st->accepting.next != NULL)
			st->has_handle = false;
		list_remove(&st->accepting);
		session_settle_stream(st);
	}
	buf_fini(&s->pending);
	close(s->wake_fd);
	close(s->fd);
	pthread_cond_destroy(&s->left);
	pthread_cond_destroy(&s->arrived);
	pthread_cond_destroy(&s->opened);
	pthread_cond_destroy(&s->eased);
	pthread_cond_destroy(&s->idle);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct yamux_stream *yamux_accept(
    struct yamux_session *s, int64_t deadline_ms, struct err *err)
{
	struct yamux_stream *st = NULL;
	pthread_mutex_lock(&s->lock);
	while (list_empty(&s->accept_queue) && !s->closed) {
		session_call_thread(s);
		if (!clock_wait(&s->arrived, &s->lock, deadline_ms)) {
			err_set(err, ERR_TIMEOUT, "no stream was opened");
			goto out;
		}
	}
	if (s->closed) {
		err_set(err, ERR_CLOSED, "session ended: %s", s->why.text);
		goto out;
	}
	struct list *node = list_take_first(&s->accept_queue);
	st = list_entry(node, struct yamux_stream, accepting);
	if (st->reset)
		session_settle_stream(st);
out:
	pthread_mutex_unlock(&s->lock);
	return st;
}

/* While the session lives and is to live. */
static bool has_room(const struct yamux_session *s, size_t n)
{
	return s->closed || s->peer_goes ||
	       s->n_unacked + n <= YAMUX_MAX_UNACKED;
}

static void wait_room(struct yamux_session *s, size_t n, int64_t deadline_ms)
{
	bool in_time = true;
	if (s->n_openers++ == 0 || n < s->opening)
		s->opening = n;
	while (in_time && !has_room(s, n))
		in_time = session_wait(s, &s->opened, deadline_ms);
	s->n_openers--;
	session_leave(s);
}

/* Wait until n streams may be opened. An acknowledgement wakes one of those who
 * wait, and he the next while there is room. */
static bool may_open(
    struct yamux_session *s, size_t n, int64_t deadline_ms, struct err *err)
{
	if (!has_room(s, n))
		wait_room(s, n, deadline_ms);
	if (!has_room(s, n)) {
		/* woken as well, perhaps: then it is the next one's */
		pthread_cond_signal(&s->opened);
		return err_set(
		    err, ERR_TIMEOUT, "the peer acknowledges no streams");
	}
	if (s->n_unacked + n < YAMUX_MAX_UNACKED)
		pthread_cond_signal(&s->opened);
	if (s->closed || s->peer_goes)
		return err_set(err, ERR_CLOSED, "session ended: %s",
		    s->closed ? s->why.text : "the peer goes away");
	if (s->n_streams + n > YAMUX_MAX_STREAMS)
		return err_set(
		    err, ERR_BUSY, "more than %d streams", YAMUX_MAX_STREAMS);
	if (s->next_id > UINT32_MAX - 2 * n)
		return session_end(s, ERR_BUSY, "stream ids used up") ||
		       err_set(err, ERR_BUSY, "stream ids used up");
	return true;
}

/* Lock held. A stream of ours of which the peer knows nothing yet. */
static struct yamux_stream *add_ours(struct yamux_session *s)
{
	struct yamux_stream *st = session_add_stream(s, s->next_id);
	if (st == NULL)
		return NULL;
	s->next_id += 2;
	s->n_unacked++;
	return st;
}

typedef void sending(struct yamux_session *s, const struct frame_header *h,
    const void *payload, size_t n);

/* Lock held. SYN rides on data: one frame. */
static void send_opening(
    struct yamux_session *s, const struct yamux_opening *o, sending *send)
{
	struct frame_header h = { FRAME_DATA, FRAME_SYN, o->stream->id,
		(uint32_t)o->n };
	if (o->n == 0)
		h.type = FRAME_WINDOW;
	send(s, &h, o->first, o->n);
	o->stream->send_window -= (uint32_t)o->n;
}

/* Lock held. As if it had never been. */
static void forget_stream(struct yamux_stream *st)
{
	drop_from_table(st);
	free_stream(st);
}

/* Lock held. */
static bool open_all(struct yamux_session *s, struct yamux_opening *openings,
    size_t count, sending *send, int64_t deadline_ms, struct err *err)
{
	size_t n = 0;
	bool done = may_open(s, count, deadline_ms, err);
	for (; done && n < count; n++) {
		openings[n].stream = add_ours(s);
		if (openings[n].stream == NULL) {
			done = err_set(err, ERR_NO_MEMORY, "yamux stream");
			break;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (done) {
			send_opening(s, &openings[i], send);
		} else {
			forget_stream(openings[i].stream);
			openings[i].stream = NULL;
		}
	}
	return done;
}

bool yamux_open_all(struct yamux_session *s, struct yamux_opening *openings,
    size_t count, int64_t deadline_ms, struct err *err)
{
	pthread_mutex_lock(&s->lock);
	bool done =
	    open_all(s, openings, count, session_put_off, deadline_ms, err);
	/* who reads would not know of them */
	if (s->reading)
		session_send_put_off(s);
	pthread_mutex_unlock(&s->lock);
	return done;
}

struct yamux_stream *yamux_open(struct yamux_session *s, const void *first,
    size_t n, int64_t deadline_ms, struct err *err)
{
	struct yamux_opening opening = { .first = first, .n = n };
	pthread_mutex_lock(&s->lock);
	bool done = open_all(s, &opening, 1, session_send, deadline_ms, err);
	pthread_mutex_unlock(&s->lock);
	return done ? opening.stream : NULL;
}

size_t yamux_session_streams(struct yamux_session *s)
{
	pthread_mutex_lock(&s->lock);
	size_t n = s->n_streams;
	pthread_mutex_unlock(&s->lock);
	return n;
}
