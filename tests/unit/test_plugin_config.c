/* Settings: read in any case, checked, swapped as a whole; trusted links. */
#include "plugin/config.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE "https://chat.example.com"
#define KEY  "0123456789abcdef0123456789abcdef"

static struct config_slot slot;
static struct err err;
static struct arena arena;

static void set_up(void)
{
	ck_assert(config_slot_init(&slot, &err));
	arena_init(&arena, (size_t)1024 * 1024);
}

static void tear_down(void)
{
	config_slot_fini(&slot);
	arena_fini(&arena);
}

/* Parsed and made the present one. */
static struct config *save(const char *json, const char *site_url)
{
	struct config *c =
	    config_parse(str_from(json), str_from(site_url), &err);
	ck_assert_msg(c != NULL, "%s", err.text);
	config_swap(&slot, c);
	return c;
}

static struct gob_strings problems(const struct config *c)
{
	return config_problems(c, c->lang, &arena);
}

/* Everything that is required, and some more. */
static struct config *save_with(const char *more)
{
	char json[2048];
	snprintf(json, sizeof(json),
	    "{\"AccountLevelApp\":true,\"OAuthClientID\":\"id\","
	    "\"OAuthClientSecret\":\"secret\",\"EncryptionKey\":\"" KEY
	    "\",\"WebhookSecret\":\"hook\"%s%s}",
	    more[0] == '\0' ? "" : ",", more);
	return save(json, SITE);
}

START_TEST(settings_are_read)
{
	struct config *c =
	    save_with("\"ZoomWebhookSecret\":\"token\","
	              "\"RequireVerifiedEmail\":true,"
	              "\"RestrictMeetingCreation\":true,\"Unknown\":{\"x\":1},"
	              "\"EnablePostingRecordingPassword\":true");
	ck_assert(c->valid);
	ck_assert_uint_eq(problems(c).n, 0);
	ck_assert(c->account_level_app);
	ck_assert(c->require_verified_email);
	ck_assert(c->restrict_meeting_creation);
	ck_assert(c->enable_posting_recording_password);
	ck_assert_str_eq(str_c(c->oauth_client_id), "id");
	ck_assert_str_eq(str_c(c->oauth_client_secret), "secret");
	ck_assert_str_eq(str_c(c->encryption_key), KEY);
	ck_assert_str_eq(str_c(c->webhook_secret), "hook");
	ck_assert_str_eq(str_c(c->zoom_webhook_secret), "token");
	ck_assert_str_eq(
	    str_c(c->redirect_uri), SITE "/plugins/zoom/oauth2/complete");
}
END_TEST

START_TEST(names_match_in_any_case)
{
	struct config *c =
	    save("{\"accountlevelapp\":\"true\",\"OAUTHCLIENTID\":\"id\","
	         "\"oauthclientsecret\":\"s\",\"encryptionkey\":\"" KEY
	         "\",\"webHOOKsecret\":\"hook\"}",
	        SITE);
	ck_assert(c->valid);
	ck_assert_str_eq(str_c(c->oauth_client_id), "id");
}
END_TEST

START_TEST(absent_null_and_empty_addresses_have_defaults)
{
	static const char *const more[] = { "",
		"\"ZoomURL\":null,\"ZoomAPIURL\":null",
		"\"ZoomURL\":\"\",\"ZoomAPIURL\":\"  \"" };
	for (size_t i = 0; i < 3; i++) {
		struct config *c = save_with(more[i]);
		ck_assert(c->valid);
		ck_assert(str_eq(c->zoom_url, S("https://zoom.us")));
		ck_assert(str_eq(c->zoom_api_url, S("https://api.zoom.us/v2")));
	}
}
END_TEST

