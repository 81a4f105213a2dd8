#include "plugin/page.h"

#include "plugin/say.h"

#include <openssl/rand.h>

/* A page is some 1.5 kB; a detail is a sentence. */
#define PAGE_MAX ((size_t)16 * 1024)

static const char head[] =
    "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">"
    "<title>%s</title><style nonce=\"%s\">"
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;"
    "display:grid;place-items:center;background:#f3f4f6;color:#1f2329}"
    "main{max-width:32rem;margin:1rem;padding:2rem;background:#fff;"
    "border-radius:12px;box-shadow:0 2px 16px rgba(0,0,0,.12)}"
    "h1{font-size:1.35rem;margin:0 0 .5rem}p{margin:.5rem 0 0}"
    "code{background:#eef0f3;padding:.1em .35em;border-radius:4px}"
    "@media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e8eb}"
    "main{background:#22252a}code{background:#33373d}}"
    "</style></head><body><main><h1>%s</h1><p>%s</p>";

static void put_escaped(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		switch (s.data[i]) {
		case '<':
			buf_put_str(b, S("&lt;"));
			break;
		case '>':
			buf_put_str(b, S("&gt;"));
			break;
		case '&':
			buf_put_str(b, S("&amp;"));
			break;
		case '"':
			buf_put_str(b, S("&quot;"));
			break;
		default:
			buf_put_byte(b, (uint8_t)s.data[i]);
		}
	}
}

static bool make_nonce(char out[33])
{
	unsigned char bytes[16];
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	for (size_t i = 0; i < 16; i++) {
		out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	out[32] = '\0';
	return true;
}

void page_send(struct ctx *c, struct mm_http *http, const struct page *page)
{
	char nonce[33];
	struct buf html;
	struct str title = say_words(c, page->title);
	buf_init(&html, PAGE_MAX);
	if (!make_nonce(nonce)) {
		mm_http_reply(http, 500, S("text/plain"), S("Try again.\n"));
		return;
	}
	buf_printf(&html, head, say_lang(c)->tag, str_c(title), nonce,
	    str_c(title), str_c(say_words(c, page->paragraph)));
	if (page->detail.len > 0) {
		buf_put_str(&html, S("<p><code>"));
		put_escaped(&html, page->detail);
		buf_put_str(&html, S("</code></p>"));
	}
	if (page->closes)
		buf_printf(&html,
		    "<script nonce=\"%s\">setTimeout(function(){"
		    "window.close()},2500)</script>",
		    nonce);
	buf_put_str(&html, S("</main></body></html>\n"));
	mm_http_set_header(http, S("Content-Security-Policy"),
	    arena_printf(c->arena,
	        "default-src 'none'; style-src 'nonce-%s'; script-src "
	        "'nonce-%s'; base-uri 'none'; form-action 'none'; "
	        "frame-ancestors 'none'",
	        nonce, nonce));
	mm_http_set_header(http, S("Cache-Control"), S("no-store"));
	mm_http_set_header(http, S("Referrer-Policy"), S("no-referrer"));
	mm_http_set_header(http, S("X-Content-Type-Options"), S("nosniff"));
	mm_http_reply(
	    http, page->status, S("text/html; charset=utf-8"), buf_str(&html));
	buf_fini(&html);
}
