/*
 * The host goes after every byte that it may send in a plugin's life: the
 * plugin ends, says why, and leaves nothing.
 */
#include "tests/lib/life.h"
#include "tests/lib/peer.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Enough for every kind of message, short enough to be cut everywhere. */
#define BODY 40

/* Every test cuts a part of the places, so that none takes long. */
#define N_PARTS 4

static struct raw r;

/* True when the host could say everything. */
static bool live_until(size_t cut_at)
{
	r.cut_at = cut_at;
	raw_start(&r, &life_plugin);
	bool done = life_live(&r);
	ck_assert_msg(raw_stop(&r), "cut after %zu bytes: not freed", cut_at);
	ck_assert_msg(r.why.code != ERR_NONE && r.why.code != ERR_TIMEOUT,
	    "cut after %zu bytes: %d %s", cut_at, r.why.code, r.why.text);
	return done;
}

START_TEST(the_host_may_go_after_any_byte)
{
	struct arena a;
	char body[BODY];
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDERR_FILENO);
	arena_init(&a, 1 << 20);
	raw_prepare_answers(&r, &a);
	memset(body, 'x', sizeof(body));
	r.body = str_n(body, sizeof(body));
	ck_assert(live_until(0));
	size_t all = r.n_sent, descriptors = count_descriptors();
	size_t threads = count_threads();
	ck_assert_uint_gt(all, 1000);
	for (size_t n = 1 + (size_t)_i; n < all; n += N_PARTS) {
		ck_assert_msg(!live_until(n), "%zu of %zu bytes", n, all);
		ck_assert_uint_eq(count_descriptors(), descriptors);
	}
	ck_assert(threads_become(threads));
	arena_fini(&a);
	close(null);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mm cut");
	TCase *tc = tcase_create("cut");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, the_host_may_go_after_any_byte, 0, N_PARTS);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
