#include "goplugin/broker.h"

#include <stdlib.h>
#include <string.h>

/* How far the host's answer and what it says next are apart, mostly. */
#define TOGETHER_MS 10

struct broker_stream {
	struct list node;
	uint32_t id;
	int64_t arrived_ms;
	struct yamux_stream *stream;
};

static void put_id(uint8_t out[4], uint32_t id)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(id >> (8 * i));
}

static uint32_t get_id(const uint8_t in[4])
{
	return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 |
	       (uint32_t)in[3] << 24;
}

void broker_init(struct broker *b, struct yamux_session *session)
{
	b->session = session;
	pthread_mutex_init(&b->lock, NULL);
	clock_cond_init(&b->arrived);
	b->next_id = 0;
	list_init(&b->early);
	b->n_early = 0;
	b->closed = false;
}

void broker_close(struct broker *b)
{
	pthread_mutex_lock(&b->lock);
	b->closed = true;
	pthread_cond_broadcast(&b->arrived);
	pthread_mutex_unlock(&b->lock);
}

/* Lock held: broker. */
static struct yamux_stream *take(struct broker *b, struct broker_stream *early)
{
	struct yamux_stream *st = early->stream;
	list_remove(&early->node);
	b->n_early--;
	free(early);
	return st;
}

void broker_fini(struct broker *b)
{
	while (!list_empty(&b->early))
		yamux_stream_close(take(
		    b, list_entry(b->early.next, struct broker_stream, node)));
	pthread_cond_destroy(&b->arrived);
	pthread_mutex_destroy(&b->lock);
}

uint32_t broker_next_id(struct broker *b)
{
	pthread_mutex_lock(&b->lock);
	uint32_t id = ++b->next_id;
	pthread_mutex_unlock(&b->lock);
	return id;
}

bool broker_read_id(
    struct yamux_stream *st, int64_t deadline_ms, uint32_t *id, struct err *err)
{
	uint8_t bytes[4];
	size_t have = 0;
	while (have < sizeof(bytes)) {
		size_t got = 0;
		if (!yamux_stream_read(st, bytes + have, sizeof(bytes) - have,
		        deadline_ms, &got, err))
			return false;
		if (got == 0)
			return err_set(err, ERR_CLOSED, "stream %u: no number",
			    yamux_stream_id(st));
		have += got;
	}
	*id = get_id(bytes);
	return true;
}

bool broker_confirm(
    struct yamux_stream *st, uint32_t id, int64_t deadline_ms, struct err *err)
{
	uint8_t bytes[4];
	put_id(bytes, id);
	return yamux_stream_write(st, bytes, sizeof(bytes), deadline_ms, err);
}

/* Lock held: broker. Streams that nobody has asked for in time. */
static void drop_stale(struct broker *b)
{
	int64_t limit = clock_now_ms() - BROKER_WAIT_MS;
	while (!list_empty(&b->early)) {
		struct broker_stream *oldest =
		    list_entry(b->early.next, struct broker_stream, node);
		if (oldest->arrived_ms > limit && b->n_early < BROKER_MAX_EARLY)
			return;
		yamux_stream_close(take(b, oldest));
	}
}

void broker_deliver(struct broker *b, struct yamux_stream *st, uint32_t id)
{
	struct broker_stream *early = calloc(1, sizeof(*early));
	if (early == NULL) {
		yamux_stream_close(st);
		return;
	}
	pthread_mutex_lock(&b->lock);
	drop_stale(b);
	*early = (struct broker_stream){
		.id = id,
		.arrived_ms = clock_now_ms(),
		.stream = st,
	};
	list_add_before(&b->early, &early->node);
	b->n_early++;
	pthread_cond_broadcast(&b->arrived);
	pthread_mutex_unlock(&b->lock);
}

/* Lock held: broker. */
static struct yamux_stream *find(struct broker *b, uint32_t id)
{
	list_for_each(node, &b->early) {
		struct broker_stream *early =
		    list_entry(node, struct broker_stream, node);
		if (early->id == id)
			return take(b, early);
	}
	return NULL;
}

struct yamux_stream *broker_accept(
    struct broker *b, uint32_t id, int64_t deadline_ms, struct err *err)
{
	struct yamux_stream *st;
	pthread_mutex_lock(&b->lock);
	while ((st = find(b, id)) == NULL) {
		if (b->closed) {
			err_set(err, ERR_CLOSED,
			    "the host is gone and will not dial %u", id);
			break;
		}
		if (!clock_wait(&b->arrived, &b->lock, deadline_ms)) {
			err_set(err, ERR_TIMEOUT, "the host has not dialled %u",
			    id);
			break;
		}
	}
	pthread_mutex_unlock(&b->lock);
	/* of a number that has been dialled nobody comes again */
	if (st != NULL &&
	    !broker_confirm(st, id, clock_deadline_ms(BROKER_WAIT_MS), err)) {
		yamux_stream_close(st);
		st = NULL;
	}
	return st;
}

