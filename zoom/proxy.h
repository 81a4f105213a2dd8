/*
 * proxy - the proxies of the environment, chosen as Go programs choose them
 *
 * HTTPS_PROXY, HTTP_PROXY and NO_PROXY, each also in lower case (the upper
 * case one wins). NO_PROXY is a comma separated list of
 *
 *	example.com         that host and everything below it
 *	.example.com        only what is below it; *.example.com is the same
 *	192.0.2.7, 2001:db8::1            that address
 *	192.0.2.0/24, 2001:db8::/32       that network, for hosts given as IPs
 *	any of the first four with :port  only on that port
 *	*                   no proxy at all
 *
 * localhost and loopback addresses never go through a proxy.
 * Source: golang.org/x/net/http/httpproxy, proxy.go
 */
#ifndef ZOOM_PROXY_H
#define ZOOM_PROXY_H

#include "base/err.h"
#include "base/str.h"

#include "zoom/env.h"

/* Copies of the environment's values. Zeroed memory: no proxies. */
struct zoom_proxies {
	char *https;  /* owned, may be NULL; for https:// */
	char *http;   /* owned, may be NULL; for http:// */
	char *except; /* owned, may be NULL; NO_PROXY */
};

bool zoom_proxies_init(
    struct zoom_proxies *p, zoom_getenv *env, struct err *err) MUST_USE;

/* Accepts zeroed memory; leaves it zeroed. */
void zoom_proxies_fini(struct zoom_proxies *p);

/*
 * zoom_proxy_for - the proxy for a URL, empty for none
 *
 * Borrowed from p, NUL-terminated. A proxy without a scheme is an http one.
 */
struct str zoom_proxy_for(const struct zoom_proxies *p, struct str url);

#endif
