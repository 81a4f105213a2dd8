#include "plugin/claim.h"

#include "plugin/js.h"

#include <openssl/evp.h>
#include <stdio.h>

/* Of the server's key-value store, in characters. */
#define KEY_MAX 150

/* The name itself, or its digest. */
static bool key_of(
    struct ctx *c, struct str name, struct str *key, struct err *err)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned n = 0;
	*key = name;
	if (name.len <= KEY_MAX)
		return arena_ok(c->arena, err);
	if (EVP_Digest(name.data, name.len, bytes, &n, EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_IO, "SHA-256");
	for (unsigned i = 0; i < n; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", bytes[i]);
	*key = arena_printf(c->arena, "z2_claim_%s", hex);
	return arena_ok(c->arena, err);
}

static bool swap(struct ctx *c, const struct claim *claim, struct str value,
    bool *saved, struct err *err)
{
	const struct mm_plugin_kv_set_options options = {
		.atomic = true,
		.old_value = claim->value,
		.expire_in_seconds = CLAIM_KEPT_S,
	};
	*saved = false;
	return arena_ok(c->arena, err) &&
	       mm_kv_set_with_options(
	           c->mm, c->arena, claim->key, value, &options, saved, err);
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
	*claim = (struct claim){ .again = false };
	if (!key_of(c, name, &claim->key, err) ||
	    !mm_kv_get(c->mm, c->arena, claim->key, &claim->value, err))
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

bool claim_finish(
    struct ctx *c, const struct claim *claim, struct str what, struct err *err)
{
	/* when it was not saved, somebody has gone on with it meanwhile, and
	 * finds what is done */
	bool saved;
	return swap(c, claim,
	    js_dump(c->arena, json_pack("{s:o}", "done", js_string(what))),
	    &saved, err);
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
