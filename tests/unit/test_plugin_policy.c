/* Who may do what. */
#include "plugin/policy.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

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

/* Why not; empty: the user may. */
static const char *refusal(const char *user_id, const char *channel_id)
{
	struct str text;
	ck_assert_msg(policy_may_start(&c, str_from(user_id),
	                  str_from(channel_id), &text, &w.err),
	    "%s", w.err.text);
	return str_c(text);
}

static void restrict_all(void)
{
	ctx_end(&c);
	world_configures(&w, "RestrictMeetingCreation", "true");
	c = world_ctx(&w);
}

static void prefer(const char *channel_id, const char *preference)
{
	host_stores(&w.host, "zoomChannelSettings",
	    arena_printf(&w.arena, "{\"%s\":{\"Preference\":\"%s\"}}",
	        channel_id, preference));
}

START_TEST(members_may_start_and_strangers_may_not)
{
	ck_assert_str_eq(refusal(ADA, TALK), "");
	ck_assert_str_eq(refusal(ADA, TEAM), "");
	ck_assert_ptr_nonnull(strstr(refusal(EVE, TALK), "not a member"));
	ck_assert_ptr_nonnull(strstr(refusal(SAM, TEAM), "not a member"));
	ck_assert_ptr_nonnull(strstr(refusal(ADA, "nowhere"), "not a member"));
}
END_TEST

START_TEST(a_system_admin_who_is_no_member_may_not)
{
	ck_assert_str_eq(refusal(ADMIN, TALK), "");
	ck_assert_ptr_nonnull(strstr(refusal(ADMIN, TEAM), "not a member"));
}
END_TEST

START_TEST(who_may_not_post_may_not_start)
{
	ck_assert_ptr_nonnull(strstr(refusal(ADA, READ), "may not post"));
	ck_assert_ptr_nonnull(strstr(refusal(ADA, OLD), "archived"));
}
END_TEST

START_TEST(the_general_restriction_is_for_public_channels)
{
	restrict_all();
	ck_assert_ptr_nonnull(strstr(refusal(ADA, TALK), "switched off"));
	ck_assert_str_eq(refusal(ADA, TEAM), "");
}
END_TEST

static const struct {
	const char *preference;
	const char *channel_id;
	bool restricted;
	bool may;
} preferences[] = {
	{ "allow", TALK, true, true },
	{ "allow", TALK, false, true },
	{ "restrict", TALK, false, false },
	{ "restrict", TEAM, false, false },
	{ "default", TALK, true, false },
	{ "default", TEAM, true, true },
	{ "default", TALK, false, true },
	{ "nonsense", TALK, true, false },
};

START_TEST(a_channels_own_setting_comes_first)
{
	prefer(preferences[_i].channel_id, preferences[_i].preference);
	if (preferences[_i].restricted)
		restrict_all();
	const char *why = refusal(ADA, preferences[_i].channel_id);
	ck_assert((why[0] == '\0') == preferences[_i].may);
}
END_TEST

START_TEST(the_setting_of_one_channel_is_not_that_of_another)
{
	prefer(TEAM, "restrict");
	ck_assert_str_eq(refusal(ADA, TALK), "");
}
END_TEST

/* Whether ADA's address counts, with the settings as they are. */
static bool address_counts(bool verified)
{
	const struct mm_user user = {
		.email = S("ada@example.com"),
		.email_verified = verified,
	};
	struct str why = policy_refuse_address(&c, &user);
	ck_assert(
	    why.len == 0 || strstr(str_c(why), "`ada@example.com`") != NULL);
	return why.len == 0;
}

static void configure_verified(const char *name, const char *json)
{
	ctx_end(&c);
	world_configures(&w, name, json);
	c = world_ctx(&w);
}

START_TEST(an_address_counts_verified_or_not)
{
	ck_assert(address_counts(false));
	configure_verified("RequireVerifiedEmail", "true");
	ck_assert(!address_counts(false));
	ck_assert(address_counts(true));
	/* everybody has a grant of their own */
	((struct config *)c.config)->account_level_app = false;
	ck_assert(address_counts(false));
}
END_TEST

START_TEST(admins_are_those_who_manage_the_system)
{
	bool admin;
	ck_assert(policy_is_admin(&c, S(ADMIN), &admin, &w.err) && admin);
	ck_assert(policy_is_admin(&c, S(ADA), &admin, &w.err) && !admin);
	const struct mm_has_permission_to_args *args =
	    host_args(&w.host, MM_API_HAS_PERMISSION_TO, 0);
	ck_assert_str_eq(str_c(args->permission->id), "manage_system");
	const struct mm_has_permission_to_channel_args *in;
	refusal(ADA, TALK);
	in = host_args(&w.host, MM_API_HAS_PERMISSION_TO_CHANNEL, 0);
	ck_assert_str_eq(str_c(in->permission->id), "create_post");
}
END_TEST

