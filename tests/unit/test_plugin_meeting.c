/* Starting meetings: what Zoom is asked, what is posted, who is told. */
#include "plugin/meeting.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdio.h>
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

static const struct gob_any *prop(const struct mm_post *post, const char *name)
{
	const struct gob_any *value =
	    gob_any_map_get(&post->props, str_from(name));
	ck_assert_msg(value != NULL, "no prop %s", name);
	return value;
}

static void expect_prop(
    const struct mm_post *post, const char *name, const char *value)
{
	ck_assert_str_eq(str_c(prop(post, name)->name), "string");
	ck_assert_str_eq(str_c(gob_any_get_string(prop(post, name))), value);
}

static void zoom_is_well(void)
{
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
}

static void expect_request(int i, const char *part)
{
	ck_assert_msg(strstr(https_request(w.zoom, i), part) != NULL,
	    "request %d: %s", i, https_request(w.zoom, i));
}

static void expect_says(const char *command, const char *part)
{
	const char *says = world_types(&w, ADA, command);
	ck_assert_msg(strstr(says, part) != NULL, "%s", says);
}

/* ---- the happy path -------------------------------------------------------------- */

START_TEST(zoom_is_asked_for_the_user_and_then_for_the_meeting)
{
	zoom_is_well();
	ck_assert_str_eq(world_types(&w, ADA, "/zoom start"), "");
	ck_assert_int_eq(https_n_requests(w.zoom), 2);
	expect_request(0, "GET /v2/users/ada@example.com HTTP");
	expect_request(1, "POST /v2/users/ada@example.com/meetings HTTP");
	const char *body = strstr(https_request(w.zoom, 1), "\r\n\r\n") + 4;
	ck_assert_str_eq(body, "{\"topic\":\"Zoom Meeting\",\"type\":1}");
}
END_TEST

START_TEST(an_e_mail_address_is_escaped_in_paths)
{
	zoom_is_well();
	world_types(&w, SAM, "/zoom start");
	expect_request(0, "GET /v2/users/sam+x@example.com HTTP");
}
END_TEST

START_TEST(the_post_has_exactly_the_props_of_the_contract)
{
	static const char *const names[] = { "attachments", "meeting_id",
		"meeting_uuid", "meeting_link", "meeting_status",
		"meeting_personal", "meeting_topic", "meeting_creator_username",
		"meeting_provider" };
	zoom_is_well();
	world_types(&w, ADA, "/zoom start Stand-up");
	const struct mm_post *post = host_post(&w.host, 0);
	ck_assert_str_eq(str_c(post->type), "custom_zoom");
	ck_assert_str_eq(str_c(post->user_id), ADA);
	ck_assert_str_eq(str_c(post->channel_id), TALK);
	ck_assert_uint_eq(post->props.n, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < post->props.n; i++)
		prop(post, names[i]);
	ck_assert_str_eq(str_c(prop(post, "meeting_id")->name), "int64");
	ck_assert_int_eq(
	    *(const int64_t *)prop(post, "meeting_id")->value, MEETING_ID);
	ck_assert_str_eq(str_c(prop(post, "meeting_personal")->name), "bool");
	ck_assert(!gob_any_get_bool(prop(post, "meeting_personal")));
	expect_prop(post, "meeting_uuid", MEETING_UUID);
	expect_prop(post, "meeting_link", world_link(&w));
	expect_prop(post, "meeting_status", "STARTED");
	expect_prop(post, "meeting_topic", "Stand-up");
	expect_prop(post, "meeting_creator_username", "ada");
	expect_prop(post, "meeting_provider", "Zoom");
}
END_TEST

START_TEST(clients_without_the_webapp_see_an_attachment)
{
	zoom_is_well();
	world_types(&w, ADA, "/zoom start Stand-up");
	const struct gob_any *any = prop(host_post(&w.host, 0), "attachments");
	ck_assert_ptr_eq(any->type, &mm_type_message_attachment_slice);
	const struct mm_message_attachment_slice *list = any->value;
	ck_assert_uint_eq(list->n, 1);
	ck_assert_str_eq(str_c(list->items[0].title), "Stand-up");
	ck_assert_str_eq(str_c(list->items[0].title_link), world_link(&w));
	ck_assert_ptr_nonnull(
	    strstr(str_c(list->items[0].text), "855 5000 1111"));
}
END_TEST

