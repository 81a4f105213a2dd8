#include "yamux/frame.h"

#include <arpa/inet.h>
#include <string.h>

void frame_put(uint8_t out[FRAME_SIZE], const struct frame_header *h)
{
	uint16_t flags = htons(h->flags);
	uint32_t stream = htonl(h->stream);
	uint32_t length = htonl(h->length);
	out[0] = 0;
	out[1] = h->type;
	memcpy(out + 2, &flags, sizeof(flags));
	memcpy(out + 4, &stream, sizeof(stream));
	memcpy(out + 8, &length, sizeof(length));
}

bool frame_get(const uint8_t in[FRAME_SIZE], struct frame_header *h)
{
	uint16_t flags;
	uint32_t stream, length;
	memcpy(&flags, in + 2, sizeof(flags));
	memcpy(&stream, in + 4, sizeof(stream));
	memcpy(&length, in + 8, sizeof(length));
	*h = (struct frame_header){ in[1], ntohs(flags), ntohl(stream),
		ntohl(length) };
	return in[0] == 0 && in[1] <= FRAME_GO_AWAY;
}
