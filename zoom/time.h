/*
 * time - Zoom's times
 *
 * Source: FACTS 2; RFC 3339 5.6
 */
#ifndef ZOOM_TIME_H
#define ZOOM_TIME_H

#include "base/str.h"

/*
 * zoom_time_parse - a time of RFC 3339 as UTC milliseconds
 *
 *   2025-10-09T08:53:20Z   2025-10-09T10:53:20.632+02:00
 *
 *   ms   out: 0 for the empty text, which Zoom sends for "not yet"
 *
 * Returns false, with *ms 0, for anything else.
 */
bool zoom_time_parse(struct str text, int64_t *ms);

#endif
