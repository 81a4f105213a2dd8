/*
 * config - the plugin's settings, checked and swapped as a whole
 *
 * A struct config is made from what the admin saved and never changes. It is
 * counted: whoever works with one holds a reference, so a save in the middle
 * of a call changes nothing for that call.
 */
#ifndef PLUGIN_CONFIG_H
#define PLUGIN_CONFIG_H

#include "base/arena.h"
#include "gob/gob.h"
#include "plugin/lang.h"
#include "zoom/client.h"

#include <pthread.h>

struct config {
	int references; /* guarded by config_slot.lock */
	struct arena memory;

	struct str zoom_url;     /* no slash at the end */
	struct str zoom_api_url; /* no slash at the end */
	bool account_level_app;
	struct str oauth_client_id;
	struct str oauth_client_secret;
	struct str encryption_key;
	struct str webhook_secret;
	struct str zoom_webhook_secret; /* may be empty: events are refused */
	bool require_verified_email;    /* policy_refuse_address */
	bool restrict_meeting_creation;
	bool enable_posting_recording_password;

	const struct lang *lang; /* the server's, for what all can read */
	struct str site_url;     /* of the server, no slash at the end */
	struct str redirect_uri; /* as registered at Zoom */

	bool valid; /* nothing keeps the plugin from working */
};

/* Where the present config is. */
struct config_slot {
	pthread_mutex_t lock;
	struct config *present; /* guarded by lock; never NULL after init */
};

/* Starts with a config that is not valid. */
bool config_slot_init(struct config_slot *slot, struct err *err) MUST_USE;
void config_slot_fini(struct config_slot *slot);

/*
 * config_parse - settings from their JSON
 *
 *   json       object; names match without regard to case
 *   site_url   of the server, may be empty
 *
 * Settings that make no sense are no error here: see config_problems. The
 * language is English.
 * Owned: hand it to config_swap. Errors: ERR_INVALID (no JSON object),
 * ERR_NO_MEMORY.
 */
struct config *config_parse(
    struct str json, struct str site_url, struct err *err);

/* One sentence, without its full stop, for each thing that keeps the plugin
 * from working; in the arena. */
struct gob_strings config_problems(
    const struct config *config, const struct lang *lang, struct arena *a);

/* Make a config the present one. It is taken; the former one lives on until
 * its last user is done. */
void config_swap(struct config_slot *slot, struct config *config);

/* Hold the present config, and let it go. Any thread. */
struct config *config_hold(struct config_slot *slot);
void config_release(struct config_slot *slot, struct config *config);

/* The part that libzoom wants; borrowed from config. */
struct zoom_settings config_zoom(const struct config *config);

/*
 * config_trusts - whether a link may be shown as one of Zoom's
 *
 * https, no user name in it, on one of the two configured hosts or below
 * one; when one of those is in zoom.us or zoomgov.com, on that whole domain,
 * for vanity addresses.
 */
bool config_trusts(const struct config *config, struct str url);

/* Whether a text can be an encryption key: AES takes 16, 24 or 32 bytes. */
bool config_is_key(struct str key);

/* Whether Zoom is the one on the internet: both of the configured hosts are
 * in zoom.us or zoomgov.com. */
bool config_zoom_is_public(const struct config *config);

#endif
