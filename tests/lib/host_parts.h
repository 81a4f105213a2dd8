/* host_parts - what the files of host have in common */
#ifndef TESTS_HOST_PARTS_H
#define TESTS_HOST_PARTS_H

#include "tests/lib/host.h"

/* A number for the plugin to dial, and what is done with its stream, on the
 * thread that accepts. */
uint32_t host_expects_dial(struct host *h,
    void (*taken)(void *object, struct yamux_stream *st), void *object);

/* The plugin has dialled it, or will in a moment: wait until it is taken. */
void host_awaits_dial(struct host *h, uint32_t id);

/* Nobody waits for it any more. */
void host_forgets_dial(struct host *h, uint32_t id);

/* Lock held: host. Answer a call out of what the server knows; false: there
 * is no such method. */
bool host_knows(struct host *h, enum mm_api_method method, struct arena *a,
    const void *args, void *returns);

/* An answer out of what the server knows. Lock held: host. */
typedef void host_known_fn(
    struct host *h, struct arena *a, const void *args, void *ret);

/* By method, NULL for those of other files. */
extern host_known_fn *const host_keys_api[MM_N_API];
extern host_known_fn *const host_people_api[MM_N_API];
extern host_known_fn *const host_posts_api[MM_N_API];

/* The server's clock. */
int64_t host_now_ms(const struct host *h);

/* The AppError of what is not there. */
struct mm_app_error *host_missing(struct arena *a, const char *what);

/* The AppError, or error, of a method's results; false: it has none. */
bool host_refuses(const struct gob_type *returns_type, struct arena *a,
    void *returns, int status);

#endif
