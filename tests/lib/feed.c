#include "tests/lib/feed.h"

#include <string.h>

static bool feed_read(void *object, void *data, size_t room,
    int64_t deadline_ms, size_t *got, struct err *err)
{
	(void)deadline_ms;
	(void)err;
	struct feed *f = object;
	size_t n = f->bytes.len - f->at;
	if (n > room)
		n = room;
	if (f->piece > 0 && n > f->piece)
		n = f->piece;
	if (n > 0)
		memcpy(data, f->bytes.data + f->at, n);
	f->at += n;
	*got = n;
	return true;
}

static bool feed_write(void *object, const void *data, size_t n,
    int64_t deadline_ms, struct err *err)
{
	(void)object;
	(void)data;
	(void)n;
	(void)deadline_ms;
	return err_set(err, ERR_INVALID, "a feed is read only");
}

struct io feed_io(struct feed *f)
{
	return (struct io){ f, feed_read, feed_write, NULL };
}
