/* No secret reaches a log, a post, a page or stderr, whatever fails. */
#include "tests/lib/world.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE      "c0de-of-the-grant"
#define STATE_KEY "zoomuserstate_" ADMIN
#define REVOKED   "{\"code\":124,\"message\":\"Invalid access token " ACCESS "\"}"

static struct world w;
static struct buf seen; /* all that anybody could see */
static int file, former;

static const char *const secrets[] = { CLIENT_SECRET, ENCRYPTION_KEY,
	WEBHOOK_SECRET, SECRET_TOKEN, ACCESS, REFRESH, NEW_ACCESS, NEW_REFRESH,
	CODE, "start-url-secret",
	/* base64 of client-id:client-secret-0123456789 */
	"Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQtMDEyMzQ1Njc4OQ" };

static void set_up(void)
{
	buf_init(&seen, (size_t)64 * 1024 * 1024);
	file = memfd_create("stderr", MFD_CLOEXEC);
	former = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	ck_assert_int_ge(dup2(file, STDERR_FILENO), 0);
	world_start(&w);
}

/* Everything that was said, with stderr, and none of the secrets in it. */
static void tear_down(void)
{
	host_dump(&w.host, &seen);
	world_stop(&w);
	dup2(former, STDERR_FILENO);
	off_t n = lseek(file, 0, SEEK_END);
	uint8_t *at = buf_reserve(&seen, (size_t)n + 1);
	ck_assert_int_eq(pread(file, at, (size_t)n, 0), n);
	seen.len += (size_t)n;
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		ck_assert_msg(memmem(seen.data, seen.len, secrets[i],
		                  strlen(secrets[i])) == NULL,
		    "%s was seen", secrets[i]);
	buf_fini(&seen);
	close(file);
	close(former);
}

static void get(const char *user_id, const char *url)
{
	struct host_answer answer;
	ck_assert(host_http(&w.host,
	    &(struct host_request){ .url = url, .user_id = user_id }, &answer));
	buf_put_str(&seen, buf_str(&answer.body));
	for (size_t i = 0; i < answer.headers.n; i++)
		buf_put_str(&seen, answer.headers.items[i].value.items[0]);
	host_answer_fini(&answer);
}

static void complete(void)
{
	get(ADMIN, "/oauth2/connect");
	get(ADMIN, str_c(arena_printf(&w.arena,
	               "/oauth2/complete?code=" CODE "&state=%.*s",
	               STR_ARG(host_key(&w.host, STATE_KEY)))));
}

START_TEST(the_search_finds_what_is_there)
{
	world_types(&w, ADA, "/zoom help");
	struct buf all;
	buf_init(&all, 1024 * 1024);
	host_dump(&w.host, &all);
	ck_assert_ptr_nonnull(memmem(all.data, all.len, "/zoom start", 11));
	ck_assert_ptr_nonnull(memmem(all.data, all.len, HOST_BOT, 26));
	buf_fini(&all);
}
END_TEST

START_TEST(a_connection_that_works_shows_none)
{
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 200, "", WORLD_USER);
	complete();
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
	world_types(&w, ADA, "/zoom start");
	ck_assert_uint_eq(host_n_posts(&w.host), 2);
	world_delivers(&w,
	    world_event(&w, "meeting.ended", "85550001111", MEETING_UUID, ""));
}
END_TEST

static const struct {
	int status;
	const char *body;
} exchanges[] = {
	{ 400, "{\"reason\":\"Invalid authorization code " CODE
	       "\",\"error\":\"invalid_request\"}" },
	{ 400, "{\"reason\":\"x\",\"error\":\"" CODE "\"}" },
	{ 401, "{\"reason\":\"Invalid client_id or client_secret " CLIENT_SECRET
	       "\",\"error\":\"invalid_client\"}" },
	{ 200, "{\"access_token\":\"" NEW_ACCESS "\",\"expires_in\":[]" },
	{ 200, "<html>" NEW_ACCESS "</html>" },
	{ 500, "{\"access_token\":\"" NEW_ACCESS "\"}" },
};

START_TEST(a_connection_that_fails_shows_none)
{
	https_answers(w.zoom, exchanges[_i].status, "", exchanges[_i].body);
	complete();
	ck_assert(host_logged(&w.host, "Zoom could not be connected"));
}
END_TEST

START_TEST(a_start_that_fails_shows_none)
{
	world_connects(&w);
	https_answers(w.zoom, 401, "", REVOKED);
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	https_answers(w.zoom, 401, "",
	    "{\"code\":124,\"message\":\"Invalid: " NEW_ACCESS "\"}");
	world_types(&w, ADA, "/zoom start");
	https_answers(w.zoom, 400, "",
	    "{\"code\":300,\"message\":\"No: Bearer " NEW_ACCESS "\"}");
	world_types(&w, ADA, "/zoom start");
}
END_TEST

START_TEST(a_dead_grant_shows_none)
{
	world_connects_for(&w, 0);
	https_answers(w.zoom, 400, "",
	    "{\"reason\":\"Invalid Token! " REFRESH
	    "\",\"error\":\"invalid_grant\"}");
	world_types(&w, ADA, "/zoom start");
	world_types(&w, ADMIN, "/zoom connect");
}
END_TEST

START_TEST(a_store_that_fails_shows_none)
{
	world_connects_for(&w, 0);
	https_answers(w.zoom, 200, "", WORLD_TOKEN);
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	host_breaks(&w.host, MM_API_LOG_WARN, "to stderr");
	world_types(&w, ADA, "/zoom start");
	host_breaks(&w.host, MM_API_LOG_ERROR, "to stderr");
	world_types(&w, ADMIN, "/zoom connect");
}
END_TEST

START_TEST(refused_webhooks_show_none)
{
	struct host_answer answer;
	static const char *const urls[] = { "/webhook?secret=wrong",
		"/webhook?secret=" WEBHOOK_SECRET };
	for (size_t i = 0; i < 2; i++) {
		ck_assert(host_http(&w.host,
		    &(struct host_request){ .url = urls[i],
		        .headers = "Content-Type: application/json\n"
		                   "X-Zm-Signature: v0=00\n",
		        .body = S("{\"event\":\"x\"}") },
		    &answer));
		buf_put_str(&seen, buf_str(&answer.body));
		host_answer_fini(&answer);
	}
	ck_assert(host_logged(&w.host, "A webhook was refused"));
}
END_TEST

START_TEST(settings_that_are_wrong_show_none)
{
	world_configures(&w, "ZoomURL", "\"http://zoom.us\"");
	world_types(&w, ADMIN, "/zoom start");
	get(ADMIN, "/oauth2/connect");
	world_configures(&w, "EncryptionKey", "\"" ENCRYPTION_KEY "x\"");
	world_types(&w, ADMIN, "/zoom start");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin secrets");
	TCase *tc = tcase_create("scenario");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_search_finds_what_is_there);
	tcase_add_test(tc, a_connection_that_works_shows_none);
	tcase_add_loop_test(tc, a_connection_that_fails_shows_none, 0,
	    (int)(sizeof(exchanges) / sizeof(exchanges[0])));
	tcase_add_test(tc, a_start_that_fails_shows_none);
	tcase_add_test(tc, a_dead_grant_shows_none);
	tcase_add_test(tc, a_store_that_fails_shows_none);
	tcase_add_test(tc, refused_webhooks_show_none);
	tcase_add_test(tc, settings_that_are_wrong_show_none);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
