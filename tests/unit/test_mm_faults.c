/*
 * A whole plugin while memory is out: the n-th allocation fails, wherever it
 * is, from the first stream to the last. Threads take turns as they like, so
 * that n is not quite the same place twice.
 */
#include "tests/lib/faults.h"
#include "tests/lib/life.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A reply that memory was too short for is not waited for longer. */
#define PATIENCE_MS 1000

static struct raw r;
static char body[20000];

static bool live_and_die(void *arg)
{
	(void)arg;
	raw_start(&r, &life_plugin);
	bool done = life_live(&r);
	return raw_stop(&r) && done;
}

START_TEST(a_plugin_may_run_out_of_memory_anywhere)
{
	struct arena a;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDERR_FILENO);
	arena_init(&a, 1 << 20);
	raw_prepare_answers(&r, &a);
	r.body = str_n(body, sizeof(body));
	r.patience_ms = PATIENCE_MS;
	ck_assert(live_and_die(NULL));
	faults_each(live_and_die, NULL);
	arena_fini(&a);
	close(null);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mm faults");
	TCase *tc = tcase_create("faults");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_plugin_may_run_out_of_memory_anywhere);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
