/*
 * faults - the n-th allocation fails, for every n
 *
 * Works in test programs that are linked with
 *
 *	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=free
 *
 * so that the code under test has no hooks. Allocations inside shared
 * libraries are not seen.
 */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include <stdbool.h>

/*
 * faults_each - run a scenario with the first allocation failing, then with
 * the second, and so on, until it meets no fault any more
 *
 * The scenario returns whether it has reached its goal, and gives everything
 * back in either case; it asserts nothing itself, for check allocates too.
 * Fails the test when blocks or descriptors are left behind, or when the
 * last run, without a fault, does not reach the goal.
 */
void faults_each(bool (*scenario)(void *arg), void *arg);

/* Count the blocks that are given out from here on and not taken back, without
 * a fault; and how many there are. */
void faults_count(void);
long faults_n_live(void);

#endif
