#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_LINE 1000

void log_line(enum log_level level, const char *fmt, ...)
{
	static const char *const prefix[] = {
		[LOG_LEVEL_DEBUG] = "[DEBUG] ",
		[LOG_LEVEL_INFO] = "[INFO] ",
		[LOG_LEVEL_WARN] = "[WARN] ",
		[LOG_LEVEL_ERROR] = "[ERROR] ",
	};
	char line[LONGEST_LINE];
	size_t used = strlen(prefix[level]);
	memcpy(line, prefix[level], used);
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(line + used, sizeof(line) - used - 1, fmt, ap);
	va_end(ap);
	if (n > 0)
		used += strlen(line + used);
	for (size_t i = 0; i < used; i++) {
		if (line[i] == '\n' || line[i] == '\r')
			line[i] = ' ';
	}
	line[used++] = '\n';
	/* a log line that cannot be written has nowhere to be reported */
	ssize_t ignored = write(STDERR_FILENO, line, used);
	(void)ignored;
}
