#include "zoom/json.h"

#include <check.h>
#include <stdlib.h>

struct thing {
	struct str name;
	int64_t number;
};

static const struct zoom_json_field fields[] = {
	{ STR("name"), ZOOM_JSON_TEXT, offsetof(struct thing, name) },
	{ STR("number"), ZOOM_JSON_INT, offsetof(struct thing, number) },
};

static const struct zoom_json_table table = { .fields = fields, .n_fields = 2 };

static bool has_name(void *ctx, const void *object)
{
	const struct thing *so_far = object;
	++*(int *)ctx;
	return so_far->name.len > 0;
}

static const struct row {
	const char *text;
	bool ok;
	int asked; /* how often */
} rows[] = {
	{ "{\"time\":1,\"name\":\"x\",\"number\":tru \xff\v", true, 3 },
	{ "{\"name\":\"x\",\"name\":\"y\"", true, 2 },
	{ "{\"name\":\"x\",\"number\":5}", true, 2 },
	{ "{\"name\":\"x\"}", true, 1 },
	/* nothing to stop at, or not yet */
	{ "{\"name\":\"x\"} x", false, 1 },
	{ "{\"name\":\"x\",\"numb", false, 1 },
	{ "{\"name\":7,\"number\":tru", false, 2 },
	{ "{\"deep\":{\"name\":\"x\",\"y\":1},\"z\":tru", false, 2 },
	/* what was read is checked */
	{ "{\"o\":\"\xff\",\"name\":\"x\",\"number\":1}", false, 3 },
	{ "{\"name\":\"x\",\v\"number\":1}", false, 2 },
	{ "{\"name\":\"x\",\"\\ud83d\":1}", false, 1 },
	{ "{\"name\":\"x\",\"number\":1,\"o\":\"\\ud83d\"}", true, 2 },
	{ "{\"o\":\"\\ud83d\",\"name\":\"x\",\"number\":1}", false, 1 },
};

START_TEST(when_it_is_enough_no_more_is_read)
{
	const struct row *row = &rows[_i];
	struct thing thing = { .number = -7 };
	struct err err = { 0 };
	struct arena arena;
	int asked = 0;
	arena_init(&arena, 4096);
	bool ok = zoom_json_read_until(&arena, str_from(row->text), &table,
	    &thing, has_name, &asked, &err);
	ck_assert_int_eq(ok, row->ok);
	ck_assert_int_eq(asked, row->asked);
	ck_assert_int_eq(err.code, ok ? ERR_NONE : ERR_PROTOCOL);
	ck_assert(str_eq(thing.name, ok ? S("x") : S("")));
	ck_assert_int_eq(thing.number, -7);
	arena_fini(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_json_until");
	TCase *tests = tcase_create("until");
	tcase_add_loop_test(tests, when_it_is_enough_no_more_is_read, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
