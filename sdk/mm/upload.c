#include "mm/plugin.h"
#include "mm/pull.h"

/* ---- hook FileWillBeUploaded --------------------------------------------------- */

struct mm_upload {
	struct pull file;
	struct broker_dial replacement;
};

bool mm_upload_read(
    struct mm_upload *u, void *data, size_t room, size_t *got, struct err *err)
{
	return pull_read(&u->file, data, room, got, err);
}

bool mm_upload_write(
    struct mm_upload *u, const void *data, size_t n, struct err *err)
{
	return broker_dial_write(
	    &u->replacement, data, n, clock_deadline_ms(PULL_PEER_MS), err);
}

/* At once: the host waits five seconds for each. */
static bool dial(struct mm_upload *u, struct broker *b,
    const struct mm_hook_file_will_be_uploaded_args *args, struct err *err)
{
	struct broker_dial dials[] = {
		{ .id = (uint32_t)args->uploaded_file_stream },
		{ .id = (uint32_t)args->replacement_file_stream },
	};
	if (!broker_dial_all(
	        b, dials, 2, clock_deadline_ms(BROKER_WAIT_MS), err))
		return false;
	u->file.dial = dials[0];
	u->replacement = dials[1];
	return true;
}

/* The host waits for the end of the replacement, written or not. */
void hook_file_will_be_uploaded(struct mm_plugin *p, struct rpc_call_info *info,
    const void *args, void *reply)
{
	struct mm_upload u = { 0 };
	struct mm_call call = { p, &info->arena, p->def->user };
	if (dial(&u, p->broker, args, &info->err))
		p->def->file_will_be_uploaded(&call, args, &u, reply);
	broker_dial_end(&u.replacement);
	pull_fini(&u.file);
}

/* ---- API calls with a source ---------------------------------------------------- */

/* Call a method whose args hold the number of a stream that feeds it. */
static bool call_with_source(struct mm_plugin *p, struct arena *a,
    enum mm_api_method method, const struct mm_source *source, void *args,
    uint64_t *stream_id, void *returns, struct err *err)
{
	struct feed feed;
	struct err of_source = { 0 };
	if (!plugin_api_ready(p))
		return err_set(err, ERR_CLOSED, "not activated");
	if (!feed_start(&feed, p->broker, source, err))
		return false;
	*stream_id = feed.dial.id;
	bool done = plugin_call(p, a, method, args, returns, &feed, err);
	if (feed_stop(&feed, &of_source))
		return done;
	/* what the host makes of half a file is of less interest */
	err_clear(err);
	return err_set(err, of_source.code, "%s", of_source.text);
}

bool mm_upload_data(struct mm_plugin *p, struct arena *a,
    const struct mm_upload_session *us, const struct mm_source *source,
    struct mm_file_info **out, struct err *err)
{
	struct mm_upload_data_args args = { .us = us };
	struct mm_upload_data_returns returns = { 0 };
	if (!call_with_source(p, a, MM_API_UPLOAD_DATA, source, &args,
	        &args.plugin_stream_id, &returns, err))
		return false;
	*out = returns.result;
	return mm_api_any_error(&returns.error, err);
}

bool mm_install_plugin(struct mm_plugin *p, struct arena *a,
    const struct mm_source *bundle, bool replace, struct mm_manifest **out,
    struct err *err)
{
	struct mm_install_plugin_args args = { .replace = replace };
	struct mm_install_plugin_returns returns = { 0 };
	if (!call_with_source(p, a, MM_API_INSTALL_PLUGIN, bundle, &args,
	        &args.plugin_stream_id, &returns, err))
		return false;
	*out = returns.result;
	return mm_api_error(returns.app_error, err);
}

bool mm_receive_shared_channel_attachment_sync_msg(struct mm_plugin *p,
    struct arena *a, struct str remote_id, struct str channel_id,
    const struct mm_file_info *fi, const struct mm_source *data,
    struct mm_file_info **out, struct err *err)
{
	struct mm_receive_shared_channel_attachment_sync_msg_args args = {
		.remote_id = remote_id,
		.channel_id = channel_id,
		.fi = fi,
	};
	struct mm_receive_shared_channel_attachment_sync_msg_returns returns = {
		0
	};
	if (!call_with_source(p, a,
	        MM_API_RECEIVE_SHARED_CHANNEL_ATTACHMENT_SYNC_MSG, data, &args,
	        &args.data_stream_id, &returns, err))
		return false;
	*out = returns.result;
	return mm_api_any_error(&returns.error, err);
}
