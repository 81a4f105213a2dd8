/* feed - a byte stream out of memory: whole, in pieces, or cut short */
#ifndef TESTS_FEED_H
#define TESTS_FEED_H

#include "base/io.h"
#include "base/str.h"

struct feed {
	struct str bytes; /* borrowed */
	size_t at;        /* bytes handed out */
	size_t piece;     /* bytes per read, 0 = all that fits */
};

/* Reads give the bytes of f, then end of stream; writes fail. */
struct io feed_io(struct feed *f);

#endif
