/*
 * broker - numbered side streams
 *
 * Whoever accepts chooses the number from a counter of its own; it travels
 * inside an rpc message. Whoever dials opens a yamux stream and writes
 *
 *	id   4 bytes, little endian
 *
 * and the acceptor answers with the same four bytes. From then on the stream
 * belongs to whatever the number stands for.
 *
 * Source: go-plugin mux_broker.go v1.6.0
 */
#ifndef GOPLUGIN_BROKER_H
#define GOPLUGIN_BROKER_H

#include "base/list.h"
#include "yamux/yamux.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How long the acceptor waits for a dial, and a dial for its acceptor. */
#define BROKER_WAIT_MS 5000

/* A hook that streams wants two. */
#define BROKER_MAX_DIALS 2

/* Streams that have arrived before anybody waited for them. */
#define BROKER_MAX_EARLY 64

struct broker {
	struct yamux_session *session; /* borrowed */
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	/* guarded by lock */
	uint32_t next_id;
	struct list early; /* of struct broker_stream */
	size_t n_early;
	bool closed; /* nothing will arrive any more */
};

void broker_init(struct broker *b, struct yamux_session *session);

/* Closes streams that nobody asked for. The session has ended. */
void broker_fini(struct broker *b);

/* The session has ended: whoever waits in broker_accept gets ERR_CLOSED. */
void broker_close(struct broker *b);

/* A number for a stream that the host will dial. Any thread. */
uint32_t broker_next_id(struct broker *b);

/*
 * broker_read_id - what the host has dialled on a fresh stream
 *
 * Errors: ERR_TIMEOUT, ERR_CLOSED. The stream stays the caller's.
 */
bool broker_read_id(struct yamux_stream *st, int64_t deadline_ms, uint32_t *id,
    struct err *err) MUST_USE;

/* Tell the host that its dial has been accepted. */
bool broker_confirm(struct yamux_stream *st, uint32_t id, int64_t deadline_ms,
    struct err *err) MUST_USE;

/* Hand an accepted stream to whoever waits, or will wait, for its number.
 *   st   taken */
void broker_deliver(struct broker *b, struct yamux_stream *st, uint32_t id);

/*
 * broker_accept - wait for the host to dial a number of ours
 *
 * The dial is confirmed. Owned. Errors: ERR_TIMEOUT, ERR_NO_MEMORY,
 * ERR_CLOSED. Any thread.
 */
struct yamux_stream *broker_accept(
    struct broker *b, uint32_t id, int64_t deadline_ms, struct err *err);

/*
 * A dial of ours. The host answers when it gets to it; meanwhile the stream
 * can be written to, for the host reads the number and then what follows. So
 * nobody waits for the answer: it is taken off what is read first.
 *
 * Zeroed: no dial. One thread at a time.
 */
struct broker_dial {
	uint32_t id;        /* of the host's */
	uint8_t first[128]; /* what was written before it was dialled */
	size_t n_first;     /* bytes of it */
	struct yamux_stream *stream;
	int64_t answer_by_ms;
	uint8_t answer[4];
	size_t n_answer; /* bytes of it that have come */
};

/*
 * broker_dial_all - dial several numbers in one write, or none
 *
 * They leave with what is written next, see yamux_open_all.
 *
 *   dials   their ids are set; what has been written to them goes behind the
 *           numbers, in the same frames. End each with broker_dial_end
 *
 * Errors as yamux_open. Any thread.
 */
bool broker_dial_all(struct broker *b, struct broker_dial *dials, size_t n,
    int64_t deadline_ms, struct err *err) MUST_USE;

/* Whether the host has answered. */
bool broker_dial_answered(const struct broker_dial *d);

/* Read what comes behind the answer; like yamux_stream_read.
 * Errors besides: ERR_TIMEOUT when the host has not answered within
 * BROKER_WAIT_MS of the dial, ERR_PROTOCOL for a wrong answer. */
bool broker_dial_read(struct broker_dial *d, void *data, size_t room,
    int64_t deadline_ms, size_t *got, struct err *err) MUST_USE;

/* Like yamux_stream_write, answered or not; before it is dialled nothing leaves,
 * and there is room for 128 bytes (ERR_TOO_BIG). */
bool broker_dial_write(struct broker_dial *d, const void *data, size_t n,
    int64_t deadline_ms, struct err *err) MUST_USE;

/* Both for rpc. d is borrowed. */
struct io broker_dial_io(struct broker_dial *d);

/* Finish and give back, see yamux_stream_leave. Leaves a zeroed dial. */
void broker_dial_end(struct broker_dial *d);

/* Dial one number and wait for the answer. Owned; NULL on failure. */
struct yamux_stream *broker_dial(
    struct broker *b, uint32_t id, int64_t deadline_ms, struct err *err);

#ifdef __cplusplus
}
#endif

#endif
