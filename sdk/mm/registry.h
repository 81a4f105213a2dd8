/*
 * registry - the names that may travel inside Mattermost's interface values
 *
 * Post props, dialog payloads and error results are interface values; Go
 * registers a handful of types for them, and refuses every other name.
 *
 * Source: server/public v0.4.3 plugin/client_rpc.go, init
 */
#ifndef MM_REGISTRY_H
#define MM_REGISTRY_H

#include "gob/gob.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct gob_registry mm_registry;

#ifdef __cplusplus
}
#endif

#endif
