/* What the plugin writes: started, ended, for one user only. */
#include "plugin/action.h"
#include "plugin/post.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE ((int64_t)60 * 1000)

static struct world w;
static struct ctx c;

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

static struct mm_post *started(int64_t id)
{
	struct str post_id;
	const struct post_meeting m = {
		.user_id = S(ADA),
		.username = S("ada"),
		.channel_id = S(TALK),
		.root_id = S("root"),
		.id = id,
		.uuid = S("u"),
		.link = S("https://zoom.us/j/1"),
		.topic = S("Topic"),
	};
	ck_assert_msg(
	    post_meeting_started(&c, &m, &post_id, &w.err), "%s", w.err.text);
	struct mm_post *post = host_post(&w.host, host_n_posts(&w.host) - 1);
	ck_assert(str_eq(post->id, post_id));
	return post;
}

static const struct mm_message_attachment *attachment(
    const struct mm_post *post)
{
	const struct gob_any *any =
	    gob_any_map_get(&post->props, S("attachments"));
	const struct mm_message_attachment_slice *list = any->value;
	ck_assert_uint_eq(list->n, 1);
	return &list->items[0];
}

/* Ended, as the server has it then. */
static const struct mm_post *end(
    struct mm_post *post, int64_t start_ms, int64_t end_ms)
{
	struct mm_post copy = *post;
	ck_assert_msg(post_meeting_ended(&c, &copy, start_ms, end_ms, &w.err),
	    "%s", w.err.text);
	return host_post(&w.host, 0);
}

static const struct {
	int64_t id;
	const char *text;
} ids[] = {
	{ 85550001111, "855 5000 1111" },
	{ 8555000111, "855 500 0111" },
	{ 855500011, "855 500 011" },
	{ 12345678, "12345678" },
	{ 123456789012, "123456789012" },
};

START_TEST(an_id_is_shown_in_groups)
{
	const struct mm_post *post = started(ids[_i].id);
	ck_assert_ptr_nonnull(
	    strstr(str_c(attachment(post)->text), ids[_i].text));
	ck_assert_str_eq(str_c(post->root_id), "root");
	ck_assert(post_is_running(post, ids[_i].id));
	ck_assert(!post_is_running(post, 1));
}
END_TEST

START_TEST(an_ended_post_says_so_in_every_client)
{
	struct mm_post *post = started(7);
	const struct mm_post *now =
	    end(post, 1760000000000, 1760000000000 + 61 * MINUTE - 1);
	int64_t start_ms;
	int64_t end_ms;
	ck_assert_str_eq(str_c(now->message), "The meeting has ended.");
	ck_assert_str_eq(str_c(gob_any_get_string(gob_any_map_get(
	                     &now->props, S("meeting_status")))),
	    "ENDED");
	ck_assert(gob_any_get_int64(
	    gob_any_map_get(&now->props, S("meeting_end_time")), &end_ms));
	ck_assert_int_eq(end_ms, 1760000000000 + 61 * MINUTE - 1);
	ck_assert(gob_any_get_int64(
	    gob_any_map_get(&now->props, S("meeting_start_time")), &start_ms));
	ck_assert_int_eq(start_ms, 1760000000000);
	ck_assert(!post_is_running(now, 7));
	const struct mm_message_attachment *a = attachment(now);
	ck_assert_uint_eq(a->fields.n, 2);
	ck_assert_str_eq(str_c(gob_any_get_string(&a->fields.items[0].value)),
	    "2025-10-09 08:53 UTC");
	ck_assert_str_eq(
	    str_c(gob_any_get_string(&a->fields.items[1].value)), "1 h 1 min");
	ck_assert_uint_eq(a->title_link.len, 0);
}
END_TEST

static const struct {
	int64_t ms;
	const char *text;
} lengths[] = {
	{ 1, "1 min" },
	{ MINUTE, "1 min" },
	{ MINUTE + 1, "2 min" },
	{ 59 * MINUTE, "59 min" },
	{ 60 * MINUTE, "1 h 0 min" },
	{ 1500 * MINUTE, "25 h 0 min" },
};

START_TEST(a_length_is_in_minutes_begun)
{
	const struct mm_post *now =
	    end(started(7), 1760000000000, 1760000000000 + lengths[_i].ms);
	ck_assert_str_eq(
	    str_c(gob_any_get_string(&attachment(now)->fields.items[1].value)),
	    lengths[_i].text);
}
END_TEST

START_TEST(times_that_make_no_sense_are_left_out)
{
	const struct mm_post *now =
	    end(started(7), 1760000000000, 1750000000000);
	ck_assert_uint_eq(attachment(now)->fields.n, 1);
}
END_TEST

