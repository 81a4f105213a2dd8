/* Routes: who may go where, and JSON answers. */
#include "plugin/routes.h"
#include "tests/lib/world.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static struct world w;
static struct host_answer answer;

static void set_up(void)
{
	world_start(&w);
}

static void tear_down(void)
{
	host_answer_fini(&answer);
	world_stop(&w);
}

static int request(
    const char *method, const char *url, const char *user_id, struct str body)
{
	host_answer_fini(&answer);
	ck_assert_msg(host_http(&w.host,
	                  &(struct host_request){ .method = method,
	                      .url = url,
	                      .user_id = user_id,
	                      .headers = "Content-Type: application/json\n",
	                      .body = body },
	                  &answer),
	    "%s", answer.err.text);
	return answer.status;
}

/* A text of the JSON answer, NULL when it has none of that name. */
static const char *member(const char *name)
{
	json_t *object = json_loads(host_body(&answer), 0, NULL);
	ck_assert_msg(json_is_object(object), "%s", host_body(&answer));
	ck_assert_str_eq(
	    host_header(&answer, "Content-Type"), "application/json");
	const json_t *value = json_object_get(object, name);
	const char *text = NULL;
	if (json_is_string(value))
		text = str_c(
		    arena_str(&w.arena, str_from(json_string_value(value))));
	json_decref(object);
	return text;
}

static const struct {
	const char *method, *url, *user_id;
	int status;
} rows[] = {
	{ "GET", "/", ADMIN, 404 },
	{ "GET", "", ADMIN, 404 },
	{ "GET", "/api/v1/meetings/", ADMIN, 404 },
	{ "GET", "//webhook", NULL, 404 },
	{ "GET", "/Webhook", NULL, 404 },
	{ "GET", "/webhook%00", NULL, 404 },
	{ "GET", "/webhook", NULL, 405 },
	{ "PUT", "/webhook?secret=" WEBHOOK_SECRET, NULL, 405 },
	{ "HEAD", "/api/v1/meetings", ADA, 405 },
	{ "GET", "/api/v1/meetings", ADA, 405 },
	{ "post", "/api/v1/meetings", ADA, 405 },
	{ "POST", "/oauth2/connect", ADMIN, 405 },
	{ "POST", "/webhook", NULL, 401 },
	{ "POST", "/api/v1/meetings", NULL, 401 },
	{ "POST", "/api/v1/meetings", "", 401 },
	{ "GET", "/oauth2/connect", NULL, 401 },
	{ "GET", "/oauth2/complete", NULL, 401 },
	{ "GET", "/oauth2/connect", ADA, 403 },
	{ "POST", "/api/v1/meetings", ADA, 400 },
	{ "GET", "/api/v1/channel-preference", ADA, 405 },
	{ "POST", "/api/v1/channel-preference", NULL, 401 },
	{ "POST", "/api/v1/channel-preference", ADA, 400 },
};

START_TEST(a_route_answers)
{
	ck_assert_int_eq(
	    request(rows[_i].method, rows[_i].url, rows[_i].user_id, S("")),
	    rows[_i].status);
}
END_TEST

START_TEST(a_path_that_leads_nowhere_costs_no_header)
{
	ck_assert_int_eq(request("GET", "/no/such/path", NULL, S("")), 404);
	ck_assert_str_eq(host_body(&answer), "not found\n");
	ck_assert_str_eq(str_c(buf_str(&answer.order)), "WriteHeader Write");
}
END_TEST

START_TEST(another_method_is_told_which_one_there_is)
{
	ck_assert_int_eq(request("GET", "/webhook", NULL, S("")), 405);
	ck_assert_str_eq(host_header(&answer, "Allow"), "POST");
	ck_assert_int_eq(request("POST", "/oauth2/connect", ADA, S("")), 405);
	ck_assert_str_eq(host_header(&answer, "Allow"), "GET");
	ck_assert_str_eq(host_body(&answer), "method not allowed\n");
}
END_TEST

START_TEST(until_it_is_set_up_every_route_answers_501)
{
	world_configures(&w, "WebhookSecret", "\"\"");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(request(rows[i].method, rows[i].url,
		                     rows[i].user_id, S("{}")),
		    501);
		ck_assert_uint_eq(answer.asked, 0);
	}
	ck_assert_ptr_nonnull(strstr(member("error"), "not set up"));
	world_configures(&w, NULL, NULL);
	ck_assert_int_eq(request("GET", "/", ADMIN, S("")), 404);
}
END_TEST

/* ---- POST /api/v1/meetings ---------------------------------------------------------- */

#define MEETINGS "/api/v1/meetings"

