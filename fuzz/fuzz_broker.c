/*
 * broker: the bytes are all that a host sends to a plugin, from the first
 * stream to the end. Frames for a stream of the plugin's wait until the
 * plugin has opened it, so that recorded sessions are replayed in order.
 */
#include "fuzz/fuzz.h"

#include "mm/plugin.h"
#include "yamux/frame.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONGEST ((size_t)64 * 1024)

/* What the plugin may take to open a stream or to say its last. */
#define PATIENCE_MS 3

static void execute_command(struct mm_call *call,
    const struct mm_hook_execute_command_args *args,
    struct mm_hook_execute_command_returns *ret)
{
	struct err err = { 0 };
	struct str value;
	(void)args;
	ret->result = arena_new(call->arena, struct mm_command_response);
	if (ret->result != NULL &&
	    mm_kv_get(call->plugin, call->arena, S("k"), &value, &err))
		ret->result->text = value;
}

static void serve_http(struct mm_call *call, struct mm_http *http)
{
	struct str body;
	struct err err = { 0 };
	(void)call;
	if (mm_http_read_all(http, 65536, &body, &err))
		mm_http_reply(http, 200, S("text/plain"), body);
}

static void *serve(void *object)
{
	static const struct mm_plugin_def def = {
		.hooks = { .execute_command = execute_command },
		.serve_http = serve_http,
		.max_message = (size_t)1024 * 1024,
		.max_calls = 4,
	};
	struct mm_plugin p = { .def = &def };
	struct err why = { 0 };
	FUZZ_CHECK(mm_plugin_serve(&p, *(int *)object, &why));
	FUZZ_CHECK(why.code != ERR_NONE);
	return NULL;
}

/* Read what the plugin has sent; false when nothing comes for a while. */
static bool hear(int fd)
{
	static uint8_t sink[65536];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, PATIENCE_MS) > 0 &&
	       recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0;
}

static void say(int fd, const uint8_t *data, size_t size)
{
	struct frame_header h;
	uint32_t highest = 0; /* stream of the plugin's spoken of so far */
	while (size >= FRAME_SIZE && frame_get(data, &h)) {
		size_t n = FRAME_SIZE;
		if (h.type == FRAME_DATA)
			n += h.length < size - n ? h.length : size - n;
		if (h.stream % 2 == 0 && h.stream > highest) {
			highest = h.stream;
			while (hear(fd))
				;
		}
		send(fd, data, n, MSG_NOSIGNAL);
		data += n;
		size -= n;
	}
	send(fd, data, size, MSG_NOSIGNAL);
	while (hear(fd))
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fds[2];
	pthread_t plugin;
	if (size > LONGEST ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return 0;
	FUZZ_CHECK(pthread_create(&plugin, NULL, serve, &fds[1]) == 0);
	say(fds[0], data, size);
	close(fds[0]);
	pthread_join(plugin, NULL);
	return 0;
}
