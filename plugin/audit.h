/*
 * audit - who changed what, in the server's audit log
 *
 * Servers before 10.10 have none for plugins: the first record finds that
 * out, and no other is tried.
 */
#ifndef PLUGIN_AUDIT_H
#define PLUGIN_AUDIT_H

#include "plugin/plugin.h"

struct audit {
	const char *event;  /* "zoomConnect" */
	struct str user_id; /* who did it; empty: Zoom, or unknown here */
	const char *object; /* what `name` and `value` belong to */
	const char *name;
	struct str value;
	const char *setting; /* what was set; may be NULL */
	bool failed;
};

/* Failures are logged. No secrets. */
void audit(struct ctx *c, const struct audit *what);

/*
 * audit_settings - a record for each change of what may be done, or of the key
 *
 * Between the present settings and those that follow. By whom is in the
 * server's own record of the change. Each node writes its own.
 */
void audit_settings(struct ctx *c, const struct config *next);

#endif
