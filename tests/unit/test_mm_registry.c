/* Every name that may travel in an interface value comes through, under the
 * name that Go has registered. */
#include "tests/lib/feed.h"

#include "mm/mm.h"
#include "mm/registry.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct buf wire;

static void set_up(void)
{
	arena_init(&arena, 1024 * 1024);
	buf_init(&wire, 1024 * 1024);
}

static void tear_down(void)
{
	buf_fini(&wire);
	arena_fini(&arena);
}

/* Through the wire and back, in a map as props are. */
static struct gob_any travel(struct gob_any value, struct err *err)
{
	struct gob_any_map map = { 0 };
	struct gob_any_map back = { 0 };
	struct gob_encoder e;
	struct gob_decoder d;
	gob_any_map_set(&arena, &map, S("k"), value);
	gob_encoder_init(&e);
	bool sent = gob_encode(&e, &wire, &gob_type_any_map, &map, err);
	gob_encoder_fini(&e);
	if (!sent)
		return (struct gob_any){ 0 };
	struct feed f = { .bytes = buf_str(&wire) };
	gob_decoder_init(&d, feed_io(&f), &mm_registry, 0);
	ck_assert_msg(gob_decode(&d, &gob_type_any_map, &arena, &back, err),
	    "%s", err->text);
	gob_decoder_fini(&d);
	const struct gob_any *found = gob_any_map_get(&back, S("k"));
	ck_assert_ptr_nonnull(found);
	return *found;
}

static const struct {
	const char *name;
	const struct gob_type *type;
} names[] = {
	{ "[]*model.SlackAttachment", &mm_type_message_attachment_slice },
	{ "*model.AppError", &mm_type_app_error },
	{ "*plugin.ErrorString", &mm_type_error_string },
	{ "*model.AutocompleteTextArg", &mm_type_autocomplete_text_arg },
	{ "*model.AutocompleteStaticListArg",
	    &mm_type_autocomplete_static_list_arg },
	{ "*model.AutocompleteDynamicListArg",
	    &mm_type_autocomplete_dynamic_list_arg },
	{ "*model.PreviewPost", &mm_type_preview_post },
	{ "*pq.Error", &mm_type_pq_error },
};
#define N_NAMES ((int)(sizeof(names) / sizeof(names[0])))

START_TEST(a_registered_type_travels_under_its_go_name)
{
	struct err err = { 0 };
	struct gob_any value = { .name = str_from(names[_i].name),
		.type = names[_i].type };
	value.value = arena_alloc(&arena, names[_i].type->size);
	struct gob_any back = travel(value, &err);
	ck_assert_msg(err.code == ERR_NONE, "%s", err.text);
	ck_assert_ptr_eq(back.type, names[_i].type);
	ck_assert_str_eq(str_c(back.name), names[_i].name);
	ck_assert_ptr_nonnull(memmem(
	    wire.data, wire.len, names[_i].name, strlen(names[_i].name)));
}
END_TEST

START_TEST(the_registry_holds_these_names_and_no_others)
{
	ck_assert_uint_eq(mm_registry.n_rows, (size_t)N_NAMES);
	for (size_t i = 0; i < mm_registry.n_rows; i++)
		ck_assert_str_eq(mm_registry.rows[i].name, names[i].name);
}
END_TEST

START_TEST(texts_in_attachments_come_through)
{
	struct err err = { 0 };
	struct mm_message_attachment item = { .title = S("Title"),
		.text = S("Text") };
	struct mm_message_attachment_slice slice = { &item, 1 };
	struct gob_any back = travel(mm_any_attachments(&arena, slice), &err);
	const struct mm_message_attachment_slice *got = back.value;
	ck_assert_uint_eq(got->n, 1);
	ck_assert_str_eq(str_c(got->items[0].title), "Title");
	ck_assert_str_eq(str_c(got->items[0].text), "Text");
}
END_TEST

START_TEST(a_name_that_is_not_registered_is_decoded_past)
{
	struct err err = { 0 };
	struct mm_user user = { .id = S("ada") };
	struct gob_any value = { S("*model.User"), &mm_type_user, &user };
	struct gob_any back = travel(value, &err);
	ck_assert_ptr_null(back.type);
	ck_assert_str_eq(str_c(back.name), "*model.User");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mm registry");
	TCase *tc = tcase_create("names");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(
	    tc, a_registered_type_travels_under_its_go_name, 0, N_NAMES);
	tcase_add_test(tc, the_registry_holds_these_names_and_no_others);
	tcase_add_test(tc, texts_in_attachments_come_through);
	tcase_add_test(tc, a_name_that_is_not_registered_is_decoded_past);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
