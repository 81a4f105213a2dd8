/*
 * gob - Go's encoding/gob, driven by constant descriptors
 *
 * A connection has one encoder and one decoder per direction. Types are sent
 * once per direction, each in a message of its own before the first value
 * that needs it, and are remembered by the other side under a number.
 *
 *	stream  = message*
 *	message = uint length, then that many bytes:
 *	          int(-id) definition      the type `id` looks like this
 *	          int(+id) value           a value of type `id`
 *
 *	uint    0..127: one byte; else one byte 256-n, then n bytes big endian
 *	int     uint of i<<1, or (~i<<1)|1 when negative
 *	float   the 8 bytes of the double reversed, as a uint
 *	string  uint length, bytes         bytes likewise
 *	struct  (uint index delta, value)* then 0; zero fields are left out
 *	slice   uint count, values         array likewise
 *	map     uint count, (key, value)*
 *	any     string name, int id, uint byte count, value; "" is nil
 *
 * How Go types look in C, for descriptors:
 *
 *	bool             bool
 *	int8..int64      int64_t; `bits` is checked on the way in
 *	uint8..uint64    uint64_t, the same
 *	float32, float64 double
 *	string, []byte   struct str
 *	interface        struct gob_any
 *	time.Time        struct gob_time
 *	url.URL, ...     struct str, the marshalled bytes
 *	slice            struct gob_slice: pointer to elements, count
 *	map              struct gob_slice of entries {key; value}
 *	array            the elements in place
 *	struct           a C struct; fields by offset
 *	*T (fields only) pointer to T, NULL = nil
 *
 * As in Go, a pointer to a zero number, bool or string arrives as nil, and
 * nil and empty are the same for strings, bytes and slices. A map keeps the
 * difference: empty is {non-NULL, 0}.
 *
 * Source: encoding/gob (Go 1.26) doc.go, type.go, encode.go, decode.go
 */
#ifndef GOB_GOB_H
#define GOB_GOB_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/io.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Go caps a message at 8 GiB; a plugin's largest are file contents. */
#define GOB_MAX_MESSAGE ((size_t)64 * 1024 * 1024)

/* Values nest as deep as JSON in post props does; Go itself has no limit. */
#define GOB_MAX_DEPTH 64

/* http.Request of old hosts needs 36 definitions, a whole API about 600. */
#define GOB_MAX_TYPES 4096

/* All definitions of a connection; those of a whole API take 300 kB. */
#define GOB_MAX_TYPE_MEMORY ((size_t)4 * 1024 * 1024)

/* Once a message has begun, the rest has to follow within this time. */
#define GOB_STALL_MS 30000

enum gob_kind {
	GOB_BOOL,
	GOB_INT,
	GOB_UINT,
	GOB_FLOAT,
	GOB_BYTES,
	GOB_STRING,
	GOB_COMPLEX, /* decoded past, never kept */
	GOB_INTERFACE,
	GOB_STRUCT,
	GOB_SLICE,
	GOB_ARRAY,
	GOB_MAP,
	GOB_TIME,        /* time.Time, on the wire a GobEncoder */
	GOB_GOB_ENCODER, /* opaque bytes */
	GOB_BINARY_MARSHALER,
	GOB_TEXT_MARSHALER,
};

struct gob_type;

struct gob_field {
	const char *name;            /* as in Go; matched by name */
	const struct gob_type *type; /* of the field, or of what it points at */
	size_t offset;               /* in the C struct */
	bool pointer;                /* the member is a pointer to the type */
};

/* Constant description of a type. Generated, or written like a literal. */
struct gob_type {
	enum gob_kind kind;
	const char *name; /* Go's name, "" where Go sends none */
	size_t size;      /* of one value in C */
	unsigned bits;    /* GOB_INT, GOB_UINT: width in Go */

	const struct gob_field *fields; /* GOB_STRUCT */
	size_t n_fields;

