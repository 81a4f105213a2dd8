/* Leases: one holder at a time, for a time. */
#include "plugin/lease.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>

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

static bool take(struct lease *lease)
{
	bool taken;
	ck_assert_msg(lease_take(&c, S("work"), 20, lease, &taken, &w.err),
	    "%s", w.err.text);
	return taken;
}

START_TEST(one_holds_it_until_it_is_given_back)
{
	struct lease mine, other;
	ck_assert(take(&mine));
	ck_assert(lease_is_held(&mine));
	ck_assert(!take(&other));
	ck_assert_int_eq(host_expires_s(&w.host, "z2_lease_work"), 20);
	lease_give(&c, &mine);
	ck_assert(take(&other));
	/* what was given back cannot be given back again */
	lease_give(&c, &mine);
	ck_assert(!take(&mine));
}
END_TEST

START_TEST(a_holder_that_died_is_followed)
{
	struct lease dead, heir;
	bool held;
	ck_assert(take(&dead));
	w.host.clock_off_ms = 21 * 1000;
	ck_assert(take(&heir));
	/* and if it was only asleep, it has lost it */
	ck_assert(lease_renew(&c, &dead, 20, &held, &w.err));
	ck_assert(!held);
	lease_give(&c, &dead);
	ck_assert_uint_gt(host_key(&w.host, "z2_lease_work").len, 0);
}
END_TEST

START_TEST(its_end_is_known_without_the_store)
{
	struct lease lease;
	bool taken;
	ck_assert(lease_take(&c, S("work"), 1, &lease, &taken, &w.err));
	ck_assert(taken);
	ck_assert(!lease_is_held(&lease));
}
END_TEST

START_TEST(it_can_be_held_on)
{
	struct lease lease, other;
	bool held;
	ck_assert(take(&lease));
	w.host.clock_off_ms = 15 * 1000;
	ck_assert(lease_renew(&c, &lease, 20, &held, &w.err));
	ck_assert(held);
	w.host.clock_off_ms = 30 * 1000;
	ck_assert(!take(&other));
	lease_give(&c, &lease);
	ck_assert(take(&other));
}
END_TEST

START_TEST(a_store_that_fails_is_told)
{
	struct lease lease;
	bool held;
	ck_assert(take(&lease));
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	host_fails(&w.host, MM_API_KV_COMPARE_AND_DELETE, 500);
	ck_assert(!lease_renew(&c, &lease, 20, &held, &w.err));
	ck_assert(!held);
	lease_give(&c, &lease);
	ck_assert(host_logged(&w.host, "ends by itself"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin lease");
	TCase *tc = tcase_create("leases");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, one_holds_it_until_it_is_given_back);
	tcase_add_test(tc, a_holder_that_died_is_followed);
	tcase_add_test(tc, its_end_is_known_without_the_store);
	tcase_add_test(tc, it_can_be_held_on);
	tcase_add_test(tc, a_store_that_fails_is_told);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
