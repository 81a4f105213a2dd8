/* action: the bodies of buttons, dialogs and POST /api/v1/meetings. */
#include "fuzz/fuzz.h"

/* for struct mm_http and the readers, which are nobody else's business */
#include "mm/http.c" // NOLINT(bugprone-suspicious-include)
#define refuse refuse_action
#include "plugin/action.c" // NOLINT(bugprone-suspicious-include)
#undef refuse
#define refuse refuse_dialog
#include "plugin/channel_settings.c" // NOLINT(bugprone-suspicious-include)

static struct mm_http request_of(struct arena *a,
    const struct mm_hook_serve_http_args *args, struct str body)
{
	return (struct mm_http){
		.arena = a,
		.args = args,
		.ahead = body,
		.body = { .ended = true },
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct action action;
	struct submission submission = { .cancelled = false };
	struct err err = { 0 };
	struct mm_http_request_subset request = { .url = S("/") };
	const struct mm_hook_serve_http_args args = { .request = &request };
	struct str body = { (const char *)data, size };
	arena_init(&a, (size_t)16 * 1024 * 1024);
	struct ctx c = { .arena = &a };
	struct mm_http h = request_of(&a, &args, body);
	if (read_request(&c, &h, &action, &err)) {
		/* nobody is signed in here: a button of somebody's is refused */
		FUZZ_CHECK(action.owner_id.len == 0);
		FUZZ_CHECK(action.channel_id.len <= ID_MAX);
		FUZZ_CHECK(action.post_id.len <= ID_MAX);
		FUZZ_CHECK(arena_ok(&a, &err));
	} else {
		FUZZ_CHECK(err.code != ERR_NONE);
	}
	err_clear(&err);
	h = request_of(&a, &args, body);
	if (read_submission(&c, &h, &submission, &err))
		FUZZ_CHECK(submission.channel_id.len > 0);
	else
		FUZZ_CHECK(err.code != ERR_NONE);
	arena_fini(&a);
	return 0;
}
