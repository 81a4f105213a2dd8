#include "plugin/harden.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Set by the release flavour of the Makefile. */
#ifndef PLUGIN_RELEASE
# define PLUGIN_RELEASE 0
#endif

static void wipe_and_free(void *p)
{
	if (p == NULL)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

bool harden(struct err *err)
{
	const struct rlimit none = { 0, 0 };
	json_set_alloc_funcs(malloc, wipe_and_free);
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return err_set_errno(err, "setrlimit RLIMIT_CORE");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set_errno(err, "prctl PR_SET_NO_NEW_PRIVS");
	if (PLUGIN_RELEASE && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_set_errno(err, "prctl PR_SET_DUMPABLE");
	return true;
}
