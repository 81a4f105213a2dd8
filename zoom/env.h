/*
 * env - how libzoom reads the environment
 *
 * The same type as getenv of <stdlib.h>, so that a test can bring its own
 * environment. Only read while an object is created: later changes of the
 * environment have no effect, and no thread reads it while another writes.
 */
#ifndef ZOOM_ENV_H
#define ZOOM_ENV_H

typedef char *zoom_getenv(const char *name);

#endif
