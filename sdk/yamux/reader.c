/*
 * reader - who reads the socket
 *
 * The happy path, one caller at a time: he waits for his stream in
 * session_wait, nobody else reads, so he waits for the socket itself, takes
 * what has come, and finds that it was for him. Nobody has been woken.
 *
 * Who waits while another one reads follows: he is woken when something has
 * come for him. Who has what he waited for leaves, and if somebody follows
 * wakes the one who has waited longest to read in his place; he passes that on
 * if he need not wait any more either.
 *
 * When nobody follows nobody reads until the next one waits, and that is soon,
 * but for one who computes or waits for something else. So the session's own
 * thread watches: it sleeps while the same one reads, naps while they change,
 * and reads itself when nobody has for a nap, until it has woken somebody. Who
 * waits for streams of the peer's calls it: he waits too long to read himself.
 */
#include "yamux/session.h"

#include "base/thread.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define READER_STACK ((size_t)256 * 1024)

/* How long nobody may read while nobody waits: twice this at most. Pings and
 * new requests are late so much. */
#define NAP_MS 4

/* How often the thread has somebody look for work meanwhile. */
#define LOOK_MS 50

/* With so many open streams the peer mostly is busy, and sends one thing after
 * the other: to be woken for each costs more than to come for several. So who
 * idles waits a little before, the longer the more there are; a call that has so
 * many beside it does not feel that. */
#define CROWD          24
#define STREAM_US      4
#define GATHER_US_MOST 700

/* ---- waking ----------------------------------------------------------------- */

void session_nudge(struct yamux_session *s)
{
	uint64_t one = 1;
	/* fails only when the counter is full: then he is awake anyway */
	ssize_t ignored = write(s->wake_fd, &one, sizeof(one));
	(void)ignored;
}

void session_tell_reader(struct yamux_session *s, const pthread_cond_t *cond)
{
	s->n_woken++;
	if (s->reads_for == cond)
		session_nudge(s);
}

/* Woken at once they would run into the lock. */
void session_wake_later(struct yamux_stream *st)
{
	struct yamux_session *s = st->session;
	s->n_woken++;
	if (st->woken)
		return;
	st->woken = true;
	st->next_woken = s->woken;
	s->woken = st;
}

/* Lock held, but not while they are woken. */
static void wake_all(struct yamux_session *s)
{
	if (s->woken == NULL)
		return;
	pthread_mutex_unlock(&s->lock);
	for (struct yamux_stream *st = s->woken; st != NULL;
	     st = st->next_woken)
		pthread_cond_broadcast(&st->changed);
	pthread_mutex_lock(&s->lock);
	while (s->woken != NULL) {
		struct yamux_stream *st = s->woken;
		s->woken = st->next_woken;
		st->woken = false;
		session_settle_stream(st);
	}
}

/* ---- reading ---------------------------------------------------------------- */

/* Lock not held. Wait until there is something to read, or to send and the
 * socket takes it. False at the deadline. */
static bool wait_socket(
    struct yamux_session *s, bool sending, int64_t deadline_ms)
{
	struct pollfd fds[] = {
		{ .fd = s->fd, .events = sending ? POLLIN | POLLOUT : POLLIN },
		{ .fd = s->wake_fd, .events = POLLIN },
	};
	int ready = poll(fds, 2, clock_poll_ms(deadline_ms));
	if (ready > 0 && (fds[1].revents & POLLIN) != 0) {
		uint64_t count;
		ssize_t ignored = read(s->wake_fd, &count, sizeof(count));
		(void)ignored;
	}
	return ready != 0;
}

/* Lock not held. n bytes of room at `at`, perhaps none, and then the buffer. */
static ssize_t receive(struct yamux_session *s, uint8_t *at, size_t n)
{
	struct iovec parts[] = {
		{ at, n },
		{ s->read_buffer, READ_BUFFER },
	};
	struct msghdr m = {
		.msg_iov = n > 0 ? parts : parts + 1,
		.msg_iovlen = n > 0 ? 2 : 1,
	};
	return recvmsg(s->fd, &m, MSG_DONTWAIT);
}

/* Lock held. n bytes that receive has got. */
static void take_received(
    struct yamux_session *s, const uint8_t *at, size_t room, size_t n)
{
	size_t there = n < room ? n : room;
	if (session_take_bytes(s, at, there))
		session_take_bytes(s, s->read_buffer, n - there);
}

/* Lock held, but not while waiting: one who reads. Wait for the socket once
 * and take what it has. False at the deadline, and still that may have come for
 * which he waits. */
static bool read_once(struct yamux_session *s, int64_t deadline_ms)
{
	bool sending = session_pending(s) > 0;
	uint8_t *sink = NULL;
	size_t room = session_sink(s, &sink);
	pthread_mutex_unlock(&s->lock);
	bool in_time = s->more || wait_socket(s, sending, deadline_ms);
	ssize_t n = receive(s, sink, room);
	int error = errno;
	pthread_mutex_lock(&s->lock);
	s->reads_for = NULL;
	if (n > 0)
		take_received(s, sink, room, (size_t)n);
	else if (n == 0)
		session_end(s, ERR_CLOSED, "the peer closed the connection");
	else if (error != EAGAIN && error != EINTR)
		session_lost(s, "recv", error);
	/* Go writes a frame's header and its payload one after the other */
	s->more = n == (ssize_t)(room + READ_BUFFER) ||
	          (n > 0 && (s->header_len > 0 || s->payload_left > 0));
	session_flush(s);
	session_reset_forgotten(s);
	wake_all(s);
	/* also while there is always something, for others, to read */
	return n > 0 ? clock_now_ms() < deadline_ms : in_time;
}

