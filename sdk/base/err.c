#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *err_code_text(enum err_code code)
{
	static const char *const texts[] = {
		[ERR_NONE] = "no error",
		[ERR_NOT_FOUND] = "not found",
		[ERR_DENIED] = "denied",
		[ERR_TIMEOUT] = "timed out",
		[ERR_TOO_BIG] = "too big",
		[ERR_CLOSED] = "closed",
		[ERR_PROTOCOL] = "protocol error",
		[ERR_IO] = "input/output error",
		[ERR_NO_MEMORY] = "out of memory",
		[ERR_INVALID] = "invalid",
		[ERR_REMOTE] = "refused by the other side",
		[ERR_BUSY] = "busy",
	};
	return texts[code];
}

PRINTF_LIKE(3, 0)
static void put(
    struct err *err, enum err_code code, const char *fmt, va_list ap)
{
	err->code = code;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
}

bool err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	if (err->code != ERR_NONE)
		return false;
	va_list ap;
	va_start(ap, fmt);
	put(err, code, fmt, ap);
	va_end(ap);
	return false;
}

bool err_set_errno(struct err *err, const char *fmt, ...)
{
	int number = errno;
	if (err->code != ERR_NONE)
		return false;
	va_list ap;
	va_start(ap, fmt);
	put(err, ERR_IO, fmt, ap);
	va_end(ap);
	size_t used = strlen(err->text);
	/* in glibc from 2.32 on, and in musl, any thread may ask */
	snprintf(err->text + used, sizeof(err->text) - used, ": %s",
	    strerror(number));
	return false;
}

bool err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->text)];
	memcpy(inner, err->text, sizeof(inner));
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	size_t used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner);
	return false;
}

void err_clear(struct err *err)
{
	memset(err, 0, sizeof(*err));
}
