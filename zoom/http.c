/*
 * A request takes a handle from the pool, sets every option anew, runs, and
 * puts the handle back. What can go wrong: no handle free (ERR_BUSY), no
 * connection (ERR_IO, not sent), an answer that is cut, late or too long
 * (sent).
 *
 * libcurl repeats a request by itself when a kept connection turns out to be
 * dead, a POST too. A POST must not arrive twice: its body comes from a
 * callback that cannot be rewound, so that libcurl gives up once a byte of
 * the body has left. Before that the server had no whole request.
 * Source: libcurl lib/transfer.c, Curl_retry_request, Curl_readrewind, 7.88
 */
#include "zoom/http.h"

#include "base/clock.h"
#include "zoom/address.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* One header line: tokens have up to 1,500 characters, limits leave room. */
#define HEADER_MAX ((size_t)64 * 1024)

#define DEFAULT_CONNECTIONS 16
#define DEFAULT_MAX_ANSWER  ((size_t)1024 * 1024)
#define DEFAULT_CONNECT_MS  5000

/* For a caller without a deadline: no request runs longer than this. */
#define LONGEST_REQUEST_MS 60000

/* Hosts per handle: the web one (tokens) and the API one. */
#define KEPT_CONNECTIONS 2L

/* Zoom sends about 2 KiB of headers. */
#define MAX_HEADER_BYTES ((size_t)64 * 1024)

/* How often the places of the certificates are looked at. */
#define CHECK_CERTS_MS 5000

/* The least that libcurl accepts; our bodies are far smaller. */
#define UPLOAD_ROOM 16384L

/* The first piece of memory for an answer: most fit, and are not moved. */
#define FIRST_ROOM ((size_t)8 * 1024)

/* One request while it runs. Lives on the stack of zoom_http_send. */
struct exchange {
	struct zoom_http *http;
	const struct zoom_http_request *request;
	struct zoom_http_reply *reply;
	X509_STORE *store;          /* owned */
	struct curl_slist *headers; /* owned, wiped */
	size_t body_read;           /* bytes of the body handed to libcurl */
	size_t header_bytes;
	bool refused; /* an address, for not being public */
	char why[CURL_ERROR_SIZE];
};

static size_t read_body(char *to, size_t size, size_t n, void *object)
{
	struct exchange *x = object;
	struct str rest = str_sub(x->request->body, x->body_read, size * n);
	if (rest.len > 0)
		memcpy(to, rest.data, rest.len);
	x->body_read += rest.len;
	return rest.len;
}

static int refuse_rewind(void *object, curl_off_t offset, int origin)
{
	(void)object;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

static size_t write_body(char *from, size_t size, size_t n, void *object)
{
	struct buf *body = &((struct exchange *)object)->reply->body;
	if (body->room == 0)
		buf_reserve(
		    body, body->max < FIRST_ROOM ? body->max : FIRST_ROOM);
	buf_put(body, from, size * n);
	return body->fault == ERR_NONE ? size * n : 0;
}

/* Keep a header's value, printable characters only, cut to the room. */
static void keep(struct str value, char *to, size_t room)
{
	size_t n = 0;
	for (size_t i = 0; i < value.len && n + 1 < room; i++) {
		char c = value.data[i];
		if (c >= ' ' && c <= '~')
			to[n++] = c;
	}
	to[n] = '\0';
}

static size_t read_header(char *line, size_t size, size_t n, void *object)
{
	struct exchange *x = object;
	struct zoom_http_reply *r = x->reply;
	const struct {
		struct str name;
		char *to;
		size_t room;
	} kept[] = {
		{ STR("content-type"), r->content_type,
		    sizeof(r->content_type) },
		{ STR("x-zm-trackingid"), r->tracking_id,
		    sizeof(r->tracking_id) },
		{ STR("retry-after"), r->retry_after, sizeof(r->retry_after) },
		{ STR("date"), r->date, sizeof(r->date) },
		{ STR("x-ratelimit-type"), r->limit_type,
		    sizeof(r->limit_type) },
	};
	struct str name;
	struct str value;
	x->header_bytes += size * n;
	if (x->header_bytes > MAX_HEADER_BYTES)
		return 0;
	str_cut(str_n(line, size * n), ':', &name, &value);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (str_eq_nocase(name, kept[i].name))
			keep(str_trim(value), kept[i].to, kept[i].room);
	}
	return size * n;
}

/* Called about once a second: ends the transfer when the pool is stopped. */
static int check_stopped(void *object, curl_off_t total_down, curl_off_t down,
    curl_off_t total_up, curl_off_t up)
{
	(void)total_down;
	(void)down;
	(void)total_up;
	(void)up;
	return atomic_load(&((struct exchange *)object)->http->pool.stopped);
}

/* Called for each address of the host. */
static curl_socket_t open_public(
    void *object, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *x = object;
	(void)purpose;
	if (zoom_address_is_public(&address->addr))
		return socket(address->family, address->socktype | SOCK_CLOEXEC,
		    address->protocol);
	x->refused = true;
	return CURL_SOCKET_BAD;
}

