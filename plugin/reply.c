#include "plugin/reply.h"

#include "plugin/js.h"

void reply_json(struct ctx *c, struct mm_http *http, int status,
    const char *name, struct str text)
{
	struct str body =
	    js_dump(c->arena, json_pack("{s:o}", name, js_string(text)));
	mm_http_reply(http, status, S("application/json"), body);
}

void reply_error(
    struct ctx *c, struct mm_http *http, int status, struct str why)
{
	reply_json(c, http, status, "error", why);
}

void reply_done(struct mm_http *http)
{
	mm_http_reply(http, 200, S("application/json"), S("{}"));
}
