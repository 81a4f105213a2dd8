/* Every allocation while JSON is read fails once, also those of yajl, which
 * would go on with what it did not get. */
#include "tests/lib/faults.h"

#include "zoom/json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
	struct str name;
};

struct thing {
	struct str name;
	struct item *items;
	size_t n_items;
};

static const struct zoom_json_field item_fields[] = {
	{ STR("name"), ZOOM_JSON_TEXT, offsetof(struct item, name) },
};

static const struct zoom_json_table item_table = { item_fields, 1, NULL, 0 };

static const struct zoom_json_field fields[] = {
	{ STR("name"), ZOOM_JSON_TEXT, offsetof(struct thing, name) },
};

static const struct zoom_json_list lists[] = {
	{
	    .path = STR("items"),
	    .item = &item_table,
	    .size = sizeof(struct item),
	    .max = 1000,
	    .offset = offsetof(struct thing, items),
	    .offset_n = offsetof(struct thing, n_items),
	},
};

static const struct zoom_json_table table = { fields, 1, lists, 1 };

/* 300 items, and a text of 20,000 characters with an escape in it. */
#define N_ITEMS  300
#define N_TEXT   20000
#define DOCUMENT (N_TEXT + N_ITEMS * 20)

static char document[DOCUMENT];
static size_t document_len;

static void write_document(void)
{
	char *to = document;
	to += sprintf(to, "{\"items\":[{\"name\":\"\\u00e9\"}");
	for (int i = 1; i < N_ITEMS; i++)
		to += sprintf(to, ",{\"name\":\"%d\"}", i);
	to += sprintf(to, "],\"name\":\"\\n");
	memset(to, 'x', N_TEXT - 1);
	to += N_TEXT - 1;
	to += sprintf(to, "\"}");
	document_len = (size_t)(to - document);
}

static bool read_document(void *arg)
{
	struct thing thing = { .n_items = 0 };
	struct err err = { 0 };
	struct arena a;
	(void)arg;
	arena_init(&a, (size_t)1024 * 1024);
	bool ok = zoom_json_read(
	    &a, str_n(document, document_len), &table, &thing, &err);
	if (ok)
		ok = thing.n_items == N_ITEMS && thing.name.len == N_TEXT;
	else if (err.code != ERR_NO_MEMORY || thing.n_items != 0)
		abort();
	arena_fini(&a);
	return ok;
}

START_TEST(a_document_is_read_or_memory_is_out)
{
	write_document();
	faults_each(read_document, NULL);
}
END_TEST

/* yajl keeps the text that a document breaks off in. */
static bool refuse_half(void *arg)
{
	struct thing thing = { .n_items = 0 };
	struct err err = { 0 };
	struct arena a;
	(void)arg;
	arena_init(&a, (size_t)1024 * 1024);
	if (zoom_json_read(
	        &a, str_n(document, document_len - 2), &table, &thing, &err))
		abort();
	arena_fini(&a);
	return err.code == ERR_PROTOCOL;
}

START_TEST(half_a_document_is_refused_or_memory_is_out)
{
	write_document();
	faults_each(refuse_half, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom json faults");
	TCase *tc = tcase_create("faults");
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, a_document_is_read_or_memory_is_out);
	tcase_add_test(tc, half_a_document_is_refused_or_memory_is_out);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