static const char *const bad_bodies[] = { "", "x", "[]", "{", "{}", "null",
	"{\"channel_id\":7}", "{\"channel_id\":\"\"}", "{\"topic\":\"t\"}",
	"{\"channel_id\":\"\xff\"}" };

START_TEST(a_body_that_makes_no_sense_is_a_bad_request)
{
	for (size_t i = 0; i < sizeof(bad_bodies) / sizeof(bad_bodies[0]);
	     i++) {
		ck_assert_int_eq(
		    request("POST", MEETINGS, ADA, str_from(bad_bodies[i])),
		    400);
		ck_assert_ptr_nonnull(member("error"));
	}
	char *big = arena_alloc(&w.arena, ROUTES_MAX_BODY + 1);
	ck_assert_int_eq(
	    request("POST", MEETINGS, ADA, str_n(big, ROUTES_MAX_BODY + 1)),
	    413);
}
END_TEST

START_TEST(a_meeting_is_started_and_its_link_answered)
{
	const struct mm_post *root =
	    host_adds_post(&w.host, &(struct mm_post){ .channel_id = S(TALK) });
	struct str body = arena_printf(&w.arena,
	    "{\"channel_id\":\"" TALK "\",\"root_id\":\"%s\","
	    "\"topic\":\"T \\\"x\\\"\",\"connection_id\":\"c\","
	    "\"use_pmi\":\"\",\"more\":[1]}",
	    str_c(root->id));
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
	ck_assert_int_eq(request("POST", MEETINGS, ADA, body), 200);
	ck_assert_str_eq(member("meeting_url"), world_link(&w));
	const struct mm_post *post = host_post(&w.host, 1);
	ck_assert(str_eq(post->root_id, root->id));
	ck_assert_str_eq(str_c(post->user_id), ADA);
	ck_assert_str_eq(str_c(gob_any_get_string(gob_any_map_get(
	                     &post->props, S("meeting_topic")))),
	    "T \"x\"");
	const struct mm_publish_web_socket_event_args *event =
	    host_args(&w.host, MM_API_PUBLISH_WEB_SOCKET_EVENT, 0);
	ck_assert_str_eq(str_c(event->broadcast->connection_id), "c");
}
END_TEST

START_TEST(who_is_not_connected_gets_an_empty_link_and_a_post)
{
	ck_assert_int_eq(
	    request("POST", MEETINGS, ADA, S("{\"channel_id\":\"" TALK "\"}")),
	    200);
	ck_assert_str_eq(member("meeting_url"), "");
	ck_assert_ptr_nonnull(
	    strstr(host_last_told(&w.host), "No Zoom account"));
}
END_TEST

START_TEST(a_stranger_to_the_channel_is_refused)
{
	world_connects(&w);
	ck_assert_int_eq(
	    request("POST", MEETINGS, EVE, S("{\"channel_id\":\"" TALK "\"}")),
	    403);
	ck_assert_ptr_nonnull(strstr(member("error"), "not a member"));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(an_answer_with_quotes_is_json_all_the_same)
{
	w.host.users[1].email = S("a\"d\\a\n@example.com");
	world_connects(&w);
	https_answers(w.zoom, 404, "", "{\"code\":1001,\"message\":\"x\"}");
	ck_assert_int_eq(
	    request("POST", MEETINGS, ADA, S("{\"channel_id\":\"" TALK "\"}")),
	    404);
	ck_assert_ptr_nonnull(strstr(member("error"), "a\"d\\a\n@example.com"));
}
END_TEST

START_TEST(a_server_that_fails_is_an_internal_error)
{
	host_fails(&w.host, MM_API_GET_USER, 500);
	ck_assert_int_eq(
	    request("POST", MEETINGS, ADA, S("{\"channel_id\":\"" TALK "\"}")),
	    500);
	ck_assert_ptr_null(strstr(member("error"), "ordered"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin routes");
	TCase *tc = tcase_create("paths");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(
	    tc, a_route_answers, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, a_path_that_leads_nowhere_costs_no_header);
	tcase_add_test(tc, another_method_is_told_which_one_there_is);
	tcase_add_test(tc, until_it_is_set_up_every_route_answers_501);
	tcase_add_test(tc, a_body_that_makes_no_sense_is_a_bad_request);
	tcase_add_test(tc, a_meeting_is_started_and_its_link_answered);
	tcase_add_test(tc, who_is_not_connected_gets_an_empty_link_and_a_post);
	tcase_add_test(tc, a_stranger_to_the_channel_is_refused);
	tcase_add_test(tc, an_answer_with_quotes_is_json_all_the_same);
	tcase_add_test(tc, a_server_that_fails_is_an_internal_error);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
