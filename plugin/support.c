#include "plugin/support.h"

#include "plugin/say.h"
#include "plugin/status.h"

enum kind { TEXT, SECRET, SWITCH };

static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
} rows[] = {
	{ "ZoomURL", TEXT, offsetof(struct config, zoom_url) },
	{ "ZoomAPIURL", TEXT, offsetof(struct config, zoom_api_url) },
	{ "AccountLevelApp", SWITCH,
	    offsetof(struct config, account_level_app) },
	{ "OAuthClientID", TEXT, offsetof(struct config, oauth_client_id) },
	{ "OAuthClientSecret", SECRET,
	    offsetof(struct config, oauth_client_secret) },
	{ "EncryptionKey", SECRET, offsetof(struct config, encryption_key) },
	{ "WebhookSecret", SECRET, offsetof(struct config, webhook_secret) },
	{ "ZoomWebhookSecret", SECRET,
	    offsetof(struct config, zoom_webhook_secret) },
	{ "RequireVerifiedEmail", SWITCH,
	    offsetof(struct config, require_verified_email) },
	{ "RestrictMeetingCreation", SWITCH,
	    offsetof(struct config, restrict_meeting_creation) },
	{ "EnablePostingRecordingPassword", SWITCH,
	    offsetof(struct config, enable_posting_recording_password) },
};

static struct str value_of(struct ctx *c, size_t i)
{
	const void *member = (const char *)c->config + rows[i].offset;
	const struct str *text = member;
	if (rows[i].kind == SWITCH)
		return *(const bool *)member ? S("true") : S("false");
	if (rows[i].kind == TEXT)
		return *text;
	return arena_printf(c->arena, "(%zu characters)", text->len);
}

bool support_files(
    struct ctx *c, struct mm_file_data_slice *files, struct err *err)
{
	struct str text;
	struct ctx english = say_in_english(c);
	if (!status_report(&english, S(""), &text, err))
		return false;
	text = arena_printf(c->arena, "%.*s\n\n#### Settings\n", STR_ARG(text));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str value = value_of(c, i);
		text = arena_printf(c->arena, "%.*s\n- %s: %.*s", STR_ARG(text),
		    rows[i].name, STR_ARG(value));
	}
	struct mm_file_data *file = arena_new(c->arena, struct mm_file_data);
	if (!arena_ok(c->arena, err))
		return false;
	*file = (struct mm_file_data){
		.filename = S("zoom.md"),
		.body = text,
	};
	*files = (struct mm_file_data_slice){ file, 1 };
	return true;
}
