/*
 * host_api - what the server knows, and its answers out of it
 *
 * Answers are those of Mattermost 9.9: what is not there is an AppError of
 * status 404, but for keys; a key that has expired is not there.
 */
#include "tests/lib/host_parts.h"

#include <check.h>
#include <string.h>

#define MAX_KEY 150

/* ---- errors --------------------------------------------------------------------- */

bool host_refuses(const struct gob_type *returns_type, struct arena *a,
    void *returns, int status)
{
	for (size_t i = 0; returns_type != NULL && i < returns_type->n_fields;
	     i++) {
		const struct gob_field *f = &returns_type->fields[i];
		void *member = (char *)returns + f->offset;
		struct mm_app_error *e = mm_app_error(
		    a, "Host", status, "ordered to fail with %d", status);
		if (f->pointer && f->type == &mm_type_app_error) {
			*(struct mm_app_error **)member = e;
			return true;
		}
		if (f->type == &gob_type_interface) {
			*(struct gob_any *)member =
			    mm_error(a, "ordered to fail with %d", status);
			return true;
		}
	}
	return false;
}

static struct mm_app_error *missing(struct arena *a, const char *what)
{
	return mm_app_error(a, what, 404, "there is none");
}

/* ---- keys ------------------------------------------------------------------------- */

static int64_t now_ms(const struct host *h)
{
	return clock_wall_ms() + h->clock_off_ms;
}

static struct host_key *find_key(struct host *h, struct str key)
{
	for (size_t i = 0; i < h->n_keys; i++) {
		struct host_key *k = &h->keys[i];
		if (str_eq(k->key, key) &&
		    (k->expires_ms == 0 || k->expires_ms > now_ms(h)))
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
		.expires_ms = expire_s == 0 ? 0 : now_ms(h) + expire_s * 1000,
	};
}

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

/* ---- people and channels -------------------------------------------------------------- */

static struct mm_user *find_user(struct host *h, struct str id)
{
	for (size_t i = 0; i < h->n_users; i++) {
		if (str_eq(h->users[i].id, id))
			return &h->users[i];
	}
	return NULL;
}

static struct mm_channel *find_channel(struct host *h, struct str id)
{
	for (size_t i = 0; i < h->n_channels; i++) {
		if (str_eq(h->channels[i].id, id))
			return &h->channels[i];
	}
	return NULL;
}

static const struct host_member *find_member(
    const struct host *h, struct str channel_id, struct str user_id)
{
	for (size_t i = 0; i < h->n_members; i++) {
		const struct host_member *m = &h->members[i];
		if (str_eq(str_from(m->channel_id), channel_id) &&
		    str_eq(str_from(m->user_id), user_id))
			return m;
	}
	return NULL;
}

static bool is_admin(struct host *h, struct str user_id)
{
	const struct mm_user *u = find_user(h, user_id);
	return u != NULL && strstr(str_c(u->roles), "system_admin") != NULL;
}

static void get_user(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_user_args *in = args;
	struct mm_get_user_returns *out = ret;
	out->result = find_user(h, in->user_id);
	if (out->result == NULL)
		out->app_error = missing(a, "GetUser");
}

static void get_preferences_for_user(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_preferences_for_user_args *in = args;
	struct mm_get_preferences_for_user_returns *out = ret;
	struct mm_preference *found =
	    arena_array(a, HOST_MAX_PREFERENCES, sizeof(*found));
	size_t n = 0;
	for (size_t i = 0; i < h->n_preferences; i++) {
		if (str_eq(h->preferences[i].user_id, in->user_id))
			found[n++] = h->preferences[i];
	}
	out->result = (struct mm_preference_slice){ found, n };
}

static bool is_preference(
    const struct mm_preference *a, const struct mm_preference *b)
{
	return str_eq(a->user_id, b->user_id) &&
	       str_eq(a->category, b->category) && str_eq(a->name, b->name);
}

