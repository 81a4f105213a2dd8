/* Webhooks: the order of the checks, signatures, challenges, endings. */
#include "plugin/routes.h"
#include "plugin/store.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOOK  "/webhook?secret=" WEBHOOK_SECRET
#define PLAIN "{\"event\":\"meeting.sung\",\"payload\":{}}"

static struct world w;
static struct host_answer answer;

static void set_up(void)
{
	world_start(&w);
}

static void tear_down(void)
{
	host_answer_fini(&answer);
	world_stop(&w);
}

/* Deliver with these headers besides the type; the status. */
static int deliver(const char *url, const char *headers, struct str body)
{
	struct str all = arena_printf(
	    &w.arena, "Content-Type: application/json\n%s", headers);
	host_answer_fini(&answer);
	ck_assert_msg(host_http(&w.host,
	                  &(struct host_request){ .method = "POST",
	                      .url = url,
	                      .headers = str_c(all),
	                      .body = body },
	                  &answer),
	    "%s", answer.err.text);
	return answer.status;
}

/* Signed `age` seconds ago with a secret token. */
static int deliver_signed(const char *secret, int64_t age, struct str body)
{
	char then[32];
	snprintf(then, sizeof(then), "%lld",
	    (long long)(clock_wall_ms() / 1000 - age));
	struct str signature = world_signature(&w.arena, secret, then, body);
	struct str headers = arena_printf(&w.arena,
	    "X-Zm-Request-Timestamp: %s\nX-Zm-Signature: %.*s\n", then,
	    STR_ARG(signature));
	return deliver(HOOK, str_c(headers), body);
}

/* ---- how late they come ----------------------------------------------------------- */

static struct str sung(int64_t age_s)
{
	return arena_printf(&w.arena,
	    "{\"event\":\"meeting.sung\",\"event_ts\":%lld,\"payload\":{}}",
	    (long long)(clock_wall_ms() - age_s * 1000));
}

START_TEST(the_metrics_say_how_late_the_last_event_came)
{
	ck_assert_int_eq(deliver_signed(SECRET_TOKEN, 0, sung(20)), 200);
	int64_t lag_ms = w.plugin.metrics.webhook_lag_ms;
	ck_assert_int_ge(lag_ms, 20000);
	ck_assert_int_lt(lag_ms, 50000);
	/* a forger says nothing of it, and neither does an event without */
	ck_assert_int_eq(deliver_signed("wrong", 0, sung(100)), 401);
	ck_assert_int_eq(deliver_signed(SECRET_TOKEN, 0, S(PLAIN)), 200);
	ck_assert_int_eq(w.plugin.metrics.webhook_lag_ms, lag_ms);
	/* also within the minute in which nothing is stored */
	ck_assert_int_eq(deliver_signed(SECRET_TOKEN, 0, sung(200)), 200);
	ck_assert_int_ge(w.plugin.metrics.webhook_lag_ms, 200000);
}
END_TEST

/* ---- the order of the checks ------------------------------------------------------ */

START_TEST(a_plus_sign_in_the_secret_need_not_be_escaped)
{
	struct str body =
	    str_from(world_event(&w, "meeting.other", "1", "u==", ""));
	world_configures(&w, "WebhookSecret", "\"with+plus+and/slash\"");
	ck_assert_int_eq(
	    deliver("/webhook?secret=with+plus+and/slash", "", body), 401);
	ck_assert(host_logged(&w.host, "too old"));
	ck_assert(!host_logged(&w.host, "wrong secret"));
	ck_assert_int_eq(
	    deliver("/webhook?secret=with%2Bplus%2band%2Fslas", "", body), 401);
	ck_assert(host_logged(&w.host, "wrong secret"));
}
END_TEST

