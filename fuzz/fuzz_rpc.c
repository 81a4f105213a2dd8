/*
 * rpc: an odd first byte, and the rest are requests to a server with all
 * hooks of Mattermost; an even one, and they are replies to two calls.
 */
#include "fuzz/fuzz.h"

#include "mm/mm.h"
#include "rpc/rpc.h"
#include "tests/lib/feed.h"

#include <stdlib.h>
#include <string.h>

#define MOST ((size_t)1024 * 1024)

static struct rpc_method *methods; /* of all hooks, made once */

static void make_methods(void)
{
	if (methods != NULL)
		return;
	methods = calloc(mm_n_hook_rows, sizeof(*methods));
	FUZZ_CHECK(methods != NULL);
	for (size_t i = 0; i < mm_n_hook_rows; i++) {
		const struct mm_hook_row *row = &mm_hook_rows[i];
		methods[i] = (struct rpc_method){ row->method, row->args,
			row->returns, NULL };
	}
}

static const struct rpc_method *find(void *object, struct str name)
{
	(void)object;
	for (size_t i = 0; i < mm_n_hook_rows; i++) {
		if (str_eq(name, str_from(methods[i].name)))
			return &methods[i];
	}
	return NULL;
}

static void serve(
    void *object, struct rpc_call_info *call, const void *args, void *reply)
{
	(void)object;
	(void)call;
	(void)args;
	(void)reply;
}

static bool write_nowhere(void *object, const void *data, size_t n,
    int64_t deadline_ms, struct err *err)
{
	(void)object;
	(void)data;
	(void)n;
	(void)deadline_ms;
	(void)err;
	return true;
}

static void serve_requests(struct io io)
{
	const struct rpc_service service = {
		.find = find,
		.serve = serve,
		.max_calls = 2,
		.spare = 1,
		.thread_name = "fuzz",
		.registry = &mm_registry,
		.max_message = MOST,
	};
	struct err err = { 0 };
	rpc_server_free(rpc_server_start(io, &service, &err));
}

static void take_replies(struct io io)
{
	struct rpc_client client;
	rpc_client_init(&client, io, &mm_registry, MOST);
	for (int i = 0; i < 2; i++) {
		struct mm_get_user_returns ret = { 0 };
		struct err err = { 0 };
		struct arena a;
		arena_init(&a, MOST);
		bool done = rpc_call(&client,
		    &(struct rpc_args){
		        .method = "Plugin.GetUser",
		        .args = { &gob_type_empty, "" },
		        .reply_type = &mm_type_get_user_returns,
		        .reply = &ret,
		        .arena = &a,
		        .deadline_ms = DEADLINE_NEVER,
		    },
		    &err);
		FUZZ_CHECK(done == (err.code == ERR_NONE));
		arena_fini(&a);
	}
	rpc_client_fini(&client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	make_methods();
	struct feed f = { .bytes = { (const char *)data + 1, size - 1 } };
	struct io io = feed_io(&f);
	io.write = write_nowhere;
	if (data[0] % 2 == 1)
		serve_requests(io);
	else
		take_replies(io);
	return 0;
}
