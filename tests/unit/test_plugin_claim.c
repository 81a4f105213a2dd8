/* Claims: who may begin, who must wait, what is done for good. */
#include "plugin/claim.h"

#include "tests/lib/fast_clock.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define NAME "z2_thing_1"

static struct world w;
static struct ctx c;
static struct claim claim;
static struct err err;
static bool mine;

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

static bool takes(const char *name)
{
	err_clear(&err);
	return claim_take(&c, str_from(name), &claim, &err);
}

START_TEST(the_first_takes_it_and_the_second_waits)
{
	struct claim first;
	ck_assert_msg(takes(NAME), "%s", err.text);
	ck_assert(!claim.done && !claim.again);
	first = claim;
	ck_assert(!takes(NAME));
	ck_assert_int_eq(err.code, ERR_BUSY);
	ck_assert(takes("z2_thing_2"));
	err_clear(&err);
	ck_assert(claim_finish(&c, &first, S("post"), &mine, &err));
	ck_assert_str_eq(str_c(host_key(&w.host, NAME)), "{\"done\":\"post\"}");
	ck_assert(takes(NAME));
	ck_assert(claim.done);
}
END_TEST

START_TEST(what_is_given_back_may_be_begun_again)
{
	ck_assert(takes(NAME));
	claim_release(&c, &claim);
	ck_assert(takes(NAME));
	ck_assert(!claim.done && claim.again);
	ck_assert(!takes(NAME));
	ck_assert_int_eq(err.code, ERR_BUSY);
}
END_TEST

START_TEST(a_claim_of_somebody_who_died_ends)
{
	struct str past = arena_printf(
	    &w.arena, "{\"until\":%lld}", (long long)clock_wall_ms());
	host_stores(&w.host, NAME, past);
	ck_assert_msg(takes(NAME), "%s", err.text);
	ck_assert(claim.again);
	int64_t until_ms;
	struct str now = host_key(&w.host, NAME);
	ck_assert(str_to_int64(str_sub(now, 9, now.len - 10), &until_ms));
	ck_assert_int_gt(until_ms, clock_wall_ms() + CLAIM_MS - 10000);
	ck_assert_int_le(until_ms, clock_wall_ms() + CLAIM_MS);
}
END_TEST

START_TEST(who_was_held_up_knows_it)
{
	ck_assert(takes(NAME));
	ck_assert(claim_is_held(&claim));
	clock_ahead_ms += CLAIM_MS - 2000;
	ck_assert(claim_is_held(&claim));
	clock_ahead_ms += 2000;
	ck_assert(!claim_is_held(&claim));
}
END_TEST

START_TEST(of_two_that_go_on_with_it_one_does)
{
	struct claim late;
	ck_assert(takes(NAME));
	late = claim;
	/* its time runs out, somebody else goes on and finishes */
	host_stores(&w.host, NAME, S("{\"until\":1}"));
	ck_assert(takes(NAME));
	ck_assert(claim_finish(&c, &claim, S("theirs"), &mine, &err));
	ck_assert(mine);
	ck_assert(claim_finish(&c, &late, S("mine"), &mine, &err));
	ck_assert(!mine);
	claim_release(&c, &late);
	ck_assert_str_eq(
	    str_c(host_key(&w.host, NAME)), "{\"done\":\"theirs\"}");
}
END_TEST

START_TEST(what_makes_no_sense_may_be_taken)
{
	static const char *const values[] = { "x", "[]", "{}",
		"{\"until\":\"x\",\"done\":null}" };
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		host_stores(&w.host, NAME, str_from(values[i]));
		ck_assert_msg(takes(NAME), "%s", values[i]);
		ck_assert(claim.again && !claim.done);
	}
}
END_TEST

START_TEST(it_is_known_for_thirty_days)
{
	ck_assert(takes(NAME));
	ck_assert_int_gt(host_expires_s(&w.host, NAME), CLAIM_KEPT_S - 60);
	ck_assert(claim_finish(&c, &claim, S("post"), &mine, &err));
	ck_assert_int_gt(host_expires_s(&w.host, NAME), CLAIM_KEPT_S - 60);
	w.host.clock_off_ms = CLAIM_KEPT_S * 1000 + 1000;
	ck_assert(takes(NAME));
	ck_assert(!claim.done && !claim.again);
}
END_TEST

START_TEST(a_name_that_is_too_long_for_a_key_is_digested)
{
	char name[152];
	memset(name, 'a', sizeof(name));
	memcpy(name, "z2_", 3);
	name[150] = '\0';
	ck_assert(takes(name));
	ck_assert_str_eq(str_c(claim.key), name);
	name[150] = 'b';
	name[151] = '\0';
	ck_assert(takes(name));
	ck_assert(!claim.again);
	ck_assert(str_has_prefix(claim.key, S("z2_claim_")));
	ck_assert_uint_eq(claim.key.len, 9 + 64);
	name[150] = 'c';
	ck_assert(takes(name));
	ck_assert(!takes(name));
}
END_TEST

START_TEST(a_store_that_fails_is_an_error)
{
	host_fails(&w.host, MM_API_KV_GET, 500);
	ck_assert(!takes(NAME));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	host_obeys(&w.host, MM_API_KV_GET);
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert(!takes(NAME));
	ck_assert_int_eq(err.code, ERR_REMOTE);
	host_obeys(&w.host, MM_API_KV_SET_WITH_OPTIONS);
	ck_assert(takes(NAME));
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert(!claim_finish(&c, &claim, S("post"), &mine, &err));
	claim_release(&c, &claim);
	ck_assert(host_logged(&w.host, "tried again later only"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin claim");
	TCase *tc = tcase_create("claims");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_first_takes_it_and_the_second_waits);
	tcase_add_test(tc, what_is_given_back_may_be_begun_again);
	tcase_add_test(tc, a_claim_of_somebody_who_died_ends);
	tcase_add_test(tc, who_was_held_up_knows_it);
	tcase_add_test(tc, of_two_that_go_on_with_it_one_does);
	tcase_add_test(tc, what_makes_no_sense_may_be_taken);
	tcase_add_test(tc, it_is_known_for_thirty_days);
	tcase_add_test(tc, a_name_that_is_too_long_for_a_key_is_digested);
	tcase_add_test(tc, a_store_that_fails_is_an_error);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