static void delete_preferences_for_user(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_delete_preferences_for_user_args *in = args;
	(void)a;
	(void)ret;
	for (size_t i = 0; i < in->preferences.n; i++) {
		for (size_t j = h->n_preferences; j > 0; j--) {
			if (is_preference(&h->preferences[j - 1],
			        &in->preferences.items[i]))
				h->preferences[j - 1] =
				    h->preferences[--h->n_preferences];
		}
	}
}

/* Those of a role. */
static void get_users(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_users_args *in = args;
	struct mm_get_users_returns *out = ret;
	out->result.items = arena_array(a, HOST_MAX_USERS, sizeof(h->users[0]));
	for (size_t i = 0; i < h->n_users; i++) {
		if (strstr(str_c(h->users[i].roles),
		        str_c(in->options->role)) != NULL)
			out->result.items[out->result.n++] = h->users[i];
	}
}

static void get_channel(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_channel_args *in = args;
	struct mm_get_channel_returns *out = ret;
	out->result = find_channel(h, in->channel_id);
	if (out->result == NULL)
		out->app_error = missing(a, "GetChannel");
}

static void get_team(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_team_args *in = args;
	struct mm_get_team_returns *out = ret;
	(void)h;
	if (in->team_id.len == 0) {
		out->app_error = missing(a, "GetTeam");
		return;
	}
	out->result = arena_new(a, struct mm_team);
	out->result->id = in->team_id;
	out->result->name = in->team_id;
}

static void get_direct_channel(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_direct_channel_args *in = args;
	struct mm_get_direct_channel_returns *out = ret;
	struct mm_channel *channel = arena_new(a, struct mm_channel);
	if (find_user(h, in->user_id1) == NULL) {
		out->app_error = missing(a, "GetDirectChannel");
		return;
	}
	channel->id = arena_printf(a, "direct_%.*s", STR_ARG(in->user_id1));
	channel->type = S("D");
	out->result = channel;
}

static void get_channel_member(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_channel_member_args *in = args;
	struct mm_get_channel_member_returns *out = ret;
	if (find_member(h, in->channel_id, in->user_id) == NULL) {
		out->app_error = missing(a, "GetChannelMember");
		return;
	}
	out->result = arena_new(a, struct mm_channel_member);
	out->result->channel_id = in->channel_id;
	out->result->user_id = in->user_id;
}

static void has_permission_to(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_has_permission_to_args *in = args;
	struct mm_has_permission_to_returns *out = ret;
	(void)a;
	out->result = is_admin(h, in->user_id);
}

static void has_permission_to_channel(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_has_permission_to_channel_args *in = args;
	struct mm_has_permission_to_channel_returns *out = ret;
	const struct host_member *m =
	    find_member(h, in->channel_id, in->user_id);
	(void)a;
	out->result =
	    is_admin(h, in->user_id) ||
	    (m != NULL && m->may_post &&
	        str_eq(in->permission->id, S("create_post"))) ||
	    (m != NULL && str_eq(in->permission->id, S("read_channel"))) ||
	    (m != NULL && m->is_channel_admin &&
	        str_eq(in->permission->id, S("manage_channel_roles")));
}

/* ---- posts ------------------------------------------------------------------------------ */

static struct mm_post **find_post(struct host *h, struct str id)
{
	for (size_t i = 0; i < h->n_posts; i++) {
		if (str_eq(h->posts[i]->id, id))
			return &h->posts[i];
	}
	return NULL;
}

static void create_post(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_create_post_args *in = args;
	struct mm_create_post_returns *out = ret;
	struct mm_post *post = arena_new(a, struct mm_post);
	*post = *in->post;
	post->id = arena_printf(a, "post%022zu", h->n_posts);
	post->create_at = post->update_at = now_ms(h);
	ck_assert_uint_lt(h->n_posts, HOST_MAX_POSTS);
	h->posts[h->n_posts++] = post;
	out->result = post;
}

static void get_post(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_post_args *in = args;
	struct mm_get_post_returns *out = ret;
	struct mm_post **found = find_post(h, in->post_id);
	if (found == NULL || (*found)->delete_at != 0)
		out->app_error = missing(a, "GetPost");
	else
		out->result = *found;
}

