/* What Go has written, served, and answered as Go does. */
#include "tests/lib/couple.h"
#include "tests/lib/vectors.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct couple couple;
static struct rpc_server *server;
static struct arena arena;
static struct err err;

static void set_up(void)
{
	err_clear(&err);
	arena_init(&arena, RPC_ARENA_MAX);
}

static void tear_down(void)
{
	arena_fini(&arena);
}

/* Every method there is: answers with a reply of what it takes. */
static const struct rpc_method go_methods[] = {
	{ "Dispenser.Dispense", &gob_type_string, &gob_type_uint32, NULL },
	{ "Control.Ping", &gob_type_bool, NULL, NULL },
	{ "Plugin.Implemented", &gob_type_empty, &gob_type_strings, NULL },
};
#define N_GO_METHODS (sizeof(go_methods) / sizeof(go_methods[0]))

static const struct rpc_method *find_go(void *object, struct str name)
{
	(void)object;
	for (size_t i = 0; i < N_GO_METHODS; i++) {
		if (str_eq(name, str_from(go_methods[i].name)))
			return &go_methods[i];
	}
	return NULL;
}

static void serve_go(
    void *object, struct rpc_call_info *call, const void *args, void *reply)
{
	static struct str names[] = { STR("OnActivate") };
	(void)object;
	switch (call->method - go_methods) {
	case 0:
		ck_assert(str_eq(*(const struct str *)args, S("hooks")));
		*(uint64_t *)reply = 1;
		break;
	case 1:
		ck_assert(*(const bool *)args);
		break;
	default:
		*(struct gob_strings *)reply = (struct gob_strings){ names, 1 };
		break;
	}
}

static const struct rpc_service go_service = {
	.find = find_go,
	.serve = serve_go,
	.max_calls = 1, /* in order */
	.spare = 1,
	.thread_name = "go",
};

static const struct vector *vector_named(
    const struct vector_file *file, const char *name)
{
	for (size_t i = 0; i < file->n; i++) {
		if (strcmp(file->vectors[i].name, name) == 0)
			return &file->vectors[i];
	}
	ck_abort_msg("no vector %s", name);
	return NULL;
}

/* Send Go's requests, read to the end, and compare with Go's answers. */
static void expect_answers_of_go(const char *request, const char *response)
{
	struct vector_file file;
	static char got[4096];
	size_t len = 0, n = 1;
	vectors_load(&file, "rpc.json");
	couple_marry(&couple, COUPLE_SOCKETS);
	server = rpc_server_start(couple.server, &go_service, &err);
	struct str bytes = vector_named(&file, request)->bytes;
	ck_assert(couple.client.write(
	    couple.client.object, bytes.data, bytes.len, SOON, &err));
	struct str want = vector_named(&file, response)->bytes;
	while (len < want.len && n > 0) {
		ck_assert_msg(couple.client.read(couple.client.object,
		                  got + len, sizeof(got) - len, SOON, &n, &err),
		    "%s", err.text);
		len += n;
	}
	ck_assert(str_eq(str_n(got, len), want));
	couple_part(&couple);
	rpc_server_free(server);
	couple_free(&couple);
	vectors_free(&file);
}

START_TEST(a_dispense_is_answered_as_go_does_to_the_byte)
{
	expect_answers_of_go("dispense/request", "dispense/response");
}
END_TEST

/* ---- requests recorded from Go, answered one by one --------------------------------- */

START_TEST(every_request_that_go_wrote_is_answered)
{
	struct vector_file file;
	vectors_load(&file, "rpc.json");
	for (size_t i = 0; i < file.n; i++) {
		const struct vector *v = &file.vectors[i];
		if (strstr(v->name, "/request") == NULL &&
		    strstr(v->name, "requests") == NULL)
			continue;
		couple_marry(&couple, COUPLE_SOCKETS);
		server = rpc_server_start(couple.server, &go_service, &err);
		ck_assert(couple.client.write(couple.client.object,
		    v->bytes.data, v->bytes.len, SOON, &err));
		struct gob_decoder d;
		gob_decoder_init(&d, couple.client, NULL, 0);
		for (size_t k = 0; k < json_array_size(v->value) / 2; k++) {
			struct rpc_response r = { 0 };
			ck_assert_msg(gob_decode(&d, &rpc_type_response, &arena,
			                  &r, &err),
			    "%s: %s", v->name, err.text);
			ck_assert(gob_decode(&d, NULL, NULL, NULL, &err));
		}
		gob_decoder_fini(&d);
		couple_part(&couple);
		rpc_server_free(server);
		couple_free(&couple);
	}
	vectors_free(&file);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rpc go");
	TCase *tc = tcase_create("vectors");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_dispense_is_answered_as_go_does_to_the_byte);
	tcase_add_test(tc, every_request_that_go_wrote_is_answered);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
