#include "plugin/url.h"

#include "plugin/lang.h"

#include <string.h>

#define SCHEME "https://"

#define ALNUM           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define HOST_CHARACTERS ALNUM ".-"
#define PATH_CHARACTERS ALNUM ".-_~/"

/* ---- parts -------------------------------------------------------------------- */

static bool is_https(struct str url)
{
	return str_has_prefix(url, S(SCHEME));
}

/* Between the scheme and the next slash: user, host and port. */
static struct str authority(struct str url)
{
	struct str before, path;
	size_t scheme = sizeof(SCHEME) - 1;
	str_cut(str_sub(url, scheme, url.len), '/', &before, &path);
	return before;
}

static struct str without_port(struct str host)
{
	struct str name, port;
	str_cut(host, ':', &name, &port);
	return name;
}

struct str url_host(struct str url)
{
	struct str host = authority(url);
	if (!is_https(url))
		return (struct str){ NULL, 0 };
	for (size_t i = 0; i < host.len; i++) {
		char ch = host.data[i];
		/* ? # and \ end a host for some readers and not for others */
		if (ch <= ' ' || ch > '~' ||
		    strchr("@?#\\\"<>^`{|}%", ch) != NULL)
			return (struct str){ NULL, 0 };
	}
	return without_port(host);
}

struct str url_path(struct str url)
{
	size_t before = sizeof(SCHEME) - 1 + authority(url).len;
	return str_sub(url, before, url.len);
}

bool url_host_is_in(struct str host, struct str domain)
{
	if (domain.len == 0 || host.len < domain.len)
		return false;
	struct str end = str_sub(host, host.len - domain.len, domain.len);
	if (!str_eq_nocase(end, domain))
		return false;
	return host.len == domain.len ||
	       host.data[host.len - domain.len - 1] == '.';
}

/* ---- what is wrong ---------------------------------------------------------------- */

static bool consists_of(struct str s, const char *characters)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '\0' || strchr(characters, s.data[i]) == NULL)
			return false;
	}
	return true;
}

static bool has(struct str s, const char *part)
{
	return memmem(str_c(s), s.len, part, strlen(part)) != NULL;
}

static bool has_no_scheme(struct str url)
{
	return !is_https(url);
}

static bool has_space(struct str url)
{
	for (size_t i = 0; i < url.len; i++) {
		if ((unsigned char)url.data[i] <= ' ' || url.data[i] == 0x7f)
			return true;
	}
	return false;
}

static bool has_user(struct str url)
{
	return has(authority(url), "@");
}

static bool has_no_host(struct str url)
{
	struct str host = without_port(authority(url));
	return host.len == 0 || !consists_of(host, HOST_CHARACTERS) ||
	       host.data[0] == '.' || has(host, "..");
}

static bool has_no_port(struct str url)
{
	struct str name, port;
	int64_t number;
	return str_cut(authority(url), ':', &name, &port) &&
	       (!consists_of(port, "0123456789") ||
	           !str_to_int64(port, &number) || number < 1 ||
	           number > 65535);
}

static bool has_no_plain_path(struct str url)
{
	struct str path = url_path(url);
	return !consists_of(path, PATH_CHARACTERS) || has(path, "//") ||
	       has(path, "/.");
}

/* The first that applies is told. */
static const struct {
	bool (*broken)(struct str url);
	const char *must;
} rules[] = {
	{ has_space, SAY("must have no spaces in it") },
	{ has_no_scheme, SAY("must begin with `https://`") },
	{ has_user, SAY("must have no user name in it") },
	{ has_no_host,
	    SAY("must name a host of letters, digits, dots and hyphens") },
	{ has_no_port, SAY("must have a port from 1 to 65535, or none") },
	{ has_no_plain_path,
	    SAY("must have nothing but a plain path behind the "
	        "host") },
};

const char *url_problem(struct str url)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].broken(url))
			return rules[i].must;
	}
	return NULL;
}
