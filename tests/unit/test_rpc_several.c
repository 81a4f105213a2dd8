/* Several calls at once, of a server that the test plays. */
#include "tests/lib/caller.h"
#include "tests/lib/patience.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct several {
	pthread_t thread;
	size_t n;
	char texts[RPC_AT_ONCE][32];
	struct str replies[RPC_AT_ONCE];
	int64_t timeout_ms;
	struct arena arena;
	struct err err;
	bool done;
	long switches; /* how often the thread has gone to sleep */
};

static void *call_several(void *arg)
{
	struct several *s = arg;
	struct str args[RPC_AT_ONCE];
	struct rpc_args calls[RPC_AT_ONCE];
	for (size_t i = 0; i < s->n; i++) {
		args[i] = str_from(s->texts[i]);
		calls[i] = (struct rpc_args){
			.method = "Test.Any",
			.args = { &gob_type_string, &args[i] },
			.reply_type = &gob_type_string,
			.reply = &s->replies[i],
			.arena = &s->arena,
			.deadline_ms =
			    clock_deadline_ms(patience(s->timeout_ms)),
		};
	}
	s->done = rpc_call_all(&client, calls, s->n, &s->err);
	struct rusage usage;
	getrusage(RUSAGE_THREAD, &usage);
	s->switches = usage.ru_nvcsw;
	return NULL;
}

static void start_several(
    struct several *s, size_t n, int number, int64_t timeout_ms)
{
	*s = (struct several){ .n = n, .timeout_ms = timeout_ms };
	arena_init(&s->arena, RPC_ARENA_MAX);
	for (size_t i = 0; i < n; i++)
		snprintf(
		    s->texts[i], sizeof(s->texts[i]), "call %d.%zu", number, i);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, call_several, s), 0);
}

/* The requests are in the server's hands. */
static void start_and_take(
    struct several *s, size_t n, int64_t timeout_ms, struct request *r)
{
	start_several(s, n, 1, timeout_ms);
	for (size_t i = 0; i < n; i++)
		r[i] = take_request();
}

/* All but number `but` have the reply that is theirs. */
static void expect_replies(struct several *s, size_t but)
{
	pthread_join(s->thread, NULL);
	for (size_t i = 0; i < s->n; i++)
		ck_assert(i == but
		              ? s->replies[i].len == 0
		              : str_eq(s->replies[i], str_from(s->texts[i])));
	ck_assert_int_eq(s->done, but >= s->n);
	arena_fini(&s->arena);
}

static size_t n_writes;

static bool count_write(void *object, const void *data, size_t n,
    int64_t deadline_ms, struct err *why)
{
	n_writes++;
	return couple.client.write(object, data, n, deadline_ms, why);
}

START_TEST(several_calls_leave_in_one_write)
{
	static const size_t order[] = { 2, 0, 3, 1 };
	struct several s;
	struct request r[4];
	n_writes = 0;
	client.writer.io.write = count_write;
	start_several(&s, 4, 1, 8000);
	for (size_t i = 0; i < 4; i++) {
		r[i] = take_request();
		ck_assert_str_eq(str_c(r[i].text), s.texts[i]);
	}
	for (size_t i = 0; i < 4; i++)
		answer(r[order[i]].head.seq, str_c(r[order[i]].text));
	expect_replies(&s, SIZE_MAX);
	ck_assert_uint_eq(n_writes, 1);
	one_good_call();
}
END_TEST

static void until_somebody_reads(void)
{
	int64_t deadline = SOON;
	bool reading = false;
	while (!reading && clock_now_ms() < deadline) {
		usleep(1000);
		pthread_mutex_lock(&client.lock);
		reading = client.reading;
		pthread_mutex_unlock(&client.lock);
	}
	ck_assert(reading);
}

/* So that who waits for one of them is asleep again before the next one. */
static void answer_slowly(const struct request *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		usleep(20 * 1000);
		answer(r[i].head.seq, str_c(r[i].text));
	}
}

START_TEST(who_makes_several_calls_wakes_nobody_to_read_for_him)
{
	struct several s;
	struct caller other;
	struct request r[8], of_other;
	start_and_take(&s, 8, 8000, r);
	until_somebody_reads();
	start_caller(&other, 2, 8000);
	of_other = take_request();
	answer_slowly(r, 8);
	expect_replies(&s, SIZE_MAX);
	answer(of_other.head.seq, str_c(of_other.text));
	expect_done(&other);
	/* once when he has the turn, and for the bytes */
	ck_assert_int_lt(other.switches, 8);
}
END_TEST

