/* host_people - users and their preferences, channels and their members */
#include "tests/lib/host_parts.h"

#include <check.h>
#include <string.h>

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

/* ---- users ------------------------------------------------------------------------ */

static void get_user(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_user_args *in = args;
	struct mm_get_user_returns *out = ret;
	out->result = find_user(h, in->user_id);
	if (out->result == NULL)
		out->app_error = host_missing(a, "GetUser");
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

/* ---- channels ---------------------------------------------------------------------- */

static void get_channel(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_channel_args *in = args;
	struct mm_get_channel_returns *out = ret;
	out->result = find_channel(h, in->channel_id);
	if (out->result == NULL)
		out->app_error = host_missing(a, "GetChannel");
}

static void get_team(
    struct host *h, struct arena *a, const void *args, void *ret)
{
	const struct mm_get_team_args *in = args;
	struct mm_get_team_returns *out = ret;
	(void)h;
	if (in->team_id.len == 0) {
		out->app_error = host_missing(a, "GetTeam");
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
		out->app_error = host_missing(a, "GetDirectChannel");
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
		out->app_error = host_missing(a, "GetChannelMember");
		return;
	}
	out->result = arena_new(a, struct mm_channel_member);
	out->result->channel_id = in->channel_id;
	out->result->user_id = in->user_id;
}

/* ---- permissions ------------------------------------------------------------------- */

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

host_known_fn *const host_people_api[MM_N_API] = {
	[MM_API_DELETE_PREFERENCES_FOR_USER] = delete_preferences_for_user,
	[MM_API_GET_CHANNEL] = get_channel,
	[MM_API_GET_CHANNEL_MEMBER] = get_channel_member,
	[MM_API_GET_DIRECT_CHANNEL] = get_direct_channel,
	[MM_API_GET_TEAM] = get_team,
	[MM_API_GET_PREFERENCES_FOR_USER] = get_preferences_for_user,
	[MM_API_GET_USER] = get_user,
	[MM_API_GET_USERS] = get_users,
	[MM_API_HAS_PERMISSION_TO] = has_permission_to,
	[MM_API_HAS_PERMISSION_TO_CHANNEL] = has_permission_to_channel,
};

/* ---- filling in -------------------------------------------------------------------- */

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