START_TEST(a_wrong_secret_is_refused_without_a_byte_of_the_body)
{
	static const char *const urls[] = { "/webhook",
		"/webhook?secret=", "/webhook?secret=wrong",
		"/webhook?secret=" WEBHOOK_SECRET "x",
		"/webhook?Secret=" WEBHOOK_SECRET,
		"/webhook?secret=wrong&secret=" WEBHOOK_SECRET };
	for (size_t i = 0; i < 2 * sizeof(urls) / sizeof(urls[0]); i++) {
		host_answer_fini(&answer);
		ck_assert(host_http(&w.host,
		    &(struct host_request){ .url = urls[i / 2],
		        .body = S(PLAIN),
		        .no_length = i % 2 == 0 },
		    &answer));
		ck_assert_int_eq(answer.status, 401);
		ck_assert_uint_eq(answer.asked, 0);
	}
	ck_assert(host_logged(&w.host, "wrong secret in the address"));
}
END_TEST

START_TEST(who_knows_the_secret_has_his_body_fetched_with_the_dials)
{
	struct str event = S("{\"event\":\"meeting.alert\"}");
	host_answer_fini(&answer);
	ck_assert(host_http(&w.host,
	    &(struct host_request){ .url = "/webhook?secret=" WEBHOOK_SECRET,
	        .headers = "Content-Type: application/json\n",
	        .body = event },
	    &answer));
	ck_assert_uint_eq(answer.asks, 1);
	ck_assert_uint_eq(answer.asked, event.len);
}
END_TEST

START_TEST(anything_but_json_is_refused)
{
	static const struct {
		const char *type;
		int status;
	} types[] = { { "text/plain", 400 }, { "", 400 },
		{ "application/jsonp", 400 }, { "application/json", 401 },
		{ "Application/JSON ; charset=utf-8", 401 } };
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		host_answer_fini(&answer);
		struct str header =
		    arena_printf(&w.arena, "Content-Type: %s\n", types[i].type);
		ck_assert(host_http(&w.host,
		    &(struct host_request){ .url = HOOK,
		        .headers = str_c(header),
		        .body = S(PLAIN) },
		    &answer));
		ck_assert_int_eq(answer.status, types[i].status);
	}
}
END_TEST

START_TEST(a_body_above_one_mebibyte_is_refused)
{
	char *body = arena_alloc(&w.arena, ROUTES_MAX_BODY + 1);
	memset(body, ' ', ROUTES_MAX_BODY + 1);
	memcpy(body, PLAIN, strlen(PLAIN));
	ck_assert_int_eq(
	    deliver_signed(SECRET_TOKEN, 0, str_n(body, ROUTES_MAX_BODY)), 200);
	ck_assert_int_eq(
	    deliver_signed(SECRET_TOKEN, 0, str_n(body, ROUTES_MAX_BODY + 1)),
	    413);
}
END_TEST

/* ---- signatures ---------------------------------------------------------------------- */

START_TEST(the_signature_is_that_of_the_published_vector)
{
	struct str body =
	    S("{\"event\":\"meeting.started\",\"event_ts\":1760000000123,"
	      "\"payload\":{\"account_id\":\"acc0000000000000000001\","
	      "\"object\":{\"id\":\"85550001111\",\"uuid\":"
	      "\"AbCdEf/12345+ghIJKLmno==\",\"host_id\":"
	      "\"hOsT0000000000000000AA\",\"topic\":\"Caf\xc3\xa9\","
	      "\"type\":1,\"start_time\":\"2025-10-09T08:53:20Z\","
	      "\"timezone\":\"Europe/Paris\",\"duration\":0}}}");
	ck_assert_uint_eq(body.len, 301);
	ck_assert_str_eq(
	    str_c(world_signature(&w.arena, SECRET_TOKEN, "1760000000", body)),
	    "v0=d88bc868d294299b2f575cf2848ab10ec51c88a6a2146e15e8732cc2"
	    "9f0b7722");
	ck_assert_int_eq(deliver_signed(SECRET_TOKEN, 0, body), 200);
}
END_TEST

