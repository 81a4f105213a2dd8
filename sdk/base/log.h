/*
 * log - lines on stderr that arrive in the server's log with their level
 *
 * For what happens below the plugin API: the end of a session, a refused
 * peer. The host reads stderr line by line and takes the level from the
 * prefix ([DEBUG], [INFO], [WARN], [ERROR]).
 *
 * Threads: any thread; one line is one write.
 * Source: go-plugin client.go, logStderr; protocol notes 1.3
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR,
};

/* One line; line breaks inside become spaces, at most 1,000 bytes. */
void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#ifdef __cplusplus
}
#endif

#endif
