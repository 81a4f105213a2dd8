/* Which of the app's permissions a token lacks. */
#include "plugin/scope.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	const char *granted;
	bool of_account;
	const char *missing;
} cases[] = {
	{ "", true, "" },
	{ "  ", false, "" },
	{ "user:read meeting:write meeting:read recording:read", false, "" },
	{ "user:read:admin meeting:write:admin meeting:read:admin "
	  "recording:read:admin",
	    true, "" },
	{ "user:read:user meeting:write:meeting meeting:read:meeting "
	  "cloud_recording:read:recording",
	    false, "" },
	{ "cloud_recording:read:recording:admin user:read:user:admin "
	  "meeting:write:meeting:admin meeting:read:meeting:admin more:of:it",
	    true, "" },
	{ "user:read:user:admin  meeting:read:meeting:admin", true,
	    "`meeting:write:meeting:admin`, "
	    "`cloud_recording:read:recording:admin`" },
	{ "user:read meeting:write", false,
	    "`meeting:read`, `recording:read`" },
	{ "user:read:admin meeting:write:admin meeting:read:admin", true,
	    "`recording:read:admin`" },
	{ "user:read:users meeting:write:meetings meeting:read:meeting "
	  "cloud_recording:read:recording",
	    false, "`user:read:user`, `meeting:write:meeting`" },
	{ ":admin :", true,
	    "`user:read:admin`, `meeting:write:admin`, `meeting:read:admin`, "
	    "`recording:read:admin`" },
};

START_TEST(what_a_token_lacks_is_named)
{
	struct arena a;
	arena_init(&a, 65536);
	struct str missing = scope_missing(
	    &a, str_from(cases[_i].granted), cases[_i].of_account);
	ck_assert_str_eq(str_c(missing), cases[_i].missing);
	arena_fini(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin scope");
	TCase *tc = tcase_create("scope");
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, what_a_token_lacks_is_named, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
