#include "tests/lib/faults.h"

#include "tests/lib/peer.h"

#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* More allocations than this are no scenario for a test. */
#define MOST_RUNS 2000

static atomic_bool armed;
static atomic_long countdown; /* allocations until the one that fails */
static atomic_long live;      /* blocks given out and not taken back */
static atomic_long seen;      /* allocations while armed */
static atomic_bool hit;

/* Weak: programs that are linked without --wrap have only the halves that
 * nobody calls. */
#define WEAK __attribute__((weak))
void *__real_malloc(size_t size) WEAK;
void *__real_calloc(size_t n, size_t size) WEAK;
void *__real_realloc(void *old, size_t size) WEAK;
char *__real_strdup(const char *s) WEAK;
void __real_free(void *p) WEAK;

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *s);
void __wrap_free(void *p);

static bool fails(void)
{
	if (!atomic_load(&armed))
		return false;
	atomic_fetch_add(&seen, 1);
	if (atomic_fetch_sub(&countdown, 1) != 1)
		return false;
	atomic_store(&hit, true);
	errno = ENOMEM;
	return true;
}

static void *count(void *p)
{
	if (p != NULL && atomic_load(&armed))
		atomic_fetch_add(&live, 1);
	return p;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : count(__real_calloc(n, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	if (fails())
		return NULL;
	void *p = __real_realloc(old, size);
	return old == NULL ? count(p) : p;
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : count(__real_strdup(s));
}

void __wrap_free(void *p)
{
	if (p != NULL && atomic_load(&armed))
		atomic_fetch_sub(&live, 1);
	__real_free(p);
}

static void arm(long n)
{
	atomic_store(&countdown, n);
	atomic_store(&live, 0);
	atomic_store(&seen, 0);
	atomic_store(&hit, false);
	atomic_store(&armed, true);
}

static bool run(bool (*scenario)(void *arg), void *arg, long n)
{
	arm(n);
	bool done = scenario(arg);
	atomic_store(&armed, false);
	return done;
}

void faults_each(bool (*scenario)(void *arg), void *arg)
{
	size_t descriptors = count_descriptors();
	for (long n = 1; n < MOST_RUNS; n++) {
		bool done = run(scenario, arg, n);
		ck_assert_msg(atomic_load(&seen) > 0,
		    "no allocation seen: link this test with --wrap");
		ck_assert_msg(atomic_load(&live) == 0,
		    "%ld blocks left after fault %ld", atomic_load(&live), n);
		ck_assert_uint_eq(count_descriptors(), descriptors);
		if (!atomic_load(&hit)) {
			ck_assert_msg(done, "fails without a fault");
			return;
		}
	}
	ck_abort_msg("more than %d allocations", MOST_RUNS);
}

void faults_count(void)
{
	arm(0);
}

long faults_n_live(void)
{
	return atomic_load(&live);
}
