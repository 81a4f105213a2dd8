/* One at a time; whoever waits too long gives up. */
#include "base/turn.h"

#include <check.h>
#include <stdlib.h>

static struct turn turn;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	turn_init(&turn);
}

static void tear_down(void)
{
	turn_fini(&turn);
}

START_TEST(a_free_turn_is_taken_at_once)
{
	ck_assert(turn_take(&turn, 0, &err));
	turn_give(&turn);
	ck_assert(turn_take(&turn, 0, &err));
	turn_give(&turn);
}
END_TEST

START_TEST(a_taken_turn_is_waited_for_until_the_deadline)
{
	ck_assert(turn_take(&turn, 0, &err));
	ck_assert(!turn_take(&turn, clock_deadline_ms(20), &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	turn_give(&turn);
	err_clear(&err);
	ck_assert(turn_take(&turn, 0, &err));
	turn_give(&turn);
}
END_TEST

static int inside, most, total;

static void *take_turns(void *arg)
{
	for (int i = 0; i < 500; i++) {
		struct err why = { 0 };
		if (!turn_take(&turn, DEADLINE_NEVER, &why))
			break;
		inside++;
		if (inside > most)
			most = inside;
		total++;
		inside--;
		turn_give(&turn);
	}
	return arg;
}

START_TEST(only_one_thread_has_the_turn)
{
	pthread_t threads[8];
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, take_turns, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(most, 1);
	ck_assert_int_eq(total, 4000);
}
END_TEST

static void *give_up_often(void *arg)
{
	int *taken = arg;
	for (int i = 0; i < 300; i++) {
		struct err why = { 0 };
		if (!turn_take(&turn, clock_deadline_ms(1), &why))
			continue;
		++*taken;
		turn_give(&turn);
	}
	return NULL;
}

START_TEST(a_turn_offered_to_one_who_gives_up_is_not_lost)
{
	pthread_t threads[4];
	int taken[4] = { 0 };
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, give_up_often, &taken[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert(turn_take(&turn, clock_deadline_ms(8000), &err));
	turn_give(&turn);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base turn");
	TCase *tc = tcase_create("turn");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_free_turn_is_taken_at_once);
	tcase_add_test(tc, a_taken_turn_is_waited_for_until_the_deadline);
	tcase_add_test(tc, only_one_thread_has_the_turn);
	tcase_add_test(tc, a_turn_offered_to_one_who_gives_up_is_not_lost);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
