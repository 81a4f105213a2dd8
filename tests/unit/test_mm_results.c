/* What hooks answer with, and the calls that are not generated. */
#include "tests/lib/host.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;

static void set_up(void)
{
	arena_init(&arena, 64 * 1024);
}

static void tear_down(void)
{
	arena_fini(&arena);
}

START_TEST(an_error_is_gos_error_string)
{
	struct gob_any e = mm_error(&arena, "%s is %d", "x", 1);
	ck_assert_str_eq(str_c(e.name), "*plugin.ErrorString");
	ck_assert_ptr_eq(e.type, &mm_type_error_string);
	ck_assert_str_eq(
	    str_c(((struct mm_error_string *)e.value)->err), "x is 1");
}
END_TEST

START_TEST(an_app_error_has_what_the_server_wants)
{
	struct mm_app_error *e = mm_app_error(&arena, "Here", 403, "no %d", 7);
	ck_assert_str_eq(str_c(e->id), "Here");
	ck_assert_str_eq(str_c(e->where), "Here");
	ck_assert_str_eq(str_c(e->message), "no 7");
	ck_assert_int_eq(e->status_code, 403);
}
END_TEST

START_TEST(attachments_are_copied_into_the_arena)
{
	struct mm_message_attachment item = { .title = S("t") };
	struct mm_message_attachment_slice slice = { &item, 1 };
	struct gob_any any = mm_any_attachments(&arena, slice);
	slice.n = 0;
	ck_assert_str_eq(str_c(any.name), "[]*model.SlackAttachment");
	ck_assert_uint_eq(
	    ((struct mm_message_attachment_slice *)any.value)->n, 1);
}
END_TEST

START_TEST(without_memory_results_are_nil)
{
	struct arena none;
	arena_init(&none, 0);
	ck_assert_ptr_null(mm_error(&none, "x").type);
	ck_assert_ptr_null(mm_app_error(&none, "x", 1, "y"));
	struct mm_message_attachment_slice slice = { 0 };
	ck_assert_ptr_null(mm_any_attachments(&none, slice).type);
	arena_fini(&none);
}
END_TEST

static struct host host;

START_TEST(the_settings_come_as_the_server_has_them)
{
	const struct mm_plugin_def def = { .user = NULL };
	struct str json;
	struct err err = { 0 };
	host_start(&host, &def);
	host_activates(&host);
	host.settings = S("{\"zoomurl\":\"\xc3\xa9\"}");
	ck_assert(
	    mm_load_plugin_configuration(&host.plugin, &arena, &json, &err));
	ck_assert_str_eq(str_c(json), "{\"zoomurl\":\"\xc3\xa9\"}");
	host_breaks(&host, MM_API_LOAD_PLUGIN_CONFIGURATION, "broken");
	ck_assert(
	    !mm_load_plugin_configuration(&host.plugin, &arena, &json, &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	host_stop(&host);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mm results");
	TCase *tc = tcase_create("results");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_error_is_gos_error_string);
	tcase_add_test(tc, an_app_error_has_what_the_server_wants);
	tcase_add_test(tc, attachments_are_copied_into_the_arena);
	tcase_add_test(tc, without_memory_results_are_nil);
	tcase_add_test(tc, the_settings_come_as_the_server_has_them);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
