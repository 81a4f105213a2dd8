#include "plugin/last_webhook.h"

#include "plugin/store.h"

#define KEY      "z2_last_webhook"
#define PAUSE_MS 60000

static int64_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* Another node may have stored one just now. */
static bool write_it(struct ctx *c, json_t *object, void *ctx, struct err *err)
{
	const struct zoom_event *event = ctx;
	int64_t now_ms = clock_wall_ms();
	int64_t before_ms = number(object, "at");
	(void)c;
	if (before_ms <= now_ms && now_ms - before_ms < PAUSE_MS)
		return false;
	if (json_object_set_new(object, "at", json_integer(now_ms)) == 0 &&
	    json_object_set_new(
	        object, "event_ts", json_integer(event->event_ms)) == 0)
		return true;
	return err_set(err, ERR_NO_MEMORY, "the last webhook");
}

void last_webhook_note(struct ctx *c, const struct zoom_event *event)
{
	struct err err = { 0 };
	int64_t now_ms = clock_now_ms();
	int64_t next_ms = c->plugin->next_note_ms;
	if (event->event_ms > 0)
		c->plugin->metrics.webhook_lag_ms =
		    clock_wall_ms() - event->event_ms;
	if (now_ms < next_ms ||
	    !atomic_compare_exchange_strong(
	        &c->plugin->next_note_ms, &next_ms, now_ms + PAUSE_MS))
		return;
	/* the event is read only */
	if (!store_edit(c, S(KEY), write_it, (void *)(uintptr_t)event, &err))
		mm_log(c->mm, LOG_LEVEL_WARN,
		    "The time of a webhook could not be stored", "error",
		    err.text, NULL);
}

bool last_webhook_load(
    struct ctx *c, struct last_webhook *last, struct err *err)
{
	struct str text;
	*last = (struct last_webhook){ .at_ms = 0 };
	if (!store_get(c, S(KEY), &text, err))
		return false;
	json_t *object = js_parse(text);
	int64_t sent_ms = number(object, "event_ts");
	last->at_ms = number(object, "at");
	if (last->at_ms > 0 && sent_ms > 0)
		last->lag_ms = last->at_ms - sent_ms;
	json_decref(object);
	return true;
}
