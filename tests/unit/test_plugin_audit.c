/* The audit log: what is in a record, and servers that have none. */
#include "plugin/audit.h"
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

static void write_one(void)
{
	struct ctx c = world_ctx(&w);
	audit(&c, &(struct audit){ .event = "zoomTest",
	              .user_id = S(ADMIN),
	              .object = "channel",
	              .name = "channel_id",
	              .value = S(TALK),
	              .setting = "restrict" });
	ctx_end(&c);
}

START_TEST(a_record_says_who_did_what_to_what)
{
	write_one();
	const struct mm_log_audit_rec_args *args =
	    host_args(&w.host, MM_API_LOG_AUDIT_REC, 0);
	const struct mm_audit_record *rec = args->rec;
	const struct gob_any_map *parameters = &rec->event_data.parameters;
	ck_assert_str_eq(str_c(rec->event_name), "zoomTest");
	ck_assert_str_eq(str_c(rec->status), "success");
	ck_assert_str_eq(str_c(rec->actor.user_id), ADMIN);
	ck_assert_str_eq(str_c(rec->event_data.object_type), "channel");
	ck_assert_str_eq(str_c(gob_any_get_string(
	                     gob_any_map_get(parameters, S("channel_id")))),
	    TALK);
	ck_assert_str_eq(str_c(gob_any_get_string(
	                     gob_any_map_get(parameters, S("setting")))),
	    "restrict");
}
END_TEST

START_TEST(a_server_without_an_audit_log_is_asked_once)
{
	host_breaks(&w.host, MM_API_LOG_AUDIT_REC,
	    "rpc: can't find method Plugin.LogAuditRec");
	write_one();
	write_one();
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_AUDIT_REC), 1);
	ck_assert(!host_logged(&w.host, "audit"));
}
END_TEST

START_TEST(another_failure_is_logged)
{
	host_breaks(&w.host, MM_API_LOG_AUDIT_REC, "out of order");
	write_one();
	write_one();
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_AUDIT_REC), 2);
	ck_assert(host_logged(&w.host, "out of order"));
}
END_TEST

START_TEST(to_disconnect_is_in_the_log)
{
	world_connects(&w);
	https_answers(w.zoom, 200, "", "{\"status\":\"success\"}");
	world_types(&w, ADMIN, "/zoom disconnect");
	const struct mm_log_audit_rec_args *args =
	    host_args(&w.host, MM_API_LOG_AUDIT_REC, 0);
	ck_assert_str_eq(str_c(args->rec->event_name), "zoomDisconnect");
	ck_assert_str_eq(str_c(args->rec->actor.user_id), ADMIN);
}
END_TEST

/* What a record of a setting says: "name=value". */
static const char *setting_in(size_t i)
{
	const struct mm_log_audit_rec_args *args =
	    host_args(&w.host, MM_API_LOG_AUDIT_REC, i);
	const struct gob_any_map *parameters =
	    &args->rec->event_data.parameters;
	ck_assert_str_eq(str_c(args->rec->event_name), "zoomSetting");
	return str_c(arena_printf(&w.arena, "%s=%s",
	    str_c(gob_any_get_string(gob_any_map_get(parameters, S("name")))),
	    str_c(gob_any_get_string(
	        gob_any_map_get(parameters, S("setting"))))));
}

START_TEST(what_is_set_otherwise_is_in_the_log)
{
	world_configures(&w, "RestrictMeetingCreation", "true");
	world_configures(&w, "RequireVerifiedEmail", "true");
	world_configures(&w, "RequireVerifiedEmail", "true");
	world_configures(&w, "EncryptionKey", "\"" OTHER_KEY "\"");
	const char *const said[] = { "RestrictMeetingCreation=true",
		"RequireVerifiedEmail=true", "RestrictMeetingCreation=false",
		"EncryptionKey=changed", "RequireVerifiedEmail=false" };
	size_t n = sizeof(said) / sizeof(said[0]);
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_AUDIT_REC), n);
	for (size_t i = 0; i < n; i++)
		ck_assert_str_eq(setting_in(i), said[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin audit");
	TCase *tc = tcase_create("audit");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_record_says_who_did_what_to_what);
	tcase_add_test(tc, a_server_without_an_audit_log_is_asked_once);
	tcase_add_test(tc, another_failure_is_logged);
	tcase_add_test(tc, to_disconnect_is_in_the_log);
	tcase_add_test(tc, what_is_set_otherwise_is_in_the_log);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
