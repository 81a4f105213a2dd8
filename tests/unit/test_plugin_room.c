/* Who hosts, and where people meet: what Zoom is asked, what it may refuse. */
#include "plugin/grant.h"
#include "plugin/room.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PMI_USER                                                               \
 "{\"id\":\"u\",\"email\":\"ada@zoom.example\",\"pmi\":5551234567}"

static struct world w;
static struct ctx c;
static struct zoom_answer answer;

static void set_up(void)
{
	world_start(&w);
	c = world_ctx(&w);
}

static void tear_down(void)
{
	ctx_end(&c);
	world_stop(&w);
}

/* A token with scopes, the account's or ADA's own. */
static void connect_with(const char *user_id, const char *scope)
{
	bool saved;
	const struct grant grant = {
		.user_id = str_from(user_id),
		.zoom_id = S("u"),
		.token = { .access_token = S(ACCESS),
		    .token_type = S("bearer"),
		    .refresh_token = S(REFRESH),
		    .scope = str_from(scope) },
	};
	ck_assert_msg(
	    grant_save(&c, &grant, NULL, &saved, &w.err), "%s", w.err.text);
}

static struct room_host host_of(const char *user)
{
	struct room_host host;
	https_answers(w.zoom, 200, "", user);
	ck_assert_msg(room_find_host(&c, S(ADA), S("ada@example.com"), &host,
	                  &answer, &w.err),
	    "%s", w.err.text);
	return host;
}

static void expect_request(int i, const char *part)
{
	ck_assert_msg(strstr(https_request(w.zoom, i), part) != NULL,
	    "request %d: %s", i, https_request(w.zoom, i));
}

static const char *personal_link(const char *rest)
{
	return str_c(arena_printf(
	    &w.arena, "%s/j/5551234567%s", https_url(w.zoom), rest));
}

/* ---- hosts ------------------------------------------------------------------------ */

START_TEST(with_the_accounts_app_the_e_mail_address_counts)
{
	connect_with("", "");
	struct room_host host = host_of(PMI_USER);
	ck_assert_str_eq(str_c(host.who), "ada@example.com");
	ck_assert_int_eq(host.user.pmi, 5551234567);
	expect_request(0, "GET /v2/users/ada@example.com HTTP");
}
END_TEST

START_TEST(with_a_users_app_it_is_the_user_of_the_token)
{
	ctx_end(&c);
	world_configures(&w, "AccountLevelApp", "false");
	c = world_ctx(&w);
	connect_with(ADA, "");
	ck_assert_str_eq(str_c(host_of(PMI_USER).who), "ada@zoom.example");
	expect_request(0, "GET /v2/users/me HTTP");
	/* a pending user has no address */
	ck_assert_str_eq(str_c(host_of("{\"id\":\"u\"}").who), "me");
}
END_TEST

START_TEST(a_host_who_is_not_found_is_an_error)
{
	struct room_host host;
	connect_with("", "");
	https_answers(w.zoom, 404, "", "{\"code\":1001}");
	ck_assert(!room_find_host(
	    &c, S(ADA), S("ada@example.com"), &host, &answer, &w.err));
	ck_assert_int_eq(answer.verdict, ZOOM_NOT_FOUND);
}
END_TEST

/* ---- unique ------------------------------------------------------------------------ */

START_TEST(a_unique_room_has_the_link_of_its_creation)
{
	struct room room;
	connect_with("", "");
	struct room_host host = host_of(PMI_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
	ck_assert(room_create(&c, &host, S("T"), &room, &answer, &w.err));
	ck_assert_int_eq(room.id, MEETING_ID);
	ck_assert_str_eq(str_c(room.uuid), MEETING_UUID);
	ck_assert_str_eq(str_c(room.link), world_link(&w));
	ck_assert(!room.personal);
	expect_request(1, "{\"topic\":\"T\",\"type\":1}");
}
END_TEST

START_TEST(a_room_that_zoom_refuses_is_an_error)
{
	struct room room;
	connect_with("", "");
	struct room_host host = host_of(PMI_USER);
	https_answers(w.zoom, 400, "", "{\"code\":3000}");
	ck_assert(!room_create(&c, &host, S("T"), &room, &answer, &w.err));
	ck_assert_int_eq(answer.verdict, ZOOM_REFUSED);
}
END_TEST

/* ---- personal ------------------------------------------------------------------------ */

static bool personal(struct room *room, const char *user)
{
	struct room_host host = host_of(user);
	return room_find_personal(&c, &host, room);
}

START_TEST(a_personal_room_has_the_link_that_zoom_gives)
{
	struct room room;
	connect_with("", "meeting:read:meeting user:read:user");
	https_answers(w.zoom, 200, "", PMI_USER);
	struct str body = arena_printf(&w.arena,
	    "{\"id\":5551234567,\"pmi\":\"5551234567\",\"uuid\":\"before\","
	    "\"status\":\"waiting\",\"join_url\":\"%s\"}",
	    personal_link("?pwd=x.1"));
	https_answers(w.zoom, 200, "", str_c(body));
	struct room_host host;
	ck_assert(room_find_host(
	    &c, S(ADA), S("ada@example.com"), &host, &answer, &w.err));
	ck_assert(room_find_personal(&c, &host, &room));
	ck_assert_int_eq(room.id, 5551234567);
	ck_assert(room.personal);
	ck_assert_str_eq(str_c(room.link), personal_link("?pwd=x.1"));
	/* of the instance before: this one has not begun */
	ck_assert_uint_eq(room.uuid.len, 0);
	ck_assert_int_eq(https_n_requests(w.zoom), 2);
	expect_request(1, "GET /v2/meetings/5551234567 HTTP");
}
END_TEST

START_TEST(a_personal_room_in_use_has_its_instances_uuid)
{
	struct room room;
	connect_with("", "");
	struct room_host host = host_of(PMI_USER);
	https_answers(w.zoom, 200, "",
	    "{\"id\":5551234567,\"uuid\":\"now==\",\"status\":\"started\"}");
	ck_assert(room_find_personal(&c, &host, &room));
	ck_assert_str_eq(str_c(room.uuid), "now==");
}
END_TEST

START_TEST(who_has_no_personal_id_has_no_room)
{
	struct room room;
	connect_with("", "user:read");
	ck_assert(!personal(&room, "{\"id\":\"u\"}"));
	ck_assert(!personal(&room, "{\"id\":\"u\",\"pmi\":0}"));
	ck_assert(!personal(&room, "{\"id\":\"u\",\"pmi\":-1}"));
	ck_assert_int_eq(https_n_requests(w.zoom), 3);
}
END_TEST

START_TEST(a_room_that_zoom_does_not_know_is_none)
{
	struct room room;
	connect_with("", "");
	struct room_host host = host_of(PMI_USER);
	https_answers(w.zoom, 404, "", "{\"code\":3001}");
	ck_assert(!room_find_personal(&c, &host, &room));
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_WARN), 0);
}
END_TEST

