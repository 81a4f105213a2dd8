/* gotypes - the generated descriptors by the names they have in Go */
#ifndef TESTS_GOTYPES_H
#define TESTS_GOTYPES_H

#include "gob/gob.h"

/* "*plugin.Z_KVGetArgs", "model.Post", "[]string"; NULL: there is none. */
const struct gob_type *go_type_named(const char *go_type);

/* What a method of the hooks, of the API or of the control stream takes or
 * returns. NULL: there is no such method. */
const struct gob_type *go_type_of_args(struct str method);
const struct gob_type *go_type_of_reply(struct str method);

#endif
