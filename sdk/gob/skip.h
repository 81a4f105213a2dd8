/* skip - the parts of the decoder that need no receiver */
#ifndef GOB_SKIP_H
#define GOB_SKIP_H

#include "gob/types.h"

/* Record why the present value does not fit; decoding goes on without it. */
void skip_fault(struct gob_decoder *d, enum err_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The connection cannot go on; returns false. */
bool skip_broken(struct gob_decoder *d, struct err *err, const char *what);

/* Make the next message the present one, wherever the value was cut. */
bool skip_next_message(struct gob_decoder *d, struct err *err) MUST_USE;

/*
 * skip_interface - read the head of an interface value
 *
 * Definitions that come in the middle of it are learnt, messages that end
 * there are continued. Afterwards the cursor stands at the value.
 *
 *   type   out: of the value that follows; NULL for nil
 *   local  out: what the registry has for the name, or NULL
 *   name   out: the name, copied into a; a may be NULL
 */
bool skip_interface(struct gob_decoder *d, struct arena *a,
    struct gob_wire_type **type, const struct gob_registered **local,
    struct str *name, struct err *err) MUST_USE;

/* Move past one value of the type, however deeply it nests. */
bool skip_value(struct gob_decoder *d, struct gob_wire_type *type,
    struct err *err) MUST_USE;

#endif