static void update_post(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_update_post_args *in = args;
	struct mm_update_post_returns *out = ret;
	struct mm_post **found = find_post(h, in->post->id);
	if (found == NULL) {
		out->app_error = missing(a, "UpdatePost");
		return;
	}
	struct mm_post *post = arena_new(a, struct mm_post);
	*post = *in->post;
	post->update_at = now_ms(h);
	*found = post;
	out->result = post;
}

static void delete_post(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_delete_post_args *in = args;
	struct mm_delete_post_returns *out = ret;
	struct mm_post **found = find_post(h, in->post_id);
	if (found == NULL || (*found)->delete_at != 0)
		out->app_error = missing(a, "DeletePost");
	else
		(*found)->delete_at = now_ms(h);
}

/* The newest first, as the server has them. */
static void get_posts_for_channel(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_posts_for_channel_args *in = args;
	struct mm_get_posts_for_channel_returns *out = ret;
	struct mm_post_list *list = arena_new(a, struct mm_post_list);
	int64_t skip = in->page * in->per_page;
	list->posts.items =
	    arena_array(a, HOST_MAX_POSTS, sizeof(*list->posts.items));
	for (size_t i = h->n_posts; i-- > 0;) {
		const struct mm_post *p = h->posts[i];
		if (!str_eq(p->channel_id, in->channel_id) ||
		    p->delete_at != 0 || skip-- > 0)
			continue;
		if ((int64_t)list->posts.n == in->per_page)
			break;
		list->posts.items[list->posts.n++] =
		    (struct mm_string_post_entry){ p->id, *p };
	}
	out->result = list;
}

static void get_posts_since(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_posts_since_args *in = args;
	struct mm_get_posts_since_returns *out = ret;
	struct mm_post_list *list = arena_new(a, struct mm_post_list);
	list->posts.items =
	    arena_array(a, HOST_MAX_POSTS, sizeof(*list->posts.items));
	for (size_t i = 0; i < h->n_posts; i++) {
		const struct mm_post *p = h->posts[i];
		if (str_eq(p->channel_id, in->channel_id) &&
		    p->update_at >= in->time)
			list->posts.items[list->posts.n++] =
			    (struct mm_string_post_entry){ p->id, *p };
	}
	out->result = list;
}

static void get_post_thread(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_post_thread_args *in = args;
	struct mm_get_post_thread_returns *out = ret;
	struct mm_post_list *list = arena_new(a, struct mm_post_list);
	if (find_post(h, in->post_id) == NULL) {
		out->app_error = missing(a, "GetPostThread");
		return;
	}
	list->posts.items =
	    arena_array(a, HOST_MAX_POSTS, sizeof(*list->posts.items));
	for (size_t i = 0; i < h->n_posts; i++) {
		const struct mm_post *p = h->posts[i];
		if (p->delete_at == 0 && (str_eq(p->id, in->post_id) ||
		                             str_eq(p->root_id, in->post_id)))
			list->posts.items[list->posts.n++] =
			    (struct mm_string_post_entry){ p->id, *p };
	}
	out->result = list;
}

static void upload_file(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_upload_file_args *in = args;
	struct mm_upload_file_returns *out = ret;
	out->result = arena_new(a, struct mm_file_info);
	out->result->id = arena_printf(a, "file%022zu", h->n_calls);
	out->result->name = in->filename;
}

static void send_ephemeral_post(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_send_ephemeral_post_args *in = args;
	struct mm_send_ephemeral_post_returns *out = ret;
	(void)h;
	out->result = arena_new(a, struct mm_post);
	*out->result = *in->post;
	out->result->id = S("ephemeral");
}

/* ---- the rest ----------------------------------------------------------------------------- */

static void load_plugin_configuration(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	struct mm_load_plugin_configuration_returns *out = ret;
	(void)a;
	(void)args;
	out->result = h->settings;
}

