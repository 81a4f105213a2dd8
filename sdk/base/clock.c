#include "base/clock.h"

#include <limits.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
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
	int64_t left = deadline_ms - clock_now_ms();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
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
	if (deadline_ms == DEADLINE_NEVER) {
		pthread_cond_wait(cond, mutex);
		return true;
	}
	struct timespec until = {
		.tv_sec = deadline_ms / 1000,
		.tv_nsec = (deadline_ms % 1000) * 1000000,
	};
	return pthread_cond_timedwait(cond, mutex, &until) == 0;
}
