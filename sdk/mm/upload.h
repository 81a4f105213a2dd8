/*
 * upload - files that stream through the plugin, in either direction
 *
 * Source: server/public v0.4.3 plugin/client_rpc.go FileWillBeUploaded,
 * UploadData, InstallPlugin, ReceiveSharedChannelAttachmentSyncMsg
 */
#ifndef MM_UPLOAD_H
#define MM_UPLOAD_H

#include "mm/gen/models.h"
#include "mm/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mm_plugin;
struct mm_upload; /* a file that is being uploaded, in file_will_be_uploaded */

/* Both block, and are for the thread of the call.
 * Errors: ERR_TIMEOUT when the server stands still for a minute, ERR_CLOSED.
 *
 * The next bytes of the file, at most room; *got is 0 only at its end. */
bool mm_upload_read(struct mm_upload *u, void *data, size_t room, size_t *got,
    struct err *err) MUST_USE;

/* Bytes of the file that replaces it; nothing written: it stays. */
bool mm_upload_write(
    struct mm_upload *u, const void *data, size_t n, struct err *err) MUST_USE;

/*
 * mm_upload_data - the content of an upload session
 *
 *   source   read on a thread of its own while this call waits
 *   out      arena: the file, NULL when more content is to come
 *
 * Errors   as mm_api_call, and those of the source
 * Threads  any thread
 */
bool mm_upload_data(struct mm_plugin *p, struct arena *a,
    const struct mm_upload_session *us, const struct mm_source *source,
    struct mm_file_info **out, struct err *err) MUST_USE;

/* Install a plugin from its bundle. replace: also over an installed one.
 * Out, errors and threads as above. */
bool mm_install_plugin(struct mm_plugin *p, struct arena *a,
    const struct mm_source *bundle, bool replace, struct mm_manifest **out,
    struct err *err) MUST_USE;

/* The file of a shared channel's remote cluster; server 11.x or later.
 * Likewise. */
bool mm_receive_shared_channel_attachment_sync_msg(struct mm_plugin *p,
    struct arena *a, struct str remote_id, struct str channel_id,
    const struct mm_file_info *fi, const struct mm_source *data,
    struct mm_file_info **out, struct err *err) MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