static void get_config(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	struct mm_get_config_returns *out = ret;
	(void)args;
	out->result = arena_new(a, struct mm_config);
	out->result->service_settings.site_url = &h->site_url;
	out->result->localization_settings.default_server_locale = &h->locale;
	out->result->team_settings.enable_open_server = &h->open_sign_up;
	out->result->team_settings.enable_user_creation = &h->open_sign_up;
	out->result->email_settings.enable_sign_up_with_email =
	    &h->open_sign_up;
	out->result->email_settings.require_email_verification =
	    &h->verifies_email;
}

static void ensure_bot_user(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	struct mm_ensure_bot_user_returns *out = ret;
	(void)h;
	(void)a;
	(void)args;
	out->result = S(HOST_BOT);
}

static void get_bot(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_bot_args *in = args;
	struct mm_get_bot_returns *out = ret;
	out->result = arena_new(a, struct mm_bot);
	out->result->user_id = in->bot_user_id;
	out->result->delete_at = h->bot_delete_at;
}

static void update_bot_active(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_update_bot_active_args *in = args;
	struct mm_update_bot_active_returns *out = ret;
	h->bot_delete_at = in->active ? 0 : now_ms(h);
	out->result = arena_new(a, struct mm_bot);
	out->result->user_id = in->bot_user_id;
	out->result->delete_at = h->bot_delete_at;
}

static void get_bundle_path(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	struct mm_get_bundle_path_returns *out = ret;
	(void)a;
	(void)args;
	out->result = str_from(h->bundle);
}

static void get_server_version(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	struct mm_get_server_version_returns *out = ret;
	(void)h;
	(void)a;
	(void)args;
	out->result = S("9.9.0");
}

/* Calls that are only kept. */
static void nothing(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	(void)h;
	(void)a;
	(void)args;
	(void)ret;
}

typedef void known(
    struct host *h, struct arena *a, const void *args, void *ret);

static known *const answers[MM_N_API] = {
	[MM_API_CREATE_POST] = create_post,
	[MM_API_DELETE_POST] = delete_post,
	[MM_API_DELETE_PREFERENCES_FOR_USER] = delete_preferences_for_user,
	[MM_API_ENSURE_BOT_USER] = ensure_bot_user,
	[MM_API_GET_BOT] = get_bot,
	[MM_API_GET_BUNDLE_PATH] = get_bundle_path,
	[MM_API_GET_CHANNEL] = get_channel,
	[MM_API_GET_CHANNEL_MEMBER] = get_channel_member,
	[MM_API_GET_CONFIG] = get_config,
	[MM_API_GET_DIRECT_CHANNEL] = get_direct_channel,
	[MM_API_GET_POST] = get_post,
	[MM_API_GET_POST_THREAD] = get_post_thread,
	[MM_API_GET_POSTS_FOR_CHANNEL] = get_posts_for_channel,
	[MM_API_GET_POSTS_SINCE] = get_posts_since,
	[MM_API_GET_SERVER_VERSION] = get_server_version,
	[MM_API_GET_TEAM] = get_team,
	[MM_API_LOG_AUDIT_REC] = nothing,
	[MM_API_GET_PREFERENCES_FOR_USER] = get_preferences_for_user,
	[MM_API_GET_USER] = get_user,
	[MM_API_GET_USERS] = get_users,
	[MM_API_HAS_PERMISSION_TO] = has_permission_to,
	[MM_API_HAS_PERMISSION_TO_CHANNEL] = has_permission_to_channel,
	[MM_API_KV_COMPARE_AND_DELETE] = kv_compare_and_delete,
	[MM_API_KV_DELETE] = kv_delete,
	[MM_API_KV_GET] = kv_get,
	[MM_API_KV_LIST] = kv_list,
	[MM_API_KV_SET_WITH_OPTIONS] = kv_set_with_options,
	[MM_API_LOAD_PLUGIN_CONFIGURATION] = load_plugin_configuration,
	[MM_API_LOG_DEBUG] = nothing,
	[MM_API_LOG_ERROR] = nothing,
	[MM_API_LOG_INFO] = nothing,
	[MM_API_LOG_WARN] = nothing,
	[MM_API_OPEN_INTERACTIVE_DIALOG] = nothing,
	[MM_API_PUBLISH_WEB_SOCKET_EVENT] = nothing,
	[MM_API_REGISTER_COMMAND] = nothing,
	[MM_API_SEND_EPHEMERAL_POST] = send_ephemeral_post,
	[MM_API_SET_PROFILE_IMAGE] = nothing,
	[MM_API_UPDATE_BOT_ACTIVE] = update_bot_active,
	[MM_API_UPDATE_EPHEMERAL_POST] = nothing,
	[MM_API_UPDATE_POST] = update_post,
	[MM_API_UPLOAD_FILE] = upload_file,
};

