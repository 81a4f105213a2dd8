#include "tests/lib/zoomtest.h"
#include "tests/lib/patience.h"

#include "base/clock.h"

#include <check.h>
#include <string.h>

static void start(struct zoomtest *t)
{
	memset(t, 0, sizeof(*t));
	ck_assert(zoom_global_init(&t->err));
	t->zoom = https_start();
	https_trust(t->zoom);
	arena_init(&t->arena, 1024 * 1024);
	t->call = (struct zoom_call){
		.client = zoom_client_new(NULL, &t->err),
		.settings = &t->settings,
		.arena = &t->arena,
		.deadline_ms = clock_deadline_ms(patience(8000)),
	};
	ck_assert_ptr_nonnull(t->call.client);
}

void zoomtest_start_api(struct zoomtest *t)
{
	start(t);
	t->settings.api_url = str_from(https_url(t->zoom));
	t->call.access_token = S("t0ken");
}

void zoomtest_start_oauth(struct zoomtest *t)
{
	start(t);
	t->settings.web_url = str_from(https_url(t->zoom));
	t->settings.client_id = S("id");
	t->settings.client_secret = S("s3cret");
}

void zoomtest_stop(struct zoomtest *t)
{
	zoom_client_free(t->call.client);
	arena_fini(&t->arena);
	https_stop(t->zoom);
	zoom_global_fini();
}
