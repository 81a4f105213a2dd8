#include "mm/pull.h"

#include "base/thread.h"

/* How often whoever waits for the host looks whether the call is over. */
#define LOOK_MS 50

/* The source is read in pieces of this size. */
#define FEED_PIECE ((size_t)32 * 1024)

/* Enough for a piece, and for a source that wants some room. */
#define FEED_STACK ((size_t)256 * 1024)

/* Longest varint of 64 bits. */
#define MAX_VARINT 10

/* ---- puller ------------------------------------------------------------------ */

/* Source: encoding/binary (Go 1.26) PutVarint */
static size_t put_request(uint8_t bytes[MAX_VARINT], size_t n)
{
	size_t len = 0;
	uint64_t u = (uint64_t)n << 1;
	for (; u >= 0x80; u >>= 7)
		bytes[len++] = (uint8_t)(u | 0x80);
	bytes[len++] = (uint8_t)u;
	return len;
}

bool pull_ask(struct pull *p, size_t n, struct err *err)
{
	uint8_t bytes[MAX_VARINT];
	size_t len = put_request(bytes, n);
	p->asked = n;
	return broker_dial_write(
	    &p->dial, bytes, len, clock_deadline_ms(PULL_PEER_MS), err);
}

bool pull_read(
    struct pull *p, void *data, size_t room, size_t *got, struct err *err)
{
	*got = 0;
	p->ended = p->ended || (p->length_known && p->fetched == p->length);
	if (p->dial.stream == NULL || p->ended)
		return true;
	size_t n = room < PULL_PIECE ? PULL_PIECE : room;
	if (p->asked == 0 && !pull_ask(p, n, err))
		return err_wrap(err, "body");
	if (!broker_dial_read(&p->dial, data, room < p->asked ? room : p->asked,
	        clock_deadline_ms(PULL_PEER_MS), got, err))
		return err_wrap(err, "body");
	p->asked -= *got;
	p->fetched += *got;
	p->ended = *got == 0;
	return true;
}

void pull_fini(struct pull *p)
{
	/* a host that waits for window has to be told, not only left */
	if (p->asked > PULL_PIECE)
		yamux_stream_close(p->dial.stream);
	else
		broker_dial_end(&p->dial);
	*p = (struct pull){ 0 };
}

/* ---- awaited ----------------------------------------------------------------- */

void awaited_init(struct awaited *w, struct broker *broker)
{
	*w = (struct awaited){
		.broker = broker,
		.id = broker_next_id(broker),
	};
	pthread_mutex_init(&w->lock, NULL);
}

void awaited_fini(struct awaited *w)
{
	pthread_mutex_destroy(&w->lock);
}

void awaited_end(struct awaited *w)
{
	pthread_mutex_lock(&w->lock);
	w->call_over = true;
	pthread_mutex_unlock(&w->lock);
}

static bool call_is_over(struct awaited *w)
{
	pthread_mutex_lock(&w->lock);
	bool over = w->call_over;
	pthread_mutex_unlock(&w->lock);
	return over;
}

struct yamux_stream *awaited_accept(struct awaited *w)
{
	for (int64_t waited = 0; waited < BROKER_WAIT_MS; waited += LOOK_MS) {
		struct err err = { 0 };
		struct yamux_stream *st = broker_accept(
		    w->broker, w->id, clock_deadline_ms(LOOK_MS), &err);
		if (st != NULL || err.code != ERR_TIMEOUT || call_is_over(w))
			return st;
	}
	return NULL;
}

/* ---- owner -------------------------------------------------------------------- */

/* Read one byte of a request; false at the puller's end, and when the call
 * is over: a host that has given up may leave the stream open. */
static bool get_byte(struct feed *f, uint8_t *byte)
{
	for (;;) {
		struct err err = { 0 };
		size_t got = 0;
		if (yamux_stream_read(f->stream, byte, 1,
		        clock_deadline_ms(LOOK_MS), &got, &err))
			return got == 1;
		if (err.code != ERR_TIMEOUT || call_is_over(&f->dial))
			return false;
	}
}

/* Source: encoding/binary (Go 1.26) ReadVarint */
static bool get_request(struct feed *f, uint64_t *n)
{
	uint64_t u = 0;
	uint8_t byte = 0x80;
	for (unsigned i = 0; (byte & 0x80) != 0; i++) {
		if (i == MAX_VARINT || !get_byte(f, &byte))
			return false;
		if (i < MAX_VARINT - 1)
			u |= (uint64_t)(byte & 0x7f) << (7 * i);
	}
	*n = u >> 1;
	return (u & 1) == 0;
}

/* Deliver what was asked for; false at the source's end. */
static bool deliver(struct feed *f, uint64_t n)
{
	uint8_t piece[FEED_PIECE];
	while (n > 0) {
		size_t got = 0;
		struct err err = { 0 };
		size_t room = n < sizeof(piece) ? (size_t)n : sizeof(piece);
		if (!f->source->read(
		        f->source->object, piece, room, &got, &f->err) ||
		    got == 0)
			return false;
		if (!yamux_stream_write(f->stream, piece, got,
		        clock_deadline_ms(PULL_PEER_MS), &err))
			return false;
		f->moved_ms = clock_now_ms();
		n -= got;
	}
	return true;
}

/* False when the call was over before. */
static bool open_stream(struct feed *f)
{
	struct yamux_stream *st = awaited_accept(&f->dial);
	pthread_mutex_lock(&f->dial.lock);
	f->stream = st;
	bool over = f->dial.call_over;
	pthread_mutex_unlock(&f->dial.lock);
	return st != NULL && !over;
}

static void close_stream(struct feed *f)
{
	pthread_mutex_lock(&f->dial.lock);
	yamux_stream_close(f->stream);
	f->stream = NULL;
	pthread_mutex_unlock(&f->dial.lock);
}

static void *run(void *arg)
{
	struct feed *f = arg;
	uint64_t n = 0;
	pthread_setname_np(pthread_self(), "feed");
	if (open_stream(f)) {
		while (get_request(f, &n) && deliver(f, n))
			;
		/* the host may have asked on; a close with that unread would
		 * be a reset, and lose what is still on its way to it */
		uint8_t ignored;
		yamux_stream_finish(f->stream);
		while (get_byte(f, &ignored))
			;
	}
	close_stream(f);
	return NULL;
}

bool feed_start(struct feed *f, struct broker *broker,
    const struct mm_source *source, struct err *err)
{
	*f = (struct feed){ .source = source, .moved_ms = clock_now_ms() };
	awaited_init(&f->dial, broker);
	if (thread_start(&f->thread, FEED_STACK, run, f))
		return true;
	awaited_fini(&f->dial);
	return err_set_errno(err, "starting a thread for a body");
}

bool feed_stop(struct feed *f, struct err *err)
{
	awaited_end(&f->dial);
	/* a thread that waits for the host to take more gives up, too */
	pthread_mutex_lock(&f->dial.lock);
	if (f->stream != NULL)
		yamux_stream_finish(f->stream);
	pthread_mutex_unlock(&f->dial.lock);
	pthread_join(f->thread, NULL);
	awaited_fini(&f->dial);
	return f->err.code == ERR_NONE ||
	       err_set(err, f->err.code, "%s", f->err.text);
}
