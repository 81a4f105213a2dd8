/*
 * retry - how long to wait before a request is repeated
 *
 * Source: FACTS 4; RFC 9110 10.2.3
 */
#ifndef ZOOM_RETRY_H
#define ZOOM_RETRY_H

#include "base/str.h"

/*
 * zoom_retry_after - the wait that a Retry-After header asks for
 *
 *   value     seconds, an HTTP date, or an ISO date as Zoom sends it
 *   now_ms    UTC milliseconds, to measure a date against
 *   wait_ms   out: 0 for a date in the past, at most a day
 *
 * Returns false, with *wait_ms 0, when the value is none of the three.
 */
bool zoom_retry_after(struct str value, int64_t now_ms, int64_t *wait_ms);

/* A date as HTTP headers have it, UTC milliseconds; false, and *ms 0, when it
 * is none, or not between 1970 and 9999. */
bool zoom_retry_date(struct str value, int64_t *ms);

/*
 * zoom_retry_backoff_ms - the wait before repeat number n (1, 2, ...)
 *
 * Doubles from half a second; half of it is fixed, half by chance, so that
 * callers that failed together do not come back together.
 */
int64_t zoom_retry_backoff_ms(int n);

#endif
