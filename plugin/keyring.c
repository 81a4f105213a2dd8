#include "plugin/keyring.h"

#include "plugin/admins.h"
#include "plugin/news.h"
#include "plugin/store.h"
#include "plugin/vault.h"

#include <string.h>

#define TOLD_KEY "z2_told_key"
#define SETTING  "EncryptionKey"

/* What servers send in place of a secret that has not been touched.
 * Source: server/public model/config.go FakeSetting */
#define UNTOUCHED "********************************"

/* Other nodes may write the same value; not for ever. */
#define ATTEMPTS 16

/* The key in force now: the call may have begun under another one, and what it
 * stores must not be under that. */
static bool present_key(struct ctx *c, struct str *key, struct err *err)
{
	struct config *newest = config_hold(&c->plugin->config);
	*key = arena_str(c->arena, newest->encryption_key);
	config_release(&c->plugin->config, newest);
	return arena_ok(c->arena, err);
}

/* ---- the stored list ----------------------------------------------------------- */

static struct str place_of(struct ctx *c, struct str id)
{
	return arena_printf(c->arena, "z2_key_%.*s", STR_ARG(id));
}

static void add(struct keyring *ring, struct str key)
{
	for (size_t i = 0; i < ring->n; i++) {
		if (str_eq(ring->keys[i], key))
			return;
	}
	if (ring->n < KEYRING_MAX)
		ring->keys[ring->n++] = key;
}

/* A list that cannot be read is of no use to anybody: none. */
static bool load(
    struct ctx *c, struct str key, struct keyring *ring, struct err *err)
{
	struct str id, text;
	struct err unreadable = { 0 };
	size_t i;
	json_t *item;
	*ring = (struct keyring){ .n = 0 };
	if (!vault_key_id(c->arena, key, &id, err))
		return false;
	ring->place = place_of(c, id);
	if (!store_get(c, ring->place, &ring->raw, err))
		return false;
	if (ring->raw.len == 0 || !vault_open(c->arena, key, ring->place,
	                              ring->raw, &text, &unreadable))
		return arena_ok(c->arena, err);
	json_error_t error;
	json_t *list = json_loadb(text.data, text.len, 0, &error);
	json_array_foreach(list, i, item)
		add(ring, arena_str(c->arena, str_n(json_string_value(item),
		                                  json_string_length(item))));
	json_decref(list);
	return arena_ok(c->arena, err);
}

/* In place of ring->raw. */
static bool save(struct ctx *c, struct str key, const struct keyring *ring,
    bool *saved, struct err *err)
{
	struct str sealed;
	json_t *list = json_array();
	*saved = false;
	for (size_t i = 0; i < ring->n; i++) {
		if (json_array_append_new(list, js_string(ring->keys[i])) !=
		    0) {
			json_decref(list);
			return err_set(err, ERR_NO_MEMORY, "encryption keys");
		}
	}
	struct str json = js_dump(c->arena, list);
	return arena_ok(c->arena, err) &&
	       vault_seal(c->arena, key, ring->place, json, &sealed, err) &&
	       store_swap(c, ring->place, ring->raw, sealed, saved, err);
}

bool keyring_load(struct ctx *c, struct keyring *ring, struct err *err)
{
	struct str key;
	return present_key(c, &key, err) && load(c, key, ring, err);
}

bool keyring_follow(struct ctx *c, struct str next, struct err *err)
{
	struct keyring before, stored;
	struct str present = c->config->encryption_key;
	if (present.len == 0 || next.len == 0 || str_eq(present, next))
		return true;
	if (!load(c, present, &before, err))
		return false;
	for (int i = 0; i < ATTEMPTS; i++) {
		bool saved;
		if (!load(c, next, &stored, err))
			return false;
		struct keyring ring = { .place = stored.place,
			.raw = stored.raw };
		add(&ring, present);
		for (size_t j = 0; j < before.n + stored.n; j++) {
			struct str key = j < before.n
			                     ? before.keys[j]
			                     : stored.keys[j - before.n];
			if (!str_eq(key, next))
				add(&ring, key);
		}
		/* written also when it says so already: whoever is about to
		 * retire it then does not */
		if (!save(c, next, &ring, &saved, err))
			return false;
		if (saved)
			return true;
	}
	return err_set(err, ERR_BUSY,
	    "the encryption keys are being changed all the time");
}

bool keyring_retire(struct ctx *c, struct str place, struct str raw,
    bool *retired, struct err *err)
{
	return store_swap_for(c, place, raw, raw, KEYRING_KEPT_S, retired, err);
}

/* ---- a configuration to be saved ------------------------------------------------- */

/* NULL: not in it, or not touched. */
static const struct str *find_key(const struct mm_config *server)
{
	const struct mm_string_any_map_map *all =
	    &server->plugin_settings.plugins;
	for (size_t i = 0; i < all->n; i++) {
		const struct gob_any_map *ours = &all->items[i].value;
		if (!str_eq(all->items[i].key, S(PLUGIN_ID)))
			continue;
		for (size_t j = 0; j < ours->n; j++) {
			const struct gob_any *value = &ours->items[j].value;
			if (str_eq_nocase(ours->items[j].key, S(SETTING)) &&
			    value->type == &gob_type_string &&
			    !str_eq(*(const struct str *)value->value,
			        S(UNTOUCHED)))
				return value->value;
		}
	}
	return NULL;
}

