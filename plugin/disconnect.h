/*
 * disconnect - the end of a grant: at the user's wish, or at Zoom's
 */
#ifndef PLUGIN_DISCONNECT_H
#define PLUGIN_DISCONNECT_H

#include "plugin/plugin.h"
#include "zoom/webhook.h"

/*
 * disconnect - forget a grant and give it back at Zoom
 *
 *   user_id   whose, without meaning at account level
 *   says      out: how it went, a sentence for the user
 *
 * The grant is forgotten here before Zoom is told, which is tried once: what
 * came of it is in `says`. What fails here is also in the log. Who may is
 * the caller's business.
 */
void disconnect(struct ctx *c, struct str user_id, struct str *says);

/*
 * disconnect_deactivated - a Mattermost user has been deactivated
 *
 * Their own grant, if there is one, is forgotten and given back at Zoom. The
 * account's grant stays, whoever has connected it.
 */
void disconnect_deactivated(struct ctx *c, struct str user_id);

/*
 * disconnect_deauthorized - Zoom says that the app has been removed there
 *
 * At user level the user's grant is forgotten and the user told, at account
 * level the account's grant and the admins. Only when the event is about our
 * app, and at account level about the linked account. Where Zoom asks for it
 * ("user_data_retention": "false"), it is told that the data are gone.
 */
bool disconnect_deauthorized(
    struct ctx *c, const struct zoom_event *event, struct err *err) MUST_USE;

#endif
