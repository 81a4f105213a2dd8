/* log - lines for the server's log */
#include "mm/plugin.h"

/* More keys and values than this are a mistake. */
#define MAX_FIELDS 32

/* What log_line prints of a line at most; so of any part of it. */
#define LONGEST ((size_t)1000)

static const enum mm_api_method methods[] = {
	[LOG_LEVEL_DEBUG] = MM_API_LOG_DEBUG,
	[LOG_LEVEL_INFO] = MM_API_LOG_INFO,
	[LOG_LEVEL_WARN] = MM_API_LOG_WARN,
	[LOG_LEVEL_ERROR] = MM_API_LOG_ERROR,
};

static void to_stderr(
    enum log_level level, const char *text, const struct str *fields, size_t n)
{
	struct buf line;
	buf_init(&line, (MAX_FIELDS + 1) * (LONGEST + 1));
	buf_put_str(&line, str_sub(str_from(text), 0, LONGEST));
	for (size_t i = 0; i < n; i++) {
		buf_put_byte(&line, i % 2 == 0 ? ' ' : '=');
		buf_put_str(&line, str_sub(fields[i], 0, LONGEST));
	}
	log_line(level, "%.*s", STR_ARG(buf_str(&line)));
	buf_fini(&line);
}

/* The four methods have the same arguments. */
static bool to_server(struct mm_plugin *p, enum log_level level,
    const char *text, struct str *fields, size_t n)
{
	struct gob_any pairs[MAX_FIELDS];
	struct arena a;
	struct err err = { 0 };
	for (size_t i = 0; i < n; i++)
		pairs[i] = (struct gob_any){ .type = &gob_type_string,
			.value = &fields[i] };
	const struct mm_log_info_args args = {
		.msg = str_from(text),
		.key_value_pairs = { pairs, n },
	};
	arena_init(&a, 4096);
	bool done = mm_api_call(p, &a, methods[level], &args, NULL, &err);
	arena_fini(&a);
	return done;
}

void mm_log(struct mm_plugin *p, enum log_level level, const char *text, ...)
{
	struct str fields[MAX_FIELDS];
	size_t n = 0;
	va_list ap;
	va_start(ap, text);
	const char *s = va_arg(ap, const char *);
	while (s != NULL && n < MAX_FIELDS) {
		fields[n++] = str_from(s);
		s = va_arg(ap, const char *);
	}
	va_end(ap);
	n &= ~(size_t)1;
	if (!plugin_api_ready(p) || !to_server(p, level, text, fields, n))
		to_stderr(level, text, fields, n);
}
