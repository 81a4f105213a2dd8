/*
 * arena - memory that dies together
 *
 * One arena per call: decoded arguments, models, strings and results of the
 * call live in it, so that handlers hold almost no frees. It is sticky: the
 * first allocation that fails is remembered, later ones fail too, and the
 * caller may check once, before the result is used:
 *
 *	post->message = arena_printf(a, "Hello %s", name);
 *	if (!arena_ok(a, err))
 *		return false;
 *
 * Threads: one thread at a time per arena.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/err.h"
#include "base/str.h"

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

struct arena_block;

/* Zeroed memory is a valid arena with a cap of 0: every allocation fails. */
struct arena {
	struct arena_block *blocks; /* newest first, owned */
	size_t used;         /* bytes of all blocks, as if all were new */
	size_t max;          /* cap on used, given at birth */
	enum err_code fault; /* why an allocation failed, sticky */
};

/* Prepare an empty arena; nothing is allocated yet. max is in bytes. */
void arena_init(struct arena *a, size_t max);

/* Wipe and give back everything: a call may have held secrets. Accepts a zeroed
 * arena; leaves a zeroed one. */
void arena_fini(struct arena *a);

/* Wipe everything, and give back all but one block of at most `keep` bytes: for what
 * comes next. Under AddressSanitizer, which is to find who comes late, all. */
void arena_reset(struct arena *a, size_t keep);

/*
 * arena_alloc - zeroed memory, aligned for any type
 *
 * size 0 gives a valid pointer. Returns NULL when the cap is reached or
 * memory is out (sticky, see arena_ok).
 */
void *arena_alloc(struct arena *a, size_t size);

/* n zeroed objects of a size, checked for overflow. NULL likewise. */
void *arena_array(struct arena *a, size_t n, size_t size);

/* A zeroed object of a type. NULL likewise. */
#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* A copy of s, NUL-terminated; {NULL, 0} on failure. */
struct str arena_str(struct arena *a, struct str s);

/* Printed text, NUL-terminated; {NULL, 0} on failure. */
struct str arena_printf(struct arena *a, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
    PRINTF_LIKE(2, 0);

/* Bytes as lower-case hexadecimal digits. */
struct str arena_hex(struct arena *a, struct str bytes);

/* Move everything that lives in `from` into a; `from` is empty after it. The
 * cap of a rises where it must; a failure in `from` is one in a. */
void arena_adopt(struct arena *a, struct arena *from);

/*
 * The process keeps one large block (256 KiB to 2 MiB) that an arena has given
 * back, wiped, for the next arena that needs such: the system takes longer to
 * bring the pages than most handlers to read what is in them. arena_trim frees it
 * once it is due, a second after it was last given back; the threads that serve
 * hooks call it. Monotonic; DEADLINE_NEVER: there is none. Any thread. Under
 * AddressSanitizer none is kept.
 */
int64_t arena_trim_due_ms(void);
void arena_trim(void);

/* False, and err set, when any allocation has failed so far. */
bool arena_ok(const struct arena *a, struct err *err) MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
