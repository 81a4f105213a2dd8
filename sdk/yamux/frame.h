/*
 * frame - the 12-byte header in front of everything on a yamux connection
 *
 *	offset  size
 *	0       1     version, always 0
 *	1       1     type
 *	2       2     flags, big endian
 *	4       4     stream id, big endian; 0 for ping and go-away
 *	8       4     length, big endian: DATA payload bytes that follow;
 *	              WINDOW credit; PING opaque value; GO_AWAY reason
 *
 * Source: yamux spec.md "Framing"; const.go v0.1.2
 */
#ifndef YAMUX_FRAME_H
#define YAMUX_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define FRAME_SIZE 12

enum frame_type {
	FRAME_DATA = 0,
	FRAME_WINDOW = 1,
	FRAME_PING = 2,
	FRAME_GO_AWAY = 3,
};

enum frame_flag {
	FRAME_SYN = 1,
	FRAME_ACK = 2,
	FRAME_FIN = 4,
	FRAME_RST = 8,
};

enum frame_reason {
	FRAME_NORMAL = 0,
	FRAME_PROTOCOL_ERROR = 1,
	FRAME_INTERNAL_ERROR = 2,
};

struct frame_header {
	uint8_t type;   /* enum frame_type */
	uint16_t flags; /* of enum frame_flag */
	uint32_t stream;
	uint32_t length;
};

void frame_put(uint8_t out[FRAME_SIZE], const struct frame_header *h);

/* False for another version or an unknown type: fatal for the session. */
bool frame_get(const uint8_t in[FRAME_SIZE], struct frame_header *h);

#endif
