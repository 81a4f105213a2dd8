/*
 * raw - a host made of bytes: no threads, no allocations, no good manners
 *
 * A whole plugin runs on a thread of its own; the test holds the other end
 * of its socket and sends what it likes. What the plugin sends is read while
 * something is waited for, and answered as a host does: streams are
 * acknowledged, dials confirmed, API calls answered from prepared bytes. All
 * of that can be left undone.
 *
 *	raw_start(&r, &def);
 *	ck_assert(raw_activates(&r));
 *	raw_frame(&r, FRAME_DATA, 0, 1, YAMUX_WINDOW + 1);
 *	ck_assert(raw_ends(&r));
 *	ck_assert(raw_stop(&r));
 *	ck_assert_int_eq(r.why.code, ERR_PROTOCOL);
 *
 * Functions return false when the plugin has gone or nothing has come in
 * time; they assert nothing, for the tests in which memory is out.
 */
#ifndef TESTS_RAW_H
#define TESTS_RAW_H

#include "mm/plugin.h"
#include "yamux/frame.h"

/* Nothing that is waited for takes longer, in real milliseconds. */
#define RAW_PATIENCE_MS 10000

/* What comes on streams above is mixed up under number 0. */
#define RAW_STREAMS 32

#define RAW_ANSWERS 16

/* Streams in a session: Dispense is the control stream's first call, and
 * the hooks are dialled first of all. */
#define RAW_CONTROL ((uint32_t)1)
#define RAW_HOOKS   ((uint32_t)7)

/* Numbers that the plugin is to dial. */
#define RAW_API    1
#define RAW_DRIVER 2
#define RAW_WRITER 3
#define RAW_BODY   4
#define RAW_FILE   5 /* takes what comes, unread */

/* What has come on one stream. */
struct raw_stream {
	bool opened, finished, reset;
	uint8_t number[4]; /* the dial, or its confirmation */
	size_t n_number;
	uint8_t data[65536]; /* of messages not yet complete */
	size_t len;
	size_t n_values; /* gob values so far */
	size_t n_answered;
};

/* One direction of an rpc connection, as its sender sees it. */
struct raw_conn {
	struct gob_encoder encoder;
	struct buf out;
	uint64_t seq;
};

struct raw {
	struct mm_plugin plugin;
	pthread_t thread;
	bool freed;     /* what mm_plugin_serve returned */
	struct err why; /* and why it did */

	int fd, plugin_fd;
	bool gone; /* the plugin has closed */
	size_t n_sent;
	bool deaf;       /* streams are not acknowledged, dials not confirmed */
	bool liar;       /* dials are confirmed with another number */
	bool quiet;      /* API calls are not answered */
	int patience_ms; /* 0: RAW_PATIENCE_MS */
	size_t cut_at;   /* so many bytes, and the host is gone; 0: it stays */
	struct str body;
	struct str answers[RAW_ANSWERS]; /* to call i of any connection */

	struct raw_stream streams[RAW_STREAMS];
	uint8_t header[FRAME_SIZE];
	size_t header_len;
	struct frame_header frame; /* the present one */
	uint32_t payload_left;
	size_t n_pongs;

	struct raw_conn control, hooks;
};

/* Zeroes r but for the orders: deaf to answers. */
void raw_start(struct raw *r, const struct mm_plugin_def *def);

/* The host goes, and the plugin ends; whether it has freed everything. */
bool raw_stop(struct raw *r);

/* ---- sending ------------------------------------------------------------------ */

bool raw_bytes(struct raw *r, const void *data, size_t n);
bool raw_frame(struct raw *r, enum frame_type type, unsigned flags,
    uint32_t stream, uint32_t length);
bool raw_data(struct raw *r, unsigned flags, uint32_t stream, struct str data);

/* ---- messages ------------------------------------------------------------------- */

void raw_conn_init(struct raw_conn *c);
void raw_conn_fini(struct raw_conn *c);

/* The bytes of a request; valid until the next one. */
struct str raw_request(struct raw_conn *c, const char *method,
    const struct gob_type *type, const void *value);

/* The bytes of a reply to call seq. */
struct str raw_reply(struct raw_conn *c, uint64_t seq,
    const struct gob_type *type, const void *value);

/* Answers that fit every call: a struct without fields. Of arena a. */
void raw_prepare_answers(struct raw *r, struct arena *a);

/* ---- waiting, and answering meanwhile ----------------------------------------------- */

/* Until a stream has carried n gob values, or is finished or reset. */
bool raw_hears(struct raw *r, uint32_t stream, size_t n);

/* Until n pings have been answered. */
bool raw_pongs(struct raw *r, size_t n);

/* Until the plugin has closed the connection. */
bool raw_ends(struct raw *r);

/* Read and answer for so many milliseconds. */
void raw_listens(struct raw *r, int ms);

/* ---- whole steps ---------------------------------------------------------------------- */

/* Streams 1, 3 and 5; then Dispense and the dial; then OnActivate. */
bool raw_greets(struct raw *r);
bool raw_dispenses(struct raw *r);
bool raw_activates(struct raw *r);

/* Call a hook and wait for its reply. */
bool raw_calls(struct raw *r, const char *method, const struct gob_type *type,
    const void *value);

/* Ping on the control stream, with its answer: the plugin goes on. */
bool raw_lives(struct raw *r);

#endif
