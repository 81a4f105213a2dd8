/*
 * zoomtest - a client of zoom/ and the scripted Zoom that it asks
 *
 *	zoomtest_start_api(&t);
 *	https_answers(t.zoom, 200, "", "{\"id\":\"u1\"}");
 *	ck_assert(zoom_user_fetch(&t.call, S("me"), &user, &t.err));
 *	zoomtest_stop(&t);
 *
 * The two starts know one address each, so that a request to the other one
 * goes nowhere.
 *
 * Threads: one test thread.
 */
#ifndef TESTS_ZOOMTEST_H
#define TESTS_ZOOMTEST_H

#include "tests/lib/https.h"
#include "zoom/client.h"

struct zoomtest {
	struct https *zoom;
	struct arena arena;
	struct zoom_settings settings;
	struct zoom_call call; /* its deadline is 8 seconds after the start */
	struct err err;
};

/* For the API: its address and an access token, "t0ken". */
void zoomtest_start_api(struct zoomtest *t);

/* For OAuth: its address, and the client "id" with "s3cret". */
void zoomtest_start_oauth(struct zoomtest *t);

void zoomtest_stop(struct zoomtest *t);

#endif
