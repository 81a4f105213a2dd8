#include "plugin/policy.h"

#include "plugin/say.h"
#include "plugin/store.h"

bool policy_is_admin(
    struct ctx *c, struct str user_id, bool *admin, struct err *err)
{
	const struct mm_permission permission = { .id = S("manage_system") };
	return mm_has_permission_to(
	    c->mm, c->arena, user_id, &permission, admin, err);
}

static bool may_in(struct ctx *c, struct str user_id, struct str channel_id,
    struct str name, bool *may, struct err *err)
{
	const struct mm_permission permission = { .id = name };
	return mm_has_permission_to_channel(
	    c->mm, c->arena, user_id, channel_id, &permission, may, err);
}

bool policy_is_restricted(struct ctx *c, const struct mm_channel *channel,
    bool *restricted, struct err *err)
{
	struct str preference;
	if (!store_load_channel_preference(c, channel->id, &preference, err))
		return false;
	if (str_eq(preference, S("allow")))
		*restricted = false;
	else if (str_eq(preference, S("restrict")))
		*restricted = true;
	else
		*restricted = c->config->restrict_meeting_creation &&
		              str_eq(channel->type, S("O"));
	return true;
}

/* A user in a channel, as the server sees them. */
struct standing {
	bool member;
	bool may_post;
	struct mm_channel *channel; /* NULL for those who are no member */
};

static bool judge_standing(const struct mm_get_channel_member_returns *member,
    const struct mm_has_permission_to_channel_returns *may,
    const struct mm_get_channel_returns *channel, struct standing *standing,
    struct err *err)
{
	struct err why = { 0 };
	if (!mm_api_error(member->app_error, &why) && why.code != ERR_NOT_FOUND)
		return err_set(err, why.code, "%s", why.text);
	*standing = (struct standing){
		/* a system admin has every permission; being a member is
		 * another matter */
		.member = why.code == ERR_NONE && member->result != NULL,
		.may_post = may->result,
	};
	if (!standing->member)
		return true;
	if (!mm_api_error(channel->app_error, err))
		return false;
	standing->channel = channel->result;
	return channel->result != NULL ||
	       err_set(err, ERR_NOT_FOUND, "no such channel");
}

static bool find_standing(struct ctx *c, struct str user_id,
    struct str channel_id, struct standing *standing, struct err *err)
{
	const struct mm_permission permission = { .id = S("create_post") };
	const struct mm_get_channel_member_args member_args = { channel_id,
		user_id };
	const struct mm_has_permission_to_channel_args may_args = { user_id,
		channel_id, &permission };
	const struct mm_get_channel_args channel_args = { channel_id };
	struct mm_get_channel_member_returns member = { 0 };
	struct mm_has_permission_to_channel_returns may = { 0 };
	struct mm_get_channel_returns channel = { 0 };
	const struct mm_api_row rows[] = {
		{ MM_API_GET_CHANNEL_MEMBER, &member_args, &member },
		{ MM_API_HAS_PERMISSION_TO_CHANNEL, &may_args, &may },
		{ MM_API_GET_CHANNEL, &channel_args, &channel },
	};
	return mm_api_call_all(c->mm, c->arena, rows, 3, err) &&
	       judge_standing(&member, &may, &channel, standing, err);
}

/* As policy_may_post; channel: out. */
static bool find_postable(struct ctx *c, struct str user_id,
    struct str channel_id, struct mm_channel **channel, struct str *refusal,
    struct err *err)
{
	struct standing standing = { 0 };
	*refusal = (struct str){ NULL, 0 };
	if (!find_standing(c, user_id, channel_id, &standing, err))
		return false;
	*channel = standing.channel;
	if (!standing.member)
		*refusal =
		    say(c, "You are not a member of this channel. Please "
		           "join it and try again.");
	else if (standing.channel->delete_at != 0)
		*refusal =
		    say(c, "This channel is archived. Please use another one.");
	else if (!standing.may_post)
		*refusal =
		    say(c, "You may not post in this channel. Please use "
		           "another one.");
	return true;
}

bool policy_may_post(struct ctx *c, struct str user_id, struct str channel_id,
    struct str *refusal, struct err *err)
{
	struct mm_channel *channel = NULL;
	return find_postable(c, user_id, channel_id, &channel, refusal, err);
}

bool policy_may_read(struct ctx *c, struct str user_id, struct str channel_id,
    bool *may, struct err *err)
{
	return may_in(c, user_id, channel_id, S("read_channel"), may, err);
}

bool policy_may_start(struct ctx *c, struct str user_id, struct str channel_id,
    struct str *refusal, struct err *err)
{
	bool restricted = false;
	struct mm_channel *channel = NULL;
	if (!find_postable(c, user_id, channel_id, &channel, refusal, err))
		return false;
	if (refusal->len > 0 || channel == NULL)
		return true;
	if (!policy_is_restricted(c, channel, &restricted, err))
		return false;
	if (restricted)
		*refusal =
		    say(c, "Starting meetings is switched off in this "
		           "channel. You can start one in a direct message "
		           "or a group message.");
	return true;
}

struct str policy_refuse_address(struct ctx *c, const struct mm_user *user)
{
	if (!c->config->account_level_app ||
	    !c->config->require_verified_email || user->email_verified)
		return S("");
	return say(c,
	    "Your e-mail address `%.*s` is not verified in Mattermost, so it "
	    "does not tell who you are at Zoom. Please verify it, or ask a "
	    "system admin to do so.",
	    STR_ARG(user->email));
}

/* Admins of the channel are also those of its team, by the server's rules. */
static bool is_channel_admin(struct ctx *c, struct str user_id,
    struct str channel_id, bool *admin, struct err *err)
{
	return may_in(c, user_id, channel_id, S("manage_channel_roles"), admin,
	           err) &&
	       (*admin || policy_is_admin(c, user_id, admin, err));
}

bool policy_may_configure(struct ctx *c, struct str user_id,
    struct str channel_id, struct mm_channel **channel, struct str *refusal,
    struct err *err)
{
	struct err why = { 0 };
	bool admin = false;
	*channel = NULL;
	*refusal = (struct str){ NULL, 0 };
	if (!is_channel_admin(c, user_id, channel_id, &admin, err))
		return false;
	if (!mm_get_channel(c->mm, c->arena, channel_id, channel, &why) &&
	    why.code != ERR_NOT_FOUND)
		return err_set(err, why.code, "%s", why.text);
	const struct mm_channel *found = *channel;
	if (found == NULL)
		*refusal = say(c, "There is no such channel.");
	else if (str_eq(found->type, S("D")) || str_eq(found->type, S("G")))
		*refusal =
		    say(c, "Direct and group messages have no Zoom settings: "
		           "everybody in them may start meetings.");
	else if (!admin)
		*refusal =
		    say(c, "Only admins of this channel and system admins "
		           "can change its Zoom settings.");
	else if (found->delete_at != 0)
		*refusal =
		    say(c, "This channel is archived. Please use another one.");
	if (refusal->len > 0)
		*channel = NULL;
	return true;
}
