/* grant: stored tokens, of ours and of the Go predecessor. The first byte
 * chooses: a sealed value, an old token, a grant as JSON, or a text to seal. */
#include "fuzz/fuzz.h"

/* for what reads a grant, which is nobody else's business */
#include "plugin/grant.c" // NOLINT(bugprone-suspicious-include)

#include <string.h>

#define PLACE "zoomtoken_u"

static const struct str keys[] = {
	STR("0123456789abcdef"),
	STR("0123456789abcdef01234567"),
	STR("0123456789abcdef0123456789abcdef"),
};

static void check_text(struct str s)
{
	FUZZ_CHECK(s.len == 0 || s.data[s.len] == '\0');
}

static void check_grant(struct ctx *c, struct str raw)
{
	/* behind its seal: what opens that asks the store for former keys */
	struct grant g = { .raw = S("\x02") };
	struct err err = { 0 };
	json_t *object = js_parse(raw);
	if (object == NULL)
		return;
	if (read_user_grant(c, object, &g, &err)) {
		check_text(g.zoom_id);
		check_text(g.token.access_token);
		check_text(g.token.refresh_token);
		FUZZ_CHECK(g.token.expires_ms >= 0);
	}
	g.token = read_token(c->arena, object);
	FUZZ_CHECK(g.token.expires_ms >= 0);
	json_decref(object);
}

/* What was sealed is opened in its place, and nowhere else. */
static void check_sealing(struct ctx *c, struct str text)
{
	struct str key = c->config->encryption_key;
	struct str sealed, opened;
	struct err err = { 0 };
	FUZZ_CHECK(vault_seal(c->arena, key, S(PLACE), text, &sealed, &err));
	FUZZ_CHECK(vault_open(c->arena, key, S(PLACE), sealed, &opened, &err));
	FUZZ_CHECK(str_eq(opened, text));
	FUZZ_CHECK(
	    !vault_open(c->arena, key, S("elsewhere"), sealed, &opened, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct str text;
	struct err err = { 0 };
	if (size == 0)
		return 0;
	int which = data[0] & 3;
	arena_init(&a, (size_t)4 * 1024 * 1024);
	const struct config config = { .encryption_key =
		                           keys[(data[0] >> 2) % 3] };
	struct ctx c = { .arena = &a, .config = &config };
	struct str rest =
	    arena_str(&a, str_n((const char *)data + 1, size - 1));
	if (which == 0 &&
	    vault_open(&a, config.encryption_key, S(PLACE), rest, &text, &err))
		__builtin_trap(); /* nobody guesses a tag of 16 bytes */
	else if (which == 1)
		FUZZ_CHECK(vault_open_old(
		               &a, config.encryption_key, rest, &text, &err) ||
		           err.code != ERR_NONE);
	else if (which == 2)
		check_grant(&c, rest);
	else if (which == 3)
		check_sealing(&c, rest);
	arena_fini(&a);
	return 0;
}