START_TEST(webhooks_will_find_the_post)
{
	zoom_is_well();
	world_types(&w, ADA, "/zoom start");
	ck_assert(
	    str_eq(host_key(&w.host, "post_meeting_AbCdEf%2F12345+ghIJKLmno=="),
	        host_post(&w.host, 0)->id));
	ck_assert_ptr_nonnull(strstr(
	    str_c(host_key(&w.host, "meeting_channel_85550001111")), TALK));
}
END_TEST

START_TEST(the_starters_browser_is_told)
{
	zoom_is_well();
	world_types(&w, ADA, "/zoom start");
	const struct mm_publish_web_socket_event_args *event =
	    host_args(&w.host, MM_API_PUBLISH_WEB_SOCKET_EVENT, 0);
	ck_assert_str_eq(str_c(event->event), "meeting_started");
	ck_assert_uint_eq(event->payload.n, 1);
	ck_assert_str_eq(str_c(gob_any_get_string(gob_any_map_get(
	                     &event->payload, S("meeting_url")))),
	    world_link(&w));
	ck_assert_str_eq(str_c(event->broadcast->user_id), ADA);
	ck_assert_str_eq(str_c(event->broadcast->connection_id), "tab");
	ck_assert_uint_eq(event->broadcast->channel_id.len, 0);
}
END_TEST

START_TEST(a_link_that_is_not_zooms_is_replaced)
{
	char mine[256];
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "",
	    "{\"id\":85550001111,\"uuid\":\"u\","
	    "\"join_url\":\"https://evil.example.com/j/1\"}");
	world_types(&w, ADA, "/zoom start");
	snprintf(mine, sizeof(mine), "%s/j/85550001111", https_url(w.zoom));
	expect_prop(host_post(&w.host, 0), "meeting_link", mine);
}
END_TEST

START_TEST(a_topic_is_cut_to_two_hundred_characters)
{
	char command[1024] = "/zoom start ";
	char want[1024] = "";
	for (int i = 0; i < 250; i++)
		strcat(command, "\xc3\xa9");
	for (int i = 0; i < 199; i++)
		strcat(want, "\xc3\xa9");
	strcat(want, "\xe2\x80\xa6");
	zoom_is_well();
	world_types(&w, ADA, command);
	expect_prop(host_post(&w.host, 0), "meeting_topic", want);
}
END_TEST

START_TEST(a_topic_is_one_line)
{
	zoom_is_well();
	world_types(&w, ADA, "/zoom start  a\nb\tc \"d\" ");
	expect_prop(host_post(&w.host, 0), "meeting_topic", "a b c \"d\"");
	expect_request(1, "{\"topic\":\"a b c \\\"d\\\"\",\"type\":1}");
}
END_TEST

/* ---- threads ---------------------------------------------------------------------- */

static int starts_in(const struct mm_post *root, const char *root_id)
{
	zoom_is_well();
	return world_posts(&w, ADA, "/api/v1/meetings",
	    arena_printf(&w.arena,
	        "{\"channel_id\":\"" TALK "\",\"root_id\":\"%s\"}",
	        root == NULL ? root_id : str_c(root->id)));
}

START_TEST(a_reply_stands_for_its_thread)
{
	const struct mm_post *root =
	    host_adds_post(&w.host, &(struct mm_post){ .channel_id = S(TALK) });
	const struct mm_post *reply = host_adds_post(&w.host,
	    &(struct mm_post){ .channel_id = S(TALK), .root_id = root->id });
	ck_assert_int_eq(starts_in(reply, NULL), 200);
	ck_assert(str_eq(host_post(&w.host, 2)->root_id, root->id));
}
END_TEST

