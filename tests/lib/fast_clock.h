/*
 * fast_clock - base/clock.c once more, with a time that can run faster
 *
 * Include it in the test itself: its definitions take the place of those in
 * libmmplugin.a. It has no .c file, for those go into every test, and the
 * others are to have the real clock.
 *
 *	clock_speed = 50;
 *
 * makes a deadline of ten seconds come after 200 ms. Deadlines are set and
 * waited for by one speed: it stays while a plugin runs.
 *
 *	clock_ahead_ms += 60000;
 *
 * is a minute in which nothing happens, as for a process that is stopped.
 */
#ifndef TESTS_FAST_CLOCK_H
#define TESTS_FAST_CLOCK_H

#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

static atomic_int clock_speed = 1;
static _Atomic int64_t clock_ahead_ms; /* of the monotonic clock */

static int64_t clock_read_ms(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
	return clock_read_ms(CLOCK_MONOTONIC) * clock_speed + clock_ahead_ms;
}

int64_t clock_wall_ms(void)
{
	return clock_read_ms(CLOCK_REALTIME);
}

int64_t clock_deadline_ms(int64_t timeout_ms)
{
	int64_t deadline;
	if (__builtin_add_overflow(clock_now_ms(), timeout_ms, &deadline))
		return DEADLINE_NEVER;
	return deadline;
}

int clock_poll_ms(int64_t deadline_ms)
{
	if (deadline_ms == DEADLINE_NEVER)
		return -1;
	int64_t left = (deadline_ms - clock_now_ms()) / clock_speed;
	return left < 0 ? 0 : (int)left;
}

void clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

bool clock_wait(
    pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ms)
{
	if (deadline_ms == DEADLINE_NEVER)
		return pthread_cond_wait(cond, mutex) == 0;
	int64_t real = (deadline_ms - clock_ahead_ms) / clock_speed + 1;
	struct timespec until = { .tv_sec = real / 1000,
		.tv_nsec = (real % 1000) * 1000000 };
	return pthread_cond_timedwait(cond, mutex, &until) == 0;
}

#endif
