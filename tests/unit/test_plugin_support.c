/* The support packet: status and settings, and no secret. */
#include "plugin/support.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct world w;

static void set_up(void)
{
	world_start(&w);
}

static void tear_down(void)
{
	world_stop(&w);
}

static const char *packet(void)
{
	const struct mm_hook_generate_support_data_args args = { NULL };
	static struct mm_hook_generate_support_data_returns ret;
	memset(&ret, 0, sizeof(ret));
	ck_assert_msg(host_calls(&w.host, "Plugin.GenerateSupportData", &args,
	                  &ret, &w.err),
	    "%s", w.err.text);
	if (ret.error.type != NULL)
		return "failed";
	ck_assert_uint_eq(ret.result.n, 1);
	ck_assert_str_eq(str_c(ret.result.items[0].filename), "zoom.md");
	return str_c(ret.result.items[0].body);
}

START_TEST(settings_are_in_it_and_secrets_are_not)
{
	const char *text = packet();
	ck_assert_ptr_nonnull(strstr(text, "- OAuthClientID: client-id"));
	ck_assert_ptr_nonnull(strstr(text, "- AccountLevelApp: true"));
	ck_assert_ptr_nonnull(strstr(text, "- EncryptionKey: (32 characters)"));
	ck_assert_ptr_nonnull(strstr(text, "The settings are complete"));
	ck_assert_ptr_null(strstr(text, CLIENT_SECRET));
	ck_assert_ptr_null(strstr(text, ENCRYPTION_KEY));
	ck_assert_ptr_null(strstr(text, WEBHOOK_SECRET));
	ck_assert_ptr_null(strstr(text, SECRET_TOKEN));
}
END_TEST

START_TEST(nobodys_own_connection_is_in_it)
{
	world_configures(&w, "AccountLevelApp", "false");
	ck_assert_ptr_nonnull(strstr(packet(), "was not checked"));
}
END_TEST

START_TEST(a_store_that_fails_is_an_error)
{
	host_fails(&w.host, MM_API_KV_GET, 500);
	ck_assert_str_eq(packet(), "failed");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin support");
	TCase *tc = tcase_create("support");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, settings_are_in_it_and_secrets_are_not);
	tcase_add_test(tc, nobodys_own_connection_is_in_it);
	tcase_add_test(tc, a_store_that_fails_is_an_error);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
