/*
 * policy - who may do what, for every way in
 */
#ifndef PLUGIN_POLICY_H
#define PLUGIN_POLICY_H

#include "plugin/plugin.h"

/* Whether the user is a system admin. */
bool policy_is_admin(
    struct ctx *c, struct str user_id, bool *admin, struct err *err) MUST_USE;

/*
 * policy_may_post - may the plugin post in a channel on behalf of a user
 *
 *   refusal   out: empty, or why not, as a sentence for the user
 *
 * Refused: to strangers to the channel, to those who may not post in it, in
 * archived channels. Returns false only when the server fails.
 */
bool policy_may_post(struct ctx *c, struct str user_id, struct str channel_id,
    struct str *refusal, struct err *err) MUST_USE;

/* Whether the user can see a channel. */
bool policy_may_read(struct ctx *c, struct str user_id, struct str channel_id,
    bool *may, struct err *err) MUST_USE;

/*
 * policy_may_start - may this user start a meeting in this channel
 *
 *   refusal   out: empty, or why not, as a sentence for the user
 *
 * Refused: as policy_may_post does, in channels set to "restrict", and in
 * public channels without a setting of their own when RestrictMeetingCreation
 * is on. Returns false only when the server fails.
 */
bool policy_may_start(struct ctx *c, struct str user_id, struct str channel_id,
    struct str *refusal, struct err *err) MUST_USE;

/*
 * policy_refuse_address - is the user's e-mail address no proof of who they are
 *
 * At account level the address alone tells whose meetings somebody may start
 * and subscribe to. With RequireVerifiedEmail only one counts that Mattermost
 * has verified. Empty: it counts; else why not, as a sentence for the user.
 */
struct str policy_refuse_address(struct ctx *c, const struct mm_user *user);

/* Whether the rules switch starting meetings off in a channel: its own
 * setting, else the general one, which is for public channels. */
bool policy_is_restricted(struct ctx *c, const struct mm_channel *channel,
    bool *restricted, struct err *err) MUST_USE;

/*
 * policy_may_configure - may this user change the settings of this channel
 *
 *   channel   out: arena; NULL when refused
 *   refusal   out: empty, or why not, as a sentence for the user
 *
 * Allowed to the channel's admins and to system admins, members or not.
 * Direct and group messages have no settings. Returns false only when the
 * server fails.
 */
bool policy_may_configure(struct ctx *c, struct str user_id,
    struct str channel_id, struct mm_channel **channel, struct str *refusal,
    struct err *err) MUST_USE;

#endif
