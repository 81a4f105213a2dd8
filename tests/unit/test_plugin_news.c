/* What is told once: by one node, and again when nobody has got it. */
#include "plugin/news.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>

#define MARK "z2_told_account"

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

static const struct news first = { STR(MARK), STR("digest-1") };
static const struct news second = { STR(MARK), STR("digest-2") };

static void passes_s(int64_t seconds)
{
	pthread_mutex_lock(&w.host.lock);
	w.host.clock_off_ms += seconds * 1000;
	pthread_mutex_unlock(&w.host.lock);
}

static bool take(const struct news *news)
{
	err_clear(&w.err);
	bool taken = news_take(&c, news, &w.err);
	ck_assert_msg(w.err.code == ERR_NONE, "%s", w.err.text);
	return taken;
}

START_TEST(while_one_tells_nobody_else_does)
{
	ck_assert(take(&first));
	passes_s(30);
	ck_assert(!take(&first));
	news_told(&c, &first);
	ck_assert(!take(&first));
}
END_TEST

START_TEST(what_was_told_is_told_for_good)
{
	ck_assert(take(&first));
	news_told(&c, &first);
	passes_s((int64_t)366 * 24 * 3600);
	ck_assert(!take(&first));
	ck_assert_int_eq(host_expires_s(&w.host, MARK), 0);
}
END_TEST

START_TEST(what_nobody_got_is_told_by_the_next_one)
{
	ck_assert(take(&first));
	passes_s(61);
	ck_assert(take(&first));
	news_told(&c, &first);
	passes_s(61);
	ck_assert(!take(&first));
}
END_TEST

START_TEST(other_news_are_told_whatever_was_before)
{
	ck_assert(take(&first));
	news_told(&c, &first);
	ck_assert(take(&second));
	/* late, and the other one stays to be told */
	news_told(&c, &first);
	passes_s(61);
	ck_assert(take(&second));
}
END_TEST

START_TEST(of_two_at_once_one_tells)
{
	ck_assert(take(&first));
	/* as a node sees it that has looked before another one took them */
	host_answers(&w.host, MM_API_KV_GET, host_says_nothing, NULL);
	ck_assert(!take(&first));
}
END_TEST

START_TEST(a_store_that_fails_is_an_error)
{
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	err_clear(&w.err);
	ck_assert(!news_take(&c, &first, &w.err));
	ck_assert_int_ne(w.err.code, ERR_NONE);
	news_told(&c, &first);
	ck_assert(host_logged(&w.host, "could not be stored"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin news");
	TCase *tc = tcase_create("news");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, while_one_tells_nobody_else_does);
	tcase_add_test(tc, what_was_told_is_told_for_good);
	tcase_add_test(tc, what_nobody_got_is_told_by_the_next_one);
	tcase_add_test(tc, other_news_are_told_whatever_was_before);
	tcase_add_test(tc, of_two_at_once_one_tells);
	tcase_add_test(tc, a_store_that_fails_is_an_error);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