bool host_knows(struct host *h, enum mm_api_method method, struct arena *a,
    const void *args, void *returns)
{
	if (answers[method] == NULL)
		return false;
	answers[method](h, a, args, returns);
	return true;
}

/* ---- filling in, looking at ------------------------------------------------------------------ */

void host_adds_user(struct host *h, const char *id, const char *username,
    const char *email, const char *roles)
{
	pthread_mutex_lock(&h->lock);
	ck_assert_uint_lt(h->n_users, HOST_MAX_USERS);
	h->users[h->n_users++] = (struct mm_user){
		.id = str_from(id),
		.username = str_from(username),
		.email = str_from(email),
		.roles = str_from(roles),
	};
	pthread_mutex_unlock(&h->lock);
}

void host_adds_channel(struct host *h, const char *id, const char *type)
{
	pthread_mutex_lock(&h->lock);
	ck_assert_uint_lt(h->n_channels, HOST_MAX_CHANNELS);
	h->channels[h->n_channels++] = (struct mm_channel){
		.id = str_from(id),
		.type = str_from(type),
	};
	pthread_mutex_unlock(&h->lock);
}

void host_adds_member(
    struct host *h, const char *channel_id, const char *user_id, bool may_post)
{
	pthread_mutex_lock(&h->lock);
	ck_assert_uint_lt(h->n_members, HOST_MAX_MEMBERS);
	h->members[h->n_members++] =
	    (struct host_member){ channel_id, user_id, may_post, false };
	pthread_mutex_unlock(&h->lock);
}

void host_promotes(struct host *h, const char *channel_id, const char *user_id)
{
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n_members; i++) {
		struct host_member *m = &h->members[i];
		if (strcmp(m->channel_id, channel_id) == 0 &&
		    strcmp(m->user_id, user_id) == 0)
			m->is_channel_admin = true;
	}
	pthread_mutex_unlock(&h->lock);
}

void host_speaks(struct host *h, const char *user_id, const char *locale)
{
	pthread_mutex_lock(&h->lock);
	struct mm_user *user = find_user(h, str_from(user_id));
	ck_assert_ptr_nonnull(user);
	user->locale = str_from(locale);
	pthread_mutex_unlock(&h->lock);
}

void host_adds_preference(struct host *h, const char *user_id,
    const char *category, const char *name, const char *value)
{
	pthread_mutex_lock(&h->lock);
	ck_assert_uint_lt(h->n_preferences, HOST_MAX_PREFERENCES);
	h->preferences[h->n_preferences++] = (struct mm_preference){
		.user_id = str_from(user_id),
		.category = str_from(category),
		.name = str_from(name),
		.value = str_from(value),
	};
	pthread_mutex_unlock(&h->lock);
}

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
		           : (k->expires_ms - now_ms(h) + 999) / 1000;
	pthread_mutex_unlock(&h->lock);
	return left;
}

