#include "tests/lib/raw.h"

#include "gob/wire.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Real time, whatever the test has made of the plugin's clock. */
static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t patience(const struct raw *r)
{
	return now_ms() +
	       (r->patience_ms == 0 ? RAW_PATIENCE_MS : r->patience_ms);
}

/* ---- sending ------------------------------------------------------------------ */

bool raw_bytes(struct raw *r, const void *data, size_t n)
{
	const char *p = data;
	int64_t until = patience(r);
	size_t left = r->cut_at - r->n_sent;
	bool cut = r->cut_at != 0 && left < n;
	if (cut)
		n = left;
	r->n_sent += n;
	while (n > 0 && now_ms() < until) {
		ssize_t sent = send(r->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		struct pollfd fds = { .fd = r->fd, .events = POLLOUT };
		if (sent < 0 && poll(&fds, 1, 100) > 0 &&
		    (fds.revents & (POLLERR | POLLHUP)) != 0)
			return false;
		p += sent < 0 ? 0 : sent;
		n -= sent < 0 ? 0 : (size_t)sent;
	}
	if (cut)
		shutdown(r->fd, SHUT_RDWR);
	return n == 0 && !cut;
}

bool raw_frame(struct raw *r, enum frame_type type, unsigned flags,
    uint32_t stream, uint32_t length)
{
	uint8_t bytes[FRAME_SIZE];
	struct frame_header h = { (uint8_t)type, (uint16_t)flags, stream,
		length };
	frame_put(bytes, &h);
	return raw_bytes(r, bytes, sizeof(bytes));
}

bool raw_data(struct raw *r, unsigned flags, uint32_t stream, struct str data)
{
	return data.len > 0 &&
	       raw_frame(r, FRAME_DATA, flags, stream, (uint32_t)data.len) &&
	       raw_bytes(r, data.data, data.len);
}

/* ---- messages ------------------------------------------------------------------- */

void raw_conn_init(struct raw_conn *c)
{
	memset(c, 0, sizeof(*c));
	gob_encoder_init(&c->encoder);
	buf_init(&c->out, 1 << 20);
}

void raw_conn_fini(struct raw_conn *c)
{
	gob_encoder_fini(&c->encoder);
	buf_fini(&c->out);
}

static struct str put(
    struct raw_conn *c, struct rpc_value head, struct rpc_value body)
{
	struct err err = { 0 };
	buf_reset(&c->out, 1 << 20);
	bool done =
	    gob_encode(&c->encoder, &c->out, head.type, head.value, &err) &&
	    gob_encode(&c->encoder, &c->out, body.type, body.value, &err);
	return done ? buf_str(&c->out) : (struct str){ NULL, 0 };
}

struct str raw_request(struct raw_conn *c, const char *method,
    const struct gob_type *type, const void *value)
{
	const struct rpc_request head = { str_from(method), c->seq++ };
	return put(c, (struct rpc_value){ &rpc_type_request, &head },
	    (struct rpc_value){ type, value });
}

struct str raw_reply(struct raw_conn *c, uint64_t seq,
    const struct gob_type *type, const void *value)
{
	const struct rpc_response head = { .seq = seq };
	return put(c, (struct rpc_value){ &rpc_type_response, &head },
	    (struct rpc_value){ type, value });
}

void raw_prepare_answers(struct raw *r, struct arena *a)
{
	struct raw_conn c;
	raw_conn_init(&c);
	for (size_t i = 0; i < RAW_ANSWERS; i++)
		r->answers[i] =
		    arena_str(a, raw_reply(&c, i, &gob_type_empty, ""));
	raw_conn_fini(&c);
}

static struct raw_stream *stream_of(struct raw *r, uint32_t id)
{
	return &r->streams[id < RAW_STREAMS ? id : 0];
}

/* ---- what the plugin sends ----------------------------------------------------------- */

/* Take one whole message out of what has come. */
static bool take_message(struct raw_stream *s)
{
	const uint8_t *p = s->data;
	const uint8_t *end = s->data + s->len;
	uint64_t len;
	int64_t id;
	if (!wire_get_uint(&p, end, &len) || len > (uint64_t)(end - p))
		return false;
	const uint8_t *next = p + len;
	s->n_values += wire_get_int(&p, next, &id) && id > 0;
	s->len = (size_t)(end - next);
	memmove(s->data, next, s->len);
	return true;
}

static void answer_calls(struct raw *r, uint32_t id, struct raw_stream *s)
{
	while (!r->quiet && s->n_answered < s->n_values / 2 &&
	       s->n_answered < RAW_ANSWERS)
		raw_data(r, 0, id, r->answers[s->n_answered++]);
}

/* The plugin has dialled, or asks for the body. */
static void react(struct raw *r, uint32_t id, struct raw_stream *s)
{
	bool dialled = id % 2 == 0 && s->n_number == 4;
	if (!dialled || r->deaf)
		return;
	if (s->number[0] == RAW_BODY && s->len > 0 && !s->n_answered++)
		raw_data(r, FRAME_FIN, id, r->body);
	else if (s->number[0] < RAW_BODY)
		answer_calls(r, id, s);
}

static void confirm(struct raw *r, uint32_t id, struct raw_stream *s)
{
	uint8_t number[4];
	memcpy(number, s->number, sizeof(number));
	number[0] = (uint8_t)(number[0] + r->liar);
	if (!r->deaf && id % 2 == 0)
		raw_data(r, 0, id, str_n((const char *)number, 4));
}

static void take_payload(struct raw *r, const uint8_t *p, size_t n)
{
	uint32_t id = r->frame.stream;
	struct raw_stream *s = stream_of(r, id);
	bool numbered = id != 1 && id != 3 && id != 5;
	for (size_t i = 0; i < n; i++) {
		if (numbered && s->n_number < 4) {
			s->number[s->n_number++] = p[i];
			if (s->n_number == 4)
				confirm(r, id, s);
		} else if (s->len < sizeof(s->data)) {
			s->data[s->len++] = p[i];
		}
	}
	bool gob = !numbered || id % 2 == 1 || s->number[0] < RAW_BODY;
	while (gob && take_message(s))
		;
	react(r, id, s);
}

static void take_frame(struct raw *r)
{
	struct frame_header *h = &r->frame;
	struct raw_stream *s = stream_of(r, h->stream);
	r->payload_left = h->type == FRAME_DATA ? h->length : 0;
	r->n_pongs += h->type == FRAME_PING && (h->flags & FRAME_ACK) != 0;
	if (h->type != FRAME_DATA && h->type != FRAME_WINDOW)
		return;
	s->opened = s->opened || (h->flags & FRAME_SYN) != 0;
	s->finished = s->finished || (h->flags & FRAME_FIN) != 0;
	s->reset = s->reset || (h->flags & FRAME_RST) != 0;
	if ((h->flags & FRAME_SYN) != 0 && !r->deaf)
		raw_frame(r, FRAME_WINDOW, FRAME_ACK, h->stream, 0);
}

static void take_bytes(struct raw *r, const uint8_t *p, size_t n)
{
	while (n > 0) {
		size_t part = FRAME_SIZE - r->header_len;
		if (r->payload_left > 0)
			part = r->payload_left;
		if (part > n)
			part = n;
		if (r->payload_left > 0) {
			r->payload_left -= (uint32_t)part;
			take_payload(r, p, part);
		} else {
			memcpy(r->header + r->header_len, p, part);
			r->header_len += part;
		}
		if (r->header_len == FRAME_SIZE) {
			r->header_len = 0;
			(void)frame_get(r->header, &r->frame);
			take_frame(r);
		}
		p += part;
		n -= part;
	}
}

/* ---- waiting ----------------------------------------------------------------------------- */

/* Read once; false at the time given, or when the plugin has gone. */
static bool step(struct raw *r, int64_t until)
{
	static uint8_t buffer[65536];
	struct pollfd fds = { .fd = r->fd, .events = POLLIN };
	int64_t left = until - now_ms();
	if (r->gone || left <= 0 || poll(&fds, 1, (int)left) <= 0)
		return false;
	ssize_t n = recv(r->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	if (n > 0)
		take_bytes(r, buffer, (size_t)n);
	r->gone = n <= 0;
	return n > 0;
}

bool raw_hears(struct raw *r, uint32_t stream, size_t n)
{
	int64_t until = patience(r);
	struct raw_stream *s = &r->streams[stream];
	while (s->n_values < n && !s->finished && !s->reset && step(r, until))
		;
	return s->n_values >= n;
}

bool raw_pongs(struct raw *r, size_t n)
{
	int64_t until = patience(r);
	while (r->n_pongs < n && step(r, until))
		;
	return r->n_pongs >= n;
}

bool raw_ends(struct raw *r)
{
	int64_t until = patience(r);
	while (step(r, until))
		;
	return r->gone;
}

void raw_listens(struct raw *r, int ms)
{
	int64_t until = now_ms() + ms;
	while (step(r, until))
		;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void *serve(void *arg)
{
	struct raw *r = arg;
	r->freed = mm_plugin_serve(&r->plugin, r->plugin_fd, &r->why);
	return NULL;
}

void raw_start(struct raw *r, const struct mm_plugin_def *def)
{
	int fds[2] = { -1, -1 };
	memset(&r->plugin, 0, sizeof(r->plugin));
	memset(r->streams, 0, sizeof(r->streams));
	memset(&r->why, 0, sizeof(r->why));
	r->gone = false;
	r->freed = false;
	r->header_len = 0;
	r->payload_left = 0;
	r->n_pongs = 0;
	r->n_sent = 0;
	r->plugin.def = def;
	raw_conn_init(&r->control);
	raw_conn_init(&r->hooks);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return;
	r->fd = fds[0];
	r->plugin_fd = fds[1];
	pthread_create(&r->thread, NULL, serve, r);
}

bool raw_stop(struct raw *r)
{
	close(r->fd);
	pthread_join(r->thread, NULL);
	raw_conn_fini(&r->control);
	raw_conn_fini(&r->hooks);
	return r->freed;
}

/* ---- whole steps ---------------------------------------------------------------------------- */

bool raw_greets(struct raw *r)
{
	bool done = true;
	for (uint32_t id = 1; id <= 5; id += 2)
		done = raw_frame(r, FRAME_WINDOW, FRAME_SYN, id, 0) && done;
	return done;
}

bool raw_dispenses(struct raw *r)
{
	static const struct str name = STR("hooks");
	if (!raw_data(r, 0, RAW_CONTROL,
	        raw_request(&r->control, "Dispenser.Dispense", &gob_type_string,
	            &name)) ||
	    !raw_hears(r, RAW_CONTROL, 2) ||
	    !raw_data(r, FRAME_SYN, RAW_HOOKS, str_n("\1\0\0\0", 4)))
		return false;
	int64_t until = patience(r);
	struct raw_stream *s = &r->streams[RAW_HOOKS];
	while (s->n_number < 4 && !s->reset && step(r, until))
		;
	return s->n_number == 4;
}

bool raw_calls(struct raw *r, const char *method, const struct gob_type *type,
    const void *value)
{
	size_t n = r->streams[RAW_HOOKS].n_values;
	return raw_data(r, 0, RAW_HOOKS,
	           raw_request(&r->hooks, method, type, value)) &&
	       raw_hears(r, RAW_HOOKS, n + 2);
}

bool raw_activates(struct raw *r)
{
	static const struct mm_hook_on_activate_args ids = { RAW_API,
		RAW_DRIVER };
	return raw_greets(r) && raw_dispenses(r) &&
	       raw_calls(r, "Plugin.OnActivate", &mm_type_hook_on_activate_args,
	           &ids);
}

bool raw_lives(struct raw *r)
{
	static const bool yes = true;
	size_t n = r->streams[RAW_CONTROL].n_values;
	return raw_data(r, 0, RAW_CONTROL,
	           raw_request(
	               &r->control, "Control.Ping", &gob_type_bool, &yes)) &&
	       raw_hears(r, RAW_CONTROL, n + 2);
}
