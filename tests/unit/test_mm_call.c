/* API calls: what goes out, what comes back, and every way to fail. */
#include "tests/lib/host.h"
#include "tests/lib/patience.h"
#include "tests/lib/peer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct host host;
static struct arena arena;
static struct err err;

/* A thread of the plugin's own, which has to be gone before the session. */
static pthread_t own_thread;
static bool own_runs;

static void on_stop(void *user)
{
	(void)user;
	if (own_runs)
		pthread_join(own_thread, NULL);
}

static struct mm_plugin_def def = { .on_stop = on_stop };

static void set_up(void)
{
	arena_init(&arena, 1024 * 1024);
	def.api_timeout_ms = patience(300);
	host_start(&host, &def);
	host_activates(&host);
	host_adds_user(&host, "ada", "ada", "ada@example.com", "system_user");
	err_clear(&err);
}

static void tear_down(void)
{
	arena_fini(&arena);
	host_stop(&host);
}

static bool get_user(const char *id, struct mm_user **user)
{
	err_clear(&err);
	*user = NULL;
	return mm_get_user(&host.plugin, &arena, str_from(id), user, &err);
}

START_TEST(a_call_brings_back_what_the_server_has)
{
	struct mm_user *user;
	ck_assert_msg(get_user("ada", &user), "%s", err.text);
	ck_assert_str_eq(str_c(user->username), "ada");
	ck_assert_str_eq(str_c(user->email), "ada@example.com");
	const struct mm_get_user_args *args =
	    host_args(&host, MM_API_GET_USER, 0);
	ck_assert_str_eq(str_c(args->user_id), "ada");
}
END_TEST

START_TEST(what_came_back_outlives_later_calls)
{
	struct mm_user *ada, *other;
	ck_assert(get_user("ada", &ada));
	for (int i = 0; i < 100; i++)
		ck_assert(get_user("ada", &other));
	ck_assert_str_eq(str_c(ada->username), "ada");
}
END_TEST

static const struct {
	int status;
	enum err_code code;
} statuses[] = {
	{ 404, ERR_NOT_FOUND },
	{ 403, ERR_DENIED },
	{ 401, ERR_DENIED },
	{ 400, ERR_INVALID },
	{ 500, ERR_REMOTE },
	{ 409, ERR_REMOTE },
	{ 0, ERR_REMOTE },
};

START_TEST(an_app_errors_status_becomes_a_code)
{
	struct mm_user *user;
	host_fails(&host, MM_API_GET_USER, statuses[_i].status);
	ck_assert(!get_user("ada", &user));
	ck_assert_int_eq(err.code, statuses[_i].code);
	ck_assert_int_eq(err.status, statuses[_i].status);
	ck_assert_ptr_nonnull(strstr(err.text, "Host: ordered to fail"));
	host_obeys(&host, MM_API_GET_USER);
	ck_assert(get_user("ada", &user));
}
END_TEST

START_TEST(an_app_errors_text_has_its_details)
{
	struct mm_app_error e = { .where = S("Here"),
		.message = S("it failed"),
		.detailed_error = S("no disk"),
		.status_code = 500 };
	ck_assert(!mm_api_error(&e, &err));
	ck_assert_str_eq(err.text, "Here: it failed, no disk");
	ck_assert(mm_api_error(NULL, &err));
}
END_TEST

