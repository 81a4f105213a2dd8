/* Every allocation of arenas and buffers fails once. */
#include "tests/lib/faults.h"

#include "base/arena.h"
#include "base/buf.h"

#include <check.h>
#include <stdlib.h>

static bool use_arenas(void *arg)
{
	struct arena a, b;
	struct err err = { 0 };
	(void)arg;
	arena_init(&a, 1 << 20);
	arena_init(&b, 1 << 20);
	for (int i = 0; i < 200; i++) {
		arena_printf(&a, "number %d", i);
		arena_alloc(&b, 1000);
	}
	arena_adopt(&a, &b);
	struct str s = arena_str(&a, S("last"));
	bool done = arena_ok(&a, &err) && s.len == 4;
	arena_fini(&a);
	arena_fini(&b);
	return done;
}

START_TEST(every_block_of_an_arena_may_be_refused)
{
	faults_each(use_arenas, NULL);
}
END_TEST

static bool use_buffer(void *arg)
{
	struct buf b;
	struct err err = { 0 };
	(void)arg;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	buf_insert(&b, 0, "[", 1);
	buf_put_byte(&b, ']');
	bool done = buf_ok(&b, &err);
	buf_fini(&b);
	return done;
}

START_TEST(every_growth_of_a_buffer_may_be_refused)
{
	faults_each(use_buffer, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base faults");
	TCase *tc = tcase_create("faults");
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, every_block_of_an_arena_may_be_refused);
	tcase_add_test(tc, every_growth_of_a_buffer_may_be_refused);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