START_TEST(slashes_and_spaces_around_are_dropped)
{
	struct config *c =
	    save_with("\"ZoomURL\":\" https://zoomgov.com// \","
	              "\"ZoomAPIURL\":\"https://api.zoomgov.com/v2/\\n\"");
	ck_assert(str_eq(c->zoom_url, S("https://zoomgov.com")));
	ck_assert(str_eq(c->zoom_api_url, S("https://api.zoomgov.com/v2")));
	c = save("{}", SITE "/sub/");
	ck_assert_str_eq(
	    str_c(c->redirect_uri), SITE "/sub/plugins/zoom/oauth2/complete");
	struct zoom_settings zoom = config_zoom(c);
	ck_assert(str_eq(zoom.web_url, c->zoom_url));
}
END_TEST

START_TEST(each_missing_setting_is_named)
{
	static const char *const words[] = { "Zoom client ID",
		"Zoom client secret", "Encryption key", "Webhook secret",
		"Site URL" };
	struct config *c = save("{}", "");
	ck_assert(!c->valid);
	ck_assert_uint_eq(problems(c).n, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_msg(
		    strstr(str_c(problems(c).items[i]), words[i]) != NULL, "%s",
		    str_c(problems(c).items[i]));
}
END_TEST

static const struct {
	const char *more;
	const char *problem; /* NULL: none */
} values[] = {
	{ "\"EncryptionKey\":\"0123456789abcdef\"", NULL },
	{ "\"EncryptionKey\":\"0123456789abcdef01234567\"", NULL },
	{ "\"EncryptionKey\":\"0123456789abcde\"", "Encryption key" },
	{ "\"EncryptionKey\":\"0123456789abcdef0\"", "Encryption key" },
	{ "\"EncryptionKey\":\"" KEY "0\"", "Encryption key" },
	{ "\"EncryptionKey\":7", "Encryption key" },
	{ "\"WebhookSecret\":\" \"", "Webhook secret" },
	{ "\"ZoomURL\":\"http://zoom.us\"", "Zoom URL" },
	{ "\"ZoomURL\":\"HTTPS://zoom.us\"", "Zoom URL" },
	{ "\"ZoomURL\":\"zoom.us\"", "Zoom URL" },
	{ "\"ZoomURL\":\"https://\"", "Zoom URL" },
	{ "\"ZoomURL\":\"https://user@zoom.us\"", "Zoom URL" },
	{ "\"ZoomURL\":\"https://zoom.us:8443\"", NULL },
	{ "\"ZoomAPIURL\":\"http://api.zoom.us/v2\"", "Zoom API URL" },
	{ "\"ZoomAPIURL\":\"https://api.zoom.us/v3\"", NULL },
	{ "\"ZoomAPIURL\":\"https://api.zoom.us/v2///\"", NULL },
	{ "\"ZoomAPIURL\":\"https://api.zoom.us\"",
	    "end in the API's version" },
	{ "\"ZoomAPIURL\":\"https://api.zoom.us/v2?x\"",
	    "**Zoom API URL** must have nothing but a plain path" },
	{ "\"ZoomAPIURL\":\"https://key@api.zoom.us/v2\"",
	    "**Zoom API URL** must have no user name" },
	{ "\"ZoomURL\":\"https://zoom. us\"",
	    "**Zoom URL** must have no spaces in it, as in `https://zoom.us`" },
	{ "\"ZoomURL\":\"https://\"", "**Zoom URL** must name a host" },
	{ "\"ZoomURL\":\"https:////\"", "**Zoom URL** must name a host" },
	{ "\"ZoomURL\":\"https://zoom.us:x\"",
	    "**Zoom URL** must have a port" },
	{ "\"ZoomURL\":\"https://zoom.us/oauth/authorize\"",
	    "**Zoom URL** must end behind the host" },
	{ "\"ZoomURL\":\"https://zoom.us/\\u0001x\"", "**Zoom URL** must" },
	{ "\"ZoomURL\":\"https://zoom.example.com/zoom\"", NULL },
	{ "\"ZoomURL\":\"https://acme.zoom.us\"", NULL },
	{ "\"ZoomURL\":\"https://zoom.example.com\","
	  "\"ZoomAPIURL\":\"https://zoom.example.com:8443/rest\"",
	    NULL },
	{ "\"ZoomURL\":\"https://zoomgov.com/\","
	  "\"ZoomAPIURL\":\"https://api.zoomgov.com/v2/\"",
	    NULL },
	{ "\"ZoomURL\":\"https://acme.zoomgov.com\"",
	    "it must be `https://api.zoomgov.com/v2`" },
	{ "\"ZoomAPIURL\":\"https://api.zoomgov.com/v2\"",
	    "it must be `https://api.zoom.us/v2`" },
	{ "\"AccountLevelApp\":false", NULL },
	{ "\"AccountLevelApp\":\"false\"", NULL },
	{ "\"AccountLevelApp\":\"true\"", NULL },
};

START_TEST(a_setting_that_makes_no_sense_is_named)
{
	struct config *c = save_with(values[_i].more);
	ck_assert_uint_eq(problems(c).n, values[_i].problem == NULL ? 0 : 1);
	ck_assert(c->valid == (values[_i].problem == NULL));
	if (values[_i].problem != NULL)
		ck_assert_ptr_nonnull(
		    strstr(str_c(problems(c).items[0]), values[_i].problem));
}
END_TEST

START_TEST(anything_but_a_json_object_is_an_error)
{
	static const char *const bad[] = { "", "[]", "null", "{", "{}x",
		"\xff" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err_clear(&err);
		ck_assert_ptr_null(config_parse(str_from(bad[i]), S(""), &err));
		ck_assert_int_eq(err.code, ERR_INVALID);
	}
	err_clear(&err);
}
END_TEST

/* ---- links --------------------------------------------------------------------- */

static const struct {
	const char *zoom_url;
	const char *link;
	bool trusted;
} links[] = {
	{ "https://zoom.us", "https://zoom.us/j/1", true },
	{ "https://zoom.us", "https://us05web.zoom.us/j/1?pwd=x", true },
	{ "https://zoom.us", "https://Acme.ZOOM.us/j/1", true },
	{ "https://zoom.us", "https://zoom.us:8443/j/1", true },
	{ "https://zoom.us", "https://zoom.us", true },
	{ "https://acme.zoom.us", "https://other.zoom.us/j/1", true },
	{ "https://acme.zoom.us", "https://zoom.us/j/1", true },
	{ "https://zoom.us", "https://zoomgov.com/j/1", false },
	{ "https://zoomgov.com", "https://acme.zoomgov.com/j/1", true },
	{ "https://zoom.example.com", "https://zoom.example.com/j/1", true },
	{ "https://zoom.example.com", "https://eu.zoom.example.com/j", true },
	{ "https://zoom.example.com", "https://example.com/j/1", false },
	{ "https://zoom.us", "http://zoom.us/j/1", false },
	{ "https://zoom.us", "https://evilzoom.us/j/1", false },
	{ "https://zoom.us", "https://zoom.us.evil.com/j/1", false },
	{ "https://zoom.us", "https://zoom.us@evil.com/j/1", false },
	{ "https://zoom.us", "https://evil.com@zoom.us/j/1", false },
	{ "https://zoom.us", "https://evil.com\\.zoom.us/j/1", false },
	{ "https://zoom.us", "https://evil.com#.zoom.us", false },
	{ "https://zoom.us", "https://evil.com?.zoom.us", false },
	{ "https://zoom.us", "https://evil.com:1.zoom.us/", false },
	{ "https://zoom.us", "https://evil.com%2f.zoom.us/", false },
	{ "https://zoom.us", "https://evil.com .zoom.us/", false },
	{ "https://zoom.us", "https://evil.com\t.zoom.us/", false },
	{ "https://zoom.us", "https://z\xc3\xb6om.us/", false },
	{ "https://zoom.us", "https:///zoom.us", false },
	{ "https://zoom.us", "https://zoom.us./", false },
	{ "https://zoom.us", "//zoom.us/j/1", false },
	{ "https://zoom.us", "javascript:https://zoom.us/", false },
	{ "https://zoom.us", "", false },
};

START_TEST(a_link_is_trusted_or_not)
{
	char more[256];
	snprintf(more, sizeof(more),
	    "\"ZoomURL\":\"%s\",\"ZoomAPIURL\":\"https://api.example.org/v2\"",
	    links[_i].zoom_url);
	const struct config *c = save_with(more);
	ck_assert_msg(
	    config_trusts(c, str_from(links[_i].link)) == links[_i].trusted,
	    "%s with %s", links[_i].link, links[_i].zoom_url);
}
END_TEST

START_TEST(the_api_host_is_trusted_too)
{
	const struct config *c =
	    save_with("\"ZoomURL\":\"https://zoom.example.com\","
	              "\"ZoomAPIURL\":\"https://api.zoom.us/v2\"");
	ck_assert(config_trusts(c, S("https://api.zoom.us/x")));
	ck_assert(config_trusts(c, S("https://us02web.zoom.us/j/1")));
	ck_assert(!config_trusts(c, S("https://example.com/j/1")));
}
END_TEST

START_TEST(a_zoom_of_ones_own_is_not_the_public_one)
{
	static const struct {
		const char *web, *api;
		bool is_public;
	} rows[] = {
		{ "https://zoom.us", "https://api.zoom.us/v2", true },
		{ "https://acme.zoom.us", "https://api.zoomgov.com/v2", true },
		{ "https://zoom.us", "https://zoom.example.com/v2", false },
		{ "https://zoom.example.com", "https://api.zoom.us/v2", false },
		{ "https://notzoom.us", "https://api.zoom.us/v2", false },
		{ "https://localhost:9000", "https://127.0.0.1/v2", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char more[256];
		snprintf(more, sizeof(more),
		    "\"ZoomURL\":\"%s\",\"ZoomAPIURL\":\"%s\"", rows[i].web,
		    rows[i].api);
		ck_assert_int_eq(
		    config_zoom_is_public(save_with(more)), rows[i].is_public);
	}
}
END_TEST

/* ---- swapping -------------------------------------------------------------------- */

START_TEST(a_config_that_is_held_outlives_a_swap)
{
	save_with("\"ZoomWebhookSecret\":\"first\"");
	struct config *held = config_hold(&slot);
	save_with("\"ZoomWebhookSecret\":\"second\"");
	ck_assert_str_eq(str_c(held->zoom_webhook_secret), "first");
	struct config *now = config_hold(&slot);
	ck_assert_str_eq(str_c(now->zoom_webhook_secret), "second");
	config_release(&slot, held);
	config_release(&slot, now);
}
END_TEST

static atomic_bool over;

static void *hold_often(void *object)
{
	(void)object;
	while (!atomic_load(&over)) {
		struct config *c = config_hold(&slot);
		ck_assert(c->oauth_client_id.len == 0 ||
		          str_eq(c->oauth_client_id, S("id")));
		config_release(&slot, c);
	}
	return NULL;
}

START_TEST(configs_are_swapped_under_the_feet_of_many)
{
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, hold_often, NULL);
	for (int i = 0; i < 200; i++)
		save_with("");
	atomic_store(&over, true);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin config");
	TCase *tc = tcase_create("settings");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, settings_are_read);
	tcase_add_test(tc, names_match_in_any_case);
	tcase_add_test(tc, absent_null_and_empty_addresses_have_defaults);
	tcase_add_test(tc, slashes_and_spaces_around_are_dropped);
	tcase_add_test(tc, each_missing_setting_is_named);
	tcase_add_loop_test(tc, a_setting_that_makes_no_sense_is_named, 0,
	    (int)(sizeof(values) / sizeof(values[0])));
	tcase_add_test(tc, anything_but_a_json_object_is_an_error);
	tcase_add_loop_test(tc, a_link_is_trusted_or_not, 0,
	    (int)(sizeof(links) / sizeof(links[0])));
	tcase_add_test(tc, the_api_host_is_trusted_too);
	tcase_add_test(tc, a_zoom_of_ones_own_is_not_the_public_one);
	tcase_add_test(tc, a_config_that_is_held_outlives_a_swap);
	tcase_add_test(tc, configs_are_swapped_under_the_feet_of_many);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
