/* A meeting that the channel has got just now. */
#include "plugin/recent.h"
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

#define JITSI "https://meet.example.org/Room"

static void put(struct gob_any_map *props, const char *name, const char *text)
{
	if (text != NULL)
		gob_any_map_set(&w.arena, props, str_from(name),
		    gob_any_string(&w.arena, str_from(text)));
}

static struct mm_post *add(
    const char *provider, const char *link, const char *status)
{
	struct mm_post post = { .user_id = S(SAM), .channel_id = S(TALK) };
	put(&post.props, "meeting_provider", provider);
	put(&post.props, "meeting_link", link);
	put(&post.props, "meeting_status", status);
	put(&post.props, "meeting_topic", "Plan\nB");
	put(&post.props, "meeting_creator_username", "root");
	return host_adds_post(&w.host, &post);
}

static struct recent found(void)
{
	struct ctx c = world_ctx(&w);
	struct recent recent;
	ck_assert_msg(
	    recent_find(&c, S(TALK), &recent, &w.err), "%s", w.err.text);
	ctx_end(&c);
	return recent;
}

static const struct {
	const char *provider, *link, *status;
	bool found;
} rows[] = {
	{ "Jitsi", JITSI, NULL, true },
	{ "Jitsi", "http://meet.example.org/Room", "STARTED", true },
	{ "Zoom", NULL, "STARTED", true }, /* on the scripted server */
	{ "Jitsi", JITSI, "ENDED", false },
	{ NULL, JITSI, NULL, false },
	{ "", JITSI, NULL, false },
	{ "Jitsi", "", NULL, false },
	{ "Jitsi", "javascript:alert(1)", NULL, false },
	{ "Jitsi", "ftp://meet.example.org/Room", NULL, false },
	{ "Jitsi", "https://a b", NULL, false },
	{ "Zoom", "https://zoom.example.com/j/1", NULL, false },
	{ "zoom", "https://zoom.example.com/j/1", NULL, false },
};

START_TEST(a_post_is_a_recent_meeting_or_not)
{
	add(rows[_i].provider,
	    rows[_i].link == NULL ? world_link(&w) : rows[_i].link,
	    rows[_i].status);
	struct recent recent = found();
	ck_assert(rows[_i].found == (recent.link.len > 0));
	if (!rows[_i].found)
		return;
	ck_assert_str_eq(str_c(recent.topic), "Plan B");
	/* the author, whatever the props say */
	ck_assert_str_eq(str_c(recent.username), "sam");
}
END_TEST

START_TEST(deleted_and_older_posts_do_not_count)
{
	add("Jitsi", JITSI, NULL)->delete_at = 1;
	add("Jitsi", JITSI, NULL)->create_at -= RECENT_MS + 1000;
	ck_assert_uint_eq(found().link.len, 0);
}
END_TEST

START_TEST(the_newest_counts)
{
	add("Jitsi", JITSI, NULL);
	add("Jitsi", JITSI "2", NULL);
	host_post(&w.host, 0)->create_at -= 5000;
	ck_assert_str_eq(str_c(found().link), JITSI "2");
}
END_TEST

START_TEST(props_of_other_types_are_no_meeting)
{
	struct mm_post *post = add(NULL, NULL, NULL);
	gob_any_map_set(&w.arena, &post->props, S("meeting_provider"),
	    gob_any_int64(&w.arena, 7));
	gob_any_map_set(&w.arena, &post->props, S("meeting_link"),
	    gob_any_bool(&w.arena, true));
	ck_assert_uint_eq(found().link.len, 0);
}
END_TEST

START_TEST(an_author_who_is_gone_has_no_name)
{
	add("Jitsi", JITSI, NULL)->user_id = S("gone");
	struct recent recent = found();
	ck_assert_uint_gt(recent.link.len, 0);
	ck_assert_uint_eq(recent.username.len, 0);
}
END_TEST

START_TEST(a_bot_posts_for_somebody)
{
	add("Jitsi", JITSI, NULL);
	w.host.users[2].is_bot = true; /* sam */
	ck_assert_str_eq(str_c(found().username), "root");
}
END_TEST

static const enum mm_api_method needed[] = { MM_API_GET_POSTS_SINCE,
	MM_API_GET_USER };

