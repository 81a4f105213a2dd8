/* pull - both ends of a pull reader, see mm/stream.h. Internal to mm/. */
#ifndef MM_PULL_H
#define MM_PULL_H

#include "goplugin/broker.h"
#include "mm/stream.h"

/* Bytes are asked for in pieces of this size at least. */
#define PULL_PIECE ((size_t)64 * 1024)

/* The far end of a body may be a slow phone. */
#define PULL_PEER_MS ((int64_t)60 * 1000)

/* The puller's end. Zeroed: an empty body. */
struct pull {
	struct broker_dial dial; /* owned; zeroed: no body */
	size_t asked;            /* bytes asked for that have not come */
	size_t fetched;          /* bytes that have come */
	size_t length;           /* of all, where it is known */
	bool length_known;
	bool ended;
};

/* Ask for n bytes, for the next pull_read; before the dial it leaves with it. */
bool pull_ask(struct pull *p, size_t n, struct err *err) MUST_USE;

/* The next bytes; *got 0 at the end. They are asked for as far as there is
 * room. Threads: one at a time. */
bool pull_read(struct pull *p, void *data, size_t room, size_t *got,
    struct err *err) MUST_USE;

/* End the dial, read to its end or not. Leaves a zeroed one. */
void pull_fini(struct pull *p);

/* A number for the host to dial while an API call is under way. */
struct awaited {
	struct broker *broker; /* borrowed */
	uint32_t id;
	pthread_mutex_t lock;
	bool call_over; /* guarded by lock: nobody will dial or ask any more */
};

void awaited_init(struct awaited *w, struct broker *broker);
void awaited_fini(struct awaited *w);

/* Wait for the dial, but not longer than for the call. Owned; NULL: none. */
struct yamux_stream *awaited_accept(struct awaited *w);

/* The call has been answered, or given up. Any thread. */
void awaited_end(struct awaited *w);

/*
 * The owner's end: a thread that waits for the host to dial a number, and
 * serves a source to it while an API call is under way.
 */
struct feed {
	struct awaited dial;
	const struct mm_source *source; /* borrowed */
	pthread_t thread;
	struct yamux_stream *stream; /* guarded by dial.lock; of the thread */
	_Atomic int64_t moved_ms;    /* when the host last took something */
	struct err err;              /* of the source; read after feed_stop */
};

/* Errors: ERR_IO when no thread can be had. */
bool feed_start(struct feed *f, struct broker *broker,
    const struct mm_source *source, struct err *err) MUST_USE;

/* The call is over, and with it the reading: stop the thread, wherever it
 * is. False, and err set, when the source has failed. */
bool feed_stop(struct feed *f, struct err *err) MUST_USE;

#endif