static const struct {
	const char *secret;
	int64_t age_s;
	int status;
} signings[] = {
	{ SECRET_TOKEN, 0, 200 },
	{ SECRET_TOKEN, 290, 200 },
	{ SECRET_TOKEN, -290, 200 },
	{ SECRET_TOKEN, 310, 401 },
	{ SECRET_TOKEN, -310, 401 },
	{ "another", 0, 401 },
};

START_TEST(only_what_zoom_signed_just_now_counts)
{
	ck_assert_int_eq(
	    deliver_signed(signings[_i].secret, signings[_i].age_s, S(PLAIN)),
	    signings[_i].status);
}
END_TEST

START_TEST(an_event_without_signature_is_refused)
{
	ck_assert_int_eq(deliver(HOOK, "", S(PLAIN)), 401);
	ck_assert_int_eq(deliver(HOOK,
	                     "X-Zm-Request-Timestamp: 1760000000\n"
	                     "X-Zm-Signature: v0=00\n",
	                     S(PLAIN)),
	    401);
	ck_assert_int_eq(deliver(HOOK, "X-Zm-Signature: \n", S(PLAIN)), 401);
	/* unsigned and no JSON: still a matter of the signature */
	ck_assert_int_eq(deliver(HOOK, "", S("{")), 401);
}
END_TEST

START_TEST(a_signed_body_that_is_no_event_is_a_bad_request)
{
	static const char *const bad[] = { "{", "[]", "{}", "{\"event\":7}",
		"{\"event\":\"\"}" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(
		    deliver_signed(SECRET_TOKEN, 0, str_from(bad[i])), 400);
}
END_TEST

/* Lines of the log that hold a text. */
static size_t n_warnings(const char *text)
{
	size_t n = 0;
	for (size_t i = 0; i < host_n_called(&w.host, MM_API_LOG_WARN); i++) {
		const struct mm_log_warn_args *args =
		    host_args(&w.host, MM_API_LOG_WARN, i);
		n += strstr(str_c(args->msg), text) != NULL;
	}
	return n;
}

static const struct {
	const char *text;
	int status;
} unreadable[] = {
	{ "", 400 },
	{ "\xff\xfe{}", 400 },
	{ "{\"event\":\"meeting.ended\",\"payload\":{\"object\":{\"uuid\":"
	  "\"\xff\"}}}",
	    400 },
	{ "{\"event\":\"meeting.ended\",\"payload\":{\"object\":{\"uuid\":"
	  "\"" MEETING_UUID "\"}}",
	    400 },
	{ "{\"event\":\"meeting.ended\",\"event_ts\":1e999}", 400 },
	{ "{\"event\":\"meeting.ended\"}{\"event\":\"meeting.ended\"}", 400 },
	{ "{\"event\":\"meeting.ended\",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
	  "[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
	    400 },
};

START_TEST(what_cannot_be_read_is_answered_with_a_sentence)
{
	struct str body = str_from(unreadable[_i].text);
	ck_assert_int_eq(
	    deliver_signed(SECRET_TOKEN, 0, body), unreadable[_i].status);
	ck_assert_ptr_nonnull(strstr(host_body(&answer), "webhook body: "));
	ck_assert_uint_eq(n_warnings("A webhook was refused"), 1);
	ck_assert(!host_logged(&w.host, WEBHOOK_SECRET));
	ck_assert(!host_logged(&w.host, SECRET_TOKEN));
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_LOG_ERROR), 0);
}
END_TEST

START_TEST(a_body_of_too_many_values_is_too_large)
{
	size_t n = 70000;
	char *body = arena_alloc(&w.arena, 2 * n + 64);
	size_t at =
	    (size_t)sprintf(body, "{\"event\":\"meeting.ended\",\"x\":[");
	for (size_t i = 0; i < n; i++, at += 2)
		memcpy(body + at, "0,", 2);
	memcpy(body + at, "0]}", 3);
	ck_assert_int_eq(
	    deliver_signed(SECRET_TOKEN, 0, str_n(body, at + 3)), 413);
}
END_TEST

