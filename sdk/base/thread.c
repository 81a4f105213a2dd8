#include "base/thread.h"

#include <errno.h>

bool thread_start(
    pthread_t *thread, size_t stack, void *(*run)(void *arg), void *arg)
{
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	int rc = pthread_attr_setstacksize(&attr, stack);
	if (rc == 0)
		rc = pthread_create(thread, &attr, run, arg);
	pthread_attr_destroy(&attr);
	if (rc != 0)
		errno = rc;
	return rc == 0;
}
