/* main - Zoom for Mattermost, the process */
#include "plugin/harden.h"
#include "plugin/plugin.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

/* Two thirds of a start, while the host connects. */
static bool set_up(void *user, struct err *err)
{
	/* threads that are cut off at the end must not find OpenSSL gone */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
	return zoom_global_init(err) && plugin_init(user, err);
}

int main(void)
{
	struct plugin plugin = { 0 };
	struct err err = { 0 };
	struct mm_plugin_def def = plugin_def(&plugin);
	def.on_start = set_up;
	if (!harden(&err)) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_FAILURE;
	}
	int status = mm_plugin_run(&def);
	plugin_fini(&plugin);
	return status;
}
