/*
 * clock - times and deadlines
 *
 * A deadline is an absolute time of the monotonic clock in milliseconds, so
 * that it can be handed down through layers; DEADLINE_NEVER means none.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DEADLINE_NEVER INT64_MAX

/* Milliseconds of the monotonic clock. */
int64_t clock_now_ms(void);

/* Milliseconds since 1970-01-01 UTC, as Mattermost counts. */
int64_t clock_wall_ms(void);

/* The deadline that lies timeout_ms from now. */
int64_t clock_deadline_ms(int64_t timeout_ms);

/* Milliseconds left, never below 0, for poll: -1 when there is no limit. */
int clock_poll_ms(int64_t deadline_ms);

/* A condition variable that clock_wait can use. */
void clock_cond_init(pthread_cond_t *cond);

/* Wait for the condition; false when the deadline has passed. */
bool clock_wait(
    pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ms);

#ifdef __cplusplus
}
#endif

#endif