START_TEST(an_unknown_event_is_taken_and_changes_nothing)
{
	ck_assert_int_eq(deliver_signed(SECRET_TOKEN, 0, S(PLAIN)), 200);
	ck_assert_uint_eq(answer.body.len, 0);
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_UPDATE_POST), 0);
}
END_TEST

/* ---- challenges ------------------------------------------------------------------------ */

static struct str challenge(const char *token)
{
	return arena_printf(&w.arena,
	    "{\"payload\":{\"plainToken\":%s},\"event_ts\":1760000000123,"
	    "\"event\":\"endpoint.url_validation\"}",
	    token);
}

#define VECTOR_ANSWER                                                          \
 "{\"plainToken\":\"q9ibPhGeRZ6ayx5WTrXjAA\",\"encryptedToken\":"              \
 "\"a74ba999944d335bfb70e8162592bba1105117212d71641628b1b88463bd7a43\"}"

START_TEST(a_challenge_is_answered_signed_or_not)
{
	struct str body = challenge("\"q9ibPhGeRZ6ayx5WTrXjAA\"");
	ck_assert_int_eq(deliver(HOOK, "", body), 200);
	ck_assert_str_eq(host_body(&answer), VECTOR_ANSWER);
	ck_assert_str_eq(
	    host_header(&answer, "Content-Type"), "application/json");
	ck_assert_int_eq(deliver_signed(SECRET_TOKEN, 0, body), 200);
	ck_assert_str_eq(host_body(&answer), VECTOR_ANSWER);
}
END_TEST

START_TEST(a_challenge_with_a_wrong_signature_or_secret_is_refused)
{
	struct str body = challenge("\"q9ibPhGeRZ6ayx5WTrXjAA\"");
	ck_assert_int_eq(deliver_signed("another", 0, body), 401);
	ck_assert_int_eq(deliver("/webhook?secret=x", "", body), 401);
}
END_TEST

START_TEST(a_challenge_cannot_be_used_to_sign)
{
	char longest[131];
	memset(longest, 'a', sizeof(longest));
	longest[0] = longest[129] = '"';
	longest[130] = '\0';
	ck_assert_int_eq(deliver(HOOK, "", challenge(longest)), 200);
	static const char *const bad[] = { "\"v0:1760000000:{}\"", "\"\"", "7",
		"null", "\"a b\"", "\"a\\u0000\"", "\"\xc3\xa9\"" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(deliver(HOOK, "", challenge(bad[i])), 400);
		ck_assert_ptr_null(strstr(host_body(&answer), "encrypted"));
	}
	struct str longer =
	    arena_printf(&w.arena, "\"aa%.*s", 129, longest + 1);
	ck_assert_int_eq(deliver(HOOK, "", challenge(str_c(longer))), 400);
}
END_TEST

START_TEST(without_a_secret_token_everything_is_refused)
{
	world_configures(&w, "ZoomWebhookSecret", "\"\"");
	ck_assert_int_eq(deliver(HOOK, "", S(PLAIN)), 401);
	ck_assert_int_eq(deliver_signed("", 0, S(PLAIN)), 401);
	ck_assert_int_eq(deliver_signed(SECRET_TOKEN, 0, S(PLAIN)), 401);
	/* a challenge has no key to be answered with */
	ck_assert_int_eq(
	    deliver(HOOK, "", challenge("\"q9ibPhGeRZ6ayx5WTrXjAA\"")), 400);
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_UPDATE_POST), 0);
}
END_TEST

/* ---- meetings ---------------------------------------------------------------------------- */

static void start_meeting(void)
{
	world_connects(&w);
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
	ck_assert_str_eq(world_types(&w, ADA, "/zoom start"), "");
}

