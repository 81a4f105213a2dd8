#include "zoom/retry.h"

#include "zoom/time.h"

#include <curl/curl.h>
#include <openssl/rand.h>

/* A daily limit is the longest that Zoom knows. */
#define LONGEST_MS ((int64_t)24 * 3600 * 1000)

/* Longest header value that can be a date: curl_getdate wants a C string. */
#define DATE_ROOM 64

/* 9999-12-31T23:59:59Z, the last second that zoom/time.h knows, too. */
#define LAST_DATE ((time_t)253402300799)

#define FIRST_BACKOFF_MS   500
#define LONGEST_BACKOFF_MS 8000

bool zoom_retry_date(struct str value, int64_t *ms)
{
	char text[DATE_ROOM];
	*ms = 0;
	if (value.len >= sizeof(text))
		return false;
	for (size_t i = 0; i < value.len; i++)
		text[i] = value.data[i];
	text[value.len] = '\0';
	time_t date = curl_getdate(text, NULL);
	if (date < 0 || date > LAST_DATE)
		return false;
	*ms = (int64_t)date * 1000;
	return true;
}

bool zoom_retry_after(struct str value, int64_t now_ms, int64_t *wait_ms)
{
	*wait_ms = 0;
	value = str_trim(value);
	if (value.len == 0)
		return false;
	int64_t wait;
	int64_t date_ms;
	if (str_to_int64(value, &wait)) {
		if (wait < 0)
			return false;
		wait = wait > LONGEST_MS / 1000 ? LONGEST_MS : wait * 1000;
	} else if (zoom_time_parse(value, &date_ms) ||
	           zoom_retry_date(value, &date_ms)) {
		wait = date_ms - now_ms;
	} else {
		return false;
	}
	if (wait < 0)
		wait = 0;
	*wait_ms = wait > LONGEST_MS ? LONGEST_MS : wait;
	return true;
}

int64_t zoom_retry_backoff_ms(int n)
{
	int64_t whole = FIRST_BACKOFF_MS;
	while (--n > 0 && whole < LONGEST_BACKOFF_MS)
		whole *= 2;
	uint16_t chance = 0;
	/* without random bytes the wait is the shortest one */
	(void)RAND_bytes((unsigned char *)&chance, sizeof(chance));
	return whole / 2 + (whole / 2) * chance / UINT16_MAX;
}
