/*
 * recording - what Zoom has recorded, as replies to the meeting's post
 *
 *	recording.completed              for each start of a recording, a link
 *	                                 to watch it, and the chat as a file
 *	recording.transcript_completed   the transcript as a file
 *
 * Types and props of the replies are those of the plugin's Go predecessor:
 * custom_zoom_chat and custom_zoom_transcript, the file's id in the prop
 * captions; Mattermost's Agents plugin finds them by these.
 */
#ifndef PLUGIN_RECORDING_H
#define PLUGIN_RECORDING_H

#include "plugin/plugin.h"
#include "zoom/webhook.h"

/* For all files of one event. */
#define RECORDING_MS ((int64_t)25 * 1000)

/* Of one file, in bytes; hours of speech have some hundred kilobytes. */
#define RECORDING_FILE_MAX ((size_t)10 * 1024 * 1024)

/*
 * recording_post - post what an event brings, once
 *
 * May be called again, for the same event and at the same time: what is
 * posted already is left alone (claim.h). The meeting's post is found by the
 * instance's UUID; without it by meeting id and channel, if only one post
 * can be meant. A recording of no meeting of ours is logged and dropped, and
 * so is a file that Zoom refuses to give.
 *
 * False when another attempt may help; what could be posted is posted.
 */
bool recording_post(
    struct ctx *c, const struct zoom_event *event, struct err *err) MUST_USE;

#endif
