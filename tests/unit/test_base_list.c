/* An intrusive list: nodes know their neighbours. */
#include "base/list.h"

#include <check.h>
#include <stdlib.h>

struct item {
	int number;
	struct list node;
};

static struct list head;
static struct item items[3] = { { .number = 0 }, { .number = 1 },
	{ .number = 2 } };

static void set_up(void)
{
	list_init(&head);
	for (int i = 0; i < 3; i++)
		list_add_before(&head, &items[i].node);
}

static void tear_down(void)
{
}

/* The numbers in the list, as digits. */
static int digits(void)
{
	int sum = 0;
	list_for_each(node, &head)
		sum =
		    sum * 10 + list_entry(node, struct item, node)->number + 1;
	return sum;
}

START_TEST(a_new_list_is_empty)
{
	struct list empty;
	list_init(&empty);
	ck_assert(list_empty(&empty));
	ck_assert_ptr_null(list_take_first(&empty));
}
END_TEST

START_TEST(items_are_added_at_the_end)
{
	ck_assert(!list_empty(&head));
	ck_assert_int_eq(digits(), 123);
}
END_TEST

START_TEST(items_are_added_before_any_other)
{
	struct item fourth = { .number = 8 };
	list_add_before(head.next, &fourth.node);
	ck_assert_int_eq(digits(), 9123);
	list_remove(&fourth.node);
	list_add_before(&items[2].node, &fourth.node);
	ck_assert_int_eq(digits(), 1293);
	list_remove(&fourth.node);
}
END_TEST

START_TEST(an_item_can_be_removed_from_anywhere)
{
	list_remove(&items[1].node);
	ck_assert_int_eq(digits(), 13);
	list_remove(&items[0].node);
	ck_assert_int_eq(digits(), 3);
	list_remove(&items[2].node);
	ck_assert(list_empty(&head));
}
END_TEST

START_TEST(removing_twice_does_nothing)
{
	list_remove(&items[1].node);
	ck_assert_ptr_null(items[1].node.next);
	list_remove(&items[1].node);
	ck_assert_int_eq(digits(), 13);
}
END_TEST

START_TEST(the_first_is_taken_first)
{
	for (int i = 0; i < 3; i++) {
		struct list *node = list_take_first(&head);
		ck_assert_int_eq(
		    list_entry(node, struct item, node)->number, i);
		ck_assert_ptr_null(node->next);
	}
	ck_assert_ptr_null(list_take_first(&head));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base list");
	TCase *tc = tcase_create("list");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_new_list_is_empty);
	tcase_add_test(tc, items_are_added_at_the_end);
	tcase_add_test(tc, items_are_added_before_any_other);
	tcase_add_test(tc, an_item_can_be_removed_from_anywhere);
	tcase_add_test(tc, removing_twice_does_nothing);
	tcase_add_test(tc, the_first_is_taken_first);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
