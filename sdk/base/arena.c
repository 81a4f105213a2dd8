#include "base/arena.h"

#include "base/clock.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was not given out is zero: blocks are born so, and wiped when they are to be
 * used again. The system has zeroed the pages of a large one already. */

#ifdef __has_feature /* clang's; gcc has a macro */
# if __has_feature(address_sanitizer)
#  define FINDS_WHO_COMES_LATE
# endif
#endif
#ifdef __SANITIZE_ADDRESS__
# define FINDS_WHO_COMES_LATE
#endif

/* First block: most calls fit. Later ones double up to the second number. */
#define FIRST_BLOCK   ((size_t)2048)
#define LARGEST_BLOCK ((size_t)256 * 1024)

/* A block above that is for one large thing; up to so much it is worth keeping,
 * for so long. */
#define LARGEST_KEPT ((size_t)2 * 1024 * 1024)
#define KEPT_MS      1000

struct arena_block {
	struct arena_block *next;
	size_t size; /* bytes in data */
	size_t room; /* of them, for this arena: as many as if it was new */
	size_t used; /* bytes given out */
	alignas(max_align_t) char data[];
};

/* ---- one large block for whoever comes next ---------------------------------------- */

static _Atomic(struct arena_block *) spare; /* wiped */
static _Atomic int64_t spare_due_ms;

static void give_back(struct arena_block *block)
{
	bool keep = block->size > LARGEST_BLOCK && block->size <= LARGEST_KEPT;
#ifdef FINDS_WHO_COMES_LATE
	keep = false;
#endif
	if (keep) {
		atomic_store(&spare_due_ms, clock_deadline_ms(KEPT_MS));
		block = atomic_exchange(&spare, block);
	}
	free(block);
}

/* NULL when there is none that fits. */
static struct arena_block *take_spare(size_t want)
{
	if (want <= LARGEST_BLOCK)
		return NULL;
	struct arena_block *block = atomic_exchange(&spare, NULL);
	if (block == NULL || block->size >= want)
		return block;
	free(block);
	return NULL;
}

static struct arena_block *new_block(size_t want)
{
	struct arena_block *block = take_spare(want);
	if (block != NULL)
		return block;
	block = calloc(1, sizeof(*block) + want);
	if (block != NULL)
		block->size = want;
	return block;
}

int64_t arena_trim_due_ms(void)
{
	return atomic_load(&spare) == NULL ? DEADLINE_NEVER
	                                   : atomic_load(&spare_due_ms);
}

void arena_trim(void)
{
	int64_t due_ms = arena_trim_due_ms();
	if (due_ms != DEADLINE_NEVER && due_ms <= clock_now_ms())
		free(atomic_exchange(&spare, NULL));
}

/* ---- an arena ----------------------------------------------------------------------- */

void arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){ .max = max };
}

/* Wipe all blocks; free them but for `kept`. */
static void wipe(struct arena *a, const struct arena_block *kept)
{
	struct arena_block *block = a->blocks;
	while (block != NULL) {
		struct arena_block *next = block->next;
		explicit_bzero(block->data, block->used);
		if (block != kept)
			give_back(block);
		block = next;
	}
}

void arena_fini(struct arena *a)
{
	wipe(a, NULL);
	*a = (struct arena){ 0 };
}

void arena_reset(struct arena *a, size_t keep)
{
	struct arena_block *kept = a->blocks;
#ifdef FINDS_WHO_COMES_LATE
	keep = 0;
#endif
	while (kept != NULL && kept->size > keep)
		kept = kept->next;
	wipe(a, kept);
	*a = (struct arena){ .max = a->max };
	if (kept == NULL)
		return;
	kept->next = NULL;
	kept->used = 0;
	kept->room = kept->size;
	a->blocks = kept;
	a->used = kept->room;
}

static void *fail(struct arena *a, enum err_code code)
{
	if (a->fault == ERR_NONE)
		a->fault = code;
	return NULL;
}

/* A new block with room for at least `size` bytes, in front of the list. */
static bool grow(struct arena *a, size_t size)
{
	size_t want = FIRST_BLOCK;
	if (a->blocks != NULL)
		want = a->blocks->room * 2;
	if (want > LARGEST_BLOCK)
		want = LARGEST_BLOCK;
	if (want < size)
		want = size;
	if (want > a->max - a->used)
		want = size;
	if (want > a->max - a->used)
		return fail(a, ERR_TOO_BIG) != NULL;
	struct arena_block *block = new_block(want);
	if (block == NULL)
		return fail(a, ERR_NO_MEMORY) != NULL;
	block->next = a->blocks;
	block->room = want;
	block->used = 0;
	a->blocks = block;
	a->used += want;
	return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (a->fault != ERR_NONE)
		return NULL;
	if (size > a->max)
		return fail(a, ERR_TOO_BIG);
	size_t align = alignof(max_align_t);
	size = (size + align - 1) & ~(align - 1);
	struct arena_block *block = a->blocks;
	if (block == NULL || block->room - block->used < size) {
		if (!grow(a, size))
			return NULL;
		block = a->blocks;
	}
	void *p = block->data + block->used;
	block->used += size;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		return fail(a, ERR_TOO_BIG);
	return arena_alloc(a, bytes);
}

struct str arena_str(struct arena *a, struct str s)
{
	char *copy = arena_alloc(a, s.len + 1);
	if (copy == NULL)
		return (struct str){ NULL, 0 };
	if (s.len > 0)
		memcpy(copy, s.data, s.len);
	return (struct str){ copy, s.len };
}

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	char *text =
	    n < 0 ? fail(a, ERR_INVALID) : arena_alloc(a, (size_t)n + 1);
	if (text != NULL)
		vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){ text, text == NULL ? 0 : (size_t)n };
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

void arena_adopt(struct arena *a, struct arena *from)
{
	struct arena_block **end = &from->blocks;
	while (*end != NULL)
		end = &(*end)->next;
	*end = a->blocks;
	if (from->blocks != NULL)
		a->blocks = from->blocks;
	a->used += from->used;
	if (a->used > a->max)
		a->max = a->used;
	if (a->fault == ERR_NONE)
		a->fault = from->fault;
	*from = (struct arena){ .max = from->max };
}

bool arena_ok(const struct arena *a, struct err *err)
{
	if (a->fault == ERR_NONE)
		return true;
	return err_set(
	    err, a->fault, "memory of this call: %s", err_code_text(a->fault));
}

struct str arena_hex(struct arena *a, struct str bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *out = arena_alloc(a, 2 * bytes.len + 1);
	if (out == NULL)
		return (struct str){ NULL, 0 };
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char byte = (unsigned char)bytes.data[i];
		out[2 * i] = digits[byte >> 4];
		out[2 * i + 1] = digits[byte & 15];
	}
	return str_n(out, 2 * bytes.len);
}