/* ---- settings of channels ---------------------------------------------------------- */

/* Why not; empty: the user may, and gets the channel. */
static const char *configure(const char *user_id, const char *channel_id)
{
	struct str text;
	struct mm_channel *channel;
	ck_assert_msg(policy_may_configure(&c, str_from(user_id),
	                  str_from(channel_id), &channel, &text, &w.err),
	    "%s", w.err.text);
	ck_assert((channel != NULL) == (text.len == 0));
	if (channel != NULL)
		ck_assert(str_eq(channel->id, str_from(channel_id)));
	return str_c(text);
}

START_TEST(admins_of_the_channel_configure_it)
{
	host_promotes(&w.host, TALK, ADA);
	ck_assert_str_eq(configure(ADA, TALK), "");
	ck_assert_ptr_nonnull(strstr(configure(ADA, TEAM), "Only admins"));
	ck_assert_ptr_nonnull(strstr(configure(SAM, TALK), "Only admins"));
	ck_assert_ptr_nonnull(strstr(configure(EVE, TALK), "Only admins"));
	const struct mm_has_permission_to_channel_args *in =
	    host_args(&w.host, MM_API_HAS_PERMISSION_TO_CHANNEL, 0);
	ck_assert_str_eq(str_c(in->permission->id), "manage_channel_roles");
}
END_TEST

START_TEST(system_admins_configure_channels_they_are_not_in)
{
	ck_assert_str_eq(configure(ADMIN, TALK), "");
	ck_assert_str_eq(configure(ADMIN, TEAM), "");
	ck_assert_ptr_nonnull(strstr(configure(ADMIN, "nowhere"), "no such"));
	ck_assert_ptr_nonnull(strstr(configure(ADMIN, OLD), "archived"));
}
END_TEST

START_TEST(messages_have_no_settings)
{
	host_adds_channel(&w.host, "direct", "D");
	host_adds_channel(&w.host, "group", "G");
	ck_assert_ptr_nonnull(strstr(configure(ADMIN, "direct"), "Direct"));
	ck_assert_ptr_nonnull(strstr(configure(ADA, "group"), "Direct"));
}
END_TEST

static const enum mm_api_method configuring[] = {
	MM_API_HAS_PERMISSION_TO_CHANNEL,
	MM_API_HAS_PERMISSION_TO,
	MM_API_GET_CHANNEL,
};

START_TEST(a_server_that_fails_lets_nobody_configure)
{
	struct str text = S("");
	struct mm_channel *channel;
	host_breaks(&w.host, configuring[_i], "broken");
	ck_assert(!policy_may_configure(
	    &c, S(ADA), S(TALK), &channel, &text, &w.err));
	ck_assert_ptr_null(channel);
}
END_TEST

static const enum mm_api_method asked[] = {
	MM_API_GET_CHANNEL_MEMBER,
	MM_API_HAS_PERMISSION_TO_CHANNEL,
	MM_API_GET_CHANNEL,
	MM_API_KV_GET,
};

START_TEST(a_server_that_fails_is_no_permission)
{
	struct str text = S("");
	host_fails(&w.host, asked[_i], 500);
	ck_assert(!policy_may_start(&c, S(ADA), S(TALK), &text, &w.err));
	ck_assert_int_eq(w.err.code, ERR_REMOTE);
}
END_TEST

START_TEST(a_server_that_cannot_tell_admins_makes_none)
{
	bool admin = false;
	host_breaks(&w.host, MM_API_HAS_PERMISSION_TO, "broken");
	ck_assert(!policy_is_admin(&c, S(ADMIN), &admin, &w.err));
	ck_assert(!admin);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin policy");
	TCase *tc = tcase_create("rules");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, members_may_start_and_strangers_may_not);
	tcase_add_test(tc, a_system_admin_who_is_no_member_may_not);
	tcase_add_test(tc, who_may_not_post_may_not_start);
	tcase_add_test(tc, the_general_restriction_is_for_public_channels);
	tcase_add_loop_test(tc, a_channels_own_setting_comes_first, 0,
	    (int)(sizeof(preferences) / sizeof(preferences[0])));
	tcase_add_test(tc, the_setting_of_one_channel_is_not_that_of_another);
	tcase_add_test(tc, an_address_counts_verified_or_not);
	tcase_add_test(tc, admins_are_those_who_manage_the_system);
	tcase_add_loop_test(tc, a_server_that_fails_is_no_permission, 0, 4);
	tcase_add_test(tc, a_server_that_cannot_tell_admins_makes_none);
	tcase_add_test(tc, admins_of_the_channel_configure_it);
	tcase_add_test(tc, system_admins_configure_channels_they_are_not_in);
	tcase_add_test(tc, messages_have_no_settings);
	tcase_add_loop_test(
	    tc, a_server_that_fails_lets_nobody_configure, 0, 3);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