/* ---- dialling ------------------------------------------------------------------ */

bool broker_dial_all(struct broker *b, struct broker_dial *dials, size_t n,
    int64_t deadline_ms, struct err *err)
{
	struct yamux_opening openings[BROKER_MAX_DIALS] = { 0 };
	uint8_t said[BROKER_MAX_DIALS][4 + sizeof(dials->first)];
	if (n > BROKER_MAX_DIALS)
		return err_set(err, ERR_INVALID, "%zu dials at once", n);
	for (size_t i = 0; i < n; i++) {
		put_id(said[i], dials[i].id);
		memcpy(said[i] + 4, dials[i].first, dials[i].n_first);
		openings[i].first = said[i];
		openings[i].n = 4 + dials[i].n_first;
	}
	if (!yamux_open_all(b->session, openings, n, deadline_ms, err))
		return false;
	for (size_t i = 0; i < n; i++)
		dials[i] = (struct broker_dial){
			.id = dials[i].id,
			.stream = openings[i].stream,
			.answer_by_ms = clock_deadline_ms(BROKER_WAIT_MS),
		};
	return true;
}

bool broker_dial_answered(const struct broker_dial *d)
{
	return d->n_answer == sizeof(d->answer);
}

static bool read_answer(
    struct broker_dial *d, int64_t deadline_ms, struct err *err)
{
	if (deadline_ms > d->answer_by_ms)
		deadline_ms = d->answer_by_ms;
	while (!broker_dial_answered(d)) {
		size_t got = 0;
		if (!yamux_stream_read(d->stream, d->answer + d->n_answer,
		        sizeof(d->answer) - d->n_answer, deadline_ms, &got,
		        err))
			return err_wrap(err, "dialling %u", d->id);
		if (got == 0)
			return err_set(err, ERR_CLOSED,
			    "dialling %u: the host hung up", d->id);
		d->n_answer += got;
	}
	return true;
}

/* Wait for the answer, if it has not been read. */
static bool check_answer(
    struct broker_dial *d, int64_t deadline_ms, struct err *err)
{
	if (!read_answer(d, deadline_ms, err))
		return false;
	if (get_id(d->answer) != d->id)
		return err_set(err, ERR_PROTOCOL, "dialled %u, got %u", d->id,
		    get_id(d->answer));
	return true;
}

/* Mostly the answer comes together with what follows it, and one wait is
 * enough for both. If not, neither is missed after this. */
static void await_more(struct broker_dial *d, int64_t deadline_ms)
{
	struct err late = { 0 };
	int64_t together = clock_deadline_ms(TOGETHER_MS);
	if (deadline_ms > together)
		deadline_ms = together;
	bool more = yamux_stream_await(
	    d->stream, sizeof(d->answer) - d->n_answer + 1, deadline_ms, &late);
	(void)more;
}

bool broker_dial_read(struct broker_dial *d, void *data, size_t room,
    int64_t deadline_ms, size_t *got, struct err *err)
{
	if (!broker_dial_answered(d))
		await_more(d, deadline_ms);
	return check_answer(d, deadline_ms, err) &&
	       yamux_stream_read(d->stream, data, room, deadline_ms, got, err);
}

bool broker_dial_write(struct broker_dial *d, const void *data, size_t n,
    int64_t deadline_ms, struct err *err)
{
	if (d->stream != NULL)
		return yamux_stream_write(d->stream, data, n, deadline_ms, err);
	if (n > sizeof(d->first) - d->n_first)
		return err_set(err, ERR_TOO_BIG, "%zu bytes before a dial", n);
	memcpy(d->first + d->n_first, data, n);
	d->n_first += n;
	return true;
}

static bool io_read(void *object, void *data, size_t room, int64_t deadline_ms,
    size_t *got, struct err *err)
{
	return broker_dial_read(object, data, room, deadline_ms, got, err);
}

static bool io_write(void *object, const void *data, size_t n,
    int64_t deadline_ms, struct err *err)
{
	return broker_dial_write(object, data, n, deadline_ms, err);
}

struct io broker_dial_io(struct broker_dial *d)
{
	return (struct io){ d, io_read, io_write, NULL };
}

void broker_dial_end(struct broker_dial *d)
{
	yamux_stream_leave(d->stream);
	*d = (struct broker_dial){ 0 };
}

struct yamux_stream *broker_dial(
    struct broker *b, uint32_t id, int64_t deadline_ms, struct err *err)
{
	struct broker_dial dial = { .id = id };
	if (!broker_dial_all(b, &dial, 1, deadline_ms, err))
		return NULL;
	if (check_answer(&dial, deadline_ms, err))
		return dial.stream;
	yamux_stream_close(dial.stream);
	return NULL;
}
