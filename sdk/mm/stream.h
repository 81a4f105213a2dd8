/*
 * stream - bodies of requests, uploads and answers, as they come
 *
 * A pull reader is a stream on which one side asks and the other answers:
 *
 *	puller -> owner   n * 2 as a varint, 7 bits a byte, low group first
 *	owner -> puller   up to n raw bytes, in any pieces
 *
 * Requests add up. The owner closes when its source ends before it has
 * delivered what was asked for; the puller closes when it wants no more.
 *
 * Source: server/public v0.4.3 plugin/io_rpc.go
 */
#ifndef MM_STREAM_H
#define MM_STREAM_H

#include "base/err.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Both are borrowed until the function that takes them has returned.
 *
 * Bytes that a function wants: give at least one of at most `room`; *got 0 at
 * the end. False, and err set, when there will be no more. */
struct mm_source {
	void *object; /* borrowed, handed to read */
	bool (*read)(void *object, void *data, size_t room, size_t *got,
	    struct err *err);
};

/* Bytes that a function gives; data is borrowed until write returns. False, and
 * err set, to get no more. Called on the caller's own thread. */
struct mm_sink {
	void *object; /* borrowed, handed to write */
	bool (*write)(
	    void *object, const void *data, size_t n, struct err *err);
};

#ifdef __cplusplus
}
#endif

#endif
