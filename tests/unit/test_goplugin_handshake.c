/* The line on stdout, and the one connection that follows it. */
#include "tests/lib/peer.h"

#include "goplugin/handshake.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct err err;
static int out[2]; /* stdout of the plugin, a pipe */
static char dir[64];
static const char template[] = "/tmp/handshake-XXXXXX";

static void set_up(void)
{
	err_clear(&err);
	ck_assert_int_eq(pipe(out), 0);
	memcpy(dir, template, sizeof(template));
	ck_assert_ptr_nonnull(mkdtemp(dir));
	setenv(HANDSHAKE_COOKIE_NAME, HANDSHAKE_COOKIE_VALUE, 1);
	setenv("PLUGIN_UNIX_SOCKET_DIR", dir, 1);
}

static void tear_down(void)
{
	close(out[0]);
	close(out[1]);
	/* fails when a socket has been left in it */
	ck_assert_int_eq(rmdir(dir), 0);
}

/* The plugin's side, on a thread. */
struct plugin {
	pthread_t thread;
	int fd;
	bool done;
	struct err err;
};

static void *shake(void *arg)
{
	struct plugin *p = arg;
	p->done = handshake_run(out[1], 8000, NULL, NULL, &p->fd, &p->err);
	return NULL;
}

static void start(struct plugin *p)
{
	*p = (struct plugin){ .fd = -1 };
	pthread_create(&p->thread, NULL, shake, p);
}

/* Read the line, and take the address out of it. */
static void read_line(char *path)
{
	char line[256];
	size_t n = 0;
	do {
		ck_assert_int_eq(read(out[0], line + n, 1), 1);
	} while (line[n++] != '\n');
	line[n] = '\0';
	char want[300];
	ck_assert_int_eq(sscanf(line, "1|1|unix|%200[^|]|netrpc|", path), 1);
	snprintf(want, sizeof(want), "1|1|unix|%s|netrpc|\n", path);
	ck_assert_str_eq(line, want);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(address.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void expect_line_and_connection(const char *where)
{
	struct plugin p;
	char path[256], byte;
	start(&p);
	read_line(path);
	ck_assert_int_eq(strncmp(path, where, strlen(where)), 0);
	int fd = connect_to(path);
	pthread_join(p.thread, NULL);
	ck_assert_msg(p.done, "%s", p.err.text);
	ck_assert_int_ne(fcntl(p.fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(read(p.fd, &byte, 1), 1);
	close(fd);
	close(p.fd);
}

START_TEST(the_host_connects_to_what_the_line_says)
{
	expect_line_and_connection(dir);
}
END_TEST

START_TEST(without_a_directory_of_the_host_tmpdir_counts)
{
	unsetenv("PLUGIN_UNIX_SOCKET_DIR");
	setenv("TMPDIR", dir, 1);
	expect_line_and_connection(dir);
}
END_TEST

START_TEST(without_any_directory_it_is_tmp)
{
	setenv("PLUGIN_UNIX_SOCKET_DIR", "", 1);
	unsetenv("TMPDIR");
	expect_line_and_connection("/tmp/");
}
END_TEST

START_TEST(without_the_cookie_people_are_told_what_this_is)
{
	int fd;
	unsetenv(HANDSHAKE_COOKIE_NAME);
	ck_assert(!handshake_run(out[1], 1000, NULL, NULL, &fd, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_msg(
	    strstr(err.text, "Mattermost plugin") != NULL, "%s", err.text);
}
END_TEST

START_TEST(another_cookie_is_no_cookie)
{
	int fd;
	setenv(HANDSHAKE_COOKIE_NAME, "hello", 1);
	ck_assert(!handshake_run(out[1], 1000, NULL, NULL, &fd, &err));
	ck_assert_int_eq(err.code, ERR_INVALID);
}
END_TEST

START_TEST(a_host_that_never_connects_is_not_waited_for)
{
	int fd;
	ck_assert(!handshake_run(out[1], 50, NULL, NULL, &fd, &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	ck_assert_str_eq(err.text, "the host does not connect");
}
END_TEST

static bool say_done(void *arg, struct err *why)
{
	char line[8];
	/* the line is out by then */
	ck_assert_int_eq(read(out[0], line, sizeof(line)), sizeof(line));
	return *(bool *)arg || err_set(why, ERR_NO_MEMORY, "not set up");
}

START_TEST(there_is_something_to_do_before_the_host_connects)
{
	int fd;
	bool works = true;
	ck_assert(!handshake_run(out[1], 50, say_done, &works, &fd, &err));
	ck_assert_int_eq(err.code, ERR_TIMEOUT);
	err_clear(&err);
	works = false;
	ck_assert(!handshake_run(out[1], 8000, say_done, &works, &fd, &err));
	ck_assert_str_eq(err.text, "not set up");
}
END_TEST

START_TEST(a_directory_too_deep_for_a_socket_is_an_error)
{
	char deep[200];
	int fd;
	memset(deep, 'x', sizeof(deep));
	deep[0] = '/';
	deep[sizeof(deep) - 1] = '\0';
	setenv("PLUGIN_UNIX_SOCKET_DIR", deep, 1);
	ck_assert(!handshake_run(out[1], 50, NULL, NULL, &fd, &err));
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_an_error)
{
	int fd;
	setenv("PLUGIN_UNIX_SOCKET_DIR", "/nowhere/at/all", 1);
	ck_assert(!handshake_run(out[1], 50, NULL, NULL, &fd, &err));
	ck_assert_int_eq(err.code, ERR_IO);
}
END_TEST

START_TEST(a_directory_that_parts_the_line_is_an_error)
{
	static const char ends[] = { '|', '\n' };
	for (size_t i = 0; i < sizeof(ends); i++) {
		char parting[sizeof(dir) + 2];
		int fd;
		snprintf(parting, sizeof(parting), "%s/%c", dir, ends[i]);
		ck_assert_int_eq(mkdir(parting, 0700), 0);
		setenv("PLUGIN_UNIX_SOCKET_DIR", parting, 1);
		ck_assert(!handshake_run(out[1], 50, NULL, NULL, &fd, &err));
		ck_assert_int_eq(err.code, ERR_INVALID);
		ck_assert_int_eq(rmdir(parting), 0);
	}
}
END_TEST

START_TEST(no_descriptor_is_left_by_a_failed_handshake)
{
	int fd;
	size_t before = count_descriptors();
	ck_assert(!handshake_run(out[1], 10, NULL, NULL, &fd, &err));
	ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("goplugin handshake");
	TCase *tc = tcase_create("handshake");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_host_connects_to_what_the_line_says);
	tcase_add_test(tc, without_a_directory_of_the_host_tmpdir_counts);
	tcase_add_test(tc, without_any_directory_it_is_tmp);
	tcase_add_test(tc, without_the_cookie_people_are_told_what_this_is);
	tcase_add_test(tc, another_cookie_is_no_cookie);
	tcase_add_test(tc, a_host_that_never_connects_is_not_waited_for);
	tcase_add_test(tc, there_is_something_to_do_before_the_host_connects);
	tcase_add_test(tc, a_directory_too_deep_for_a_socket_is_an_error);
	tcase_add_test(tc, a_directory_that_is_not_there_is_an_error);
	tcase_add_test(tc, a_directory_that_parts_the_line_is_an_error);
	tcase_add_test(tc, no_descriptor_is_left_by_a_failed_handshake);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
