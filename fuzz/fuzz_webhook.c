/* webhook: bytes that anybody may post to us, and the JSON in them, with the
 * files of a recording. */
#include "fuzz/fuzz.h"

#include "zoom/webhook.h"

#include <string.h>

static void check_text(struct str s)
{
	FUZZ_CHECK(s.len == 0 || strlen(s.data) == s.len);
}

static void check_files(const struct zoom_event *event)
{
	FUZZ_CHECK(event->n_files <= ZOOM_WEBHOOK_MAX_FILES);
	for (size_t i = 0; i < event->n_files; i++) {
		const struct zoom_recording_file *f = &event->files[i];
		check_text(f->id);
		check_text(f->file_type);
		check_text(f->recording_type);
		check_text(f->status);
		check_text(f->play_url);
		check_text(f->download_url);
	}
}

static bool nothing(struct str name)
{
	(void)name;
	return false;
}

/* What is no error when all of it is read is none when less is. */
static void check_unwanted(struct str body)
{
	struct arena a;
	struct err err = { 0 };
	struct zoom_event event;
	arena_init(&a, (size_t)1024 * 1024);
	FUZZ_CHECK(zoom_webhook_parse(&a, body, nothing, &event, &err));
	FUZZ_CHECK(event.event.len > 0);
	check_text(event.event);
	arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct err err = { 0 };
	struct zoom_event event;
	struct str all = { (const char *)data, size };
	struct zoom_delivery d = { .body = all };
	/* three lines of a delivery; all of it is the body otherwise */
	if (str_cut(all, '\n', &d.timestamp, &d.body))
		str_cut(d.body, '\n', &d.signature, &d.body);
	FUZZ_CHECK(!zoom_webhook_verify(S("secret"), &d, 1700000000, &err));
	FUZZ_CHECK(err.code == ERR_DENIED);
	err_clear(&err);
	arena_init(&a, (size_t)1024 * 1024);
	if (zoom_webhook_parse(&a, all, NULL, &event, &err)) {
		struct str json;
		check_unwanted(all);
		FUZZ_CHECK(event.event.len > 0);
		check_text(event.event);
		check_text(event.plain_token);
		check_text(event.topic);
		check_text(event.uuid);
		check_text(event.download_token);
		check_text(event.password);
		check_files(&event);
		if (zoom_webhook_answer_challenge(
		        &a, S("secret"), event.plain_token, &json, &err))
			FUZZ_CHECK(memchr(event.plain_token.data, ':',
			               event.plain_token.len) == NULL);
	}
	arena_fini(&a);
	return 0;
}
