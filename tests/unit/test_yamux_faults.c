/* Every allocation of a session and its streams fails once. */
#include "tests/lib/faults.h"
#include "tests/lib/peer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int64_t shortly(void)
{
	return clock_deadline_ms(100);
}

/* The peer has opened a stream and said hello. */
static bool greet(int fd)
{
	static const char hello[5] = { 'h', 'e', 'l', 'l', 'o' };
	uint8_t bytes[2 * FRAME_SIZE + 5], *at = bytes;
	struct frame_header syn = { FRAME_WINDOW, FRAME_SYN, 1, 0 };
	struct frame_header data = { FRAME_DATA, 0, 1, 5 };
	frame_put(at, &syn);
	frame_put(at += FRAME_SIZE, &data);
	memcpy(at + FRAME_SIZE, hello, sizeof(hello));
	return write(fd, bytes, sizeof(bytes)) == sizeof(bytes);
}

static bool talk(struct yamux_session *s)
{
	static const char much[200000];
	struct err err = { 0 };
	char got[5];
	size_t n;
	struct yamux_stream *theirs = yamux_accept(s, shortly(), &err);
	struct yamux_stream *ours = yamux_open(s, "hi", 2, shortly(), &err);
	bool done =
	    theirs != NULL && ours != NULL &&
	    yamux_stream_read(theirs, got, 5, shortly(), &n, &err) &&
	    yamux_stream_write(ours, much, sizeof(much), shortly(), &err) &&
	    yamux_stream_write(theirs, much, sizeof(much), shortly(), &err);
	yamux_stream_close(theirs);
	yamux_stream_close(ours);
	return done;
}

static bool open_call_close(void *arg)
{
	int fds[2];
	struct err err = { 0 };
	(void)arg;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return false;
	bool done = greet(fds[0]);
	struct yamux_session *s = yamux_session_new(fds[1], false, &err);
	done = done && s != NULL && talk(s);
	yamux_session_free(s);
	close(fds[0]);
	return done;
}

START_TEST(every_allocation_of_a_session_may_fail)
{
	faults_each(open_call_close, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yamux faults");
	TCase *tc = tcase_create("faults");
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, every_allocation_of_a_session_may_fail);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
