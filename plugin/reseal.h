/*
 * reseal - after another encryption key: seal anew what is under former ones
 *
 * Whatever is used is sealed anew at once (grant_renew); the rest is here, on
 * one node: a look through all keys of the store, page by page. When a look
 * finds nothing left, the former keys may go (keyring_retire). Each value
 * is replaced by compare-and-set, so nothing newer is lost.
 *
 * plugin.reseal_due says that there may be something to do: since the plugin's
 * start, or since the key has changed.
 */
#ifndef PLUGIN_RESEAL_H
#define PLUGIN_RESEAL_H

#include "plugin/plugin.h"

/* Do what is due, if anything; what fails is logged and stays due. To be called
 * again after some seconds. On a thread of ours: it may take long. */
void reseal(struct ctx *c);

#endif
