/* command: what users type behind /zoom: topics, links, meeting ids. */
#include "fuzz/fuzz.h"

#include "plugin/meeting.h"
#include "plugin/subscription.h"
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

static void check_topic(struct arena *a, struct str typed)
{
	struct str topic = text_line(a, typed, MEETING_TOPIC_MAX);
	FUZZ_CHECK(characters(topic) <= MEETING_TOPIC_MAX);
	for (size_t i = 0; i < topic.len; i++)
		FUZZ_CHECK((unsigned char)topic.data[i] >= ' ');
}

static void check_link(struct arena *a, struct str typed)
{
	struct str target = text_link_target(a, typed);
	if (!text_is_link(typed))
		return;
	FUZZ_CHECK(str_eq_nocase(str_sub(target, 0, 4), S("http")));
	for (size_t i = 0; i < target.len; i++)
		FUZZ_CHECK(target.data[i] != ' ' && target.data[i] != ')');
}

static void check_id(struct str typed)
{
	int64_t id = 0;
	const char *why = "";
	if (subscription_parse_id(typed, &id, &why))
		FUZZ_CHECK(id > 0);
	else
		FUZZ_CHECK(why[0] != '\0');
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
	check_topic(&a, rest);
	check_link(&a, rest);
	check_id(rest);
	arena_fini(&a);
	return 0;
}