static CURLcode use_certs(CURL *easy, void *ssl_ctx, void *object)
{
	(void)easy;
	SSL_CTX_set1_cert_store(ssl_ctx, ((struct exchange *)object)->store);
	return CURLE_OK;
}

static bool add_header(struct exchange *x, const char *name, struct str value)
{
	struct buf line;
	buf_init(&line, HEADER_MAX);
	/* reserved in one piece: growing would leave copies of a secret */
	buf_reserve(&line, strlen(name) + value.len + 3);
	buf_put_str(&line, str_from(name));
	buf_put_str(&line, S(": "));
	buf_put_str(&line, value);
	buf_put_byte(&line, '\0');
	struct curl_slist *longer = NULL;
	if (line.fault == ERR_NONE)
		longer = curl_slist_append(x->headers, (char *)line.data);
	if (line.data != NULL)
		OPENSSL_cleanse(line.data, line.len);
	buf_fini(&line);
	if (longer != NULL)
		x->headers = longer;
	return longer != NULL;
}

static void free_headers(struct curl_slist *headers)
{
	for (struct curl_slist *h = headers; h != NULL; h = h->next)
		OPENSSL_cleanse(h->data, strlen(h->data));
	curl_slist_free_all(headers);
}

static bool set_headers(CURL *easy, struct exchange *x)
{
	const struct zoom_http_request *r = x->request;
	const char *accept = r->accept == NULL ? "application/json" : r->accept;
	return add_header(x, "Accept", str_from(accept)) &&
	       (r->authorization.len == 0 ||
	           add_header(x, "Authorization", r->authorization)) &&
	       (r->content_type == NULL ||
	           add_header(x, "Content-Type", str_from(r->content_type))) &&
	       curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x->headers) ==
	           CURLE_OK;
}

static void set_body(CURL *easy, struct exchange *x)
{
	if (x->request->content_type == NULL)
		return;
	curl_off_t len = (curl_off_t)x->request->body.len;
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, len);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_body);
	curl_easy_setopt(easy, CURLOPT_READDATA, x);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, refuse_rewind);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_ROOM);
}

/* Options that a libcurl older than this build's may not have. */
static void set_by_name(CURL *easy, const char *name, long value)
{
	const struct curl_easyoption *o = curl_easy_option_by_name(name);
	if (o != NULL)
		curl_easy_setopt(easy, o->id, value);
}

/* A kept connection was not looked at: it takes a new one. */
static bool set_public_only(CURL *easy, struct exchange *x)
{
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x);
	return curl_easy_setopt(
	           easy, CURLOPT_OPENSOCKETFUNCTION, open_public) == CURLE_OK;
}

static bool set_tls_and_proxy(CURL *easy, struct exchange *x)
{
	struct str proxy = zoom_proxy_for(&x->http->proxies, x->request->url);
	/* behind a proxy all that is seen is the proxy's address */
	if (x->request->public_only && proxy.len == 0 &&
	    !set_public_only(easy, x))
		return false;
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, use_certs);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, x);
	/* libcurl's own reading of the CA file: 21 ms per connection */
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL);
	/* set to "", libcurl does not read the environment itself */
	return curl_easy_setopt(easy, CURLOPT_PROXY, str_c(proxy)) ==
	           CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK;
}

static bool set_options(CURL *easy, struct exchange *x, int64_t timeout_ms)
{
	struct zoom_http *http = x->http;
	int64_t connect_ms =
	    timeout_ms < http->connect_ms ? timeout_ms : http->connect_ms;
	curl_easy_reset(easy);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, KEPT_CONNECTIONS);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, ZOOM_POOL_IDLE_S);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	/* else a time-out waits for a name server that does not answer */
	set_by_name(easy, "QUICK_EXIT", 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->why);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, read_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, write_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, check_stopped);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, x);
	set_body(easy, x);
	/* those that need memory */
	return set_tls_and_proxy(easy, x) && set_headers(easy, x) &&
	       curl_easy_setopt(easy, CURLOPT_USERAGENT, http->user_agent) ==
	           CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_URL, str_c(x->request->url)) ==
	           CURLE_OK;
}

/* Whether the server may have seen all of the request. */
static bool was_sent(CURL *easy, const struct exchange *x)
{
	if (x->request->body.len > 0)
		return x->body_read > 0;
	long n_sent = 0;
	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &n_sent);
	return n_sent > 0;
}

