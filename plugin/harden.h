/*
 * harden - what this process leaves behind, and what it may become
 *
 * Tokens and keys are in this process's memory. So:
 *
 *	no core dump       RLIMIT_CORE; and, as a limit does not keep a
 *	                   crash handler from getting one, not dumpable, which
 *	                   also keeps the server's other programs, of the same
 *	                   user, from reading its memory. Only in releases: the
 *	                   leak checker and debuggers need to read it
 *	no new privileges  nothing that it could ever run gains any
 *	freed memory       what jansson frees is wiped, as arenas and buffers are
 */
#ifndef PLUGIN_HARDEN_H
#define PLUGIN_HARDEN_H

#include "base/err.h"

/* Once, before anything else, in the only thread. */
bool harden(struct err *err) MUST_USE;

#endif
