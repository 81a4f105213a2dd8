/* session - what session.c, reader.c, send.c and stream.c share */
#ifndef YAMUX_SESSION_H
#define YAMUX_SESSION_H

#include "base/buf.h"
#include "base/list.h"
#include "yamux/frame.h"
#include "yamux/yamux.h"

#define READ_BUFFER ((size_t)64 * 1024)

/* Places in the table of streams: as many as there are seldom. */
#define TABLE_SIZE 256

/*
 * A stream is made by yamux_open or by the peer's SYN. It is in the table
 * until both sides have finished or one has reset it, and its memory lives
 * until it is out of the table and the handle has been closed.
 */
struct yamux_stream {
	struct yamux_session *session;
	uint32_t id;
	int64_t opened_ms;                  /* constant, as id is */
	struct list accepting;              /* in session->accept_queue */
	struct list in_table;               /* in session->streams */
	struct yamux_stream *next_at_place; /* in session->table */
	pthread_cond_t changed; /* signalled with the session's lock held */

	/* guarded by session->lock */
	bool has_handle; /* somebody holds the pointer */
	bool left;       /* what still comes is dropped */
	bool acked;      /* ours: the peer's ACK has come */
	bool fin_sent, fin_received;
	bool reset;
	uint32_t send_window; /* credit the peer has given us */
	uint32_t recv_window; /* credit the peer has left */
	uint32_t consumed;    /* read by the owner, not yet given back */
	uint8_t *sink;        /* who waits for bytes takes them here */
	pthread_t sinker;     /* that is who, unless sink is NULL */
	size_t sink_room;
	size_t sunk;      /* of it taken */
	struct buf input; /* [start, len): received, not read */
	size_t start;
	int64_t closed_at_ms;       /* when the handle was closed */
	uint32_t wanted;            /* bytes its reader waits for; 0: any */
	void (*watcher)(void *arg); /* see yamux_stream_watch */
	void *watcher_arg;
	size_t watched; /* called when so many can be read */
	bool woken;     /* in session->woken, and not to be freed */
	struct yamux_stream *next_woken; /* of who reads only */
};

struct yamux_session {
	int fd;
	int wake_fd; /* eventfd: who reads the socket has to look again */
	bool client;
	pthread_t reader;

	pthread_mutex_t lock;
	pthread_cond_t left;    /* nobody reads any more, end */
	pthread_cond_t arrived; /* accept queue, end */
	pthread_cond_t opened;  /* one more may be opened: acks, go-away, end */
	pthread_cond_t eased;   /* pending is less, end */

	/* guarded by lock */
	bool closed;
	struct err why; /* first reason, set once */
	bool peer_goes; /* go-away received: no new streams */
	uint32_t next_id;
	struct list streams;
	struct yamux_stream *table[TABLE_SIZE]; /* by number, see place */
	size_t n_streams;
	size_t n_unacked;
	size_t n_openers; /* who wait to open some */
	size_t opening;   /* and how many the most modest of them, or fewer */
	struct list accept_queue;
	struct buf pending; /* bytes the socket has not taken */
	size_t pending_start;
	bool put_off;            /* pending was never offered to the socket */
	int64_t forgotten_at_ms; /* when to look for forgotten streams */

	/* who reads the socket; guarded by lock, see reader.c */
	bool reading;
	const pthread_cond_t *reads_for; /* what he waits for; NULL: nothing */
	struct list followers;           /* who wait meanwhile, in order */
	uint64_t turns;                  /* counts who has read so far */
	uint64_t n_woken; /* counts whom something has come for */
	bool poked;       /* who idles, or will */
	bool idler_reads; /* it is him */
	pthread_cond_t idle;
	void (*waits)(void *arg); /* see yamux_session_on_wait */
	void *waits_arg;
	bool asleep; /* the thread, until nobody reads */
	bool called; /* the thread, to read without a nap before */

	/* of who reads only */
	bool more; /* there is more to read, probably at once */
	uint8_t header[FRAME_SIZE];
	size_t header_len;
	uint32_t payload_left;
	struct yamux_stream *payload_stream; /* NULL: payload is dropped */
	struct yamux_stream *woken; /* whose waiters are woken after a step */
	uint8_t read_buffer[READ_BUFFER];
};

/* All of these: lock held: session. */

/* End the session for a reason; false. */
bool session_end(struct yamux_session *s, enum err_code code, const char *fmt,
    ...) PRINTF_LIKE(3, 4);

/* A call of the socket has failed. */
void session_lost(struct yamux_session *s, const char *call, int error);

/* Hand a frame to the socket, and n bytes of payload. Never blocks. */
void session_send(struct yamux_session *s, const struct frame_header *h,
    const void *payload, size_t n);

/* The same, but it may leave with the next frame, in one write, or when
 * somebody begins to wait. */
void session_put_off(struct yamux_session *s, const struct frame_header *h,
    const void *payload, size_t n);

/* Do not wait for a next frame. */
void session_send_put_off(struct yamux_session *s);

struct yamux_stream *session_add_stream(struct yamux_session *s, uint32_t id);
struct yamux_stream *session_find_stream(struct yamux_session *s, uint32_t id);

/*
 * session_wait - wait for cond, and read the socket while nobody else does
 *
 * False at the deadline; true does not say that what is waited for is there.
 * Who need not wait any more, or gives up, calls session_leave.
 */
bool session_wait(
    struct yamux_session *s, pthread_cond_t *cond, int64_t deadline_ms);

/* Let somebody else read, if nobody does. */
void session_leave(struct yamux_session *s);

/* Have the session's own thread read, if nobody does. */
void session_call_thread(struct yamux_session *s);

/* After a signal to cond: if who reads waits for it, he looks again. */
void session_tell_reader(struct yamux_session *s, const pthread_cond_t *cond);

/* Wake a stream's waiters once the lock is free: for who reads. */
void session_wake_later(struct yamux_stream *st);

/* Where the next bytes of the socket go at once, for who calls this and reads: 0 if
 * they are not for himself, for another one may give up meanwhile. What came there
 * goes through session_take_bytes, too. */
size_t session_sink(const struct yamux_session *s, uint8_t **at);

/* Bytes of a stream that have come and were not read. */
size_t session_unread(const struct yamux_stream *st);

/* Have who reads look at pending again. */
void session_nudge(struct yamux_session *s);

bool session_start_reader(struct yamux_session *s, struct err *err);

/* Cut what has been read into headers and payload, until the session ends.
 * False: it has. */
bool session_take_bytes(struct yamux_session *s, const uint8_t *p, size_t n);

/* Reset streams whose owner has gone and whose peer never finishes. */
void session_reset_forgotten(struct yamux_session *s);

/* Bytes that the socket has not taken. */
size_t session_pending(const struct yamux_session *s);

/* The socket is ready: send what waits. */
void session_flush(struct yamux_session *s);

/* If nobody waits for what has come. */
void session_tell_watcher(struct yamux_stream *st);

/* Take a stream out of the table if its life there is over, and free it if
 * nobody holds it. */
void session_settle_stream(struct yamux_stream *st);

#endif
