/*
 * handshake: what a host gives to the process that it starts is its
 * environment: cookie, $PLUGIN_UNIX_SOCKET_DIR and $TMPDIR, NULs between. The
 * first byte: is the cookie the right one, does the host connect?
 */
#include "fuzz/fuzz.h"

#include "goplugin/handshake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LONGEST      4096
#define RIGHT_COOKIE 1
#define CONNECTS     2

/* What the host may take to connect, and how long one that does not is waited
 * for. */
#define PATIENCE_MS  5000
#define IMPATIENT_MS 1

struct host {
	int in; /* the plugin's stdout */
	bool connects;
	char line[512];
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd; /* -1: not connected */
};

/* The next variable, up to its NUL or the end. */
static void set_next(const char *name, const uint8_t **data, size_t *size)
{
	char value[LONGEST + 1];
	size_t n = strnlen((const char *)*data, *size);
	memcpy(value, *data, n);
	value[n] = '\0';
	FUZZ_CHECK(setenv(name, value, 1) == 0);
	n += n < *size; /* the NUL */
	*data += n;
	*size -= n;
}

/* True with all of the line; false: the plugin has ended without one. */
static bool read_line(struct host *h)
{
	size_t n = 0;
	while (n < sizeof(h->line) - 1) {
		ssize_t got = read(h->in, h->line + n, sizeof(h->line) - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
		if (h->line[n - 1] == '\n')
			break;
	}
	h->line[n] = '\0';
	return n > 0;
}

/* As the host takes it apart: six fields in one line. */
static void take_line(struct host *h)
{
	static const char head[] = "1|1|unix|", tail[] = "|netrpc|\n";
	size_t n = strlen(h->line), ends = sizeof(head) - 1 + sizeof(tail) - 1;
	FUZZ_CHECK(n > ends && n - ends < sizeof(h->path));
	memcpy(h->path, h->line + sizeof(head) - 1, n - ends);
	h->path[n - ends] = '\0';
	FUZZ_CHECK(memcmp(h->line, head, sizeof(head) - 1) == 0);
	FUZZ_CHECK(strcmp(h->line + n - (sizeof(tail) - 1), tail) == 0);
	FUZZ_CHECK(strpbrk(h->path, "|\n") == NULL);
}

static void *be_host(void *arg)
{
	struct host *h = arg;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	if (!read_line(h))
		return NULL;
	take_line(h);
	if (!h->connects)
		return NULL;
	memcpy(to.sun_path, h->path, sizeof(to.sun_path));
	h->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FUZZ_CHECK(h->fd >= 0);
	FUZZ_CHECK(connect(h->fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	return NULL;
}

static void set_environment(int how, const uint8_t *data, size_t size)
{
	set_next(HANDSHAKE_COOKIE_NAME, &data, &size);
	if (how & RIGHT_COOKIE)
		setenv(HANDSHAKE_COOKIE_NAME, HANDSHAKE_COOKIE_VALUE, 1);
	set_next("PLUGIN_UNIX_SOCKET_DIR", &data, &size);
	set_next("TMPDIR", &data, &size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int out[2], fd = -1;
	pthread_t thread;
	struct err err = { 0 };
	if (size == 0 || size > LONGEST)
		return 0;
	FUZZ_CHECK(pipe(out) == 0); /* also when descriptors were left */
	struct host h = {
		.in = out[0],
		.connects = (data[0] & CONNECTS) != 0,
		.fd = -1,
	};
	set_environment(data[0], data + 1, size - 1);
	FUZZ_CHECK(pthread_create(&thread, NULL, be_host, &h) == 0);
	bool done = handshake_run(out[1],
	    h.connects ? PATIENCE_MS : IMPATIENT_MS, NULL, NULL, &fd, &err);
	close(out[1]);
	pthread_join(thread, NULL);
	FUZZ_CHECK(done == (h.fd >= 0) && done == (fd >= 0));
	FUZZ_CHECK(done == (err.code == ERR_NONE));
	FUZZ_CHECK(h.path[0] == '\0' || access(h.path, F_OK) != 0);
	close(out[0]);
	if (done) {
		close(fd);
		close(h.fd);
	}
	return 0;
}