START_TEST(without_a_start_the_posts_own_time_counts)
{
	struct mm_post *post = started(7);
	const struct mm_post *now = end(post, 0, post->create_at + 3 * MINUTE);
	ck_assert_str_eq(
	    str_c(gob_any_get_string(&attachment(now)->fields.items[1].value)),
	    "3 min");
}
END_TEST

START_TEST(what_others_have_put_into_the_post_stays)
{
	struct mm_post *post = started(7);
	gob_any_map_set(&w.arena, &post->props, S("from_elsewhere"),
	    gob_any_string(&w.arena, S("kept")));
	post->is_pinned = true;
	const struct mm_post *now = end(post, 0, 0);
	ck_assert_str_eq(str_c(gob_any_get_string(gob_any_map_get(
	                     &now->props, S("from_elsewhere")))),
	    "kept");
	ck_assert(now->is_pinned);
	ck_assert(str_eq(now->id, post->id));
}
END_TEST

START_TEST(a_post_that_has_ended_is_left_alone)
{
	end(started(7), 0, 1);
	struct mm_post copy = *host_post(&w.host, 0);
	ck_assert(post_meeting_ended(&c, &copy, 0, 2, &w.err));
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_UPDATE_POST), 1);
}
END_TEST

START_TEST(a_post_in_an_archived_channel_stays_as_it_is)
{
	struct mm_post copy = *started(7);
	host_fails(&w.host, MM_API_UPDATE_POST, 400);
	ck_assert(!post_meeting_ended(&c, &copy, 0, 1, &w.err));
	ck_assert_int_eq(w.err.status, 400);
	err_clear(&w.err);
	copy = *started(8);
	copy.channel_id = S(OLD);
	ck_assert(post_meeting_ended(&c, &copy, 0, 1, &w.err));
	ck_assert_int_eq(w.err.code, ERR_NONE);
	ck_assert(host_logged(&w.host, "channel is archived"));
}
END_TEST

START_TEST(a_number_may_come_back_as_a_float)
{
	struct mm_post post = *started(7);
	double seven = 7;
	gob_any_map_set(&w.arena, &post.props, S("meeting_id"),
	    (struct gob_any){ .type = &gob_type_float64, .value = &seven });
	ck_assert(post_is_running(&post, 7));
	seven = 7.5;
	ck_assert(!post_is_running(&post, 7));
}
END_TEST

START_TEST(a_post_of_another_type_is_no_meeting)
{
	struct mm_post post = *started(7);
	post.type = S("custom_jitsi");
	ck_assert(!post_is_running(&post, 7));
	post = (struct mm_post){ .type = S("custom_zoom") };
	ck_assert(!post_is_running(&post, 0));
}
END_TEST

START_TEST(the_bot_answers_one_user_in_the_thread)
{
	post_tell(&c, S(ADA), S(TALK), S("root"), S("hello"));
	const struct mm_send_ephemeral_post_args *args =
	    host_args(&w.host, MM_API_SEND_EPHEMERAL_POST, 0);
	ck_assert_str_eq(str_c(args->user_id), ADA);
	ck_assert_str_eq(str_c(args->post->user_id), HOST_BOT);
	ck_assert_str_eq(str_c(args->post->channel_id), TALK);
	ck_assert_str_eq(str_c(args->post->root_id), "root");
	ck_assert_str_eq(str_c(args->post->message), "hello");
}
END_TEST

static bool offers(void)
{
	struct gob_any_map context = { 0 };
	struct gob_any_map props = { 0 };
	gob_any_map_set(
	    &w.arena, &context, S("k"), gob_any_string(&w.arena, S("v")));
	gob_any_map_set(
	    &w.arena, &props, S("type"), gob_any_string(&w.arena, S("t")));
	const struct post_button button = { "Id", S("Label"), "/x", context };
	const struct post_offer offer = {
		.user_id = S(ADA),
		.channel_id = S(TALK),
		.root_id = S("root"),
		.title = S("Title"),
		.title_link = S("https://x"),
		.text = S("text"),
		.props = props,
		.buttons = &button,
		.n_buttons = 1,
	};
	return post_offer(&c, &offer, &w.err);
}

