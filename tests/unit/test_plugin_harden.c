/* What this process may not do any more. */
#include "plugin/harden.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#ifndef PLUGIN_RELEASE
# define PLUGIN_RELEASE 0
#endif

START_TEST(a_hardened_process_leaves_no_core_and_gains_nothing)
{
	struct err err = { 0 };
	struct rlimit limit;
	ck_assert_msg(harden(&err), "%s", err.text);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &limit), 0);
	ck_assert_uint_eq(limit.rlim_cur, 0);
	ck_assert_uint_eq(limit.rlim_max, 0);
	ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	/* the leak checker reads this process's memory at its end */
	ck_assert_int_eq(
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), PLUGIN_RELEASE ? 0 : 1);
}
END_TEST

START_TEST(json_works_with_memory_that_is_wiped)
{
	struct err err = { 0 };
	json_malloc_t allocate;
	json_free_t wipe;
	ck_assert(harden(&err));
	json_get_alloc_funcs(&allocate, &wipe);
	ck_assert(wipe != free);
	json_t *object =
	    json_pack("{s:s,s:[i,i]}", "token", "secret", "list", 1, 2);
	char *text = json_dumps(object, JSON_SORT_KEYS);
	ck_assert_str_eq(text, "{\"list\": [1, 2], \"token\": \"secret\"}");
	wipe(text);
	wipe(NULL);
	json_decref(object);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin harden");
	TCase *tc = tcase_create("process");
	tcase_add_test(tc, a_hardened_process_leaves_no_core_and_gains_nothing);
	tcase_add_test(tc, json_works_with_memory_that_is_wiped);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
