/*
 * Which proxy a URL takes. The environment is copied at birth; a question
 * cuts the URL into host and port and walks NO_PROXY from left to right.
 * What makes no sense in NO_PROXY is passed over, as Go does.
 */
#include "zoom/proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* An address as bytes: 4 of IPv4 or 16 of IPv6, 0 when it is none. */
struct address {
	uint8_t bytes[16];
	unsigned len;
};

/* What NO_PROXY is held against. */
struct target {
	struct str host; /* without brackets */
	struct str port; /* digits */
	struct address address;
};

static struct address parse_address(struct str text)
{
	struct address a = { .len = 0 };
	char copy[INET6_ADDRSTRLEN];
	if (text.len == 0 || text.len >= sizeof(copy))
		return a;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, a.bytes) == 1)
		a.len = 4;
	else if (inet_pton(AF_INET6, copy, a.bytes) == 1)
		a.len = 16;
	return a;
}

static bool same_bits(
    const struct address *a, const struct address *b, unsigned n_bits)
{
	if (a->len != b->len || memcmp(a->bytes, b->bytes, n_bits / 8) != 0)
		return false;
	unsigned rest = n_bits % 8;
	unsigned differ =
	    rest == 0 ? 0U
	              : (unsigned)(a->bytes[n_bits / 8] ^ b->bytes[n_bits / 8]);
	return differ >> (8 - rest) == 0;
}

static bool is_loopback(const struct address *a)
{
	static const struct address v6 = { .bytes = { [15] = 1 }, .len = 16 };
	if (a->len == 4)
		return a->bytes[0] == 127;
	return same_bits(a, &v6, 128);
}

/* "[::1]:80", "host:80", "host", "::1" into host and port. */
static void split_port(struct str text, struct str *host, struct str *port)
{
	*host = text;
	*port = (struct str){ NULL, 0 };
	if (str_has_prefix(text, S("["))) {
		struct str rest;
		str_cut(str_sub(text, 1, text.len), ']', host, &rest);
		if (str_has_prefix(rest, S(":")))
			*port = str_sub(rest, 1, rest.len);
		return;
	}
	struct str before;
	struct str after;
	bool one_colon =
	    str_cut(text, ':', &before, &after) &&
	    (after.len == 0 || memchr(after.data, ':', after.len) == NULL);
	if (one_colon) {
		*host = before;
		*port = after;
	}
}

static struct target parse_url(struct str url, bool is_https)
{
	struct str rest = str_sub(url, is_https ? 8 : 7, url.len);
	size_t n = 0;
	while (n < rest.len && strchr("/?#", rest.data[n]) == NULL)
		n++;
	struct str authority = str_sub(rest, 0, n);
	struct str before;
	struct str after;
	if (str_cut(authority, '@', &before, &after))
		authority = after;
	struct target t;
	split_port(authority, &t.host, &t.port);
	if (t.port.len == 0)
		t.port = is_https ? S("443") : S("80");
	t.address = parse_address(t.host);
	return t;
}

/* "192.0.2.0/24"; *is_network says whether the rule has that form. */
static bool network_covers(
    struct str rule, const struct target *t, bool *is_network)
{
	struct str prefix;
	struct str digits;
	int64_t n_bits;
	*is_network = false;
	if (!str_cut(rule, '/', &prefix, &digits) ||
	    !str_to_int64(digits, &n_bits))
		return false;
	struct address network = parse_address(prefix);
	if (network.len == 0 || n_bits < 0 || n_bits > (int64_t)network.len * 8)
		return false;
	*is_network = true;
	return same_bits(&network, &t->address, (unsigned)n_bits);
}

static bool ends_with(struct str host, struct str tail)
{
	return host.len >= tail.len &&
	       str_eq_nocase(
	           str_sub(host, host.len - tail.len, tail.len), tail);
}

static bool domain_covers(struct str domain, struct str host)
{
	if (str_has_prefix(domain, S("*.")))
		domain = str_sub(domain, 1, domain.len);
	if (!ends_with(host, domain))
		return false;
	if (domain.data[0] == '.')
		return true;
	return host.len == domain.len ||
	       host.data[host.len - domain.len - 1] == '.';
}

static bool rule_covers(struct str rule, const struct target *t)
{
	if (str_eq(rule, S("*")))
		return true;
	bool is_network;
	bool inside = network_covers(rule, t, &is_network);
	if (is_network)
		return inside;
	struct str host;
	struct str port;
	split_port(rule, &host, &port);
	if (host.len == 0 || (port.len > 0 && !str_eq(port, t->port)))
		return false;
	struct address address = parse_address(host);
	if (address.len > 0)
		return same_bits(&address, &t->address, address.len * 8);
	return domain_covers(host, t->host);
}

static bool is_excepted(const char *except, const struct target *t)
{
	struct str rest = str_from(except);
	while (rest.len > 0) {
		struct str rule;
		str_cut(rest, ',', &rule, &rest);
		rule = str_trim(rule);
		if (rule.len > 0 && rule_covers(rule, t))
			return true;
	}
	return false;
}

struct str zoom_proxy_for(const struct zoom_proxies *p, struct str url)
{
	struct str none = { NULL, 0 };
	bool is_https = str_eq_nocase(str_sub(url, 0, 8), S("https://"));
	bool is_http = str_eq_nocase(str_sub(url, 0, 7), S("http://"));
	const char *proxy = is_https ? p->https : p->http;
	if ((!is_https && !is_http) || proxy == NULL)
		return none;
	struct target t = parse_url(url, is_https);
	if (t.host.len == 0 || str_eq_nocase(t.host, S("localhost")) ||
	    is_loopback(&t.address) || is_excepted(p->except, &t))
		return none;
	return str_from(proxy);
}

/* The value of either name; empty counts as not set. */
static bool copy_env(
    zoom_getenv *env, const char *upper, const char *lower, char **copy)
{
	const char *value = env(upper);
	if (value == NULL || value[0] == '\0')
		value = env(lower);
	if (value == NULL || value[0] == '\0')
		return true;
	*copy = strdup(value);
	return *copy != NULL;
}

bool zoom_proxies_init(
    struct zoom_proxies *p, zoom_getenv *env, struct err *err)
{
	*p = (struct zoom_proxies){ NULL, NULL, NULL };
	if (copy_env(env, "HTTPS_PROXY", "https_proxy", &p->https) &&
	    copy_env(env, "HTTP_PROXY", "http_proxy", &p->http) &&
	    copy_env(env, "NO_PROXY", "no_proxy", &p->except))
		return true;
	zoom_proxies_fini(p);
	return err_set(err, ERR_NO_MEMORY, "copying the proxy settings");
}

void zoom_proxies_fini(struct zoom_proxies *p)
{
	free(p->https);
	free(p->http);
	free(p->except);
	*p = (struct zoom_proxies){ NULL, NULL, NULL };
}
