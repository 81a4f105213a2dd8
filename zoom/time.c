/*
 * RFC 3339 times, read from left to right with a cursor that fails once:
 * after the first thing that does not fit, `ok` stays false.
 */
#include "zoom/time.h"

struct cursor {
	struct str rest;
	bool ok;
};

/* The next character, 0 at the end. */
static char peek(const struct cursor *c)
{
	return c->rest.len > 0 ? c->rest.data[0] : '\0';
}

static char take(struct cursor *c)
{
	char next = peek(c);
	c->rest = str_sub(c->rest, 1, c->rest.len);
	return next;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void expect(struct cursor *c, char upper, char lower)
{
	char next = take(c);
	c->ok = c->ok && (next == upper || next == lower);
}

/* Exactly n digits that give a number within the bounds. */
static int number(struct cursor *c, int n, int least, int most)
{
	int value = 0;
	for (int i = 0; i < n; i++) {
		char next = take(c);
		c->ok = c->ok && is_digit(next);
		value = value * 10 + (is_digit(next) ? next - '0' : 0);
	}
	c->ok = c->ok && value >= least && value <= most;
	return value;
}

/* ".123..." in milliseconds, further digits cut off; 0 when there is none. */
static int fraction_ms(struct cursor *c)
{
	if (peek(c) != '.')
		return 0;
	take(c);
	c->ok = c->ok && is_digit(peek(c));
	int ms = 0;
	for (int unit = 100; is_digit(peek(c)); unit /= 10)
		ms += (take(c) - '0') * unit;
	return ms;
}

/* "Z", "+02:00": minutes east of Greenwich. */
static int offset_min(struct cursor *c)
{
	char sign = take(c);
	if (sign == 'Z' || sign == 'z')
		return 0;
	c->ok = c->ok && (sign == '+' || sign == '-');
	int hours = number(c, 2, 0, 23);
	expect(c, ':', ':');
	int minutes = hours * 60 + number(c, 2, 0, 59);
	return sign == '-' ? -minutes : minutes;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01. A year is counted from March, so that 29 February
 * is its last day and every 400 years have the same length. */
static int64_t days_since_epoch(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;
	int64_t era_days = y * 365 + y / 4 - y / 100 + y / 400;
	return era_days + (153 * m + 2) / 5 + day - 1 - 719468;
}

bool zoom_time_parse(struct str text, int64_t *ms)
{
	*ms = 0;
	if (text.len == 0)
		return true;
	struct cursor c = { text, true };
	int year = number(&c, 4, 1, 9999);
	expect(&c, '-', '-');
	int month = number(&c, 2, 1, 12);
	expect(&c, '-', '-');
	int day = number(&c, 2, 1, 31);
	expect(&c, 'T', 't');
	int hour = number(&c, 2, 0, 23);
	expect(&c, ':', ':');
	int minute = number(&c, 2, 0, 59);
	expect(&c, ':', ':');
	int second = number(&c, 2, 0, 60); /* 60: a leap second */
	int fraction = fraction_ms(&c);
	int offset = offset_min(&c);
	if (!c.ok || c.rest.len > 0 || day > days_in_month(year, month))
		return false;
	int64_t minutes = days_since_epoch(year, month, day) * 1440 +
	                  (int64_t)hour * 60 + minute - offset;
	*ms = (minutes * 60 + second) * 1000 + fraction;
	return true;
}
