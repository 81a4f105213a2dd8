/* message - the two envelopes, and the writing half of a connection */
#include "rpc/rpc.h"

#define KEPT_BUFFER ((size_t)64 * 1024)

static const struct gob_field request_fields[] = {
	{ "ServiceMethod", &gob_type_string,
	    offsetof(struct rpc_request, service_method), false },
	{ "Seq", &gob_type_uint64, offsetof(struct rpc_request, seq), false },
};

const struct gob_type rpc_type_request = {
	.kind = GOB_STRUCT,
	.name = "Request",
	.size = sizeof(struct rpc_request),
	.fields = request_fields,
	.n_fields = 2,
};

static const struct gob_field response_fields[] = {
	{ "ServiceMethod", &gob_type_string,
	    offsetof(struct rpc_response, service_method), false },
	{ "Seq", &gob_type_uint64, offsetof(struct rpc_response, seq), false },
	{ "Error", &gob_type_string, offsetof(struct rpc_response, error),
	    false },
};

const struct gob_type rpc_type_response = {
	.kind = GOB_STRUCT,
	.name = "Response",
	.size = sizeof(struct rpc_response),
	.fields = response_fields,
	.n_fields = 3,
};

void rpc_writer_init(struct rpc_writer *w, struct io io, size_t max_message)
{
	if (max_message == 0)
		max_message = GOB_MAX_MESSAGE;
	w->io = io;
	w->broken = false;
	turn_init(&w->turn);
	gob_encoder_init(&w->encoder);
	buf_init(&w->out, max_message + KEPT_BUFFER);
}

void rpc_writer_fini(struct rpc_writer *w)
{
	turn_fini(&w->turn);
	gob_encoder_fini(&w->encoder);
	buf_fini(&w->out);
}

static bool encode(struct rpc_writer *w, const struct rpc_message *messages,
    size_t n, struct err *err)
{
	struct gob_encoder_mark mark = gob_encoder_mark(&w->encoder);
	for (size_t i = 0; i < n; i++) {
		const struct rpc_value *head = &messages[i].head;
		const struct rpc_value *body = &messages[i].body;
		if (!gob_encode(
		        &w->encoder, &w->out, head->type, head->value, err) ||
		    !gob_encode(
		        &w->encoder, &w->out, body->type, body->value, err)) {
			gob_encoder_undo(&w->encoder, mark);
			return false;
		}
	}
	return true;
}

bool rpc_writer_send(struct rpc_writer *w, const struct rpc_message *messages,
    size_t n, int64_t deadline_ms, bool *sent, struct err *err)
{
	*sent = false;
	if (!turn_take(&w->turn, deadline_ms, err))
		return false;
	bool done = w->broken
	                ? err_set(err, ERR_CLOSED, "a message was sent in part")
	                : encode(w, messages, n, err);
	if (done) {
		*sent = true;
		int64_t limit = clock_deadline_ms(RPC_WRITE_MS);
		done = w->io.write(
		    w->io.object, w->out.data, w->out.len, limit, err);
		w->broken = !done;
	}
	buf_reset(&w->out, KEPT_BUFFER);
	turn_give(&w->turn);
	return done;
}
