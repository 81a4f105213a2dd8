#include "tests/lib/peer.h"

#include <check.h>
#include <dirent.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGEST ((size_t)64 * 1024)

static const uint8_t filler[LARGEST];

void peer_start(struct peer *p, bool we_are_client)
{
	int ends[2];
	struct err err = { 0 };
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	p->fd = ends[0];
	p->pings = 0;
	p->session = yamux_session_new(ends[1], we_are_client, &err);
	ck_assert_msg(p->session != NULL, "%s", err.text);
}

void peer_stop(struct peer *p)
{
	yamux_session_free(p->session);
	close(p->fd);
}

void send_bytes(struct peer *p, const void *data, size_t n)
{
	struct io io = io_socket(&p->fd);
	struct err err = { 0 };
	ck_assert_msg(
	    io.write(io.object, data, n, SOON, &err), "sending: %s", err.text);
}

void send_frame(struct peer *p, enum frame_type type, unsigned flags,
    uint32_t stream, uint32_t length)
{
	uint8_t bytes[FRAME_SIZE];
	struct frame_header h = { (uint8_t)type, (uint16_t)flags, stream,
		length };
	frame_put(bytes, &h);
	send_bytes(p, bytes, sizeof(bytes));
}

void send_data(
    struct peer *p, unsigned flags, uint32_t stream, const void *data, size_t n)
{
	send_frame(p, FRAME_DATA, flags, stream, (uint32_t)n);
	send_bytes(p, data, n);
}

void send_filler(struct peer *p, uint32_t stream, size_t n)
{
	while (n > 0) {
		size_t part = n < LARGEST ? n : LARGEST;
		send_data(p, 0, stream, filler, part);
		n -= part;
	}
}

/* False at the end of the connection. */
static bool receive(struct peer *p, void *data, size_t n)
{
	struct io io = io_socket(&p->fd);
	char *at = data;
	while (n > 0) {
		struct err err = { 0 };
		size_t got;
		ck_assert_msg(io.read(io.object, at, n, SOON, &got, &err),
		    "receiving: %s", err.text);
		if (got == 0)
			return false;
		at += got;
		n -= got;
	}
	return true;
}

static struct frame_header next_frame(struct peer *p)
{
	uint8_t bytes[FRAME_SIZE];
	struct frame_header h = { 0 };
	ck_assert_msg(receive(p, bytes, sizeof(bytes)), "connection ended");
	ck_assert(frame_get(bytes, &h));
	return h;
}

void expect_frame(struct peer *p, enum frame_type type, unsigned flags,
    uint32_t stream, uint32_t length)
{
	struct frame_header h = next_frame(p);
	ck_assert_msg(h.type == type && h.flags == flags &&
	                  h.stream == stream && h.length == length,
	    "want type %u flags %u stream %u length %u, "
	    "got type %u flags %u stream %u length %u",
	    type, flags, stream, length, h.type, h.flags, h.stream, h.length);
}

void expect_data(
    struct peer *p, unsigned flags, uint32_t stream, const void *data, size_t n)
{
	expect_frame(p, FRAME_DATA, flags, stream, (uint32_t)n);
	char *got = malloc(n + 1);
	ck_assert(receive(p, got, n));
	ck_assert_mem_eq(got, data, n);
	free(got);
}

void expect_filler(struct peer *p, uint32_t stream, size_t n)
{
	char *room = malloc((size_t)YAMUX_WINDOW);
	while (n > 0) {
		struct frame_header h = next_frame(p);
		ck_assert_uint_eq(h.type, FRAME_DATA);
		ck_assert_uint_eq(h.stream, stream);
		ck_assert_uint_le(h.length, n);
		ck_assert(receive(p, room, h.length));
		n -= h.length;
	}
	free(room);
}

void expect_silence(struct peer *p)
{
	uint32_t value = 0xABC00000 + p->pings++;
	send_frame(p, FRAME_PING, FRAME_SYN, 0, value);
	expect_frame(p, FRAME_PING, FRAME_ACK, 0, value);
}

void expect_end(struct peer *p)
{
	char byte;
	while (receive(p, &byte, 1))
		;
}

void read_all(struct yamux_stream *st, void *data, size_t n)
{
	char *at = data;
	while (n > 0) {
		struct err err = { 0 };
		size_t got;
		ck_assert_msg(yamux_stream_read(st, at, n, SOON, &got, &err),
		    "%s", err.text);
		ck_assert_uint_gt(got, 0);
		at += got;
		n -= got;
	}
}

struct yamux_stream *peer_opens(struct peer *p, uint32_t id)
{
	struct err err = { 0 };
	send_frame(p, FRAME_WINDOW, FRAME_SYN, id, 0);
	expect_frame(p, FRAME_WINDOW, FRAME_ACK, id, 0);
	struct yamux_stream *st = yamux_accept(p->session, SOON, &err);
	ck_assert_msg(st != NULL, "%s", err.text);
	ck_assert_uint_eq(yamux_stream_id(st), id);
	return st;
}

static size_t count_entries(const char *path)
{
	size_t n = 0;
	DIR *dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void *do_nothing(void *arg)
{
	return arg;
}

static size_t tasks(void)
{
	return count_entries("/proc/self/task") - 2;
}

size_t count_threads(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, do_nothing, NULL);
	pthread_join(thread, NULL);
	poll(NULL, 0, 20);
	return tasks();
}

size_t count_descriptors(void)
{
	return count_entries("/proc/self/fd") - 2;
}

bool threads_become(size_t n)
{
	int64_t deadline = SOON;
	while (tasks() != n && clock_now_ms() < deadline)
		poll(NULL, 0, 5);
	return tasks() == n;
}
