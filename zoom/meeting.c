#include "zoom/meeting.h"

#include "zoom/ask.h"
#include "zoom/user.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#define INSTANT 1

/* No start_url, see meeting.h. pmi comes as a string or a number. */
static const struct zoom_json_field fields[] = {
	{ STR("id"), ZOOM_JSON_INT, offsetof(struct zoom_meeting, id) },
	{ STR("pmi"), ZOOM_JSON_INT, offsetof(struct zoom_meeting, pmi) },
	{ STR("type"), ZOOM_JSON_INT, offsetof(struct zoom_meeting, type) },
	{ STR("start_time"), ZOOM_JSON_TIME,
	    offsetof(struct zoom_meeting, start_ms) },
	{ STR("uuid"), ZOOM_JSON_TEXT, offsetof(struct zoom_meeting, uuid) },
	{ STR("topic"), ZOOM_JSON_TEXT, offsetof(struct zoom_meeting, topic) },
	{ STR("join_url"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_meeting, join_url) },
	{ STR("password"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_meeting, password) },
	{ STR("host_id"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_meeting, host_id) },
	{ STR("host_email"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_meeting, host_email) },
	{ STR("status"), ZOOM_JSON_TEXT,
	    offsetof(struct zoom_meeting, status) },
};

static const struct zoom_json_table table = {
	.fields = fields,
	.n_fields = sizeof(fields) / sizeof(fields[0]),
};

static bool ask_meeting(struct zoom_call *call, struct str path,
    struct zoom_ask ask, struct zoom_meeting *meeting, struct err *err)
{
	*meeting = (struct zoom_meeting){ .id = 0 };
	ask.table = &table;
	if (!zoom_ask_api(call, path, ask, meeting, err))
		return false;
	if (meeting->id > 0)
		return true;
	call->answer.verdict =
	    ask.content_type == NULL ? ZOOM_UNAVAILABLE : ZOOM_UNKNOWN;
	return err_set(err, ERR_PROTOCOL, "Zoom sent a meeting without an id");
}

/*
 * Topic and type only: every option that is sent, also false or empty, would
 * replace the host's own default for it.
 */
static bool create_body(
    struct arena *a, struct str topic, struct str *body, struct err *err)
{
	json_error_t why;
	json_t *document = json_pack_ex(&why, 0, "{s:s%, s:i}", "topic",
	    str_c(topic), topic.len, "type", INSTANT);
	if (document == NULL &&
	    json_error_code(&why) == json_error_invalid_utf8)
		return err_set(err, ERR_INVALID, "the topic is no UTF-8 text");
	if (document == NULL)
		return err_set(err, ERR_NO_MEMORY, "writing the topic");
	char *text = json_dumps(document, JSON_COMPACT);
	json_decref(document);
	*body = arena_str(a, str_from(text));
	bool ok = text != NULL;
	free(text);
	if (!ok)
		return err_set(err, ERR_NO_MEMORY, "writing the topic");
	return arena_ok(a, err);
}

bool zoom_meeting_create(struct zoom_call *call, struct str host,
    struct str topic, struct zoom_meeting *meeting, struct err *err)
{
	struct zoom_ask ask = {
		.expect = 201,
		.content_type = "application/json",
	};
	struct str path;
	call->op = ZOOM_OP_MEETING_CREATE;
	call->answer = (struct zoom_answer){ .status = 0 };
	if (!zoom_user_path(call, host, "/meetings", &path, err) ||
	    !create_body(call->arena, topic, &ask.body, err))
		return false;
	return ask_meeting(call, path, ask, meeting, err);
}

bool zoom_meeting_fetch(struct zoom_call *call, int64_t id,
    struct zoom_meeting *meeting, struct err *err)
{
	struct zoom_ask ask = { .expect = 200 };
	call->op = ZOOM_OP_MEETING;
	struct str path = arena_printf(call->arena, "/meetings/%" PRId64, id);
	return ask_meeting(call, path, ask, meeting, err);
}
