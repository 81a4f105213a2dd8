/*
 * hostile - a whole plugin, and the words of hosts that break its rules
 *
 * A script is what such a host does once the plugin is active, and what has
 * to come of it. It sends frames, then bytes, then plays a function, each
 * where it has one:
 *
 *	{ "a stream opened twice", ERR_PROTOCOL, "opened twice",
 *	    .frames = { { FRAME_WINDOW, FRAME_SYN, RAW_HOOKS, 0 } } },
 *
 * The plugin asks the API for a value when it is activated and at "/ask",
 * answers "/big" with more than a window, and requests with their bodies.
 *
 * Functions fail the test where what they wait for does not come.
 * Threads: one test thread; the plugin has its own.
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include "tests/lib/raw.h"

#include <stdatomic.h>

struct hostile {
	struct raw raw;
	struct mm_plugin_def def;
	struct arena arena;        /* of the answers to the API's calls */
	struct buf gob;            /* the message being written by hand */
	atomic_int n_activated;    /* calls of on_activate */
	size_t n_control, n_hooks; /* values on the streams before the script */
};

struct hostile_script {
	const char *name;
	enum err_code code; /* why the session ends, ERR_NONE: it goes on */
	const char *why;    /* part of the reason's text; NULL: any */
	int speed;          /* of the clock; 0: as usual */
	bool hangs_up;      /* it is the host that ends the session */
	bool slow;          /* it takes a while all the same */
	struct frame_header frames[6]; /* ended by one that is all 0 */
	uint32_t stream; /* that the bytes are data on; 0: they are none */
	struct str bytes;
	void (*play)(struct hostile *h);
};

/* The plugin; its user is the struct hostile. */
extern const struct mm_plugin_def hostile_plugin;

/* Zeroes h and starts the plugin; streams are opened by raw_greets. */
void hostile_start(struct hostile *h);

/* As raw_stop. */
bool hostile_stop(struct hostile *h);

/* From the start of a plugin to its end, which has to be as s says. */
void hostile_play(struct hostile *h, const struct hostile_script *s);

/* ---- calls ---------------------------------------------------------------------- */

/* Call a method on RAW_CONTROL or RAW_HOOKS, without waiting. */
void hostile_calls(struct hostile *h, uint32_t stream, const char *method,
    const struct gob_type *type, const void *value);
void hostile_activates(struct hostile *h);
void hostile_types(struct hostile *h, const char *command);
void hostile_requests(struct hostile *h, uint64_t writer, uint64_t body);

/* n calls of the script have been replied to on the stream. */
void hostile_hears(struct hostile *h, uint32_t stream, size_t n);

/* A command and its reply. */
void hostile_asks(struct hostile *h, const char *command);

/* Answer i to the API's calls will be a reply to call seq, with value. */
void hostile_prepares(struct hostile *h, size_t i, uint64_t seq,
    const struct gob_type *type, const void *value);

/* ---- gob by hand: write into h->gob, then send --------------------------------- */

/* What has been written, as a message on RAW_HOOKS. */
void hostile_message(struct hostile *h);

/* A value of type `id`, which is no struct, begins. */
void hostile_begins_value(struct hostile *h, int64_t id);

/* Type `id` is a slice of type `elem`. */
void hostile_defines_slice(struct hostile *h, int64_t id, int64_t elem);

/* A request's head by the types that the encoder has announced, so that
 * what follows are the args. */
void hostile_begins_call(struct hostile *h, const char *method);

/* ---- the plugin as a process ---------------------------------------------------- */

struct hostile_process {
	pid_t pid;
	int out, log; /* its stdout and stderr */
	int fd;       /* connected to what it wrote on stdout */
};

void hostile_runs(struct hostile_process *p);

/* Its status as of wait(2), once it has ended. */
int hostile_waits(struct hostile_process *p);

/* One line with its end, or what there is of it. */
void hostile_reads_line(int fd, char *text, size_t room);

#endif
