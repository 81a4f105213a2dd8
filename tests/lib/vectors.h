/*
 * vectors - what real Go wrote, and how to compare with it
 *
 * Files in tests/vectors hold one JSON object a line: `hex` is a complete
 * gob stream, `value` what must come out of it, in the notation of the
 * generator: bytes {"$hex"}, interface values {"$name", "$value"}, types
 * with a marshaller {"$ext", "$hex"}; zero fields are not shown.
 */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include "gob/gob.h"

#include <jansson.h>

struct vector {
	const char *name;
	const char *go_type;
	struct str bytes;    /* owned by the file */
	const json_t *value; /* array of expected values; NULL for rules */
	const json_t *json;  /* the whole object */
	bool order_varies;
};

struct vector_file {
	json_t *json;
	struct vector *vectors;
	size_t n;
};

/* Load tests/vectors/<name>; fails the test when it cannot. */
void vectors_load(struct vector_file *file, const char *name);
void vectors_free(struct vector_file *file);

/* Bytes of a hex string, in the arena. */
struct str vectors_from_hex(struct arena *a, const char *hex);

/*
 * A descriptor that keeps everything a peer's type has, with a C layout of
 * its own, so that any value can be decoded and encoded again.
 */
const struct gob_type *vectors_type_of(
    struct arena *a, struct gob_wire_type *remote);

/* A decoded value in the notation of the vectors. Owned. */
json_t *vectors_view(const struct gob_type *type, const void *value);

#endif
