#include "plugin/claim.h"

#include "plugin/store.h"
#include "plugin/vault.h"

/* Of the server's key-value store, in characters. */
#define KEY_MAX 150

/* The name itself, or its digest. */
static bool key_of(
    struct ctx *c, struct str name, struct str *key, struct err *err)
{
	struct str digest;
	*key = name;
	if (name.len <= KEY_MAX)
		return arena_ok(c->arena, err);
	if (!vault_digest(c->arena, name, &digest, err))
		return false;
	*key = arena_printf(c->arena, "z2_claim_%.*s", STR_ARG(digest));
	return arena_ok(c->arena, err);
}

static bool swap(struct ctx *c, const struct claim *claim, struct str value,
    bool *saved, struct err *err)
{
	return store_swap_for(
	    c, claim->key, claim->value, value, CLAIM_KEPT_S, saved, err);
}

static struct str at_work(struct ctx *c, int64_t until_ms)
{
	return js_dump(
	    c->arena, json_pack("{s:I}", "until", (json_int_t)until_ms));
}

bool claim_take(
    struct ctx *c, struct str name, struct claim *claim, struct err *err)
{
	bool saved = false;
	int64_t now_ms = clock_wall_ms();
	*claim = (struct claim){
		.until_ms = clock_deadline_ms(CLAIM_MS - 1000),
	};
	if (!key_of(c, name, &claim->key, err) ||
	    !store_get(c, claim->key, &claim->value, err))
		return false;
	json_t *former = js_parse(claim->value);
	int64_t until_ms = json_integer_value(json_object_get(former, "until"));
	claim->done = json_is_string(json_object_get(former, "done"));
	claim->again = claim->value.len > 0;
	json_decref(former);
	if (claim->done)
		return true;
	struct str mine = at_work(c, now_ms + CLAIM_MS);
	if (until_ms <= now_ms && !swap(c, claim, mine, &saved, err))
		return false;
	claim->value = mine;
	return saved || err_set(err, ERR_BUSY, "somebody else is at work");
}

bool claim_is_held(const struct claim *claim)
{
	return clock_now_ms() < claim->until_ms;
}

bool claim_finish(struct ctx *c, const struct claim *claim, struct str what,
    bool *mine, struct err *err)
{
	return swap(c, claim,
	    js_dump(c->arena, json_pack("{s:o}", "done", js_string(what))),
	    mine, err);
}

void claim_release(struct ctx *c, const struct claim *claim)
{
	bool saved;
	struct err err = { 0 };
	if (!swap(c, claim, at_work(c, 0), &saved, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "Something that failed is tried again later only", "error",
		    err.text, NULL);
}
