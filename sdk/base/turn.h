/*
 * turn - one thread at a time, the others wait until a deadline
 *
 * What a mutex would be, for work that may block on the connection: a
 * waiter gives up at its deadline. Threads: any.
 */
#ifndef BASE_TURN_H
#define BASE_TURN_H

#include "base/clock.h"
#include "base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

struct turn {
	pthread_mutex_t lock; /* guards taken */
	pthread_cond_t given;
	bool taken;
};

void turn_init(struct turn *t);
void turn_fini(struct turn *t);

/* Errors: ERR_TIMEOUT */
bool turn_take(struct turn *t, int64_t deadline_ms, struct err *err) MUST_USE;
void turn_give(struct turn *t);

#ifdef __cplusplus
}
#endif

#endif
