#include "plugin/lease.h"

#include "plugin/store.h"

#include <openssl/rand.h>

#define MARK_BYTES 12

static bool make_mark(struct arena *a, struct str *mark, struct err *err)
{
	unsigned char bytes[MARK_BYTES];
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return err_set(err, ERR_IO, "no random numbers");
	*mark = arena_hex(a, str_n((char *)bytes, sizeof(bytes)));
	return arena_ok(a, err);
}

static int64_t end_of(int64_t for_s)
{
	return clock_deadline_ms((for_s - 1) * 1000);
}

bool lease_take(struct ctx *c, struct str name, int64_t for_s,
    struct lease *lease, bool *taken, struct err *err)
{
	*lease = (struct lease){
		.key = arena_printf(c->arena, "z2_lease_%.*s", STR_ARG(name)),
		.until_ms = end_of(for_s),
	};
	*taken = false;
	return make_mark(c->arena, &lease->mark, err) &&
	       store_swap_for(
	           c, lease->key, S(""), lease->mark, for_s, taken, err);
}

bool lease_is_held(const struct lease *lease)
{
	return clock_now_ms() < lease->until_ms;
}

bool lease_renew(struct ctx *c, struct lease *lease, int64_t for_s, bool *held,
    struct err *err)
{
	int64_t until_ms = end_of(for_s);
	struct str mark = { NULL, 0 };
	*held = false;
	/* another mark: a value that stays the same may count as unchanged */
	if (!make_mark(c->arena, &mark, err) ||
	    !store_swap_for(c, lease->key, lease->mark, mark, for_s, held, err))
		return false;
	if (*held) {
		lease->mark = mark;
		lease->until_ms = until_ms;
	}
	return true;
}

void lease_give(struct ctx *c, const struct lease *lease)
{
	bool deleted;
	struct err err = { 0 };
	if (!mm_kv_compare_and_delete(
	        c->mm, c->arena, lease->key, lease->mark, &deleted, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "A lease could not be given back; it ends by itself", "key",
		    str_c(lease->key), "error", err.text, NULL);
}
