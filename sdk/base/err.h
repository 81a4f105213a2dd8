/*
 * err - why something did not work, for the caller and for people
 *
 * Functions that can fail return bool, true = done, and fill a struct err
 * that the caller owns and has zeroed. The code is what a caller decides on,
 * the text is for people; neither ever holds a token. The first error stays:
 * setting an error that is set already changes nothing, wrapping puts context
 * in front.
 *
 *	if (!store_load(...))
 *		return err_wrap(err, "loading the token");
 *
 * Threads: one thread at a time per struct err.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

enum err_code {
	ERR_NONE = 0,
	ERR_NOT_FOUND, /* it is not there */
	ERR_DENIED,    /* it is there, but not for you */
	ERR_TIMEOUT,   /* nobody knows whether it happened */
	ERR_TOO_BIG,   /* a cap given at birth was reached */
	ERR_CLOSED,    /* the other side has gone, in order */
	ERR_PROTOCOL,  /* the other side broke the rules of the wire */
	ERR_IO,        /* the operating system or the network failed */
	ERR_NO_MEMORY, /* malloc returned NULL */
	ERR_INVALID,   /* the caller's input makes no sense */
	ERR_REMOTE,    /* the other side understood, and refused */
	ERR_BUSY,      /* too much at once; later may work */
};

struct err {
	enum err_code code;
	int status;     /* HTTP status of the other side, 0 = none */
	char text[256]; /* one sentence, no full stop, may be cut */
};

/* The name of a code in words, static. */
const char *err_code_text(enum err_code code);

/*
 * err_set - record an error, unless one is recorded already
 *
 * Returns false, so that a function can end with `return err_set(...)`.
 */
bool err_set(struct err *err, enum err_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The same, with the text of errno appended and ERR_IO as the code. */
bool err_set_errno(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Put "context: " in front of the text; returns false. */
bool err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Back to "no error", for a second attempt. */
void err_clear(struct err *err);

#ifdef __cplusplus
}
#endif

#endif
