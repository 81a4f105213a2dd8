/* Memory that dies together. */
#include "base/arena.h"
#include "base/clock.h"

#include <check.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena a;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	arena_init(&a, 1 << 20);
}

static void tear_down(void)
{
	arena_fini(&a);
}

START_TEST(memory_is_zeroed_and_aligned)
{
	for (size_t size = 0; size < 300; size++) {
		char *p = arena_alloc(&a, size);
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			ck_assert(p[i] == 0);
		memset(p, 'x', size);
		if (size > 40)
			size += 20;
	}
	ck_assert(arena_ok(&a, &err));
}
END_TEST

START_TEST(a_new_arena_owns_nothing)
{
	ck_assert_ptr_null(a.blocks);
	ck_assert_uint_eq(a.used, 0);
}
END_TEST

START_TEST(the_cap_holds_and_is_remembered)
{
	tear_down();
	arena_init(&a, 1000);
	ck_assert_ptr_nonnull(arena_alloc(&a, 900));
	ck_assert_ptr_null(arena_alloc(&a, 200));
	/* sticky: even what would fit fails now */
	ck_assert_ptr_null(arena_alloc(&a, 1));
	ck_assert(!arena_ok(&a, &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_uint_le(a.used, 1000);
}
END_TEST

START_TEST(a_cap_can_be_used_up_to_the_last_byte)
{
	tear_down();
	arena_init(&a, 4096);
	for (int i = 0; i < 4; i++)
		ck_assert_ptr_nonnull(arena_alloc(&a, 1024));
	ck_assert_uint_eq(a.used, 4096);
}
END_TEST

START_TEST(an_absurd_array_is_refused)
{
	ck_assert_ptr_null(arena_array(&a, SIZE_MAX / 8, 16));
	ck_assert(!arena_ok(&a, &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_uint_eq(a.used, 0);
}
END_TEST

START_TEST(strings_are_copied_with_a_nul)
{
	struct str s = arena_str(&a, str_n("hello world", 5));
	ck_assert_str_eq(s.data, "hello");
	ck_assert_uint_eq(s.len, 5);
	ck_assert_str_eq(arena_str(&a, (struct str){ NULL, 0 }).data, "");
}
END_TEST

START_TEST(text_is_printed)
{
	struct str s = arena_printf(&a, "%d-%s", 42, "x");
	ck_assert_str_eq(s.data, "42-x");
	ck_assert_uint_eq(s.len, 4);
}
END_TEST

START_TEST(text_that_does_not_fit_is_nothing)
{
	tear_down();
	arena_init(&a, 100);
	struct str s = arena_printf(&a, "%200d", 1);
	ck_assert_ptr_null(s.data);
	ck_assert_uint_eq(s.len, 0);
	ck_assert_ptr_null(arena_str(&a, S("x")).data);
}
END_TEST

START_TEST(what_is_adopted_lives_with_its_new_arena)
{
	struct arena b;
	arena_init(&b, 1 << 16);
	struct str mine = arena_str(&a, S("mine"));
	struct str theirs = arena_str(&b, S("theirs"));
	size_t used = a.used + b.used;
	arena_adopt(&a, &b);
	arena_fini(&b);
	ck_assert_str_eq(mine.data, "mine");
	ck_assert_str_eq(theirs.data, "theirs");
	ck_assert_uint_eq(a.used, used);
	ck_assert_ptr_nonnull(arena_alloc(&a, 10));
}
END_TEST

START_TEST(what_is_reset_can_be_filled_again)
{
	static const char zeros[64];
	struct arena b;
	arena_init(&b, 100000);
	for (int i = 0; i < 5; i++) {
		char *p = arena_alloc(&b, 64);
		ck_assert_ptr_nonnull(p);
		ck_assert_int_eq(memcmp(p, zeros, 64), 0);
		memset(p, 'x', 64);
		ck_assert_ptr_nonnull(arena_alloc(&b, (size_t)i * 20000));
		arena_reset(&b, 4096);
		/* what is kept counts; one block at most */
		ck_assert_uint_le(b.used, 4096);
	}
	ck_assert_ptr_null(arena_alloc(&b, 100001));
	arena_reset(&b, 4096);
	ck_assert_int_eq(b.fault, ERR_NONE);
	arena_fini(&b);
}
END_TEST

/* ---- the spare block --------------------------------------------------------------- */

#ifdef __SANITIZE_ADDRESS__
enum { KEEPS = false };
#else
enum { KEEPS = true };
#endif

static bool has_spare(void)
{
	return arena_trim_due_ms() != DEADLINE_NEVER;
}

/* Fill so many bytes in an arena of its own. */
static void use(size_t size)
{
	struct arena b;
	arena_init(&b, (size_t)4 << 20);
	char *p = arena_alloc(&b, size);
	ck_assert_ptr_nonnull(p);
	memset(p, 'x', size);
	arena_fini(&b);
}

START_TEST(a_large_block_is_kept_and_wiped)
{
	use(900000);
	ck_assert(has_spare() == KEEPS);
	char *p = arena_alloc(&a, 800000);
	ck_assert(!has_spare());
	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < 800000; i++)
		ck_assert(p[i] == 0);
	arena_fini(&a);
	/* it has not shrunk */
	arena_init(&a, 1 << 20);
	ck_assert(has_spare() == KEEPS);
	ck_assert_ptr_nonnull(arena_alloc(&a, 900000));
	ck_assert(!has_spare());
}
END_TEST

/* A cap must not depend on what happened to be there. */
START_TEST(a_larger_block_counts_as_one_that_fits)
{
	use(2000000);
	ck_assert_ptr_nonnull(arena_alloc(&a, 300000));
	ck_assert_uint_eq(a.used, 300000);
	ck_assert_ptr_nonnull(arena_alloc(&a, 700000));
	ck_assert_uint_eq(a.used, 1000000);
	ck_assert_ptr_null(arena_alloc(&a, 100000));
}
END_TEST

START_TEST(one_that_is_too_small_is_not_taken)
{
	use(300000);
	char *p = arena_alloc(&a, 900000);
	ck_assert(!has_spare());
	ck_assert_ptr_nonnull(p);
	memset(p, 'x', 900000);
}
END_TEST

START_TEST(what_is_small_or_huge_is_not_kept)
{
	use(1000);
	use(200000);
	use(3000000);
	ck_assert(!has_spare());
}
END_TEST

START_TEST(a_spare_block_goes_when_it_is_due)
{
	int64_t began_ms = clock_now_ms();
	use(900000);
	int64_t due_ms = arena_trim_due_ms();
	ck_assert(!KEEPS || due_ms >= began_ms + 1000);
	while (has_spare()) {
		arena_trim();
		usleep(1000);
	}
	ck_assert(!KEEPS || clock_now_ms() >= due_ms);
	arena_trim();
	use(900000);
	ck_assert(!KEEPS || arena_trim_due_ms() > due_ms);
}
END_TEST

START_TEST(an_empty_arena_can_be_adopted)
{
	struct arena b;
	arena_init(&b, 1 << 16);
	struct str mine = arena_str(&a, S("mine"));
	arena_adopt(&a, &b);
	ck_assert_str_eq(mine.data, "mine");
}
END_TEST

START_TEST(a_fault_is_adopted_too)
{
	struct arena b;
	arena_init(&b, 10);
	arena_alloc(&b, 100);
	arena_adopt(&a, &b);
	ck_assert(!arena_ok(&a, &err));
	arena_fini(&b);
}
END_TEST

START_TEST(zeroed_memory_is_an_arena_in_which_nothing_fits)
{
	struct arena zero = { 0 };
	ck_assert_ptr_null(arena_alloc(&zero, 1));
	arena_fini(&zero);
	arena_fini(&zero);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base arena");
	TCase *tc = tcase_create("arena");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, memory_is_zeroed_and_aligned);
	tcase_add_test(tc, a_new_arena_owns_nothing);
	tcase_add_test(tc, the_cap_holds_and_is_remembered);
	tcase_add_test(tc, a_cap_can_be_used_up_to_the_last_byte);
	tcase_add_test(tc, an_absurd_array_is_refused);
	tcase_add_test(tc, strings_are_copied_with_a_nul);
	tcase_add_test(tc, text_is_printed);
	tcase_add_test(tc, text_that_does_not_fit_is_nothing);
	tcase_add_test(tc, what_is_adopted_lives_with_its_new_arena);
	tcase_add_test(tc, what_is_reset_can_be_filled_again);
	tcase_add_test(tc, a_large_block_is_kept_and_wiped);
	tcase_add_test(tc, a_larger_block_counts_as_one_that_fits);
	tcase_add_test(tc, one_that_is_too_small_is_not_taken);
	tcase_add_test(tc, what_is_small_or_huge_is_not_kept);
	tcase_add_test(tc, a_spare_block_goes_when_it_is_due);
	tcase_add_test(tc, an_empty_arena_can_be_adopted);
	tcase_add_test(tc, a_fault_is_adopted_too);
	tcase_add_test(tc, zeroed_memory_is_an_arena_in_which_nothing_fits);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