START_TEST(a_thread_that_is_not_there_is_refused_before_zoom_is_asked)
{
	const struct mm_post *elsewhere =
	    host_adds_post(&w.host, &(struct mm_post){ .channel_id = S(TEAM) });
	const struct mm_post *gone = host_adds_post(&w.host,
	    &(struct mm_post){ .channel_id = S(TALK), .delete_at = 1 });
	ck_assert_int_eq(starts_in(elsewhere, NULL), 400);
	ck_assert_int_eq(starts_in(gone, NULL), 400);
	ck_assert_int_eq(starts_in(NULL, "nonsense"), 400);
	ck_assert_ptr_nonnull(strstr(w.answer, "This thread is not in"));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
	host_fails(&w.host, MM_API_GET_POST, 500);
	ck_assert_int_eq(starts_in(gone, NULL), 500);
}
END_TEST

/* ---- personal meetings ---------------------------------------------------------------- */

#define PMI_USER "{\"id\":\"u\",\"pmi\":5551234567}"
#define RUNNING  "{\"id\":5551234567,\"uuid\":\"now==\",\"status\":\"started\"}"
#define WAITING                                                                \
 "{\"id\":5551234567,\"uuid\":\"before==\",\"status\":\"waiting\"}"

#define PERSONAL_KEY "z2_personal_5551234567"

static void expect_ends(const char *uuid, const char *more)
{
	ck_assert_int_eq(world_delivers(&w, world_event(&w, "meeting.ended",
	                                        "\"5551234567\"", uuid, more)),
	    200);
}

static const char *starts_personal(const char *room)
{
	world_connects(&w);
	world_prefers(&w, ADA, "true");
	https_answers(w.zoom, 200, "", PMI_USER);
	https_answers(w.zoom, 200, "", room);
	return world_types(&w, ADA, "/zoom start");
}

START_TEST(a_personal_meeting_is_posted_without_a_create_call)
{
	ck_assert_str_eq(starts_personal(WAITING), "");
	const struct mm_post *post = host_post(&w.host, 0);
	ck_assert(gob_any_get_bool(prop(post, "meeting_personal")));
	expect_prop(post, "meeting_uuid", "");
	expect_prop(post, "meeting_topic", "Zoom Meeting");
	ck_assert_int_eq(https_n_requests(w.zoom), 2);
	/* a late event of the instance before must not find this post */
	ck_assert_uint_eq(host_key(&w.host, "post_meeting_before==").len, 0);
	ck_assert_ptr_nonnull(strstr(
	    str_c(host_key(&w.host, "meeting_channel_5551234567")), TALK));
}
END_TEST

START_TEST(new_instances_of_a_personal_meeting_find_their_post)
{
	ck_assert_str_eq(starts_personal(WAITING), "");
	ck_assert_int_eq(world_delivers(&w, world_event(&w, "meeting.started",
	                                        "\"5551234567\"", "new==", "")),
	    200);
	ck_assert(str_eq(host_key(&w.host, "post_meeting_new=="),
	    host_post(&w.host, 0)->id));
	ck_assert_int_eq(world_delivers(&w, world_event(&w, "meeting.ended",
	                                        "\"5551234567\"", "new==", "")),
	    200);
	expect_prop(host_post(&w.host, 0), "meeting_status", "ENDED");
}
END_TEST

START_TEST(a_second_start_of_a_running_one_points_at_it)
{
	ck_assert_str_eq(starts_personal(RUNNING), "");
	host_post(&w.host, 0)->create_at -= (int64_t)60 * 60 * 1000;
	const char *says = starts_personal(RUNNING);
	ck_assert_ptr_nonnull(strstr(says, "already running"));
	ck_assert_ptr_nonnull(strstr(says, "/j/5551234567)"));
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_PUBLISH_WEB_SOCKET_EVENT), 2);
}
END_TEST

