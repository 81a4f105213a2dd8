#include "tests/lib/life.h"

#include <string.h>

/* The host's next after those of the session and of the hooks. */
#define STREAM_OF_FILE (RAW_HOOKS + 2)

static bool on_activate(struct mm_call *call, struct err *err)
{
	struct str value;
	return mm_kv_get(call->plugin, call->arena, S("k"), &value, err);
}

static void execute_command(struct mm_call *call,
    const struct mm_hook_execute_command_args *args,
    struct mm_hook_execute_command_returns *ret)
{
	struct str value;
	struct err err = { 0 };
	(void)args;
	if (!mm_kv_get(call->plugin, call->arena, S("k"), &value, &err)) {
		ret->app_error =
		    mm_app_error(call->arena, "command", 500, "%s", err.text);
		return;
	}
	ret->result = arena_new(call->arena, struct mm_command_response);
	if (ret->result != NULL)
		ret->result->text =
		    arena_printf(call->arena, "%.*s, done", STR_ARG(value));
}

static void serve_http(struct mm_call *call, struct mm_http *http)
{
	struct str body;
	struct err err = { 0 };
	(void)call;
	if (mm_http_read_all(http, 65536, &body, &err))
		mm_http_reply(http, 200, S(""), body);
}

static bool read_zeros(
    void *object, void *data, size_t room, size_t *got, struct err *err)
{
	(void)object;
	(void)err;
	memset(data, 0, room);
	*got = room;
	return true;
}

/* A file comes in, another goes back, and a third to the API. */
static void file_will_be_uploaded(struct mm_call *call,
    const struct mm_hook_file_will_be_uploaded_args *args,
    struct mm_upload *upload, struct mm_hook_file_will_be_uploaded_returns *ret)
{
	static const struct mm_source zeros = { .read = read_zeros };
	char data[100];
	size_t got;
	struct err err = { 0 };
	struct mm_file_info *info;
	(void)args;
	if (!mm_upload_read(upload, data, sizeof(data), &got, &err) ||
	    !mm_upload_write(upload, data, got, &err) ||
	    !mm_upload_data(
	        call->plugin, call->arena, NULL, &zeros, &info, &err))
		ret->result2 = arena_printf(call->arena, "%s", err.text);
}

static enum mm_http_ahead ahead(
    struct mm_call *call, const struct mm_http *http)
{
	(void)call;
	(void)http;
	return MM_AHEAD_HEADERS;
}

const struct mm_plugin_def life_plugin = {
	.hooks = { .execute_command = execute_command },
	.on_activate = on_activate,
	.file_will_be_uploaded = file_will_be_uploaded,
	.serve_http = serve_http,
	.ahead = ahead,
	.max_calls = 4,
	.api_timeout_ms = 500,
};

/* The host dials what UploadData will name, and asks for a hundred bytes. */
static bool uploads(struct raw *r)
{
	static const struct mm_hook_file_will_be_uploaded_args file = {
		.uploaded_file_stream = RAW_BODY,
		.replacement_file_stream = RAW_FILE,
	};
	static const char dial[] = { 2, 0, 0, 0, (char)(100 * 2 | 0x80), 1 };
	return raw_data(
	           r, FRAME_SYN, STREAM_OF_FILE, str_n(dial, sizeof(dial))) &&
	       raw_calls(r, "Plugin.FileWillBeUploaded",
	           &mm_type_hook_file_will_be_uploaded_args, &file);
}

static bool calls_hooks(struct raw *r)
{
	static struct mm_command_args command = { .command = STR("/x") };
	static const struct mm_hook_execute_command_args args = { NULL,
		&command };
	static struct mm_http_request_subset subset = { .method = STR("POST"),
		.url = STR("/x") };
	static const struct mm_hook_serve_http_args http = {
		.response_writer_stream = RAW_WRITER,
		.request = &subset,
		.request_body_stream = RAW_BODY,
	};
	/* the same, but the plugin knows how much there is to fetch ahead */
	static struct str length = STR("100");
	static struct mm_string_strings_entry header = {
		.key = STR("Content-Length"),
		.value = { &length, 1 },
	};
	static struct mm_http_request_subset small = { .method = STR("POST"),
		.url = STR("/x"),
		.header = { &header, 1 } };
	static const struct mm_hook_serve_http_args ahead = {
		.response_writer_stream = RAW_WRITER,
		.request = &small,
		.request_body_stream = RAW_BODY,
	};
	return raw_calls(r, "Plugin.Implemented", &gob_type_empty, "") &&
	       raw_calls(r, "Plugin.ExecuteCommand",
	           &mm_type_hook_execute_command_args, &args) &&
	       uploads(r) &&
	       raw_calls(r, "Plugin.ServeHTTP", &mm_type_hook_serve_http_args,
	           &http) &&
	       raw_calls(r, "Plugin.ServeHTTP", &mm_type_hook_serve_http_args,
	           &ahead) &&
	       raw_calls(
	           r, "Plugin.NoSuchHook", &gob_type_string, &command.command);
}

bool life_live(struct raw *r)
{
	return raw_activates(r) && calls_hooks(r) && raw_lives(r);
}
