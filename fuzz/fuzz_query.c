/* query: what a browser brings back to /oauth2/complete, and the state in it;
 * the secret in a webhook's address is read the same way. */
#include "fuzz/fuzz.h"

/* for struct mm_http and split_state, which are nobody else's business */
#include "mm/http.c"      // NOLINT(bugprone-suspicious-include)
#include "plugin/store.c" // NOLINT(bugprone-suspicious-include)

static void check_inside(struct str part, struct str whole)
{
	if (part.len == 0)
		return;
	FUZZ_CHECK(part.data >= whole.data);
	FUZZ_CHECK(part.data + part.len <= whole.data + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct store_state state;
	arena_init(&a, (size_t)16 * 1024 * 1024);
	/* a copy without a NUL behind it, as in the middle of an address */
	struct mm_http h = {
		.arena = &a,
		.query = { (const char *)data, size },
	};
	struct str text = mm_http_query_get(&h, S("state"));
	struct str code = mm_http_query_get(&h, S("code"));
	struct str secret = mm_http_query_get(&h, S("secret"));
	FUZZ_CHECK(text.len <= size && code.len <= size);
	FUZZ_CHECK(!str_eq_constant_time(secret, S("")) || secret.len == 0);
	split_state(text, &state);
	FUZZ_CHECK(str_eq(state.text, text));
	check_inside(state.user_id, text);
	check_inside(state.channel_id, text);
	FUZZ_CHECK(
	    memchr(str_c(state.user_id), '_', state.user_id.len) == NULL);
	arena_fini(&a);
	return 0;
}
