/* A socket as a byte stream with deadlines. */
#include "base/clock.h"
#include "base/io.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int fds[2];
static struct io io;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	io = io_socket(&fds[0]);
}

static void tear_down(void)
{
	close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
}

START_TEST(reading_takes_what_is_there)
{
	char got[10];
	size_t n;
	ck_assert_int_eq(write(fds[1], "abc", 3), 3);
	ck_assert(io.read(io.object, got, 2, DEADLINE_NEVER, &n, &err));
	ck_assert_uint_eq(n, 2);
	ck_assert(io.read(io.object, got, 10, DEADLINE_NEVER, &n, &err));
	ck_assert_uint_eq(n, 1);
	ck_assert(got[0] == 'c');
}
END_TEST

START_TEST(the_end_of_the_stream_reads_as_nothing)
{
	char byte;
	size_t n = 1;
	close(fds[1]);
	fds[1] = -1;
	ck_assert(io.read(io.object, &byte, 1, DEADLINE_NEVER, &n, &err));
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(reading_gives_up_at_the_deadline)
{
	char byte;
	size_t n;
	ck_assert(
	    !io.read(io.object, &byte, 1, clock_deadline_ms(20), &n, &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
}
END_TEST

#define MUCH ((size_t)4 * 1024 * 1024)

static void *take_much(void *arg)
{
	static char room[65536];
	size_t left = MUCH;
	while (left > 0) {
		ssize_t n = read(fds[1], room, sizeof(room));
		ck_assert_int_gt(n, 0);
		left -= (size_t)n;
	}
	return arg;
}

START_TEST(writing_sends_all_of_it)
{
	pthread_t thread;
	char *much = calloc(1, MUCH);
	pthread_create(&thread, NULL, take_much, NULL);
	ck_assert(io.write(io.object, much, MUCH, DEADLINE_NEVER, &err));
	pthread_join(thread, NULL);
	free(much);
}
END_TEST

START_TEST(writing_gives_up_at_the_deadline)
{
	char *much = calloc(1, MUCH);
	ck_assert(
	    !io.write(io.object, much, MUCH, clock_deadline_ms(20), &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	free(much);
}
END_TEST

START_TEST(writing_to_one_who_has_gone_is_closed)
{
	close(fds[1]);
	fds[1] = -1;
	ck_assert(!io.write(io.object, "x", 1, DEADLINE_NEVER, &err));
	ck_assert_int_eq(err.code, ERR_CLOSED);
}
END_TEST

START_TEST(a_descriptor_that_is_none_is_an_error)
{
	int none = -1;
	char byte;
	size_t n;
	struct io bad = io_socket(&none);
	ck_assert(!bad.read(bad.object, &byte, 1, 0, &n, &err));
	ck_assert_int_eq(err.code, ERR_IO);
	err_clear(&err);
	ck_assert(!bad.write(bad.object, "x", 1, 0, &err));
	ck_assert_int_eq(err.code, ERR_IO);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base io");
	TCase *tc = tcase_create("io");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, reading_takes_what_is_there);
	tcase_add_test(tc, the_end_of_the_stream_reads_as_nothing);
	tcase_add_test(tc, reading_gives_up_at_the_deadline);
	tcase_add_test(tc, writing_sends_all_of_it);
	tcase_add_test(tc, writing_gives_up_at_the_deadline);
	tcase_add_test(tc, writing_to_one_who_has_gone_is_closed);
	tcase_add_test(tc, a_descriptor_that_is_none_is_an_error);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