static const char *status_of(size_t i)
{
	const struct mm_post *post = host_post(&w.host, i);
	return str_c(gob_any_get_string(
	    gob_any_map_get(&post->props, S("meeting_status"))));
}

#define TIMES                                                                  \
 ",\"start_time\":\"2026-10-09T08:53:20Z\",\"end_time\":"                      \
 "\"2099-10-09T09:23:20Z\""

START_TEST(a_meeting_ends_by_its_uuid)
{
	start_meeting();
	ck_assert_str_eq(status_of(0), "STARTED");
	/* another id: the UUID alone decides */
	ck_assert_int_eq(world_delivers(&w, world_event(&w, "meeting.ended",
	                                        "1", MEETING_UUID, TIMES)),
	    200);
	ck_assert_str_eq(status_of(0), "ENDED");
	int64_t end_ms = 0;
	ck_assert(
	    gob_any_get_int64(gob_any_map_get(&host_post(&w.host, 0)->props,
	                          S("meeting_end_time")),
	        &end_ms));
	ck_assert_int_eq(end_ms, 4095221000000); /* Zoom's own */
}
END_TEST

START_TEST(ending_twice_changes_nothing)
{
	start_meeting();
	const char *event = world_event(
	    &w, "meeting.ended", "\"85550001111\"", MEETING_UUID, TIMES);
	ck_assert_int_eq(world_delivers(&w, event), 200);
	ck_assert_int_eq(world_delivers(&w, event), 200);
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_UPDATE_POST), 1);
}
END_TEST

START_TEST(a_meeting_of_another_uuid_ends_by_its_id)
{
	start_meeting();
	ck_assert_int_eq(
	    world_delivers(&w, world_event(&w, "meeting.ended",
	                           "\"85550001111\"", "//o==", TIMES)),
	    200);
	ck_assert_str_eq(status_of(0), "ENDED");
}
END_TEST

START_TEST(a_post_that_somebody_else_has_made_to_look_so_is_not_the_meetings)
{
	start_meeting();
	struct mm_post forged = *host_post(&w.host, 0);
	forged.user_id = S(SAM);
	forged.create_at++;
	host_adds_post(&w.host, &forged);
	ck_assert_int_eq(
	    world_delivers(&w, world_event(&w, "meeting.ended",
	                           "\"85550001111\"", "//o==", TIMES)),
	    200);
	ck_assert_str_eq(status_of(0), "ENDED");
	ck_assert_str_eq(status_of(1), "STARTED");
}
END_TEST

START_TEST(the_running_instances_uuid_is_remembered)
{
	start_meeting();
	ck_assert_int_eq(world_delivers(&w, world_event(&w, "meeting.started",
	                                        "85550001111", "//o==", "")),
	    200);
	ck_assert(str_eq(host_key(&w.host, "post_meeting_%2F%2Fo=="),
	    host_post(&w.host, 0)->id));
	ck_assert_uint_eq(host_n_posts(&w.host), 1);
	ck_assert_int_eq(world_delivers(&w, world_event(&w, "meeting.ended",
	                                        "1", "//o==", TIMES)),
	    200);
	ck_assert_str_eq(status_of(0), "ENDED");
}
END_TEST

START_TEST(the_end_of_an_older_instance_leaves_a_newer_one_running)
{
	start_meeting();
	ck_assert_int_eq(
	    world_delivers(
	        &w, world_event(&w, "meeting.ended", "85550001111",
	                "older==", ",\"end_time\":\"2020-01-01T00:00:00Z\"")),
	    200);
	ck_assert_str_eq(status_of(0), "STARTED");
}
END_TEST

START_TEST(another_meeting_ends_nothing)
{
	start_meeting();
	ck_assert_int_eq(world_delivers(&w, world_event(&w, "meeting.ended",
	                                        "7", "other==", TIMES)),
	    200);
	ck_assert_str_eq(status_of(0), "STARTED");
}
END_TEST

