/*
 * address - whether an address is one of the public internet
 *
 * Internal to libzoom.
 */
#ifndef ZOOM_ADDRESS_H
#define ZOOM_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

/*
 * zoom_address_is_public - false for loopback, private and link-local ones,
 * for those of other special use, for multicast, and for anything that is
 * neither IPv4 nor IPv6. An IPv4 address inside an IPv6 one counts itself.
 *
 * Source: IANA special-purpose address registries (RFC 6890)
 */
bool zoom_address_is_public(const struct sockaddr *address);

#endif