START_TEST(running_elsewhere_or_deleted_it_is_posted_here)
{
	ck_assert_str_eq(starts_personal(RUNNING), "");
	host_post(&w.host, 0)->channel_id = S(TEAM);
	ck_assert_str_eq(starts_personal(RUNNING), "");
	ck_assert_uint_eq(host_n_posts(&w.host), 2);
	host_post(&w.host, 1)->delete_at = 1;
	ck_assert_str_eq(starts_personal(RUNNING), "");
	ck_assert_uint_eq(host_n_posts(&w.host), 3);
	host_post(&w.host, 2)->create_at -= (int64_t)60 * 60 * 1000;
	host_fails(&w.host, MM_API_GET_POST, 500);
	ck_assert_str_eq(starts_personal(RUNNING), "");
	ck_assert_uint_eq(host_n_posts(&w.host), 4);
	ck_assert(host_logged(&w.host, "was not found"));
	host_obeys(&w.host, MM_API_GET_POST);
	expect_ends("now==", "");
	for (size_t i = 0; i < 4; i++)
		expect_prop(host_post(&w.host, i), "meeting_status",
		    i == 1 ? "STARTED" : "ENDED"); /* 1 is deleted */
	ck_assert_uint_eq(host_key(&w.host, PERSONAL_KEY).len, 0);
}
END_TEST

/* The former start was long ago: nobody is offered to join it. */
static void starts_again(void)
{
	size_t n = host_n_posts(&w.host);
	ck_assert_str_eq(starts_personal(WAITING), "");
	ck_assert_uint_eq(host_n_posts(&w.host), n + 1);
	host_post(&w.host, n)->create_at -= (int64_t)60 * 1000;
}

START_TEST(all_posts_before_the_host_has_come_end_together)
{
	starts_again();
	starts_again();
	ck_assert_int_gt(host_expires_s(&w.host, PERSONAL_KEY), 86400);
	ck_assert_int_eq(world_delivers(&w, world_event(&w, "meeting.started",
	                                        "\"5551234567\"", "new==", "")),
	    200);
	ck_assert(str_eq(host_key(&w.host, "post_meeting_new=="),
	    host_post(&w.host, 1)->id));
	expect_ends("new==", "");
	expect_prop(host_post(&w.host, 0), "meeting_status", "ENDED");
	expect_prop(host_post(&w.host, 1), "meeting_status", "ENDED");
	ck_assert_uint_eq(host_key(&w.host, PERSONAL_KEY).len, 0);
}
END_TEST

START_TEST(a_late_end_leaves_the_posts_of_the_next_instance)
{
	starts_again();
	host_post(&w.host, 0)->create_at = 1760000000000; /* in October 2025 */
	starts_again();
	expect_ends("before==", ",\"start_time\":\"2025-10-09T08:53:20Z\","
	                        "\"end_time\":\"2025-10-09T09:53:20Z\"");
	expect_prop(host_post(&w.host, 0), "meeting_status", "ENDED");
	expect_prop(host_post(&w.host, 1), "meeting_status", "STARTED");
	expect_ends("new==", "");
	expect_prop(host_post(&w.host, 1), "meeting_status", "ENDED");
}
END_TEST

START_TEST(an_end_that_fails_in_one_channel_is_tried_again)
{
	starts_again();
	starts_again();
	/* the newest is found by its channel, ended and looked at; then */
	host_fails_after(&w.host, MM_API_UPDATE_POST, 1, 500);
	ck_assert_int_eq(world_delivers(&w, world_event(&w, "meeting.ended",
	                                        "\"5551234567\"", "new==", "")),
	    500);
	host_obeys(&w.host, MM_API_UPDATE_POST);
	expect_ends("new==", "");
	expect_prop(host_post(&w.host, 0), "meeting_status", "ENDED");
	expect_prop(host_post(&w.host, 1), "meeting_status", "ENDED");
}
END_TEST

START_TEST(of_starts_that_never_end_the_newest_are_kept)
{
	struct str ids = S("\"old\"");
	for (int i = 0; i < 31; i++)
		ids = arena_printf(&w.arena, "%.*s,\"p%d\"", STR_ARG(ids), i);
	host_stores(&w.host, PERSONAL_KEY,
	    arena_printf(&w.arena, "{\"posts\":[%.*s]}", STR_ARG(ids)));
	starts_again();
	const char *stored = str_c(host_key(&w.host, PERSONAL_KEY));
	ck_assert_ptr_null(strstr(stored, "\"old\""));
	ck_assert_ptr_nonnull(strstr(stored, "\"p0\""));
	ck_assert_ptr_nonnull(strstr(stored, str_c(host_post(&w.host, 0)->id)));
}
END_TEST