START_TEST(a_deleted_post_is_no_error)
{
	start_meeting();
	host_post(&w.host, 0)->delete_at = 1;
	ck_assert_int_eq(
	    world_delivers(&w, world_event(&w, "meeting.ended", "85550001111",
	                           MEETING_UUID, TIMES)),
	    200);
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_UPDATE_POST), 0);
}
END_TEST

static const char *const events[] = { "meeting.started", "meeting.ended",
	"recording.completed", "recording.transcript_completed" };
#define N_EVENTS (int)(sizeof(events) / sizeof(events[0]))

static const char *const payloads[] = {
	"null",
	"[]",
	"7",
	"\"x\"",
	"{}",
	"{\"object\":null}",
	"{\"object\":[]}",
	"{\"object\":{}}",
	"{\"object\":{\"id\":null,\"uuid\":null,\"recording_files\":null}}",
	"{\"object\":{\"id\":{},\"uuid\":[],\"recording_files\":{}}}",
	"{\"object\":{\"id\":\"\",\"uuid\":\"\",\"start_time\":\"\","
	"\"end_time\":\"\"}}",
	"{\"object\":{\"id\":1e300,\"uuid\":7,\"recording_files\":[1]}}",
	"{\"object\":{\"id\":99999999999999999999,\"uuid\":\"x\"}}",
	"{\"object\":{\"id\":\"99999999999999999999\",\"uuid\":\"x\"}}",
	"{\"object\":{\"id\":-85550001111,\"uuid\":\"a\\u0000b\"}}",
};

/* Every event with every payload that lacks something or is of another type. */
START_TEST(an_event_of_another_shape_changes_nothing)
{
	start_meeting();
	size_t posts = host_n_called(&w.host, MM_API_CREATE_POST);
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		struct str event = arena_printf(&w.arena,
		    "{\"event\":\"%s\",\"event_ts\":\"x\",\"download_token\":"
		    "{},\"payload\":%s}",
		    events[_i], payloads[i]);
		ck_assert_int_eq(world_delivers(&w, str_c(event)), 200);
	}
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_CREATE_POST), posts);
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_UPDATE_POST), 0);
	ck_assert_str_eq(status_of(0), "STARTED");
}
END_TEST

static const char *const id_forms[] = { "85550001111", "\"85550001111\"",
	"85550001111.0" };

START_TEST(an_id_may_be_a_text_or_a_number)
{
	start_meeting();
	world_delivers(
	    &w, world_event(&w, "meeting.started", id_forms[_i], "//o==", ""));
	ck_assert_uint_gt(host_key(&w.host, "post_meeting_%2F%2Fo==").len, 0);
	world_delivers(
	    &w, world_event(&w, "meeting.ended", id_forms[_i], "+/p==", TIMES));
	ck_assert_str_eq(status_of(0), "ENDED");
}
END_TEST

START_TEST(a_start_that_comes_after_the_end_starts_nothing)
{
	start_meeting();
	for (int i = 0; i < 2; i++) {
		world_delivers(&w, world_event(&w, "meeting.ended",
		                       "85550001111", MEETING_UUID, TIMES));
		world_delivers(&w, world_event(&w, "meeting.started",
		                       "85550001111", MEETING_UUID, ""));
		world_delivers(&w, world_event(&w, "meeting.started",
		                       "85550001111", "next==", ""));
	}
	ck_assert_str_eq(status_of(0), "ENDED");
	ck_assert_uint_eq(host_n_called(&w.host, MM_API_UPDATE_POST), 1);
	ck_assert_uint_eq(host_key(&w.host, "post_meeting_next==").len, 0);
}
END_TEST

static const enum mm_api_method used[] = { MM_API_KV_GET, MM_API_GET_POST,
	MM_API_UPDATE_POST };

