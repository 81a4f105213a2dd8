/*
 * page - the few HTML pages that people see in their browser
 */
#ifndef PLUGIN_PAGE_H
#define PLUGIN_PAGE_H

#include "plugin/plugin.h"

struct page {
	int status;
	const char *title;     /* HTML, constant; translated here */
	const char *paragraph; /* likewise */
	struct str detail;     /* plain text, escaped here; may be empty */
	bool closes;           /* the window closes itself after a moment */
};

/* Answer with a page. It tells nobody where it was and is kept by nobody:
 * its address holds a code and a state. */
void page_send(struct ctx *c, struct mm_http *http, const struct page *page);

#endif