struct mm_post *host_adds_post(struct host *h, const struct mm_post *post)
{
	pthread_mutex_lock(&h->lock);
	struct mm_post *copy = arena_new(&h->memory, struct mm_post);
	ck_assert_uint_lt(h->n_posts, HOST_MAX_POSTS);
	*copy = *post;
	copy->id = arena_printf(&h->memory, "post%022zu", h->n_posts);
	if (copy->create_at == 0)
		copy->create_at = now_ms(h);
	copy->update_at = now_ms(h);
	h->posts[h->n_posts++] = copy;
	pthread_mutex_unlock(&h->lock);
	return copy;
}

size_t host_n_posts(struct host *h)
{
	pthread_mutex_lock(&h->lock);
	size_t n = h->n_posts;
	pthread_mutex_unlock(&h->lock);
	return n;
}

struct mm_post *host_post(struct host *h, size_t i)
{
	pthread_mutex_lock(&h->lock);
	struct mm_post *post = i < h->n_posts ? h->posts[i] : NULL;
	pthread_mutex_unlock(&h->lock);
	ck_assert_ptr_nonnull(post);
	return post;
}

const char *host_last_told(struct host *h)
{
	size_t n = host_n_called(h, MM_API_SEND_EPHEMERAL_POST);
	if (n == 0)
		return "";
	const struct mm_send_ephemeral_post_args *args =
	    host_args(h, MM_API_SEND_EPHEMERAL_POST, n - 1);
	return str_c(args->post->message);
}

/* ---- all that was said ----------------------------------------------------------------------- */

static void dump_value(
    struct buf *out, const struct gob_type *type, const void *value);

static void dump_struct(
    struct buf *out, const struct gob_type *type, const void *value)
{
	for (size_t i = 0; i < type->n_fields; i++) {
		const struct gob_field *f = &type->fields[i];
		const void *member = (const char *)value + f->offset;
		if (f->pointer)
			member = *(const void *const *)member;
		if (member != NULL)
			dump_value(out, f->type, member);
	}
}

static void dump_items(
    struct buf *out, const struct gob_type *type, const void *value)
{
	const struct gob_slice *slice = value;
	size_t step =
	    type->kind == GOB_MAP ? type->entry_size : type->elem->size;
	for (size_t i = 0; i < slice->n; i++) {
		const char *item = (const char *)slice->items + i * step;
		if (type->kind == GOB_MAP)
			dump_value(out, type->key, item);
		dump_value(out, type->elem, item + type->elem_offset);
	}
}

/* Texts only, one a line. */
static void dump_value(
    struct buf *out, const struct gob_type *type, const void *value)
{
	const struct gob_any *any = value;
	switch (type->kind) {
	case GOB_BYTES:
	case GOB_STRING:
		buf_put_str(out, *(const struct str *)value);
		buf_put_byte(out, '\n');
		break;
	case GOB_STRUCT:
		dump_struct(out, type, value);
		break;
	case GOB_SLICE:
	case GOB_MAP:
		dump_items(out, type, value);
		break;
	case GOB_INTERFACE:
		if (any->type != NULL)
			dump_value(out, any->type, any->value);
		break;
	default:
		break;
	}
}

void host_dump(struct host *h, struct buf *out)
{
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n_calls; i++) {
		const struct mm_method *m = &mm_api_methods[h->calls[i].method];
		buf_printf(out, "%s\n", m->name);
		dump_value(out, m->args, h->calls[i].args);
	}
	pthread_mutex_unlock(&h->lock);
}

bool host_logged(struct host *h, const char *text)
{
	struct buf out;
	buf_init(&out, (size_t)16 * 1024 * 1024);
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n_calls; i++) {
		enum mm_api_method m = h->calls[i].method;
		if (m == MM_API_LOG_DEBUG || m == MM_API_LOG_INFO ||
		    m == MM_API_LOG_WARN || m == MM_API_LOG_ERROR)
			dump_value(
			    &out, mm_api_methods[m].args, h->calls[i].args);
	}
	pthread_mutex_unlock(&h->lock);
	bool found = out.len > 0 &&
	             memmem(out.data, out.len, text, strlen(text)) != NULL;
	buf_fini(&out);
	return found;
}