START_TEST(a_subscription_of_it_is_kept)
{
	struct str before =
	    S("{\"channel_id\":\"" TEAM "\",\"is_subscription\":true}");
	host_stores(&w.host, "meeting_channel_5551234567", before);
	ck_assert_str_eq(starts_personal(WAITING), "");
	ck_assert(
	    str_eq(host_key(&w.host, "meeting_channel_5551234567"), before));
}
END_TEST

START_TEST(without_a_personal_id_there_is_a_unique_one_and_a_hint)
{
	world_prefers(&w, ADA, "true");
	zoom_is_well();
	const char *says = world_types(&w, ADA, "/zoom start");
	ck_assert_ptr_nonnull(strstr(says, "no personal meeting ID"));
	ck_assert_ptr_nonnull(strstr(says, "/profile)"));
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	expect_request(1, "POST /v2/users/ada@example.com/meetings HTTP");
}
END_TEST

/* ---- what can go wrong --------------------------------------------------------------- */

START_TEST(who_may_not_start_does_not_reach_zoom)
{
	zoom_is_well();
	host_stores(&w.host, "zoomChannelSettings",
	    S("{\"" TALK "\":{\"Preference\":\"restrict\"}}"));
	expect_says("/zoom start", "switched off in this channel");
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(an_address_that_is_not_verified_does_not_reach_zoom)
{
	zoom_is_well();
	world_configures(&w, "RequireVerifiedEmail", "true");
	expect_says("/zoom start", "`ada@example.com` is not verified");
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
	w.host.users[1].email_verified = true; /* ADA */
	ck_assert_str_eq(world_types(&w, ADA, "/zoom start"), "");
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
}
END_TEST

START_TEST(a_user_whom_zoom_does_not_know_is_told_the_address)
{
	world_connects(&w);
	https_answers(w.zoom, 404, "",
	    "{\"code\":1001,\"message\":\"User does not exist: x.\"}");
	expect_says("/zoom start", "`ada@example.com`");
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
	/* nothing that an admin could mend */
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_WARN), 0);
}
END_TEST

static const struct {
	int status;
	const char *body, *says;
} refusals[] = {
	{ 400,
	    "{\"code\":4711,\"message\":\"Invalid access token, does not "
	    "contain scopes:[user:read:user:admin].\"}",
	    "`user:read:user:admin`" },
	{ 429,
	    "{\"code\":429,\"message\":\"You have exceeded the daily rate "
	    "limit (100) of Meeting Create/Update API requests permitted "
	    "for this particular user.\"}",
	    "midnight UTC" },
	{ 400, "{\"code\":300,\"message\":\"Validation Failed.\"}",
	    "Zoom refused" },
	{ 503, "<html>Unavailable</html>", "cannot be reached" },
	{ 502, "<html>Bad gateway</html>", "may or may not exist" },
};

START_TEST(what_zoom_refuses_is_told_and_logged)
{
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	for (int i = 0; i < 4; i++)
		https_answers(w.zoom, refusals[_i].status,
		    "x-zm-trackingid: track-7", refusals[_i].body);
	expect_says("/zoom start", refusals[_i].says);
	ck_assert(host_logged(&w.host, "track-7"));
	ck_assert_uint_eq(host_n_posts(&w.host), 0);
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_PUBLISH_WEB_SOCKET_EVENT), 0);
}
END_TEST

START_TEST(a_create_whose_answer_is_lost_is_not_repeated)
{
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_resets(w.zoom);
	expect_says("/zoom start", "may or may not exist");
	ck_assert_int_eq(https_n_requests(w.zoom), 2);
}
END_TEST

START_TEST(a_meeting_that_cannot_be_posted_is_told_with_its_link)
{
	zoom_is_well();
	host_fails(&w.host, MM_API_CREATE_POST, 403);
	expect_says("/zoom start", world_link(&w));
	ck_assert(host_logged(&w.host, "A meeting could not be posted"));
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_PUBLISH_WEB_SOCKET_EVENT), 1);
}
END_TEST

