/*
 * patience - how long a test waits where the machine runs it slowly
 *
 * TEST_PATIENCE=10 makes a time ten times as long; tools/unit.sh sets it for
 * valgrind, under which a TLS handshake alone takes a second. For times within
 * which something has to be done; not for those that a test has to wait out.
 */
#ifndef TESTS_PATIENCE_H
#define TESTS_PATIENCE_H

#include <stdint.h>
#include <stdlib.h>

static inline int64_t patience(int64_t ms)
{
	const char *factor = getenv("TEST_PATIENCE");
	return factor == NULL ? ms : ms * atoi(factor);
}

#endif