START_TEST(who_follows_with_several_calls_is_woken_when_all_are_answered)
{
	struct several s;
	struct caller reader;
	struct request r[8], of_reader;
	start_caller(&reader, 2, 8000);
	of_reader = take_request();
	until_somebody_reads();
	start_and_take(&s, 8, 8000, r);
	answer_slowly(r, 8);
	expect_replies(&s, SIZE_MAX);
	ck_assert_int_lt(s.switches, 8);
	answer(of_reader.head.seq, str_c(of_reader.text));
	expect_done(&reader);
}
END_TEST

START_TEST(of_several_calls_one_may_be_refused)
{
	struct several s;
	struct request r[3];
	start_and_take(&s, 3, 8000, r);
	answer_with(r[1].head.seq, "it is closed",
	    (struct rpc_value){ &gob_type_empty, "" });
	answer(r[2].head.seq, str_c(r[2].text));
	answer(r[0].head.seq, str_c(r[0].text));
	expect_replies(&s, 1);
	ck_assert_int_eq(s.err.code, ERR_REMOTE);
	ck_assert_str_eq(s.err.text, "Test.Any: it is closed");
	one_good_call();
}
END_TEST

START_TEST(of_several_calls_one_may_be_late)
{
	struct several s;
	struct request r[3];
	start_and_take(&s, 3, 100, r);
	answer(r[1].head.seq, str_c(r[1].text));
	answer(r[2].head.seq, str_c(r[2].text));
	expect_replies(&s, 0);
	ck_assert_int_eq(s.err.code, ERR_TIMEOUT);
	answer(r[0].head.seq, "too late");
	one_good_call();
}
END_TEST

START_TEST(several_calls_are_sent_together_or_not_at_all)
{
	struct gob_any any = { .name = S("model.Unknown") };
	struct str text = S("sent?");
	const struct rpc_args calls[] = {
		{ .method = "Test.Any",
		    .args = { &gob_type_string, &text },
		    .deadline_ms = SOON },
		{ .method = "Test.Any",
		    .args = { &gob_type_interface, &any },
		    .deadline_ms = SOON },
	};
	ck_assert(!rpc_call_all(&client, calls, 2, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	one_good_call();
}
END_TEST

START_TEST(no_calls_and_too_many_are_refused)
{
	static const struct rpc_args calls[RPC_AT_ONCE + 1];
	ck_assert(!rpc_call_all(&client, calls, 0, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	err_clear(&err);
	ck_assert(!rpc_call_all(&client, calls, RPC_AT_ONCE + 1, &err));
	ck_assert_str_eq(err.text, "17 calls at once");
}
END_TEST

#define CROWD 16

START_TEST(many_may_make_several_calls)
{
	static struct several callers[CROWD];
	static struct request taken[CROWD * RPC_AT_ONCE];
	set_up_kind((enum couple_kind)_i, 0);
	for (int i = 0; i < CROWD; i++)
		start_several(&callers[i], RPC_AT_ONCE, i, 8000);
	for (size_t i = 0; i < CROWD * RPC_AT_ONCE; i++)
		taken[i] = take_request();
	for (size_t i = 0, at = 7; i < CROWD * RPC_AT_ONCE;
	     i++, at = (at + 5) % (CROWD * RPC_AT_ONCE))
		answer(taken[at].head.seq, str_c(taken[at].text));
	for (int i = 0; i < CROWD; i++)
		expect_replies(&callers[i], SIZE_MAX);
	tear_down();
}
END_TEST

START_TEST(the_end_of_the_connection_ends_several_calls)
{
	struct several s;
	start_several(&s, 3, 1, 8000);
	for (size_t i = 0; i < 3; i++)
		take_request();
	couple_part(&couple);
	pthread_join(s.thread, NULL);
	ck_assert(!s.done);
	ck_assert_int_eq(s.err.code, ERR_CLOSED);
	arena_fini(&s.arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rpc several");
	TCase *kinds = tcase_create("over sockets and streams");
	tcase_set_timeout(kinds, 20);
	tcase_add_loop_test(
	    kinds, many_may_make_several_calls, 0, N_COUPLE_KINDS);
	suite_add_tcase(suite, kinds);
	TCase *tc = tcase_create("several");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, several_calls_leave_in_one_write);
	tcase_add_test(
	    tc, who_makes_several_calls_wakes_nobody_to_read_for_him);
	tcase_add_test(
	    tc, who_follows_with_several_calls_is_woken_when_all_are_answered);
	tcase_add_test(tc, of_several_calls_one_may_be_refused);
	tcase_add_test(tc, of_several_calls_one_may_be_late);
	tcase_add_test(tc, several_calls_are_sent_together_or_not_at_all);
	tcase_add_test(tc, no_calls_and_too_many_are_refused);
	tcase_add_test(tc, the_end_of_the_connection_ends_several_calls);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