/* One who waits while another one reads. */
struct follower {
	struct list node;
	pthread_cond_t *cond;
};

static bool follow(
    struct yamux_session *s, pthread_cond_t *cond, int64_t deadline_ms)
{
	struct follower f = { .cond = cond };
	list_add_before(&s->followers, &f.node);
	bool in_time = clock_wait(cond, &s->lock, deadline_ms);
	list_remove(&f.node);
	return in_time;
}

/* session_wait, but for who does nothing else. */
static bool wait_or_read(
    struct yamux_session *s, pthread_cond_t *cond, int64_t deadline_ms)
{
	session_send_put_off(s);
	if (s->reading)
		return follow(s, cond, deadline_ms);
	s->reading = true;
	s->reads_for = cond;
	s->idler_reads = cond == &s->idle;
	s->turns++;
	bool in_time = read_once(s, deadline_ms);
	s->reading = false;
	return in_time;
}

bool session_wait(
    struct yamux_session *s, pthread_cond_t *cond, int64_t deadline_ms)
{
	if (s->waits != NULL)
		s->waits(s->waits_arg);
	return wait_or_read(s, cond, deadline_ms);
}

void session_leave(struct yamux_session *s)
{
	if (s->reading)
		return;
	if (!list_empty(&s->followers))
		pthread_cond_signal(
		    list_entry(s->followers.next, struct follower, node)->cond);
	else if (s->asleep)
		pthread_cond_signal(&s->left);
}

/* ---- who idles --------------------------------------------------------------- */

/* Lock held, but not meanwhile. */
static void gather(struct yamux_session *s)
{
	size_t us = s->n_streams * STREAM_US;
	if (s->n_streams <= CROWD || s->reading || s->poked || s->closed)
		return;
	session_send_put_off(s);
	pthread_mutex_unlock(&s->lock);
	usleep((useconds_t)(us < GATHER_US_MOST ? us : GATHER_US_MOST));
	pthread_mutex_lock(&s->lock);
}

bool yamux_session_idle(struct yamux_session *s, int64_t deadline_ms)
{
	bool in_time = true;
	pthread_mutex_lock(&s->lock);
	gather(s);
	while (in_time && !s->poked && !s->closed) {
		in_time = wait_or_read(s, &s->idle, deadline_ms);
		gather(s);
	}
	s->poked = false;
	session_leave(s);
	bool live = !s->closed;
	pthread_mutex_unlock(&s->lock);
	return live;
}

/* Mostly he is who calls this, while he reads: that costs nothing then. */
bool yamux_session_poke(struct yamux_session *s)
{
	s->poked = true;
	/* reads_for is set while he waits, and not while he takes bytes */
	if (s->reading && s->idler_reads && s->reads_for == NULL)
		return true;
	pthread_cond_signal(&s->idle);
	session_tell_reader(s, &s->idle);
	return false;
}

void yamux_session_on_wait(
    struct yamux_session *s, void (*waits)(void *arg), void *arg)
{
	pthread_mutex_lock(&s->lock);
	s->waits = waits;
	s->waits_arg = arg;
	pthread_mutex_unlock(&s->lock);
}

/* ---- the thread ------------------------------------------------------------- */

/* Lock held. Read until somebody else has something to do. */
static void stand_in(struct yamux_session *s)
{
	s->reading = true;
	s->idler_reads = false;
	session_send_put_off(s);
	uint64_t woken = s->n_woken;
	while (!s->closed && s->n_woken == woken) {
		if (s->waits != NULL)
			s->waits(s->waits_arg);
		read_once(s, s->waits == NULL ? DEADLINE_NEVER
		                              : clock_deadline_ms(LOOK_MS));
	}
	s->reading = false;
	session_leave(s);
}

/* Lock held. After a nap, or at once when it is called: false when others read
 * in turns. */
static bool has_to_look(struct yamux_session *s)
{
	uint64_t turns = s->turns;
	if (!s->called)
		clock_wait(&s->left, &s->lock, clock_deadline_ms(NAP_MS));
	bool called = s->called;
	s->called = false;
	return called || s->turns == turns;
}

static void *run(void *arg)
{
	struct yamux_session *s = arg;
	pthread_setname_np(pthread_self(), "yamux-read");
	pthread_mutex_lock(&s->lock);
	s->called = true;
	while (!s->closed) {
		if (!has_to_look(s))
			continue;
		s->asleep = s->reading;
		if (s->asleep)
			clock_wait(&s->left, &s->lock, DEADLINE_NEVER);
		else
			stand_in(s);
		s->asleep = false;
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

void session_call_thread(struct yamux_session *s)
{
	if (s->reading)
		return;
	s->called = true;
	pthread_cond_signal(&s->left);
}

bool session_start_reader(struct yamux_session *s, struct err *err)
{
	return thread_start(&s->reader, READER_STACK, run, s) ||
	       err_set_errno(err, "starting the reader thread");
}