START_TEST(an_offer_has_buttons_that_lead_to_our_routes)
{
	ck_assert_msg(offers(), "%s", w.err.text);
	const struct mm_send_ephemeral_post_args *args =
	    host_args(&w.host, MM_API_SEND_EPHEMERAL_POST, 0);
	ck_assert_str_eq(str_c(args->user_id), ADA);
	ck_assert_str_eq(str_c(args->post->user_id), HOST_BOT);
	ck_assert_str_eq(str_c(args->post->root_id), "root");
	ck_assert_uint_eq(args->post->props.n, 2);
	const struct mm_message_attachment *a = attachment(args->post);
	ck_assert_str_eq(str_c(a->title), "Title");
	ck_assert_str_eq(str_c(a->title_link), "https://x");
	ck_assert_str_eq(str_c(a->text), "text");
	ck_assert_uint_eq(a->actions.n, 1);
	const struct mm_post_action *action = &a->actions.items[0];
	ck_assert_str_eq(str_c(action->id), "Id");
	ck_assert_str_eq(str_c(action->name), "Label");
	ck_assert_str_eq(str_c(action->type), "button");
	ck_assert_str_eq(str_c(action->integration->url), "/plugins/zoom/x");
	ck_assert_uint_eq(action->integration->context.n, 1);
}
END_TEST

START_TEST(an_offer_that_is_not_shown_is_an_error)
{
	host_breaks(&w.host, MM_API_SEND_EPHEMERAL_POST, "broken");
	ck_assert(!offers());
}
END_TEST

START_TEST(an_answer_stands_where_the_buttons_were)
{
	struct action press = {
		.user_id = S(ADA),
		.channel_id = S(TALK),
		.root_id = S("root"),
	};
	post_answer(&c, &press, S("Done"));
	ck_assert_uint_eq(
	    host_n_called(&w.host, MM_API_UPDATE_EPHEMERAL_POST), 0);
	press.post_id = S("p");
	post_answer(&c, &press, S("Done"));
	const struct mm_update_ephemeral_post_args *args =
	    host_args(&w.host, MM_API_UPDATE_EPHEMERAL_POST, 0);
	ck_assert_str_eq(str_c(args->user_id), ADA);
	ck_assert_str_eq(str_c(args->post->id), "p");
	ck_assert_str_eq(str_c(args->post->user_id), HOST_BOT);
	ck_assert_str_eq(str_c(args->post->channel_id), TALK);
	ck_assert_str_eq(str_c(args->post->root_id), "root");
	ck_assert_str_eq(str_c(args->post->message), "Done");
	ck_assert_int_gt(args->post->create_at, 0);
	ck_assert_uint_eq(args->post->props.n, 0);
	host_breaks(&w.host, MM_API_UPDATE_EPHEMERAL_POST, "broken");
	post_answer(&c, &press, S("Done"));
	ck_assert(host_logged(&w.host, "could not be replaced"));
}
END_TEST

START_TEST(the_bot_writes_direct_messages)
{
	post_direct(&c, S(ADA), S("hello"));
	const struct mm_post *post = host_post(&w.host, 0);
	ck_assert_str_eq(str_c(post->channel_id), "direct_" ADA);
	ck_assert_str_eq(str_c(post->user_id), HOST_BOT);
	ck_assert_str_eq(str_c(post->message), "hello");
}
END_TEST

START_TEST(what_cannot_be_told_is_logged)
{
	post_direct(&c, S("nobody"), S("hello"));
	ck_assert(host_logged(&w.host, "direct message could not be sent"));
	host_breaks(&w.host, MM_API_SEND_EPHEMERAL_POST, "broken");
	post_tell(&c, S(ADA), S(TALK), S(""), S("hello"));
	ck_assert(host_logged(&w.host, "A user could not be answered"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin post");
	TCase *tc = tcase_create("posts");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, an_id_is_shown_in_groups, 0,
	    (int)(sizeof(ids) / sizeof(ids[0])));
	tcase_add_test(tc, an_ended_post_says_so_in_every_client);
	tcase_add_loop_test(tc, a_length_is_in_minutes_begun, 0,
	    (int)(sizeof(lengths) / sizeof(lengths[0])));
	tcase_add_test(tc, times_that_make_no_sense_are_left_out);
	tcase_add_test(tc, without_a_start_the_posts_own_time_counts);
	tcase_add_test(tc, what_others_have_put_into_the_post_stays);
	tcase_add_test(tc, a_post_that_has_ended_is_left_alone);
	tcase_add_test(tc, a_post_in_an_archived_channel_stays_as_it_is);
	tcase_add_test(tc, a_number_may_come_back_as_a_float);
	tcase_add_test(tc, a_post_of_another_type_is_no_meeting);
	tcase_add_test(tc, the_bot_answers_one_user_in_the_thread);
	tcase_add_test(tc, an_offer_has_buttons_that_lead_to_our_routes);
	tcase_add_test(tc, an_offer_that_is_not_shown_is_an_error);
	tcase_add_test(tc, an_answer_stands_where_the_buttons_were);
	tcase_add_test(tc, the_bot_writes_direct_messages);
	tcase_add_test(tc, what_cannot_be_told_is_logged);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
