/*
 * The thread polls the listening socket and all connections, and serves one
 * request at a time to its end; a delay or a long answer holds the others
 * up. Every socket has a time limit, so that a test cannot hang in here.
 */
#include "tests/lib/https.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 64
#define MAX_STEPS       64
#define MAX_REQUEST     (64 * 1024)
#define SOCKET_LIMIT_S  10

/* Test code: what must not fail, and says where it did. */
#define MUST(condition)                                                        \
 ((condition) ? (void)0 : must_failed(#condition, __LINE__))

static _Noreturn void must_failed(const char *condition, int line)
{
	fprintf(stderr, "tests/lib/https.c:%d: %s\n", line, condition);
	abort();
}

enum step_kind {
	STEP_ANSWER,
	STEP_HALF,
	STEP_STREAM,
	STEP_RESET,
};

struct step {
	enum step_kind kind;
	int delay_ms;
	int status;
	char *headers; /* owned */
	char *body;    /* owned */
	size_t n;      /* of STEP_STREAM */
};

struct connection {
	int fd;
	SSL *ssl;
};

struct https {
	SSL_CTX *ctx;
	int listener;
	int port;
	int ca_fd;
	int wake[2]; /* a byte ends the thread */
	char url[64];
	char ca_file[64];
	pthread_t thread;
	struct connection connections[MAX_CONNECTIONS]; /* of the thread */
	int n_open;

	pthread_mutex_t story; /* guards what follows */
	struct step steps[MAX_STEPS];
	int n_steps;
	int next_delay_ms;
	char *requests[MAX_STEPS * 2]; /* owned */
	int n_requests;
	int n_connections;
	int n_connects;
};

static X509 *make_certificate(EVP_PKEY *key, const char *name,
    const char *names, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *cert = X509_new();
	X509V3_CTX ctx;
	MUST(cert != NULL && X509_set_version(cert, 2) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), issuer == NULL ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 24 * 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
	    MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(
	    cert, X509_get_subject_name(issuer == NULL ? cert : issuer));
	X509V3_set_ctx(
	    &ctx, issuer == NULL ? cert : issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx,
	    names == NULL ? NID_basic_constraints : NID_subject_alt_name,
	    names == NULL ? "critical,CA:TRUE" : names);
	MUST(e != NULL && X509_add_ext(cert, e, -1) == 1);
	X509_EXTENSION_free(e);
	MUST(X509_sign(cert, issuer == NULL ? key : issuer_key, EVP_sha256()) >
	     0);
	return cert;
}

static void make_identity(struct https *s, const char *names)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256");
	EVP_PKEY *key = EVP_EC_gen("P-256");
	MUST(ca_key != NULL && key != NULL);
	char ca_name[64];
	/* two servers' CAs must not be taken for one another */
	snprintf(ca_name, sizeof(ca_name), "Test CA %p", (void *)s);
	X509 *ca = make_certificate(ca_key, ca_name, NULL, NULL, NULL);
	X509 *cert = make_certificate(key, "Test", names, ca, ca_key);
	s->ctx = SSL_CTX_new(TLS_server_method());
	MUST(s->ctx != NULL);
	MUST(SSL_CTX_use_certificate(s->ctx, cert) == 1);
	MUST(SSL_CTX_use_PrivateKey(s->ctx, key) == 1);
	s->ca_fd = memfd_create("test-ca", 0);
	BIO *file = BIO_new_fd(s->ca_fd, BIO_NOCLOSE);
	MUST(file != NULL && PEM_write_bio_X509(file, ca) == 1);
	BIO_free(file);
	snprintf(s->ca_file, sizeof(s->ca_file), "/proc/self/fd/%d", s->ca_fd);
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

static void start_listening(struct https *s)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t n = sizeof(address);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	MUST(s->listener >= 0);
	MUST(bind(s->listener, (struct sockaddr *)&address, n) == 0);
	MUST(listen(s->listener, MAX_CONNECTIONS) == 0);
	MUST(getsockname(s->listener, (struct sockaddr *)&address, &n) == 0);
	s->port = ntohs(address.sin_port);
	snprintf(s->url, sizeof(s->url), "https://localhost:%d", s->port);
}

static void close_connection(struct https *s, int i, bool reset)
{
	struct connection *c = &s->connections[i];
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	if (reset)
		setsockopt(
		    c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	SSL_free(c->ssl);
	close(c->fd);
	s->connections[i] = s->connections[--s->n_open];
}

/* A CONNECT in front of TLS: read it to its empty line, say yes. */
static bool serve_connect(struct https *s, int fd)
{
	char first = '\0';
	char line[1024];
	size_t n = 0;
	if (recv(fd, &first, 1, MSG_PEEK) != 1 || first != 'C')
		return true;
	while (n < sizeof(line) - 1 && recv(fd, line + n, 1, 0) == 1) {
		line[++n] = '\0';
		if (strstr(line, "\r\n\r\n") != NULL)
			break;
	}
	pthread_mutex_lock(&s->story);
	s->n_connects++;
	pthread_mutex_unlock(&s->story);
	return send(fd, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL) == 19;
}

static void accept_connection(struct https *s)
{
	struct timeval limit = { .tv_sec = SOCKET_LIMIT_S };
	int fd = accept(s->listener, NULL, NULL);
	if (fd < 0)
		return;
	MUST(s->n_open < MAX_CONNECTIONS);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	pthread_mutex_lock(&s->story);
	s->n_connections++;
	pthread_mutex_unlock(&s->story);
	SSL *ssl = SSL_new(s->ctx);
	MUST(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
	s->connections[s->n_open++] = (struct connection){ fd, ssl };
	if (!serve_connect(s, fd) || SSL_accept(ssl) != 1)
		close_connection(s, s->n_open - 1, false);
}

/* Bytes of the request once its head is complete, 0 before. */
static size_t request_length(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n");
	const char *length = strcasestr(text, "\r\ncontent-length:");
	if (end == NULL)
		return 0;
	size_t body =
	    length == NULL || length > end ? 0 : strtoul(length + 17, NULL, 10);
	return (size_t)(end - text) + 4 + body;
}

/* A whole request, or NULL when the peer has gone. */
static char *read_request(SSL *ssl)
{
	char *text = calloc(1, MAX_REQUEST + 1);
	size_t have = 0;
	MUST(text != NULL);
	for (;;) {
		size_t want = request_length(text);
		if (want > 0 && have >= want)
			return text;
		int n = SSL_read(ssl, text + have, (int)(MAX_REQUEST - have));
		if (n <= 0) {
			free(text);
			return NULL;
		}
		have += (size_t)n;
	}
}

static bool write_all(SSL *ssl, const char *data, size_t n)
{
	return n == 0 || SSL_write(ssl, data, (int)n) == (int)n;
}

static bool write_head(SSL *ssl, const struct step *step, size_t length)
{
	char head[4096];
	bool typed = strcasestr(step->headers, "content-type:") != NULL;
	int n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d Scripted\r\n%s%s%sContent-Length: %zu\r\n\r\n",
	    step->status, step->headers, step->headers[0] == '\0' ? "" : "\r\n",
	    typed ? "" : "Content-Type: application/json\r\n", length);
	return write_all(ssl, head, (size_t)n);
}

static bool write_stream(SSL *ssl, size_t n)
{
	static const char piece[16 * 1024] = { ' ' };
	for (size_t left = n; left > 0;) {
		size_t now = left < sizeof(piece) ? left : sizeof(piece);
		if (!write_all(ssl, piece, now))
			return false;
		left -= now;
	}
	return true;
}

/* Note the request and take the step that answers it. */
static struct step next_step(struct https *s, char *request)
{
	static char nothing[] = "";
	struct step step = { .status = 599, .headers = NULL };
	pthread_mutex_lock(&s->story);
	MUST(s->n_requests < MAX_STEPS * 2);
	s->requests[s->n_requests] = request;
	if (s->n_requests < s->n_steps)
		step = s->steps[s->n_requests];
	s->n_requests++;
	pthread_mutex_unlock(&s->story);
	if (step.headers == NULL)
		step.headers = step.body = nothing;
	return step;
}

/* Serve one request; false when the connection is to be closed. */
static bool serve(struct https *s, SSL *ssl, bool *reset)
{
	char *request = read_request(ssl);
	if (request == NULL)
		return false;
	struct step step = next_step(s, request);
	struct pollfd stop = { .fd = s->wake[0], .events = POLLIN };
	if (step.delay_ms > 0 && poll(&stop, 1, step.delay_ms) > 0)
		return false;
	size_t length = strlen(step.body);
	switch (step.kind) {
	case STEP_ANSWER:
		return write_head(ssl, &step, length) &&
		       write_all(ssl, step.body, length);
	case STEP_HALF:
		if (write_head(ssl, &step, length))
			write_all(ssl, step.body, length / 2);
		return false;
	case STEP_STREAM:
		return write_head(ssl, &step, step.n) &&
		       write_stream(ssl, step.n);
	case STEP_RESET:
		*reset = true;
		return false;
	}
	return false;
}

static void serve_readable(struct https *s, const struct pollfd *polled, int n)
{
	/* from the end: closing moves the last one into the gap */
	for (int i = n - 1; i >= 0; i--) {
		bool reset = false;
		if (polled[i].revents != 0 &&
		    !serve(s, s->connections[i].ssl, &reset))
			close_connection(s, i, reset);
	}
}

static void *run(void *object)
{
	struct https *s = object;
	sigset_t pipe_signal;
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
	for (;;) {
		struct pollfd polled[MAX_CONNECTIONS + 2];
		int n = s->n_open;
		for (int i = 0; i < n; i++)
			polled[i] =
			    (struct pollfd){ s->connections[i].fd, POLLIN, 0 };
		polled[n] = (struct pollfd){ s->listener, POLLIN, 0 };
		polled[n + 1] = (struct pollfd){ s->wake[0], POLLIN, 0 };
		if (poll(polled, (nfds_t)n + 2, -1) < 0)
			continue;
		if (polled[n + 1].revents != 0)
			return NULL;
		serve_readable(s, polled, n);
		if (polled[n].revents != 0)
			accept_connection(s);
	}
}

static struct https *start(const char *names)
{
	struct https *s = calloc(1, sizeof(*s));
	MUST(s != NULL);
	make_identity(s, names);
	start_listening(s);
	pthread_mutex_init(&s->story, NULL);
	MUST(pipe(s->wake) == 0);
	MUST(pthread_create(&s->thread, NULL, run, s) == 0);
	return s;
}

struct https *https_start(void)
{
	return start("DNS:localhost,DNS:zoom.test,IP:127.0.0.1");
}

struct https *https_start_as_other(void)
{
	return start("DNS:other.test");
}

void https_stop(struct https *s)
{
	MUST(write(s->wake[1], "", 1) == 1);
	pthread_join(s->thread, NULL);
	while (s->n_open > 0)
		close_connection(s, s->n_open - 1, false);
	for (int i = 0; i < s->n_steps; i++) {
		free(s->steps[i].headers);
		free(s->steps[i].body);
	}
	for (int i = 0; i < s->n_requests; i++)
		free(s->requests[i]);
	pthread_mutex_destroy(&s->story);
	SSL_CTX_free(s->ctx);
	close(s->listener);
	close(s->ca_fd);
	close(s->wake[0]);
	close(s->wake[1]);
	free(s);
}

const char *https_url(const struct https *s)
{
	return s->url;
}

int https_port(const struct https *s)
{
	return s->port;
}

const char *https_ca_file(const struct https *s)
{
	return s->ca_file;
}

void https_trust(const struct https *s)
{
	static const char *const proxies[] = { "HTTPS_PROXY", "https_proxy",
		"HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy" };
	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		unsetenv(proxies[i]);
	setenv("SSL_CERT_FILE", s->ca_file, 1);
	setenv("SSL_CERT_DIR", "/nonexistent", 1);
}

static void add_step(
    struct https *s, struct step step, const char *headers, const char *body)
{
	step.headers = strdup(headers);
	step.body = strdup(body);
	MUST(step.headers != NULL && step.body != NULL);
	pthread_mutex_lock(&s->story);
	MUST(s->n_steps < MAX_STEPS);
	step.delay_ms = s->next_delay_ms;
	s->next_delay_ms = 0;
	s->steps[s->n_steps++] = step;
	pthread_mutex_unlock(&s->story);
}

void https_answers(
    struct https *s, int status, const char *headers, const char *body)
{
	add_step(s, (struct step){ .kind = STEP_ANSWER, .status = status },
	    headers, body);
}

void https_answers_half(struct https *s, const char *body)
{
	add_step(
	    s, (struct step){ .kind = STEP_HALF, .status = 200 }, "", body);
}

void https_streams(struct https *s, size_t n)
{
	add_step(s, (struct step){ .kind = STEP_STREAM, .status = 200, .n = n },
	    "", "");
}

void https_resets(struct https *s)
{
	add_step(s, (struct step){ .kind = STEP_RESET }, "", "");
}

void https_waits_ms(struct https *s, int delay_ms)
{
	pthread_mutex_lock(&s->story);
	s->next_delay_ms = delay_ms;
	pthread_mutex_unlock(&s->story);
}

static int read_count(struct https *s, const int *count)
{
	pthread_mutex_lock(&s->story);
	int n = *count;
	pthread_mutex_unlock(&s->story);
	return n;
}

int https_n_requests(struct https *s)
{
	return read_count(s, &s->n_requests);
}

int https_n_connections(struct https *s)
{
	return read_count(s, &s->n_connections);
}

int https_n_connects(struct https *s)
{
	return read_count(s, &s->n_connects);
}

const char *https_request(struct https *s, int i)
{
	pthread_mutex_lock(&s->story);
	MUST(i < s->n_requests);
	const char *text = s->requests[i];
	pthread_mutex_unlock(&s->story);
	return text;
}
