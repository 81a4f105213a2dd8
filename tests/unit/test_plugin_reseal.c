/* After another encryption key: everything is sealed anew, once, and the former
 * keys are forgotten. */
#include "plugin/grant.h"
#include "plugin/job.h"
#include "plugin/reseal.h"
#include "plugin/vault.h"
#include "tests/lib/host_parts.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNT  "zoomSuperUserToken_"
#define ZOOM_ID  "hOsT0000000000000000AA"
#define USER     "zoomtoken_" ADA
#define INDEX    "zoomtokenbyzoomid_" ZOOM_ID
#define OLD_USER "zoomtoken_" SAM
#define JOB      "z2_job_7"

/* "old-access-token-0001" under ENCRYPTION_KEY, by Go's crypto/cipher. */
#define OLD_ACCESS                                                             \
 "MDEyMzQ1Njc4OWFiY2RlZjqzQNvv0qpIKiM9XQUc_Lp1iZiEVebL4nu7uriIql5s"

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

static const char *list_of(const char *key)
{
	struct str id;
	ck_assert(vault_key_id(&w.arena, str_from(key), &id, &w.err));
	return str_c(arena_printf(&w.arena, "z2_key_%.*s", STR_ARG(id)));
}

/* Under the key in force. */
static void connects_ada(void)
{
	bool saved;
	const struct grant grant = {
		.user_id = S(ADA),
		.zoom_id = S(ZOOM_ID),
		.zoom_email = S("ada@example.com"),
		.token = { S("acc"), S("bearer"), S("ref"), S("s"), 0 },
	};
	ck_assert(grant_save(&c, &grant, NULL, &saved, &w.err));
}

/* As the Go plugin stored it. */
static void connects_sam(void)
{
	host_stores(&w.host, OLD_USER,
	    S("{\"ZoomEmail\":\"sam@example.com\",\"OAuthToken\":{"
	      "\"access_token\":\"" OLD_ACCESS "\",\"token_type\":\"bearer\","
	      "\"refresh_token\":\"old-refresh\","
	      "\"expiry\":\"2030-10-09T10:53:20Z\"},\"UserID\":\"" SAM
	      "\",\"ZoomID\":\"sam\"}"));
}

/* A job that is not due for a long time. */
static void queues(void)
{
	struct str sealed;
	ck_assert(vault_seal(&w.arena, S(ENCRYPTION_KEY), S(JOB),
	    S("{\"event\":\"{}\",\"attempts\":1,\"due\":9000000000000,"
	      "\"added\":1}"),
	    &sealed, &w.err));
	host_stores(&w.host, JOB, sealed);
}

static bool is_under(const char *place, const char *key)
{
	struct str text;
	struct err err = { 0 };
	return vault_open(&w.arena, str_from(key), str_from(place),
	    host_key(&w.host, place), &text, &err);
}

static void changes(const char *key)
{
	ctx_end(&c);
	world_configures(
	    &w, "EncryptionKey", str_c(arena_printf(&w.arena, "\"%s\"", key)));
	c = world_ctx(&w);
}

/* Looks, beside those of the worker, until the former keys may go. */
static void settles(const char *key)
{
	for (int64_t end = clock_deadline_ms(8000);
	     host_expires_s(&w.host, list_of(key)) <= 0;) {
		ck_assert_msg(clock_now_ms() < end, "the keys stay");
		w.plugin.reseal_due = true;
		reseal(&c);
	}
}

START_TEST(everything_is_sealed_anew_and_the_former_key_forgotten)
{
	static const char *const places[] = { ACCOUNT, USER, INDEX, OLD_USER,
		JOB };
	world_connects(&w);
	connects_ada();
	connects_sam();
	queues();
	changes(OTHER_KEY);
	settles(OTHER_KEY);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		ck_assert_msg(is_under(places[i], OTHER_KEY), "%s", places[i]);
	ck_assert_int_gt(host_expires_s(&w.host, JOB), 0);
	ck_assert(host_logged(&w.host, "Everything is sealed"));
	struct grant grant;
	ck_assert(grant_load_of(&c, S(SAM), &grant, &w.err));
	ck_assert_str_eq(
	    str_c(grant.token.access_token), "old-access-token-0001");
	ck_assert(grant_load_of(&c, S(ADA), &grant, &w.err));
	ck_assert_str_eq(str_c(grant.token.refresh_token), "ref");
	ck_assert(!grant.is_old);
}
END_TEST

START_TEST(what_the_go_plugin_left_under_the_present_key_waits_for_its_use)
{
	changes(OTHER_KEY);
	changes(ENCRYPTION_KEY);
	connects_sam();
	settles(ENCRYPTION_KEY);
	ck_assert(!vault_is_sealed(host_key(&w.host, OLD_USER)));
}
END_TEST

START_TEST(a_key_that_is_put_back_leaves_no_list_for_good)
{
	world_connects(&w);
	changes(OTHER_KEY);
	changes(ENCRYPTION_KEY);
	settles(ENCRYPTION_KEY);
	/* a look that began before may have retired that list, for a while */
	while (!is_under(ACCOUNT, ENCRYPTION_KEY)) {
		w.plugin.reseal_due = true;
		reseal(&c);
	}
	ck_assert_int_ne(host_expires_s(&w.host, list_of(OTHER_KEY)), 0);
}
END_TEST

