/* command: what users type behind /zoom, down to the topic of a meeting. */
#include "fuzz/fuzz.h"

#include "plugin/meeting.h"
#include "plugin/text.h"

#include <ctype.h>

/* Characters of UTF-8, as text_line counts. */
static size_t characters(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.data[i] & 0xc0) != 0x80;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct str rest = { (const char *)data, size };
	str_word(&rest);
	struct str name = str_word(&rest);
	for (size_t i = 0; i < name.len; i++)
		FUZZ_CHECK(!isspace((unsigned char)name.data[i]));
	if (rest.len > 0)
		FUZZ_CHECK(rest.data + rest.len <= (const char *)data + size);
	arena_init(&a, (size_t)1024 * 1024);
	struct str topic = text_line(&a, rest, MEETING_TOPIC_MAX);
	FUZZ_CHECK(characters(topic) <= MEETING_TOPIC_MAX);
	for (size_t i = 0; i < topic.len; i++)
		FUZZ_CHECK((unsigned char)topic.data[i] >= ' ');
	arena_fini(&a);
	return 0;
}