bool keyring_prepare(struct ctx *c, const struct mm_config *server,
    const char **says, struct err *err)
{
	const struct str *setting = server == NULL ? NULL : find_key(server);
	if (setting == NULL)
		return true;
	struct str key = str_trim(*setting);
	if (config_is_key(c->config->encryption_key) && !config_is_key(key)) {
		*says = SAY("The Zoom plugin's encryption key must have 32 "
		            "characters. Please press Regenerate, or keep the "
		            "present key.");
		return err_set(
		    err, ERR_INVALID, "an encryption key has 32 characters");
	}
	*says = SAY("The Zoom plugin cannot change its encryption key at the "
	            "moment. Please try again in a minute.");
	return keyring_follow(c, key, err);
}

/* ---- opening ------------------------------------------------------------------------ */

bool keyring_seal(struct ctx *c, struct str place, struct str text,
    struct str *sealed, struct err *err)
{
	struct str key;
	return present_key(c, &key, err) &&
	       vault_seal(c->arena, key, place, text, sealed, err);
}

/* Sealed under a key that others have made ready: this node learns of it
 * soon. If it does not, it is this node's key that is wrong. */
static bool is_coming(struct ctx *c, struct str sealed)
{
	struct str list;
	struct err err = { 0 };
	int64_t none = 0;
	struct str place = place_of(c, vault_sealed_by(c->arena, sealed));
	if (!store_get(c, place, &list, &err) || list.len == 0)
		return false;
	atomic_compare_exchange_strong(
	    &c->plugin->lag_ends_ms, &none, clock_deadline_ms(KEYRING_LAG_MS));
	return clock_now_ms() < c->plugin->lag_ends_ms;
}

bool keyring_open(struct ctx *c, struct str place, struct str sealed,
    struct str *text, bool *is_former, struct err *err)
{
	struct keyring ring;
	struct str key;
	*is_former = false;
	if (!present_key(c, &key, err))
		return false;
	if (vault_open(c->arena, key, place, sealed, text, err))
		return true;
	if (err->code != ERR_DENIED)
		return false;
	struct err denied = *err;
	err_clear(err);
	if (!keyring_load(c, &ring, err))
		return false;
	for (size_t i = 0; i < ring.n; i++) {
		err_clear(err);
		*is_former = vault_open(
		    c->arena, ring.keys[i], place, sealed, text, err);
		if (*is_former || err->code != ERR_DENIED)
			return *is_former;
	}
	*err = denied;
	if (is_coming(c, sealed)) {
		err_clear(err);
		err_set(err, ERR_BUSY, "the encryption key is being changed");
	}
	return false;
}

bool keyring_open_old(struct ctx *c, struct str stored, struct str *text,
    bool *is_former, struct err *err)
{
	struct keyring ring;
	struct str key;
	*is_former = false;
	if (!present_key(c, &key, err))
		return false;
	if (vault_open_old(c->arena, key, stored, text, err))
		return true;
	if (err->code != ERR_DENIED)
		return false;
	struct err denied = *err;
	err_clear(err);
	if (!keyring_load(c, &ring, err))
		return false;
	for (size_t i = 0; i < ring.n && !*is_former; i++) {
		err_clear(err);
		*is_former =
		    vault_open_old(c->arena, ring.keys[i], stored, text, err);
	}
	if (!*is_former)
		*err = denied;
	return *is_former;
}

/* ---- words --------------------------------------------------------------------------- */

/* A key that was taken away, perhaps just now, is not a wrong one. */
static bool is_news(struct ctx *c, struct news *news)
{
	struct str key;
	struct err err = { 0 };
	bool known = present_key(c, &key, &err);
	if (known && key.len == 0)
		return false;
	news->key = S(TOLD_KEY);
	if (known && vault_key_id(c->arena, key, &news->what, &err) &&
	    news_take(c, news, &err))
		return true;
	if (err.code != ERR_NONE)
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "The admins could not be told of a wrong encryption key",
		    "error", err.text, NULL);
	return false;
}

void keyring_tell(struct ctx *c, const struct err *why)
{
	struct news news;
	if (why->code != ERR_DENIED || !is_news(c, &news))
		return;
	mm_log(c->mm, LOG_LEVEL_ERROR,
	    "Stored connections cannot be read with the present encryption key",
	    "error", why->text, NULL);
	bool told = admins_tell(c,
	    "Connections to Zoom are stored here that cannot be read with the "
	    "present **Encryption key** of the Zoom plugin. Please put the "
	    "former key back in the plugin's settings; nothing is lost until "
	    "then. If it is gone, connect again with `/zoom connect`.");
	if (told)
		news_told(c, &news);
}