/* The reason in libcurl's words: hosts and addresses, never what was sent. */
static bool explain(const struct exchange *x, CURLcode rc, struct err *err)
{
	const struct zoom_http_reply *reply = x->reply;
	const char *why = x->why[0] == '\0' ? curl_easy_strerror(rc) : x->why;
	if (x->refused && rc == CURLE_COULDNT_CONNECT)
		return err_set(
		    err, ERR_DENIED, "the host's address is not a public one");
	switch (rc) {
	case CURLE_OPERATION_TIMEDOUT:
		if (reply->sent)
			return err_set(
			    err, ERR_TIMEOUT, "Zoom did not answer in time");
		return err_set(err, ERR_IO, "Zoom was not reached in time");
	case CURLE_ABORTED_BY_CALLBACK:
		return err_set(err, ERR_CLOSED, "stopped");
	case CURLE_WRITE_ERROR:
		if (reply->body.fault == ERR_NO_MEMORY)
			return err_set(err, ERR_NO_MEMORY, "Zoom's answer");
		return err_set(err, ERR_TOO_BIG,
		    "Zoom's answer is longer than %zu bytes", reply->body.max);
	case CURLE_OUT_OF_MEMORY:
		return err_set(err, ERR_NO_MEMORY, "request to Zoom");
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_set(err, ERR_PROTOCOL,
		    "Zoom's certificate was not accepted: %s", why);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
		return err_set(err, ERR_IO, "no connection to Zoom: %s", why);
	default:
		return err_set(
		    err, ERR_IO, "the connection to Zoom broke: %s", why);
	}
}

static bool run(
    CURL *easy, struct exchange *x, int64_t deadline_ms, struct err *err)
{
	int64_t timeout_ms = deadline_ms - clock_now_ms();
	if (timeout_ms <= 0)
		return err_set(err, ERR_IO, "no time left to ask Zoom");
	if (timeout_ms > LONGEST_REQUEST_MS)
		timeout_ms = LONGEST_REQUEST_MS;
	if (!set_options(easy, x, timeout_ms))
		return err_set(err, ERR_NO_MEMORY, "request to Zoom");
	CURLcode rc = curl_easy_perform(easy);
	x->reply->sent = was_sent(easy, x);
	if (rc != CURLE_OK)
		return explain(x, rc, err);
	long status = 0;
	char *redirect = NULL; /* libcurl's */
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &redirect);
	x->reply->status = (int)status;
	if (redirect == NULL)
		return true;
	x->reply->redirect = strdup(redirect);
	return x->reply->redirect != NULL ||
	       err_set(err, ERR_NO_MEMORY, "Zoom's answer");
}

static bool check_url(struct str url, struct err *err)
{
	if (!str_has_prefix(url, S("https://")) || url.len == 8)
		return err_set(err, ERR_INVALID,
		    "the address of Zoom must begin with https://");
	for (size_t i = 0; i < url.len; i++) {
		if (url.data[i] <= ' ' || url.data[i] > '~')
			return err_set(err, ERR_INVALID,
			    "the address of Zoom holds a character that is "
			    "not allowed");
	}
	return true;
}

bool zoom_http_send(struct zoom_http *http,
    const struct zoom_http_request *request, int64_t deadline_ms,
    struct zoom_http_reply *reply, struct err *err)
{
	struct exchange x = {
		.http = http, .request = request, .reply = reply
	};
	*reply = (struct zoom_http_reply){ .sent = false };
	buf_init(&reply->body,
	    request->max_answer == 0 ? http->max_answer : request->max_answer);
	if (!check_url(request->url, err))
		return false;
	x.store = zoom_certs_store(http->certs, err);
	if (x.store == NULL)
		return false;
	struct zoom_handle *h = zoom_pool_take(&http->pool, deadline_ms, err);
	bool ok = h != NULL && run(h->easy, &x, deadline_ms, err);
	if (h != NULL)
		zoom_pool_put(&http->pool, h);
	free_headers(x.headers);
	X509_STORE_free(x.store);
	return ok;
}

void zoom_http_reply_fini(struct zoom_http_reply *reply)
{
	if (reply->body.data != NULL)
		OPENSSL_cleanse(reply->body.data, reply->body.len);
	buf_fini(&reply->body);
	free(reply->redirect);
	*reply = (struct zoom_http_reply){ .sent = false };
}

bool zoom_http_init(struct zoom_http *http, const struct zoom_client_options *o,
    struct err *err)
{
	zoom_getenv *env = o->env == NULL ? getenv : o->env;
	const char *agent = o->user_agent == NULL ? "libzoom" : o->user_agent;
	size_t connections =
	    o->max_connections == 0 ? DEFAULT_CONNECTIONS : o->max_connections;
	*http = (struct zoom_http){
		.max_answer =
		    o->max_answer == 0 ? DEFAULT_MAX_ANSWER : o->max_answer,
		.connect_ms =
		    o->connect_ms == 0 ? DEFAULT_CONNECT_MS : o->connect_ms,
	};
	zoom_pool_init(&http->pool, connections);
	http->user_agent = strdup(agent);
	if (http->user_agent == NULL)
		err_set(err, ERR_NO_MEMORY, "preparing the client");
	else
		http->certs = zoom_certs_new(env, CHECK_CERTS_MS, err);
	if (http->certs != NULL && zoom_proxies_init(&http->proxies, env, err))
		return true;
	zoom_http_fini(http);
	return false;
}

void zoom_http_fini(struct zoom_http *http)
{
	zoom_pool_fini(&http->pool);
	zoom_certs_free(http->certs);
	zoom_proxies_fini(&http->proxies);
	free(http->user_agent);
}