static const struct {
	const char *scope;
	bool asks;
} scopes[] = {
	{ "user:read", true },
	{ "meeting:write user:read:admin", true },
	{ "user:read:settings", true },
	{ "user:read:settings:admin meeting:read:meeting", true },
	{ "user:read:user user:read:user:admin meeting:read", false },
	{ "", false },
};

START_TEST(settings_are_read_where_the_token_may)
{
	struct room room;
	connect_with("", scopes[_i].scope);
	struct room_host host = host_of(PMI_USER);
	if (scopes[_i].asks)
		https_answers(w.zoom, 200, "",
		    "{\"schedule_meeting\":{\"personal_meeting\":false}}");
	else
		https_answers(w.zoom, 200, "", "{\"id\":5551234567}");
	ck_assert(room_find_personal(&c, &host, &room) == !scopes[_i].asks);
	expect_request(1, scopes[_i].asks
	                      ? "GET /v2/users/ada@example.com/settings HTTP"
	                      : "GET /v2/meetings/5551234567 HTTP");
}
END_TEST

START_TEST(settings_that_zoom_keeps_back_are_logged)
{
	struct room room;
	connect_with("", "user:read");
	struct room_host host = host_of(PMI_USER);
	https_answers(w.zoom, 400, "x-zm-trackingid: track-7",
	    "{\"code\":4711,\"message\":\"does not contain scopes\"}");
	https_answers(w.zoom, 200, "", "{\"id\":5551234567}");
	ck_assert(room_find_personal(&c, &host, &room));
	ck_assert(host_logged(&w.host, "track-7"));
}
END_TEST

static const struct {
	const char *join_url;     /* NULL: the meeting is not told */
	const char *personal_url; /* a rest of the room's link, or another */
	const char *rest;
} links[] = {
	{ NULL, "?pwd=y.1", "?pwd=y.1" },
	{ NULL, "https://evil.example.com/j/1", "" },
	{ NULL, "", "" },
	{ "https://evil.example.com/j/1", "?pwd=y.1", "?pwd=y.1" },
	{ "https://evil.example.com/j/1", "https://evil.example.com/j/1", "" },
};

START_TEST(the_best_link_on_a_trusted_host_is_taken)
{
	struct room room;
	const char *url = links[_i].personal_url;
	connect_with("", "");
	if (*url == '?')
		url = personal_link(url);
	struct room_host host = host_of(str_c(arena_printf(&w.arena,
	    "{\"id\":\"u\",\"pmi\":5551234567,\"personal_meeting_url\":"
	    "\"%s\"}",
	    url)));
	if (links[_i].join_url == NULL)
		https_answers(w.zoom, 400, "",
		    "{\"code\":4711,\"message\":\"does not contain "
		    "scopes:[meeting:read:meeting].\"}");
	else
		https_answers(w.zoom, 200, "",
		    str_c(arena_printf(&w.arena,
		        "{\"id\":5551234567,\"join_url\":\"%s\"}",
		        links[_i].join_url)));
	ck_assert(room_find_personal(&c, &host, &room));
	ck_assert_str_eq(str_c(room.link), personal_link(links[_i].rest));
	ck_assert(host_logged(&w.host, "did not tell all") ==
	          (links[_i].join_url == NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin room");
	TCase *tc = tcase_create("rooms");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, with_the_accounts_app_the_e_mail_address_counts);
	tcase_add_test(tc, with_a_users_app_it_is_the_user_of_the_token);
	tcase_add_test(tc, a_host_who_is_not_found_is_an_error);
	tcase_add_test(tc, a_unique_room_has_the_link_of_its_creation);
	tcase_add_test(tc, a_room_that_zoom_refuses_is_an_error);
	tcase_add_test(tc, a_personal_room_has_the_link_that_zoom_gives);
	tcase_add_test(tc, a_personal_room_in_use_has_its_instances_uuid);
	tcase_add_test(tc, who_has_no_personal_id_has_no_room);
	tcase_add_test(tc, a_room_that_zoom_does_not_know_is_none);
	tcase_add_loop_test(tc, settings_are_read_where_the_token_may, 0,
	    (int)(sizeof(scopes) / sizeof(scopes[0])));
	tcase_add_test(tc, settings_that_zoom_keeps_back_are_logged);
	tcase_add_loop_test(tc, the_best_link_on_a_trusted_host_is_taken, 0,
	    (int)(sizeof(links) / sizeof(links[0])));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
