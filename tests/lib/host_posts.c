/* host_posts - posts, their lists and files, and what one user sees only */
#include "tests/lib/host_parts.h"

#include <check.h>

/* ---- one post ---------------------------------------------------------------------- */

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
	post->create_at = post->update_at = host_now_ms(h);
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
		out->app_error = host_missing(a, "GetPost");
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
		out->app_error = host_missing(a, "UpdatePost");
		return;
	}
	struct mm_post *post = arena_new(a, struct mm_post);
	*post = *in->post;
	post->update_at = host_now_ms(h);
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
		out->app_error = host_missing(a, "DeletePost");
	else
		(*found)->delete_at = host_now_ms(h);
}

/* ---- lists ------------------------------------------------------------------------- */

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
		out->app_error = host_missing(a, "GetPostThread");
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

/* ---- beside them ------------------------------------------------------------------- */

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

host_known_fn *const host_posts_api[MM_N_API] = {
	[MM_API_CREATE_POST] = create_post,
	[MM_API_DELETE_POST] = delete_post,
	[MM_API_GET_POST] = get_post,
	[MM_API_GET_POST_THREAD] = get_post_thread,
	[MM_API_GET_POSTS_FOR_CHANNEL] = get_posts_for_channel,
	[MM_API_GET_POSTS_SINCE] = get_posts_since,
	[MM_API_SEND_EPHEMERAL_POST] = send_ephemeral_post,
	[MM_API_UPDATE_POST] = update_post,
	[MM_API_UPLOAD_FILE] = upload_file,
};

/* ---- filling in, looking at -------------------------------------------------------- */

struct mm_post *host_adds_post(struct host *h, const struct mm_post *post)
{
	pthread_mutex_lock(&h->lock);
	struct mm_post *copy = arena_new(&h->memory, struct mm_post);
	ck_assert_uint_lt(h->n_posts, HOST_MAX_POSTS);
	*copy = *post;
	copy->id = arena_printf(&h->memory, "post%022zu", h->n_posts);
	if (copy->create_at == 0)
		copy->create_at = host_now_ms(h);
	copy->update_at = host_now_ms(h);
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