START_TEST(a_server_that_fails_is_an_error)
{
	struct recent recent;
	add("Jitsi", JITSI, NULL);
	host_fails(&w.host, needed[_i], 500);
	struct ctx c = world_ctx(&w);
	ck_assert(!recent_find(&c, S(TALK), &recent, &w.err));
	ctx_end(&c);
}
END_TEST

/* ---- offered ------------------------------------------------------------------------ */

static const char *shown_prop(const char *name)
{
	const struct mm_send_ephemeral_post_args *args =
	    host_args(&w.host, MM_API_SEND_EPHEMERAL_POST, 0);
	return str_c(gob_any_get_string(
	    gob_any_map_get(&args->post->props, str_from(name))));
}

START_TEST(it_is_offered_to_the_starter_alone)
{
	add("Jitsi", JITSI "(1)", NULL);
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	ck_assert_str_eq(world_types(&w, ADA, "/zoom start Mine"), "");
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	ck_assert_int_eq(https_n_requests(w.zoom), 1);
	ck_assert_str_eq(shown_prop("type"), "custom_zoom");
	ck_assert_str_eq(shown_prop("meeting_status"), "RECENTLY_CREATED");
	ck_assert_str_eq(shown_prop("meeting_link"), JITSI "(1)");
	ck_assert_str_eq(shown_prop("meeting_provider"), "Jitsi");
	ck_assert_str_eq(shown_prop("meeting_topic"), "Plan B");
	ck_assert_str_eq(shown_prop("meeting_creator_username"), "sam");
	ck_assert_str_eq(shown_prop("wanted_topic"), "Mine");
	const struct mm_message_attachment *offer = world_offer(&w);
	ck_assert_str_eq(str_c(offer->text),
	    "@sam has just started a Jitsi meeting in this channel. "
	    "[Join it](" JITSI "%281%29), or start another one.");
	ck_assert_str_eq(str_c(offer->title_link), JITSI "(1)");
	ck_assert_str_eq(str_c(world_button(&w, "StartNew")->integration->url),
	    "/plugins/zoom/api/v1/meetings?force=true");
}
END_TEST

START_TEST(another_one_is_started_all_the_same)
{
	add("Jitsi", JITSI, NULL);
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	world_types(&w, ADA, "/zoom start Mine");
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
	ck_assert_int_eq(world_presses(&w, ADA, "StartNew"), 200);
	ck_assert_ptr_nonnull(strstr(w.answer, world_link(&w)));
	ck_assert_str_eq(
	    str_c(gob_any_get_string(gob_any_map_get(
	        &host_post(&w.host, 1)->props, S("meeting_topic")))),
	    "Mine");
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_UPDATE_EPHEMERAL_POST), 1);
}
END_TEST

START_TEST(a_button_that_fails_is_told)
{
	add("Jitsi", JITSI, NULL);
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	world_types(&w, ADA, "/zoom start");
	https_answers(w.zoom, 400, "", "{\"code\":300}");
	ck_assert_int_eq(world_presses(&w, ADA, "StartNew"), 500);
	ck_assert_ptr_nonnull(strstr(host_last_told(&w.host), "Zoom refused"));
}
END_TEST

START_TEST(a_strange_providers_name_is_left_out)
{
	add("[x](y) @all", JITSI, NULL);
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	world_types(&w, ADA, "/zoom start");
	ck_assert_ptr_nonnull(
	    strstr(str_c(world_offer(&w)->text), "started a meeting in"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin recent");
	TCase *tc = tcase_create("recent");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_post_is_a_recent_meeting_or_not, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, deleted_and_older_posts_do_not_count);
	tcase_add_test(tc, the_newest_counts);
	tcase_add_test(tc, props_of_other_types_are_no_meeting);
	tcase_add_test(tc, an_author_who_is_gone_has_no_name);
	tcase_add_test(tc, a_bot_posts_for_somebody);
	tcase_add_loop_test(tc, a_server_that_fails_is_an_error, 0,
	    (int)(sizeof(needed) / sizeof(needed[0])));
	tcase_add_test(tc, it_is_offered_to_the_starter_alone);
	tcase_add_test(tc, another_one_is_started_all_the_same);
	tcase_add_test(tc, a_button_that_fails_is_told);
	tcase_add_test(tc, a_strange_providers_name_is_left_out);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
