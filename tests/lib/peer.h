/*
 * peer - the other end of one of our yamux sessions, frame by frame
 *
 * The session is ours and runs; the test plays the peer. Every expectation
 * fails the test when it does not come true within a few seconds.
 */
#ifndef TESTS_PEER_H
#define TESTS_PEER_H

#include "tests/lib/patience.h"
#include "yamux/frame.h"
#include "yamux/yamux.h"

/* The window as a size. */
#define WINDOW ((size_t)YAMUX_WINDOW)

/* Nothing that is expected takes longer. */
#define SOON clock_deadline_ms(patience(8000))

struct peer {
	int fd;                        /* the peer's end of the socket */
	struct yamux_session *session; /* ours */
	uint32_t pings;                /* sent so far */
};

/* A session of ours, the server or the client of the two. */
void peer_start(struct peer *p, bool we_are_client);

/* End whatever is left and free the session. */
void peer_stop(struct peer *p);

void send_bytes(struct peer *p, const void *data, size_t n);
void send_frame(struct peer *p, enum frame_type type, unsigned flags,
    uint32_t stream, uint32_t length);
void send_data(struct peer *p, unsigned flags, uint32_t stream,
    const void *data, size_t n);

/* n bytes of no meaning, in frames of at most 64 KiB. */
void send_filler(struct peer *p, uint32_t stream, size_t n);

void expect_frame(struct peer *p, enum frame_type type, unsigned flags,
    uint32_t stream, uint32_t length);
void expect_data(struct peer *p, unsigned flags, uint32_t stream,
    const void *data, size_t n);

/* Read DATA frames of the stream until n bytes have come. */
void expect_filler(struct peer *p, uint32_t stream, size_t n);

/* All that was sent has been taken in, and nothing came back but the answer
 * to a ping. */
void expect_silence(struct peer *p);

/* The session ends the connection; what is still under way is dropped. */
void expect_end(struct peer *p);

/* Read n bytes of a stream of ours, before the end. */
void read_all(struct yamux_stream *st, void *data, size_t n);

/* The stream the peer opens under the id: SYN, our ACK, accepted. */
struct yamux_stream *peer_opens(struct peer *p, uint32_t id);

/* Threads and descriptors of the process; a thread that a sanitizer starts
 * along with the first one is there already. */
size_t count_threads(void);
size_t count_descriptors(void);

/* Poll until the process has n threads; whether it came to that. */
bool threads_become(size_t n);

#endif