	const struct gob_type *key;  /* GOB_MAP */
	const struct gob_type *elem; /* GOB_SLICE, GOB_ARRAY, GOB_MAP */
	size_t entry_size;           /* GOB_MAP: of an entry {key; value} */
	size_t elem_offset;          /* GOB_MAP: of the value in an entry */
	size_t len;                  /* GOB_ARRAY: elements */
	bool external_pointer;       /* Go has *T here and spends an id on it */
};

/* Slices and maps, as the walkers see them; members are declared with the
 * element type instead of void, at the same offsets. */
struct gob_slice {
	void *items; /* arena or borrowed */
	size_t n;    /* elements or entries */
};

/* An interface value. type NULL and name empty: nil. type NULL and a name:
 * a value of a type that is not registered here; it was decoded past and
 * cannot be sent. */
struct gob_any {
	struct str name;             /* registered name; may stay empty */
	const struct gob_type *type; /* from the registry */
	void *value;                 /* one value of that type */
};

/* An instant. All zero is Go's zero time, year 1 UTC. */
struct gob_time {
	int64_t seconds;     /* since 0001-01-01T00:00:00Z */
	int32_t nanoseconds; /* 0..999,999,999 */
	int16_t offset_min;  /* of the zone, east of UTC */
	bool local;          /* false: UTC, true: offset_min counts */
};

/* Seconds from Go's zero time to 1970-01-01T00:00:00Z. */
#define GOB_TIME_UNIX 62135596800

struct gob_any_entry {
	struct str key;
	struct gob_any value;
};

/* map[string]interface {} */
struct gob_any_map {
	struct gob_any_entry *items;
	size_t n;
};

/* []interface {} */
struct gob_any_list {
	struct gob_any *items;
	size_t n;
};

struct gob_strings {
	struct str *items;
	size_t n;
};

/* A name that may travel in an interface value, and what it stands for. */
struct gob_registered {
	const char *name;
	const struct gob_type *type;
};

/* Tables of such names; basic types and slices of them are always known. */
struct gob_registry {
	const struct gob_registered *rows;
	size_t n_rows;
};

/* The basic types, and those that JSON-like data is made of. */
extern const struct gob_type gob_type_bool, gob_type_int, gob_type_int8,
    gob_type_int16, gob_type_int32, gob_type_int64, gob_type_uint,
    gob_type_uint8, gob_type_uint16, gob_type_uint32, gob_type_uint64,
    gob_type_float32, gob_type_float64, gob_type_string, gob_type_bytes,
    gob_type_interface, gob_type_time, gob_type_url, gob_type_empty,
    gob_type_strings, gob_type_any_map, gob_type_any_list;

/*
 * Interface values for props, payloads and log fields. The value is copied
 * into the arena (of maps and lists the head, not the items); on failure the
 * arena remembers and the result is nil.
 */
struct gob_any gob_any_string(struct arena *a, struct str s);
struct gob_any gob_any_int64(struct arena *a, int64_t i);
struct gob_any gob_any_bool(struct arena *a, bool b);
struct gob_any gob_any_map(struct arena *a, struct gob_any_map map);
struct gob_any gob_any_list(struct arena *a, struct gob_any_list list);

/* Set a key of a map, new or not; the map's entries grow in the arena, and the
 * key is copied. Former copies of the map keep the entries they had. */
void gob_any_map_set(struct arena *a, struct gob_any_map *map, struct str key,
    struct gob_any value);

/* The value of a key, NULL when absent; lives as long as the map. In the
 * second, ASCII letters of either case are equal: for settings, whose keys
 * arrive as written in the manifest or lower-cased. */
const struct gob_any *gob_any_map_get(
    const struct gob_any_map *map, struct str key);
const struct gob_any *gob_any_map_get_nocase(
    const struct gob_any_map *map, struct str key);

/* What an interface value holds; "", 0, false, NULL when it is another type,
 * or v is NULL. Results live as long as the value.
 * Numbers: any integer, or a float that is one; false: it is neither. */
