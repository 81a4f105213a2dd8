/*
 * Hop by hop: check the address, ask it, follow a redirect or judge the file.
 * What can go wrong: an address that is not trusted, a loop, a refusal, a
 * login page, a file that is too long.
 */
#include "zoom/download.h"

#include "base/clock.h"

#include "zoom/ask.h"
#include "zoom/http.h"
#include "zoom/retry.h"

#include <string.h>

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

/* Host and port of an https address that is trusted. */
static struct str authority(struct str url)
{
	size_t n = 8;
	while (n < url.len && strchr("/?#", url.data[n]) == NULL)
		n++;
	return str_sub(url, 8, n - 8);
}

static bool begins_nocase(struct str text, struct str with)
{
	return text.len >= with.len &&
	       str_eq_nocase(str_sub(text, 0, with.len), with);
}

static bool is_page(const struct zoom_http_reply *reply)
{
	static const struct str types[] = { STR("text/html"),
		STR("application/xhtml"), STR("application/json") };
	static const struct str beginnings[] = { STR("<!doctype"),
		STR("<html") };
	struct str type = str_trim(str_from(reply->content_type));
	struct str body = buf_str(&reply->body);
	if (str_has_prefix(body, S("\xef\xbb\xbf")))
		body = str_sub(body, 3, body.len);
	body = str_trim(body);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (begins_nocase(type, types[i]))
			return true;
	}
	for (size_t i = 0; i < 2; i++) {
		if (begins_nocase(body, beginnings[i]))
			return true;
	}
	return false;
}

static bool judge(const struct zoom_http_reply *reply, struct err *err)
{
	int status = reply->status;
	enum err_code code = ERR_REMOTE;
	if (status == 200 && is_page(reply))
		return err_set(err, ERR_DENIED,
		    "Zoom answered with a page instead of the file");
	if (status == 200)
		return true;
	if (status == 408 || status == 429)
		code = ERR_BUSY;
	else if (status == 404 || status == 410)
		code = ERR_NOT_FOUND;
	else if (status >= 400 && status < 500)
		code = ERR_DENIED;
	err_set(err, code, "Zoom answered with status %d", status);
	err->status = status;
	return false;
}

static bool check_hop(
    const struct zoom_download *d, struct str url, struct err *err)
{
	if (!str_has_prefix(url, S("https://")))
		return err_set(
		    err, ERR_DENIED, "the file is not at an https address");
	return d->trusts(d->object, url) ||
	       err_set(err, ERR_DENIED,
	           "the file is on a host that is not one of Zoom's");
}

/* One hop: what came in `file`, or in `next` where it is. */
static bool ask_hop(struct zoom_client *client, struct arena *a,
    const struct zoom_http_request *request, int64_t deadline_ms,
    struct str *next, struct zoom_file *file, struct err *err)
{
	struct zoom_http_reply reply;
	bool ok = zoom_http_send(
	    zoom_client_http(client), request, deadline_ms, &reply, err);
	*next = (struct str){ NULL, 0 };
	if (ok && is_redirect(reply.status) && reply.redirect != NULL)
		*next = arena_str(a, str_from(reply.redirect));
	else if (ok && judge(&reply, err))
		file->content = arena_str(a, buf_str(&reply.body));
	else
		ok = false;
	if (!ok)
		zoom_retry_after(str_from(reply.retry_after), clock_wall_ms(),
		    &file->retry_ms);
	zoom_http_reply_fini(&reply);
	return ok && arena_ok(a, err);
}

bool zoom_download(struct zoom_client *client, struct arena *a,
    const struct zoom_download *d, int64_t deadline_ms, struct zoom_file *file,
    struct err *err)
{
	struct err why = { 0 };
	int64_t began_ms = clock_now_ms();
	*file = (struct zoom_file){ .retry_ms = 0 };
	if (!zoom_check_token(d->token, &why))
		return err_set(err, ERR_DENIED,
		    "the download token is missing or damaged");
	struct str url = arena_str(a, d->url);
	struct str bearer = arena_printf(a, "Bearer %.*s", STR_ARG(d->token));
	struct zoom_http_request request = {
		.accept = "*/*",
		.max_answer = d->max,
		.public_only = d->public_only,
	};
	bool ok = arena_ok(a, err);
	for (int hop = 0; ok && (hop == 0 || url.len > 0); hop++) {
		bool first = str_eq_nocase(authority(url), authority(d->url));
		request.url = url;
		request.authorization = first ? bearer : S("");
		if (hop > ZOOM_DOWNLOAD_MAX_HOPS)
			ok = err_set(
			    err, ERR_DENIED, "more redirects than Zoom needs");
		else
			ok = check_hop(d, url, err) &&
			     ask_hop(client, a, &request, deadline_ms, &url,
			         file, err);
	}
	zoom_wipe(bearer);
	zoom_observe(client, ZOOM_OP_DOWNLOAD, ok, began_ms);
	return ok;
}

bool zoom_download_is_final(const struct err *err)
{
	return err->code == ERR_DENIED || err->code == ERR_NOT_FOUND ||
	       err->code == ERR_TOO_BIG;
}
