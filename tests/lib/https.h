/*
 * https - a scripted HTTPS server on the loopback, in one thread
 *
 * It has a CA of its own, made at start. A test tells it what it will say,
 * one line per request, and reads as the story of the connection:
 *
 *	struct https *zoom = https_start();
 *	https_answers(zoom, 429, "Retry-After: 1", "");
 *	https_answers(zoom, 201, "", "{\"id\":1}");
 *	...
 *	ck_assert_int_eq(https_n_requests(zoom), 2);
 *	https_stop(zoom);
 *
 * A request beyond the script is answered with status 599. Connections are
 * kept open. A plain CONNECT is accepted too, so that the server can stand
 * in for a proxy and the host behind it.
 *
 * Failures of the server itself abort the test: this is test code.
 * Threads: one test thread.
 */
#ifndef TESTS_HTTPS_H
#define TESTS_HTTPS_H

#include <stddef.h>

struct https;

/* For the names localhost, zoom.test and the address 127.0.0.1. */
struct https *https_start(void);

/* The same with a certificate for other.test only. */
struct https *https_start_as_other(void);

/* Join the thread and free everything. */
void https_stop(struct https *s);

/* "https://localhost:<port>"; lives as long as the server. */
const char *https_url(const struct https *s);

/* The port alone. */
int https_port(const struct https *s);

/*
 * Make its CA the only one of this process: sets SSL_CERT_FILE and
 * SSL_CERT_DIR, and removes proxies from the environment.
 */
void https_trust(const struct https *s);

/* The file with its CA's certificate. */
const char *https_ca_file(const struct https *s);

/* The script: each call adds what one more request will get. */

/* headers: lines joined by "\r\n", or ""; JSON unless they say otherwise. */
void https_answers(
    struct https *s, int status, const char *headers, const char *body);

/* Headers and half of the body it announced, then the connection closes. */
void https_answers_half(struct https *s, const char *body);

/* Status 200 and n bytes of body. */
void https_streams(struct https *s, size_t n);

/* The request is read, then the connection is reset. */
void https_resets(struct https *s);

/* The next line of the script comes so much later. */
void https_waits_ms(struct https *s, int delay_ms);

/* What happened. */

/* Whole requests so far, without CONNECTs. */
int https_n_requests(struct https *s);

/* Connections so far. */
int https_n_connections(struct https *s);

/* CONNECTs so far. */
int https_n_connects(struct https *s);

/* Request number i from 0: head and body as received. */
const char *https_request(struct https *s, int i);

#endif
