#include "plugin/reseal.h"

#include "plugin/grant.h"
#include "plugin/job.h"
#include "plugin/keyring.h"
#include "plugin/lease.h"
#include "plugin/store.h"
#include "plugin/vault.h"

#define LEASE "reseal"

/* A page takes a second or two. */
#define LEASE_S  60
#define PER_PAGE 200

/* An event of a megabyte, in the clear and sealed. */
#define VALUE_MAX ((size_t)16 * 1024 * 1024)

/* A page of names. */
#define PAGE_MAX ((size_t)1024 * 1024)

/* A key that expires between two pages moves one from the next to the last,
 * where nobody looks: so all is looked at twice before a key is retired. */
#define LOOKS 2

/* ---- one value -------------------------------------------------------------- */

static bool seal_again(struct ctx *c, struct str key, struct str raw,
    int64_t expire_s, bool *changed, struct err *err)
{
	struct str text, sealed;
	bool is_former, saved;
	if (!keyring_open(c, key, raw, &text, &is_former, err))
		return false;
	if (!is_former)
		return true;
	/* also when somebody else was faster: another look will tell */
	*changed = true;
	return keyring_seal(c, key, text, &sealed, err) &&
	       store_swap_for(c, key, raw, sealed, expire_s, &saved, err);
}

/* What the Go predecessor stored is taken over when it is used, unless the key
 * that it takes is about to go. */
static bool renew_old(
    struct ctx *c, struct str user_id, bool *changed, struct err *err)
{
	struct grant grant;
	if (!grant_load_of(c, user_id, &grant, err))
		return false;
	if (!grant.is_former)
		return true;
	*changed = true;
	return grant_renew(c, &grant, err);
}

/* The present key's list has all that others have. */
static bool retire_other(struct ctx *c, struct str key, struct err *err)
{
	struct keyring present;
	struct str raw;
	bool retired;
	if (!keyring_load(c, &present, err) || !store_get(c, key, &raw, err))
		return false;
	return str_eq(key, present.place) || raw.len == 0 ||
	       keyring_retire(c, key, raw, &retired, err);
}

/* What there is to do where, by the beginning of a key. */
static const struct place {
	struct str prefix;
	int64_t expire_s;
	bool has_old;  /* the Go predecessor encrypted here, too */
	bool has_keys; /* former keys, not tokens */
} places[] = {
	{ STR("zoomSuperUserToken_"), 0, false, false },
	{ STR("zoomtoken_"), 0, true, false },
	{ STR("zoomtokenbyzoomid_"), 0, false, false },
	{ STR("z2_job_"), JOB_LIFE_S, false, false },
	{ STR("z2_key_"), 0, false, true },
};

static const struct place *find_place(struct str key)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (str_has_prefix(key, places[i].prefix))
			return &places[i];
	}
	return NULL;
}

/* changed: set when there was something to do. */
static bool treat(struct ctx *c, struct str key, bool *changed, struct err *err)
{
	struct str raw;
	const struct place *place = find_place(key);
	if (place == NULL)
		return true;
	if (place->has_keys)
		return retire_other(c, key, err);
	if (!store_get(c, key, &raw, err))
		return false;
	if (vault_is_sealed(raw))
		return seal_again(c, key, raw, place->expire_s, changed, err);
	size_t n = place->prefix.len;
	return raw.len == 0 || !place->has_old ||
	       renew_old(c, str_sub(key, n, key.len - n), changed, err);
}

/* In memory of its own: there may be many. What no key opens is told, and keeps
 * nothing else from being done. */
static bool treat_alone(
    const struct ctx *c, struct str key, bool *changed, struct err *err)
{
	struct arena arena;
	struct ctx one = *c;
	arena_init(&arena, VALUE_MAX);
	one.arena = &arena;
	one.expected = NULL;
	bool done = treat(&one, key, changed, err);
	if (!done && (err->code == ERR_DENIED || err->code == ERR_INVALID)) {
		keyring_tell(&one, err);
		err_clear(err);
		done = true;
	}
	arena_fini(&arena);
	return done;
}

/* ---- all of them ---------------------------------------------------------------- */

static bool look_at_page(
    struct ctx *c, int64_t page, size_t *n_keys, bool *changed, struct err *err)
{
	struct arena names;
	struct gob_strings keys = { NULL, 0 };
	arena_init(&names, PAGE_MAX);
	bool done = mm_kv_list(c->mm, &names, page, PER_PAGE, &keys, err);
	*n_keys = keys.n;
	for (size_t i = 0; done && i < keys.n; i++)
		done = treat_alone(c, keys.items[i], changed, err);
	arena_fini(&names);
	return done;
}

/* Lease held. */
static bool look(
    struct ctx *c, struct lease *lease, bool *changed, struct err *err)
{
	size_t n_keys = PER_PAGE;
	for (int64_t page = 0; n_keys == PER_PAGE; page++) {
		bool held;
		if (!look_at_page(c, page, &n_keys, changed, err) ||
		    !lease_renew(c, lease, LEASE_S, &held, err))
			return false;
		if (!held)
			return err_set(err, ERR_BUSY,
			    "another node is sealing tokens anew");
	}
	return true;
}

/* Keys that nobody has made ready for: of a configuration that was changed by
 * hand, while the plugin was off. */
static bool check_account(struct ctx *c, bool *done, struct err *err)
{
	struct grant grant;
	*done = !c->config->account_level_app ||
	        grant_load_of(c, S(""), &grant, err) ||
	        err->code == ERR_DENIED || err->code == ERR_INVALID;
	keyring_tell(c, err);
	if (*done)
		err_clear(err);
	return *done;
}

/* done: out, nothing is left to do. */
static bool attempt(struct ctx *c, bool *done, struct err *err)
{
	struct keyring ring;
	struct lease lease;
	bool taken;
	bool changed = false;
	*done = c->config->encryption_key.len == 0;
	if (*done)
		return true;
	if (!keyring_load(c, &ring, err))
		return false;
	if (ring.raw.len == 0)
		return check_account(c, done, err);
	if (!lease_take(c, S(LEASE), LEASE_S, &lease, &taken, err) || !taken)
		return err->code == ERR_NONE;
	bool good = true;
	for (int i = 0; i < LOOKS && good && !changed; i++)
		good = look(c, &lease, &changed, err);
	if (good && !changed)
		good = keyring_retire(c, ring.place, ring.raw, done, err);
	lease_give(c, &lease);
	if (*done)
		mm_log(c->mm, LOG_LEVEL_INFO,
		    "Everything is sealed under the present encryption key",
		    NULL);
	return good;
}

void reseal(struct ctx *c)
{
	struct err err = { 0 };
	bool done = false;
	if (!atomic_exchange(&c->plugin->reseal_due, false))
		return;
	if (!attempt(c, &done, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "Tokens could not be sealed anew, and will be later",
		    "error", err.text, NULL);
	if (!done)
		c->plugin->reseal_due = true;
}
