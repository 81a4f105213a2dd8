#include "zoom/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The leading bits of a network. */
struct network {
	uint8_t bytes[4];
	unsigned n_bits; /* at most 32 */
};

static const struct network special_v4[] = {
	{ { 0 }, 8 },             /* this network */
	{ { 10 }, 8 },            /* private */
	{ { 100, 64 }, 10 },      /* shared by a provider's customers */
	{ { 127 }, 8 },           /* loopback */
	{ { 169, 254 }, 16 },     /* link-local, metadata of clouds */
	{ { 172, 16 }, 12 },      /* private */
	{ { 192, 0, 0 }, 24 },    /* protocol assignments */
	{ { 192, 0, 2 }, 24 },    /* documentation */
	{ { 192, 168 }, 16 },     /* private */
	{ { 198, 18 }, 15 },      /* benchmarks */
	{ { 198, 51, 100 }, 24 }, /* documentation */
	{ { 203, 0, 113 }, 24 },  /* documentation */
	{ { 224 }, 3 },           /* multicast, reserved, broadcast */
};

/* What is public in IPv6, and what is not within it. */
static const struct network unicast_v6 = { { 0x20 }, 3 };
static const struct network special_v6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },       /* protocol assignments */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0x20, 0x02 }, 16 },             /* 6to4: holds any IPv4 */
	{ { 0x3f, 0xff }, 20 },             /* documentation */
};

static bool holds(const struct network *network, const uint8_t *address)
{
	unsigned whole = network->n_bits / 8;
	unsigned rest = network->n_bits % 8;
	if (memcmp(network->bytes, address, whole) != 0)
		return false;
	return rest == 0 ||
	       (network->bytes[whole] ^ address[whole]) >> (8 - rest) == 0;
}

static bool is_in(
    const struct network *networks, size_t n, const uint8_t *address)
{
	for (size_t i = 0; i < n; i++) {
		if (holds(&networks[i], address))
			return true;
	}
	return false;
}

static bool is_public_v4(const uint8_t *address)
{
	return !is_in(
	    special_v4, sizeof(special_v4) / sizeof(special_v4[0]), address);
}

static bool is_public_v6(const uint8_t *address)
{
	/* the forms with an IPv4 address at their end: mapped, NAT64 */
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	if (memcmp(address, mapped, sizeof(mapped)) == 0 ||
	    memcmp(address, nat64, sizeof(nat64)) == 0)
		return is_public_v4(address + 12);
	return holds(&unicast_v6, address) &&
	       !is_in(special_v6, sizeof(special_v6) / sizeof(special_v6[0]),
	           address);
}

bool zoom_address_is_public(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	switch (address->sa_family) {
	case AF_INET:
		memcpy(&v4, address, sizeof(v4));
		return is_public_v4((const uint8_t *)&v4.sin_addr);
	case AF_INET6:
		memcpy(&v6, address, sizeof(v6));
		return is_public_v6((const uint8_t *)&v6.sin6_addr);
	default:
		return false;
	}
}
