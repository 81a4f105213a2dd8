/*
 * types - definitions: those of the peer, learnt, and ours, announced
 *
 * Both sides number types from 64 on; smaller numbers are fixed:
 *
 *	 1 bool   2 int   3 uint   4 float   5 bytes   6 string   7 complex
 *	 8 interface
 *	16 wireType  { ArrayT 17, SliceT 19, StructT 20, MapT 23,
 *	               GobEncoderT 24, BinaryMarshalerT 24, TextMarshalerT 24 }
 *	17 arrayType { CommonType 18, Elem int, Len int }
 *	18 CommonType { Name string, Id int }
 *	19 sliceType { CommonType 18, Elem int }
 *	20 structType { CommonType 18, Field 22 }
 *	21 fieldType { Name string, Id int }      22 []fieldType
 *	23 mapType   { CommonType 18, Key int, Elem int }
 *	24 gobEncoderType { CommonType 18 }
 *
 * Source: encoding/gob (Go 1.26) type.go
 */
#ifndef GOB_TYPES_H
#define GOB_TYPES_H

#include "gob/gob.h"

#define FIRST_FREE_ID 64

struct wire_field {
	struct str name; /* in the decoder's type arena */
	int64_t id;
	struct gob_wire_type *type; /* set when the definition is linked */
};

/* How the fields of one of the peer's structs map to one of ours. */
struct wire_plan {
	struct wire_plan *next;
	const struct gob_type *local;
	int32_t *field; /* index into local->fields, -1 = decode past it */
	const char *mismatch; /* a field of another kind, or NULL */
	bool none_matched;
};

/* A type as the peer defined it. Lives as long as the decoder. */
struct gob_wire_type {
	enum gob_kind kind;
	int64_t id;
	bool linked; /* all types it names are known */
	int64_t key_id, elem_id;
	uint64_t len; /* arrays */
	struct wire_field *fields;
	size_t n_fields;
	struct gob_wire_type *key, *elem;
	struct wire_plan *plans; /* one per local type met so far */
};

/*
 * types_learn - take in the definition of type `id`
 *
 *   p, end   the definition, the rest of its message; p is moved behind it
 *
 * Errors   ERR_PROTOCOL: malformed, or id defined before
 */
bool types_learn(struct gob_decoder *d, int64_t id, const uint8_t **p,
    const uint8_t *end, struct err *err) MUST_USE;

/* The type with this id, with everything it names resolved.
 * Errors: ERR_PROTOCOL when it, or a type it names, is not defined. */
struct gob_wire_type *types_get(
    struct gob_decoder *d, int64_t id, struct err *err);

/* Whether a value of the peer's type can go into one of ours. */
bool types_fit(
    const struct gob_wire_type *remote, const struct gob_type *local);

/* The field map for two structs that fit; NULL when memory is out. */
struct wire_plan *types_plan(struct gob_decoder *d,
    struct gob_wire_type *remote, const struct gob_type *local);

/* Whether values of the type can hold an interface value. */
bool types_has_interface(const struct gob_wire_type *remote);

/* Fixed id of a basic kind, 0 for the others. */
int64_t types_basic_id(enum gob_kind kind);

/* Append our definition of a type, without the message length.
 * id_of gives the ids of the types it names. */
void types_put_definition(struct buf *b, int64_t id,
    const struct gob_type *type,
    int64_t (*id_of)(void *ctx, const struct gob_type *type), void *ctx);

#endif
