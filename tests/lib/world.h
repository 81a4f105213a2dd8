/*
 * world - the Zoom plugin in a server with people, and a scripted Zoom
 *
 *	world_start(&w);
 *	world_connects(&w);
 *	https_answers(w.zoom, 200, "", WORLD_USER);
 *	https_answers(w.zoom, 201, "", world_meeting(&w));
 *	ck_assert_str_eq(world_types(&w, ADA, "/zoom start"), "");
 *	ck_assert_uint_eq(host_n_posts(&w.host), 1);
 *	world_stop(&w);
 *
 * ADMIN is a system admin, ADA and SAM are members of TALK, EVE of nothing.
 * TALK is a public channel, TEAM a private one, OLD an archived one; READ
 * is one in which ADA may not post. All want unique meeting IDs, so that no
 * start asks; world_prefers changes that.
 *
 * Threads: one test thread.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "plugin/plugin.h"
#include "tests/lib/host.h"
#include "tests/lib/https.h"

#define ADMIN "adminadminadminadminadmin1"
#define ADA   "adaadaadaadaadaadaadaada11"
#define SAM   "samsamsamsamsamsamsamsam11"
#define EVE   "eveeveeveeveeveeveeveeve11"
#define TALK  "talktalktalktalktalktalk11"
#define TEAM  "teamteamteamteamteamteam11"
#define OLD   "oldoldoldoldoldoldoldold11"
#define READ  "readreadreadreadreadread11"

#define CLIENT_SECRET  "client-secret-0123456789"
#define ENCRYPTION_KEY "encryption-key-0123456789abcdefg"
#define WEBHOOK_SECRET "webhook-secret-0123456789abcdefg"
#define SECRET_TOKEN   "sim_secret_token_0001"

/* Tokens: as stored by world_connects, and as Zoom's refresh gives them. */
#define ACCESS      "access-token-one"
#define REFRESH     "refresh-token-one"
#define NEW_ACCESS  "access-token-two"
#define NEW_REFRESH "refresh-token-two"
#define WORLD_TOKEN                                                            \
 "{\"access_token\":\"" NEW_ACCESS "\",\"token_type\":\"bearer\","             \
 "\"refresh_token\":\"" NEW_REFRESH "\",\"expires_in\":3599,"                  \
 "\"scope\":\"meeting:write user:read\"}"

#define WORLD_USER                                                             \
 "{\"id\":\"hOsT0000000000000000AA\",\"email\":\"ada@example.com\","           \
 "\"type\":2,\"account_id\":\"acc0000000000000000001\"}"

#define MEETING_ID   85550001111
#define MEETING_UUID "AbCdEf/12345+ghIJKLmno=="

struct world {
	struct host host;
	struct plugin plugin;
	struct https *zoom;
	struct arena arena; /* for the test's own calls */
	struct err err;
	char settings[4096];
	char meeting[1024];
	char answer[1024];
};

/* Plugin activated and set up, Zoom not connected. */
void world_start(struct world *w);

/* The same with other settings. */
void world_start_with(struct world *w, const char *name, const char *json);
void world_stop(struct world *w);

/* Save settings: all as they should be, but for one; NULL: for none. */
void world_configures(struct world *w, const char *name, const char *json);

/* Another encryption key, of which the plugin does not see what was before. */
#define OTHER_KEY "another-key-0123456789abcdefghij"
void world_loses_key(struct world *w);

/* Store a token that is good for so long. */
void world_connects_for(struct world *w, int64_t ms);
void world_connects(struct world *w);

/* "true", "false", "ask", or "": not said yet. */
void world_prefers(struct world *w, const char *user_id, const char *word);

/* A call of the test's own, to be ended with ctx_end. */
struct ctx world_ctx(struct world *w);

/* Type a command in TALK; what the bot says to it, "" for nothing. */
const char *world_types(
    struct world *w, const char *user_id, const char *command);

/* Send a JSON body as a signed-in user; the status of the answer, whose body is
 * then in w->answer. */
int world_posts(
    struct world *w, const char *user_id, const char *url, struct str body);

/* The newest message with buttons that was shown, and one of its buttons. */
const struct mm_message_attachment *world_offer(struct world *w);
const struct mm_post_action *world_button(struct world *w, const char *id);

/* A button's press as the server sends it: the newest message's buttons, with
 * the post's id "offer". */
int world_presses(struct world *w, const char *user_id, const char *id);

/* Zoom's answer to a create, with a link on the scripted server. */
const char *world_meeting(struct world *w);
const char *world_link(struct world *w);

/* Deliver an event as Zoom does, signed now; the status of the answer. */
int world_delivers(struct world *w, const char *event);

/* "v0=..." of a body at a time. */
struct str world_signature(struct arena *a, const char *secret,
    const char *timestamp, struct str body);

/* An event of a meeting. */
const char *world_event(struct world *w, const char *event, const char *id,
    const char *uuid, const char *more);

#endif
