/*
 * url - https addresses: whose they are, and what is wrong with one
 */
#ifndef PLUGIN_URL_H
#define PLUGIN_URL_H

#include "base/str.h"

/* The host of an https address, without its port; a view into url. Empty when
 * it is none, or when readers could disagree about which host it names. */
struct str url_host(struct str url);

/* What is behind host and port, from the slash on; a view into url. */
struct str url_path(struct str url);

/* Whether a host is this domain, or below it. */
bool url_host_is_in(struct str host, struct str domain);

/*
 * url_problem - what an admin should know about an address that was typed
 *
 * Host, port and a plain path are allowed. Returns how it must be, as the end
 * of a sentence: "must begin with `https://`"; NULL when nothing is wrong.
 */
const char *url_problem(struct str url);

#endif