START_TEST(a_meeting_that_cannot_be_remembered_is_started)
{
	zoom_is_well();
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert_str_eq(world_types(&w, ADA, "/zoom start"), "");
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	ck_assert(host_logged(&w.host, "its post will not follow it"));
}
END_TEST

START_TEST(a_browser_that_cannot_be_told_is_logged)
{
	zoom_is_well();
	host_breaks(&w.host, MM_API_PUBLISH_WEB_SOCKET_EVENT, "no sockets");
	ck_assert_str_eq(world_types(&w, ADA, "/zoom start"), "");
	ck_assert(host_logged(&w.host, "no sockets"));
}
END_TEST

static const enum mm_api_method needed[] = { MM_API_KV_GET, MM_API_GET_USER,
	MM_API_GET_CHANNEL, MM_API_GET_CHANNEL_MEMBER };

START_TEST(a_server_that_fails_is_told_in_one_sentence)
{
	zoom_is_well();
	host_fails(&w.host, needed[_i], 500);
	expect_says("/zoom start", "Something went wrong");
	ck_assert(host_logged(&w.host, "A meeting could not be started"));
	ck_assert_int_eq(https_n_requests(w.zoom), 0);
}
END_TEST

START_TEST(without_a_connection_a_member_is_told_whom_to_ask)
{
	expect_says("/zoom start", "No Zoom account is connected yet");
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_WARN), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin meeting");
	TCase *tc = tcase_create("starts");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, zoom_is_asked_for_the_user_and_then_for_the_meeting);
	tcase_add_test(tc, an_e_mail_address_is_escaped_in_paths);
	tcase_add_test(tc, the_post_has_exactly_the_props_of_the_contract);
	tcase_add_test(tc, clients_without_the_webapp_see_an_attachment);
	tcase_add_test(tc, webhooks_will_find_the_post);
	tcase_add_test(tc, the_starters_browser_is_told);
	tcase_add_test(tc, a_link_that_is_not_zooms_is_replaced);
	tcase_add_test(tc, a_topic_is_cut_to_two_hundred_characters);
	tcase_add_test(tc, a_topic_is_one_line);
	tcase_add_test(tc, a_reply_stands_for_its_thread);
	tcase_add_test(
	    tc, a_thread_that_is_not_there_is_refused_before_zoom_is_asked);
	tcase_add_test(tc, a_personal_meeting_is_posted_without_a_create_call);
	tcase_add_test(tc, new_instances_of_a_personal_meeting_find_their_post);
	tcase_add_test(tc, a_second_start_of_a_running_one_points_at_it);
	tcase_add_test(tc, running_elsewhere_or_deleted_it_is_posted_here);
	tcase_add_test(tc, all_posts_before_the_host_has_come_end_together);
	tcase_add_test(tc, a_late_end_leaves_the_posts_of_the_next_instance);
	tcase_add_test(tc, an_end_that_fails_in_one_channel_is_tried_again);
	tcase_add_test(tc, of_starts_that_never_end_the_newest_are_kept);
	tcase_add_test(tc, a_subscription_of_it_is_kept);
	tcase_add_test(
	    tc, without_a_personal_id_there_is_a_unique_one_and_a_hint);
	tcase_add_test(tc, who_may_not_start_does_not_reach_zoom);
	tcase_add_test(tc, an_address_that_is_not_verified_does_not_reach_zoom);
	tcase_add_test(tc, a_user_whom_zoom_does_not_know_is_told_the_address);
	tcase_add_loop_test(tc, what_zoom_refuses_is_told_and_logged, 0,
	    (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(tc, a_create_whose_answer_is_lost_is_not_repeated);
	tcase_add_test(
	    tc, a_meeting_that_cannot_be_posted_is_told_with_its_link);
	tcase_add_test(tc, a_meeting_that_cannot_be_remembered_is_started);
	tcase_add_test(tc, a_browser_that_cannot_be_told_is_logged);
	tcase_add_loop_test(tc, a_server_that_fails_is_told_in_one_sentence, 0,
	    (int)(sizeof(needed) / sizeof(needed[0])));
	tcase_add_test(tc, without_a_connection_a_member_is_told_whom_to_ask);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
