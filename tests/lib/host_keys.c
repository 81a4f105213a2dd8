/*
 * host_keys - the key-value store of the server
 *
 * A key that has expired is not there.
 */
#include "tests/lib/host_parts.h"

#include <check.h>

#define MAX_KEY 150

/* ---- what is stored ------------------------------------------------------------- */

static struct host_key *find_key(struct host *h, struct str key)
{
	for (size_t i = 0; i < h->n_keys; i++) {
		struct host_key *k = &h->keys[i];
		if (str_eq(k->key, key) &&
		    (k->expires_ms == 0 || k->expires_ms > host_now_ms(h)))
			return k;
	}
	return NULL;
}

static void drop_key(struct host *h, struct str key)
{
	for (size_t i = h->n_keys; i > 0; i--) {
		if (str_eq(h->keys[i - 1].key, key))
			h->keys[i - 1] = h->keys[--h->n_keys];
	}
}

static void put_key(
    struct host *h, struct str key, struct str value, int64_t expire_s)
{
	drop_key(h, key);
	ck_assert_uint_lt(h->n_keys, HOST_MAX_KEYS);
	h->keys[h->n_keys++] = (struct host_key){
		.key = arena_str(&h->memory, key),
		.value = arena_str(&h->memory, value),
		.expires_ms =
		    expire_s == 0 ? 0 : host_now_ms(h) + expire_s * 1000,
	};
}

/* ---- answers --------------------------------------------------------------------- */

static void kv_get(struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_kv_get_args *in = args;
	struct mm_kv_get_returns *out = ret;
	const struct host_key *k = find_key(h, in->key);
	(void)a;
	if (k != NULL)
		out->result = k->value;
}

static void kv_set_with_options(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_kv_set_with_options_args *in = args;
	struct mm_kv_set_with_options_returns *out = ret;
	const struct host_key *k = find_key(h, in->key);
	struct str old = k == NULL ? S("") : k->value;
	bool valid = in->key.len > 0 && in->key.len <= MAX_KEY &&
	             (in->options.atomic || in->options.old_value.len == 0);
	if (!valid) {
		out->app_error = mm_app_error(a, "KVSet", 400, "bad options");
		return;
	}
	if (in->options.atomic && !str_eq(old, in->options.old_value))
		return;
	out->result = true;
	if (in->value.len == 0)
		drop_key(h, in->key);
	else
		put_key(h, in->key, in->value, in->options.expire_in_seconds);
}

static void kv_compare_and_delete(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_kv_compare_and_delete_args *in = args;
	struct mm_kv_compare_and_delete_returns *out = ret;
	const struct host_key *k = find_key(h, in->key);
	(void)a;
	out->result = k != NULL && str_eq(k->value, in->old_value);
	if (out->result)
		drop_key(h, in->key);
}

static void kv_delete(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_kv_delete_args *in = args;
	(void)a;
	(void)ret;
	drop_key(h, in->key);
}

static void kv_list(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_kv_list_args *in = args;
	struct mm_kv_list_returns *out = ret;
	size_t first = (size_t)(in->page * in->per_page);
	out->result.items = arena_array(a, HOST_MAX_KEYS, sizeof(struct str));
	for (size_t i = first;
	     i < h->n_keys && out->result.n < (size_t)in->per_page; i++)
		out->result.items[out->result.n++] = h->keys[i].key;
}

host_known_fn *const host_keys_api[MM_N_API] = {
	[MM_API_KV_COMPARE_AND_DELETE] = kv_compare_and_delete,
	[MM_API_KV_DELETE] = kv_delete,
	[MM_API_KV_GET] = kv_get,
	[MM_API_KV_LIST] = kv_list,
	[MM_API_KV_SET_WITH_OPTIONS] = kv_set_with_options,
};

/* ---- filling in, looking at ------------------------------------------------------ */

struct str host_key(struct host *h, const char *key)
{
	pthread_mutex_lock(&h->lock);
	const struct host_key *k = find_key(h, str_from(key));
	struct str value = k == NULL ? S("") : k->value;
	pthread_mutex_unlock(&h->lock);
	return value;
}

void host_stores(struct host *h, const char *key, struct str value)
{
	pthread_mutex_lock(&h->lock);
	put_key(h, str_from(key), value, 0);
	pthread_mutex_unlock(&h->lock);
}

int64_t host_expires_s(struct host *h, const char *key)
{
	pthread_mutex_lock(&h->lock);
	const struct host_key *k = find_key(h, str_from(key));
	int64_t left = -1;
	if (k != NULL)
		left = k->expires_ms == 0
		           ? 0
		           : (k->expires_ms - host_now_ms(h) + 999) / 1000;
	pthread_mutex_unlock(&h->lock);
	return left;
}
