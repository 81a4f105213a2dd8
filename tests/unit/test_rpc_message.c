/* The writing half of a connection: whole messages or none. */
#include "tests/lib/couple.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* An io that keeps what is written, or fails. */
struct sink {
	struct buf bytes;
	size_t n_writes;
	bool fails;
};

static struct sink sink;
static struct rpc_writer writer;
static struct err err;
static bool sent;

static bool sink_read(void *object, void *data, size_t room,
    int64_t deadline_ms, size_t *got, struct err *e)
{
	(void)object;
	(void)data;
	(void)room;
	(void)deadline_ms;
	*got = 0;
	(void)e;
	return true;
}

static bool sink_write(void *object, const void *data, size_t n,
    int64_t deadline_ms, struct err *e)
{
	struct sink *s = object;
	(void)deadline_ms;
	if (s->fails)
		return err_set(e, ERR_CLOSED, "broken pipe");
	s->n_writes++;
	buf_put(&s->bytes, data, n);
	return true;
}

static void set_up(void)
{
	err_clear(&err);
	memset(&sink, 0, sizeof(sink));
	buf_init(&sink.bytes, 1 << 20);
	rpc_writer_init(
	    &writer, (struct io){ &sink, sink_read, sink_write, NULL }, 1000);
}

static void tear_down(void)
{
	rpc_writer_fini(&writer);
	buf_fini(&sink.bytes);
}

static bool send_request(uint64_t seq, struct rpc_value body)
{
	struct rpc_request head = { S("Test.Echo"), seq };
	const struct rpc_message m = { { &rpc_type_request, &head }, body };
	return rpc_writer_send(&writer, &m, 1, SOON, &sent, &err);
}

static bool send_text(uint64_t seq, struct str text)
{
	return send_request(seq, (struct rpc_value){ &gob_type_string, &text });
}

START_TEST(head_and_body_leave_in_one_piece)
{
	ck_assert(send_text(0, S("hi")));
	ck_assert(sent);
	ck_assert_uint_eq(sink.n_writes, 1);
}
END_TEST

START_TEST(definitions_are_sent_once)
{
	ck_assert(send_text(1, S("hi")));
	size_t first = sink.bytes.len;
	ck_assert(send_text(1, S("hi")));
	size_t second = sink.bytes.len - first;
	/* the definition of Request has 47 bytes */
	ck_assert_uint_eq(first, second + 47);
}
END_TEST

START_TEST(a_body_that_cannot_be_encoded_leaves_nothing_behind)
{
	struct gob_any any = { .name = S("nobody.Knows") };
	ck_assert(
	    !send_request(0, (struct rpc_value){ &gob_type_interface, &any }));
	ck_assert(!sent);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_uint_eq(sink.bytes.len, 0);
	err_clear(&err);
	/* the next one defines Request, for the peer has not heard of it */
	ck_assert(send_text(0, S("hi")));
	ck_assert_mem_eq(sink.bytes.data, "\x2e\x7f\x03", 3);
}
END_TEST

START_TEST(a_message_above_the_cap_is_not_sent)
{
	static char text[100000];
	ck_assert(!send_text(0, str_n(text, sizeof(text))));
	ck_assert(!sent);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	err_clear(&err);
	ck_assert(send_text(0, S("hi")));
}
END_TEST

START_TEST(a_failed_write_says_that_bytes_may_have_left)
{
	sink.fails = true;
	ck_assert(!send_text(0, S("hi")));
	ck_assert(sent);
	ck_assert_int_eq(err.code, ERR_CLOSED);
}
END_TEST

START_TEST(nothing_follows_half_a_message)
{
	sink.fails = true;
	ck_assert(!send_text(0, S("hi")));
	sink.fails = false;
	err_clear(&err);
	ck_assert(!send_text(1, S("hi")));
	ck_assert_int_eq(err.code, ERR_CLOSED);
	ck_assert(!sent);
	ck_assert_uint_eq(sink.bytes.len, 0);
}
END_TEST

START_TEST(waiting_for_the_turn_has_a_deadline)
{
	ck_assert(turn_take(&writer.turn, SOON, &err));
	struct rpc_request head = { S("Test.Echo"), 0 };
	struct rpc_value value = { &rpc_type_request, &head };
	const struct rpc_message m = { value, value };
	ck_assert(!rpc_writer_send(
	    &writer, &m, 1, clock_deadline_ms(10), &sent, &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	ck_assert(!sent);
	turn_give(&writer.turn);
}
END_TEST

START_TEST(memory_of_a_large_message_is_given_back)
{
	static char text[60000];
	rpc_writer_fini(&writer);
	rpc_writer_init(
	    &writer, (struct io){ &sink, sink_read, sink_write, NULL }, 0);
	ck_assert(send_text(0, str_n(text, sizeof(text))));
	ck_assert(send_text(0, str_n(text, sizeof(text))));
	ck_assert_uint_le(writer.out.room, 65536);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rpc message");
	TCase *tc = tcase_create("writer");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, head_and_body_leave_in_one_piece);
	tcase_add_test(tc, definitions_are_sent_once);
	tcase_add_test(tc, a_body_that_cannot_be_encoded_leaves_nothing_behind);
	tcase_add_test(tc, a_message_above_the_cap_is_not_sent);
	tcase_add_test(tc, a_failed_write_says_that_bytes_may_have_left);
	tcase_add_test(tc, nothing_follows_half_a_message);
	tcase_add_test(tc, waiting_for_the_turn_has_a_deadline);
	tcase_add_test(tc, memory_of_a_large_message_is_given_back);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
