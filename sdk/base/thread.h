/*
 * thread - threads whose stacks have a size that is written down
 *
 * glibc gives a thread as much as a process may have, often 8 MiB, and musl
 * 128 KiB: neither is what the code was measured with.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For threads that call neither libcurl nor what a plugin's author wrote. */
#define THREAD_SMALL_STACK ((size_t)128 * 1024)

/* Start a thread, to be joined or detached. False: errno says why. */
bool thread_start(
    pthread_t *thread, size_t stack, void *(*run)(void *arg), void *arg);

#ifdef __cplusplus
}
#endif

#endif
