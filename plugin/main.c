/* main - Zoom for Mattermost, the process */
#include "plugin/harden.h"
#include "plugin/plugin.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	struct plugin plugin = { 0 };
	struct err err = { 0 };
	int status = EXIT_FAILURE;
	const struct mm_plugin_def def = plugin_def(&plugin);
	/* threads that are cut off at the end must not find OpenSSL gone */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
	if (!harden(&err) || !zoom_global_init(&err)) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_FAILURE;
	}
	if (plugin_init(&plugin, &err))
		status = mm_plugin_run(&def);
	else
		fprintf(stderr, "%s\n", err.text);
	plugin_fini(&plugin);
	return status;
}