struct str gob_any_get_string(const struct gob_any *v);
bool gob_any_get_int64(const struct gob_any *v, int64_t *i);
bool gob_any_get_bool(const struct gob_any *v);
const struct gob_any_map *gob_any_get_map(const struct gob_any *v);
const struct gob_any_list *gob_any_get_list(const struct gob_any *v);

/* ---- encoder ---------------------------------------------------------- */

struct gob_sent; /* a type and the id it went out under */

/* One per direction of a connection. Threads: one at a time. */
struct gob_encoder {
	struct gob_sent *sent; /* owned; in order of ids */
	size_t n_sent, room_sent;
	int64_t next_id;
};

void gob_encoder_init(struct gob_encoder *e);
void gob_encoder_fini(struct gob_encoder *e);

/*
 * gob_encode - append the messages for one value
 *
 * Definitions that the peer does not have yet come first, also those of
 * types that occur inside interface values only.
 *
 *   out     taken as it is; on failure it is as long as it was, and the
 *           encoder is as it was
 *   value   borrowed
 *
 * Errors   ERR_TOO_BIG, ERR_NO_MEMORY from out; ERR_INVALID for an interface
 *          value of a type without a name
 */
bool gob_encode(struct gob_encoder *e, struct buf *out,
    const struct gob_type *type, const void *value, struct err *err) MUST_USE;

/*
 * gob_encoder_mark - remember what the peer will have been told
 *
 * For a caller that encodes several values into one buffer and may drop
 * them all: gob_encoder_undo forgets the types announced since the mark.
 */
struct gob_encoder_mark {
	size_t n_sent;
	int64_t next_id;
};
struct gob_encoder_mark gob_encoder_mark(const struct gob_encoder *e);
void gob_encoder_undo(struct gob_encoder *e, struct gob_encoder_mark mark);

/* ---- decoder ---------------------------------------------------------- */

struct gob_wire_type; /* a type as the peer defined it */

/*
 * One per direction of a connection. Threads: one at a time.
 *
 * A value that does not fit its receiver fails alone: the decoder stands at
 * the start of the next value. Bytes that break the rules of gob, and a
 * stream that ends inside a value, leave it broken for good.
 */
struct gob_decoder {
	struct io in;                        /* borrowed object */
	const struct gob_registry *registry; /* borrowed */
	size_t max_message;                  /* bytes */
	bool broken;

	struct buf input; /* bytes read; [start, len) not yet consumed */
	size_t start;

	/* the message being decoded, inside input */
	const uint8_t *p, *end;
	int depth;
	struct err fault;           /* why the present value does not fit */
	struct gob_wire_type *last; /* type of the value decoded last */

	struct arena types;           /* all definitions */
	struct gob_wire_type **by_id; /* hash, owned */
	size_t n_types, room_types;
};

/* registry may be NULL: basic types only. max_message 0 = GOB_MAX_MESSAGE. */
void gob_decoder_init(struct gob_decoder *d, struct io in,
    const struct gob_registry *registry, size_t max_message);
void gob_decoder_fini(struct gob_decoder *d);

/* Whether bytes have been read that are not decoded yet. */
bool gob_decoder_has_input(const struct gob_decoder *d);

/*
 * gob_decoder_wait - until the next message has begun to arrive
 *
 * Errors   ERR_TIMEOUT at the deadline, nothing consumed; ERR_CLOSED at the
 *          end of the stream between two values; others from the stream
 */
bool gob_decoder_wait(
    struct gob_decoder *d, int64_t deadline_ms, struct err *err) MUST_USE;

/*
 * gob_decode - read one value and all definitions in front of it
 *
 *   type    what to make of it; NULL: decode past it
 *   a       arena for what the value points at
 *   value   out: zeroed by the caller; fields absent on the wire stay
 *
 * Errors   ERR_CLOSED at end of stream before the value; ERR_INVALID: the
 *          value does not fit `type`; ERR_TOO_BIG: message or arena cap;
 *          ERR_PROTOCOL: not gob. After an error `broken` tells whether the
 *          connection can go on.
 */
bool gob_decode(struct gob_decoder *d, const struct gob_type *type,
    struct arena *a, void *value, struct err *err) MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