START_TEST(an_error_of_type_error_is_understood)
{
	struct mm_command command = { .trigger = S("x") };
	host_fails(&host, MM_API_REGISTER_COMMAND, 500);
	ck_assert(!mm_register_command(&host.plugin, &arena, &command, &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	ck_assert_str_eq(err.text, "ordered to fail with 500");
}
END_TEST

START_TEST(any_error_may_hold_an_app_error_or_something_unknown)
{
	struct mm_app_error e = {
		.where = S("W"), .message = S("m"), .status_code = 403
	};
	struct gob_any nil = { 0 };
	struct gob_any app = { S("*model.AppError"), &mm_type_app_error, &e };
	struct gob_any other = { S("*pq.Error"), NULL, NULL };
	ck_assert(mm_api_any_error(&nil, &err));
	ck_assert(!mm_api_any_error(&app, &err));
	ck_assert_int_eq(err.code, ERR_DENIED);
	err_clear(&err);
	ck_assert(!mm_api_any_error(&other, &err));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	ck_assert_str_eq(err.text, "error of type '*pq.Error'");
}
END_TEST

START_TEST(a_method_that_the_server_lacks_is_not_found)
{
	struct str id;
	ck_assert(!mm_get_diagnostic_id(&host.plugin, &arena, &id, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "Plugin.GetDiagnosticId"));
}
END_TEST

START_TEST(another_error_of_rpc_is_the_servers)
{
	struct mm_user *user;
	host_breaks(&host, MM_API_GET_USER, "gob: no fields matched");
	ck_assert(!get_user("ada", &user));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	ck_assert_str_eq(err.text, "Plugin.GetUser: gob: no fields matched");
}
END_TEST

START_TEST(a_call_that_is_not_answered_times_out_alone)
{
	struct mm_user *user;
	struct str value;
	host_hangs(&host, MM_API_GET_USER);
	ck_assert(!get_user("ada", &user));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	err_clear(&err);
	ck_assert_msg(mm_kv_get(&host.plugin, &arena, S("k"), &value, &err),
	    "%s", err.text);
	/* and it is not sent again */
	ck_assert_uint_eq(host_n_called(&host, MM_API_GET_USER), 1);
}
END_TEST

static void wrong_reply(struct host *h, struct arena *a, const void *args,
    void *returns, void *object)
{
	struct mm_get_user_returns *out = returns;
	(void)h;
	(void)args;
	(void)object;
	out->result = arena_new(a, struct mm_user);
	out->app_error = mm_app_error(a, "Both", 404, "error and result");
}

START_TEST(an_error_beside_a_result_is_an_error)
{
	struct mm_user *user;
	host_answers(&host, MM_API_GET_USER, wrong_reply, NULL);
	ck_assert(!get_user("ada", &user));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
}
END_TEST

static void *call_often(void *object)
{
	struct arena a;
	struct err why = { 0 };
	(void)object;
	arena_init(&a, 16 * 1024 * 1024);
	for (int i = 0; i < 25; i++) {
		struct mm_user *user = NULL;
		bool done =
		    mm_get_user(&host.plugin, &a, S("ada"), &user, &why);
		ck_assert_msg(done, "%s", why.text);
		ck_assert_str_eq(str_c(user->email), "ada@example.com");
	}
	arena_fini(&a);
	return NULL;
}

START_TEST(many_threads_may_call_at_once)
{
	pthread_t threads[8];
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, call_often, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(host_n_called(&host, MM_API_GET_USER), 200);
}
END_TEST

/* ---- several at once --------------------------------------------------------------- */

static struct mm_get_user_returns user_of_row;
static struct mm_kv_get_returns value_of_row;

static bool get_both(const char *user_id)
{
	const struct mm_get_user_args user = { str_from(user_id) };
	const struct mm_kv_get_args key = { S("k") };
	const struct mm_api_row rows[] = {
		{ MM_API_GET_USER, &user, &user_of_row },
		{ MM_API_KV_GET, &key, &value_of_row },
	};
	user_of_row = (struct mm_get_user_returns){ 0 };
	value_of_row = (struct mm_kv_get_returns){ 0 };
	host_stores(&host, "k", S("v"));
	return mm_api_call_all(&host.plugin, &arena, rows, 2, &err);
}

START_TEST(several_calls_bring_all_they_are_answered)
{
	ck_assert_msg(get_both("ada"), "%s", err.text);
	ck_assert_str_eq(str_c(user_of_row.result->username), "ada");
	ck_assert_str_eq(str_c(value_of_row.result), "v");
}
END_TEST

START_TEST(of_several_calls_each_has_its_own_app_error)
{
	ck_assert_msg(get_both("nobody"), "%s", err.text);
	ck_assert(!mm_api_error(user_of_row.app_error, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_str_eq(str_c(value_of_row.result), "v");
}
END_TEST

START_TEST(of_several_calls_one_may_not_be_answered)
{
	host_hangs(&host, MM_API_GET_USER);
	ck_assert(!get_both("ada"));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	ck_assert_ptr_null(user_of_row.result);
	ck_assert_str_eq(str_c(value_of_row.result), "v");
}
END_TEST

START_TEST(of_several_calls_the_server_may_lack_one)
{
	struct mm_get_diagnostic_id_returns id = { 0 };
	struct mm_kv_get_returns value = { 0 };
	const struct mm_kv_get_args key = { S("k") };
	const struct mm_api_row rows[] = {
		{ MM_API_KV_GET, &key, &value },
		{ MM_API_GET_DIAGNOSTIC_ID, NULL, &id },
	};
	host_stores(&host, "k", S("v"));
	ck_assert(!mm_api_call_all(&host.plugin, &arena, rows, 2, &err));
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_str_eq(str_c(value.result), "v");
}
END_TEST

START_TEST(not_more_than_so_many_calls_are_made_at_once)
{
	static const struct mm_api_row rows[MM_API_AT_ONCE + 1];
	ck_assert(!mm_api_call_all(
	    &host.plugin, &arena, rows, MM_API_AT_ONCE + 1, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	err_clear(&err);
	ck_assert(!mm_api_call_all(&host.plugin, &arena, rows, 0, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

/* ---- the end ------------------------------------------------------------------------ */

static void *get_ada(void *object)
{
	struct mm_user *user;
	bool *done = object;
	*done = get_user("ada", &user);
	return NULL;
}

START_TEST(a_server_that_dies_ends_calls_under_way)
{
	bool done = true;
	host_hangs(&host, MM_API_GET_USER);
	own_runs = true;
	pthread_create(&own_thread, NULL, get_ada, &done);
	host_is_called(&host, MM_API_GET_USER, 1);
	host_leaves(&host);
	pthread_join(host.plugin_thread, NULL);
	ck_assert(!done);
	ck_assert_int_eq(err.code, ERR_CLOSED);
	host.joined = true;
}
END_TEST

START_TEST(a_connection_of_nonsense_ends_the_session)
{
	bool done = true;
	struct err ignored = { 0 };
	/* behind the back of the rpc server, which is idle */
	ck_assert(
	    yamux_stream_write(host.api_stream, "\x01\x00", 2, SOON, &ignored));
	own_runs = true;
	pthread_create(&own_thread, NULL, get_ada, &done);
	/* the plugin gives up by itself: the server starts it again */
	pthread_join(host.plugin_thread, NULL);
	ck_assert(!done);
	ck_assert_int_eq(err.code, ERR_PROTOCOL);
	host.left = true;
	host.joined = true;
}
END_TEST

static struct host quiet;

START_TEST(before_activation_there_is_no_api)
{
	struct mm_user *user = NULL;
	host_start(&quiet, &def);
	bool done = mm_get_user(&quiet.plugin, &arena, S("ada"), &user, &err);
	ck_assert(!done);
	ck_assert_int_eq(err.code, ERR_CLOSED);
	ck_assert_str_eq(err.text, "Plugin.GetUser: not activated");
	host_stop(&quiet);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mm call");
	TCase *tc = tcase_create("calls");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_call_brings_back_what_the_server_has);
	tcase_add_test(tc, what_came_back_outlives_later_calls);
	tcase_add_loop_test(tc, an_app_errors_status_becomes_a_code, 0,
	    (int)(sizeof(statuses) / sizeof(statuses[0])));
	tcase_add_test(tc, an_app_errors_text_has_its_details);
	tcase_add_test(tc, an_error_of_type_error_is_understood);
	tcase_add_test(
	    tc, any_error_may_hold_an_app_error_or_something_unknown);
	tcase_add_test(tc, a_method_that_the_server_lacks_is_not_found);
	tcase_add_test(tc, another_error_of_rpc_is_the_servers);
	tcase_add_test(tc, a_call_that_is_not_answered_times_out_alone);
	tcase_add_test(tc, an_error_beside_a_result_is_an_error);
	tcase_add_test(tc, many_threads_may_call_at_once);
	tcase_add_test(tc, several_calls_bring_all_they_are_answered);
	tcase_add_test(tc, of_several_calls_each_has_its_own_app_error);
	tcase_add_test(tc, of_several_calls_one_may_not_be_answered);
	tcase_add_test(tc, of_several_calls_the_server_may_lack_one);
	tcase_add_test(tc, not_more_than_so_many_calls_are_made_at_once);
	tcase_add_test(tc, a_server_that_dies_ends_calls_under_way);
	tcase_add_test(tc, a_connection_of_nonsense_ends_the_session);
	tcase_add_test(tc, before_activation_there_is_no_api);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