START_TEST(many_pages_are_looked_through)
{
	for (int i = 0; i < 450; i++) {
		char key[32];
		snprintf(key, sizeof(key), "a_%d", i);
		host_stores(&w.host, key, S("x"));
	}
	connects_ada();
	changes(OTHER_KEY);
	settles(OTHER_KEY);
	ck_assert(is_under(USER, OTHER_KEY));
}
END_TEST

START_TEST(what_no_key_opens_stays_and_is_told)
{
	struct str foreign;
	ck_assert(vault_seal(&w.arena, S("a-key-of-nobody-0123456789abcdef"),
	    S(USER), S("{}"), &foreign, &w.err));
	host_stores(&w.host, USER, foreign);
	host_stores(&w.host, INDEX, S("\x02 damaged"));
	world_connects(&w);
	changes(OTHER_KEY);
	settles(OTHER_KEY);
	ck_assert(str_eq(host_key(&w.host, USER), foreign));
	ck_assert(is_under(ACCOUNT, OTHER_KEY));
	ck_assert(host_logged(&w.host, "cannot be read with the present"));
}
END_TEST

START_TEST(a_store_that_fails_is_tried_again)
{
	world_connects(&w);
	host_fails(&w.host, MM_API_KV_LIST, 500);
	changes(OTHER_KEY);
	w.plugin.reseal_due = true;
	reseal(&c);
	host_is_called(&w.host, MM_API_KV_LIST, 1);
	ck_assert_uint_gt(host_key(&w.host, list_of(OTHER_KEY)).len, 0);
	host_obeys(&w.host, MM_API_KV_LIST);
	settles(OTHER_KEY);
	ck_assert(is_under(ACCOUNT, OTHER_KEY));
	ck_assert(host_logged(&w.host, "will be later"));
}
END_TEST

static atomic_int looks;

/* On the first look these have moved to a page that is done with. */
static void list_without_users(struct host *h, struct arena *a,
    const void *args, void *returns, void *object)
{
	struct mm_kv_list_returns *out = returns;
	size_t n = 0;
	(void)object;
	pthread_mutex_lock(&h->lock);
	ck_assert(host_knows(h, MM_API_KV_LIST, a, args, returns));
	pthread_mutex_unlock(&h->lock);
	bool is_first = atomic_fetch_add(&looks, 1) == 0;
	for (size_t i = 0; i < out->result.n; i++) {
		struct str key = out->result.items[i];
		if (!is_first || !str_has_prefix(key, S("zoomtoken")))
			out->result.items[n++] = key;
	}
	out->result.n = n;
}

START_TEST(what_moves_between_two_pages_is_found)
{
	connects_ada();
	jobs_stop(w.plugin.jobs);
	jobs_free(w.plugin.jobs);
	w.plugin.jobs = NULL;
	host_answers(&w.host, MM_API_KV_LIST, list_without_users, NULL);
	changes(OTHER_KEY);
	reseal(&c);
	ck_assert(is_under(USER, OTHER_KEY));
	ck_assert_int_eq(host_expires_s(&w.host, list_of(OTHER_KEY)), 0);
	settles(OTHER_KEY);
}
END_TEST

START_TEST(another_node_at_it_is_waited_for)
{
	world_connects(&w);
	host_stores(&w.host, "z2_lease_reseal", S("another node's"));
	changes(OTHER_KEY);
	w.plugin.reseal_due = true;
	reseal(&c);
	ck_assert(is_under(ACCOUNT, ENCRYPTION_KEY));
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_KV_LIST), 0);
}
END_TEST

START_TEST(without_a_change_nothing_is_looked_through)
{
	world_connects(&w);
	w.plugin.reseal_due = true;
	reseal(&c);
	ck_assert(!w.plugin.reseal_due);
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_KV_LIST), 0);
}
END_TEST

START_TEST(a_wrong_key_is_told_at_the_start)
{
	world_connects(&w);
	ctx_end(&c);
	world_loses_key(&w);
	c = world_ctx(&w);
	while (!host_logged(&w.host, "cannot be read with the present")) {
		w.plugin.reseal_due = true;
		reseal(&c);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin reseal");
	TCase *tc = tcase_create("looks");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(
	    tc, everything_is_sealed_anew_and_the_former_key_forgotten);
	tcase_add_test(tc,
	    what_the_go_plugin_left_under_the_present_key_waits_for_its_use);
	tcase_add_test(tc, a_key_that_is_put_back_leaves_no_list_for_good);
	tcase_add_test(tc, many_pages_are_looked_through);
	tcase_add_test(tc, what_no_key_opens_stays_and_is_told);
	tcase_add_test(tc, a_store_that_fails_is_tried_again);
	tcase_add_test(tc, what_moves_between_two_pages_is_found);
	tcase_add_test(tc, another_node_at_it_is_waited_for);
	tcase_add_test(tc, without_a_change_nothing_is_looked_through);
	tcase_add_test(tc, a_wrong_key_is_told_at_the_start);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