START_TEST(what_could_not_be_done_is_to_be_sent_again)
{
	start_meeting();
	const char *event = world_event(
	    &w, "meeting.ended", "85550001111", MEETING_UUID, TIMES);
	host_fails(&w.host, used[_i], 500);
	ck_assert_int_eq(world_delivers(&w, event), 500);
	ck_assert(host_logged(&w.host, "A webhook could not be handled"));
	host_obeys(&w.host, used[_i]);
	ck_assert_int_eq(world_delivers(&w, event), 200);
	ck_assert_str_eq(status_of(0), "ENDED");
}
END_TEST

START_TEST(a_webhook_never_asks_zoom)
{
	start_meeting();
	int before = https_n_requests(w.zoom);
	world_delivers(
	    &w, world_event(&w, "meeting.started", "85550001111", "//o==", ""));
	world_delivers(&w,
	    world_event(&w, "meeting.ended", "85550001111", "//o==", TIMES));
	ck_assert_int_eq(https_n_requests(w.zoom), before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin webhook");
	TCase *tc = tcase_create("deliveries");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_metrics_say_how_late_the_last_event_came);
	tcase_add_test(tc, a_plus_sign_in_the_secret_need_not_be_escaped);
	tcase_add_test(
	    tc, a_wrong_secret_is_refused_without_a_byte_of_the_body);
	tcase_add_test(
	    tc, who_knows_the_secret_has_his_body_fetched_with_the_dials);
	tcase_add_test(tc, anything_but_json_is_refused);
	tcase_add_test(tc, a_body_above_one_mebibyte_is_refused);
	tcase_add_test(tc, the_signature_is_that_of_the_published_vector);
	tcase_add_loop_test(tc, only_what_zoom_signed_just_now_counts, 0,
	    (int)(sizeof(signings) / sizeof(signings[0])));
	tcase_add_test(tc, an_event_without_signature_is_refused);
	tcase_add_test(tc, a_signed_body_that_is_no_event_is_a_bad_request);
	tcase_add_loop_test(tc, what_cannot_be_read_is_answered_with_a_sentence,
	    0, (int)(sizeof(unreadable) / sizeof(unreadable[0])));
	tcase_add_test(tc, a_body_of_too_many_values_is_too_large);
	tcase_add_loop_test(
	    tc, an_event_of_another_shape_changes_nothing, 0, N_EVENTS);
	tcase_add_loop_test(tc, an_id_may_be_a_text_or_a_number, 0,
	    (int)(sizeof(id_forms) / sizeof(id_forms[0])));
	tcase_add_test(tc, a_start_that_comes_after_the_end_starts_nothing);
	tcase_add_test(tc, an_unknown_event_is_taken_and_changes_nothing);
	tcase_add_test(tc, a_challenge_is_answered_signed_or_not);
	tcase_add_test(
	    tc, a_challenge_with_a_wrong_signature_or_secret_is_refused);
	tcase_add_test(tc, a_challenge_cannot_be_used_to_sign);
	tcase_add_test(tc, without_a_secret_token_everything_is_refused);
	tcase_add_test(tc, a_meeting_ends_by_its_uuid);
	tcase_add_test(tc, ending_twice_changes_nothing);
	tcase_add_test(tc, a_meeting_of_another_uuid_ends_by_its_id);
	tcase_add_test(tc,
	    a_post_that_somebody_else_has_made_to_look_so_is_not_the_meetings);
	tcase_add_test(tc, the_running_instances_uuid_is_remembered);
	tcase_add_test(
	    tc, the_end_of_an_older_instance_leaves_a_newer_one_running);
	tcase_add_test(tc, another_meeting_ends_nothing);
	tcase_add_test(tc, a_deleted_post_is_no_error);
	tcase_add_loop_test(
	    tc, what_could_not_be_done_is_to_be_sent_again, 0, 3);
	tcase_add_test(tc, a_webhook_never_asks_zoom);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
