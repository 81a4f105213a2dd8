/* The generated descriptors: some by hand, and all of them walked for what
 * the encoder and the decoder take for granted. */
#include "mm/gen/hooks.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* All types that hooks and API methods can reach are about 900. */
#define MAX_SEEN 4096

struct walk {
	const struct gob_type *seen[MAX_SEEN];
	size_t n_seen;
};

static const struct gob_field *field(
    const struct gob_type *type, const char *name)
{
	for (size_t i = 0; i < type->n_fields; i++) {
		if (strcmp(type->fields[i].name, name) == 0)
			return &type->fields[i];
	}
	ck_abort_msg("%s has no field %s", type->name, name);
	return NULL;
}

static void expect_field(const struct gob_type *type, const char *name,
    size_t offset, const struct gob_type *of, bool pointer)
{
	const struct gob_field *f = field(type, name);
	ck_assert_uint_eq(f->offset, offset);
	ck_assert_ptr_eq(f->type, of);
	ck_assert_int_eq(f->pointer, pointer);
}

static void expect_struct(
    const struct gob_type *type, const char *name, size_t size)
{
	ck_assert_int_eq(type->kind, GOB_STRUCT);
	ck_assert_str_eq(type->name, name);
	ck_assert_uint_eq(type->size, size);
}

/* ---- by hand ------------------------------------------------------------- */

START_TEST(post)
{
	const struct gob_type *t = &mm_type_post;
	expect_struct(t, "Post", sizeof(struct mm_post));
	ck_assert_str_eq(t->fields[0].name, "Id");
	expect_field(t, "CreateAt", offsetof(struct mm_post, create_at),
	    &gob_type_int64, false);
	expect_field(t, "Props", offsetof(struct mm_post, props),
	    &mm_type_string_interface, false);
	expect_field(t, "FileIds", offsetof(struct mm_post, file_ids),
	    &mm_type_string_array, false);
	expect_field(t, "RemoteId", offsetof(struct mm_post, remote_id),
	    &gob_type_string, true);
	expect_field(t, "Metadata", offsetof(struct mm_post, metadata),
	    &mm_type_post_metadata, true);
}
END_TEST

START_TEST(dialog_in_place)
{
	expect_struct(&mm_type_open_dialog_request, "OpenDialogRequest",
	    sizeof(struct mm_open_dialog_request));
	expect_field(&mm_type_open_dialog_request, "Dialog",
	    offsetof(struct mm_open_dialog_request, dialog), &mm_type_dialog,
	    false);
	const struct gob_field *elements = field(&mm_type_dialog, "Elements");
	ck_assert_int_eq(elements->type->kind, GOB_SLICE);
	ck_assert_str_eq(elements->type->name, "[]model.DialogElement");
	ck_assert_ptr_eq(elements->type->elem, &mm_type_dialog_element);
	ck_assert_uint_eq(
	    elements->type->size, sizeof(struct mm_dialog_element_slice));
}
END_TEST

START_TEST(named_containers)
{
	ck_assert_str_eq(mm_type_string_array.name, "StringArray");
	ck_assert_int_eq(mm_type_string_array.kind, GOB_SLICE);
	ck_assert_ptr_eq(mm_type_string_array.elem, &gob_type_string);
	ck_assert_str_eq(mm_type_string_interface.name, "StringInterface");
	ck_assert_int_eq(mm_type_string_interface.kind, GOB_MAP);
	ck_assert_uint_eq(
	    mm_type_string_interface.entry_size, sizeof(struct gob_any_entry));
	ck_assert_str_eq(mm_type_http_header.name, "Header");
	ck_assert_uint_eq(mm_type_http_header.elem_offset,
	    offsetof(struct mm_string_strings_entry, value));
	ck_assert_ptr_eq(mm_type_http_header.elem, &gob_type_strings);
}
END_TEST

START_TEST(map_of_structs)
{
	const struct gob_field *posts = field(&mm_type_post_list, "Posts");
	ck_assert_int_eq(posts->type->kind, GOB_MAP);
	ck_assert_str_eq(posts->type->name, "map[string]*model.Post");
	ck_assert_ptr_eq(posts->type->key, &gob_type_string);
	ck_assert_ptr_eq(posts->type->elem, &mm_type_post);
	ck_assert_uint_eq(
	    posts->type->entry_size, sizeof(struct mm_string_post_entry));
}
END_TEST

START_TEST(types_that_marshal_themselves)
{
	expect_field(&mm_type_custom_status, "ExpiresAt",
	    offsetof(struct mm_custom_status, expires_at), &gob_type_time,
	    false);
	expect_field(&mm_type_http_request, "URL",
	    offsetof(struct mm_http_request, url), &gob_type_url, false);
	ck_assert_int_eq(mm_type_big_int.kind, GOB_GOB_ENCODER);
	ck_assert(mm_type_big_int.external_pointer);
	ck_assert_int_eq(mm_type_x509_oid.kind, GOB_BINARY_MARSHALER);
	ck_assert(!mm_type_x509_oid.external_pointer);
}
END_TEST

START_TEST(config_is_pointers)
{
	expect_field(&mm_type_config, "ServiceSettings",
	    offsetof(struct mm_config, service_settings),
	    &mm_type_service_settings, false);
	expect_field(&mm_type_service_settings, "SiteURL",
	    offsetof(struct mm_service_settings, site_url), &gob_type_string,
	    true);
}
END_TEST

START_TEST(calls)
{
	const struct mm_method *m = &mm_api_methods[MM_API_KV_COMPARE_AND_SET];
	ck_assert_str_eq(m->name, "Plugin.KVCompareAndSet");
	expect_struct(m->args, "Z_KVCompareAndSetArgs",
	    sizeof(struct mm_kv_compare_and_set_args));
	expect_field(m->args, "C",
	    offsetof(struct mm_kv_compare_and_set_args, new_value),
	    &gob_type_bytes, false);
	expect_field(m->returns, "B",
	    offsetof(struct mm_kv_compare_and_set_returns, app_error),
	    &mm_type_app_error, true);
	ck_assert_uint_eq(mm_api_methods[MM_API_GET_CONFIG].args->size, 0);
	ck_assert_str_eq(
	    mm_api_methods[MM_API_LOAD_PLUGIN_CONFIGURATION].args->name,
	    "Z_LoadPluginConfigurationArgsArgs");
}
END_TEST

START_TEST(streams)
{
	const struct gob_type *t = &mm_type_hook_serve_http_args;
	expect_field(t, "ResponseWriterStream",
	    offsetof(struct mm_hook_serve_http_args, response_writer_stream),
	    &gob_type_uint32, false);
	expect_field(t, "Request",
	    offsetof(struct mm_hook_serve_http_args, request),
	    &mm_type_http_request_subset, true);
	ck_assert_uint_eq(gob_type_uint32.bits, 32);
	expect_field(&mm_type_hook_on_activate_args, "APIMuxId",
	    offsetof(struct mm_hook_on_activate_args, api_mux_id),
	    &gob_type_uint32, false);
}
END_TEST

static void on_command(struct mm_call *call,
    const struct mm_hook_execute_command_args *args,
    struct mm_hook_execute_command_returns *ret)
{
	(void)call;
	ret->result->text = args->args->command;
}

START_TEST(hook_row)
{
	const struct mm_hook_row *row = NULL;
	for (size_t i = 0; i < mm_n_hook_rows; i++) {
		if (strcmp(mm_hook_rows[i].name, "ExecuteCommand") == 0)
			row = &mm_hook_rows[i];
	}
	ck_assert_ptr_nonnull(row);
	struct mm_hooks hooks = { 0 };
	ck_assert(!row->present(&hooks));
	hooks.execute_command = on_command;
	ck_assert(row->present(&hooks));
	struct mm_command_args command = { .command = S("/hello") };
	struct mm_command_response answer = { 0 };
	struct mm_hook_execute_command_args args = { .args = &command };
	struct mm_hook_execute_command_returns ret = { .result = &answer };
	row->invoke(&hooks, NULL, &args, &ret);
	ck_assert(str_eq(answer.text, S("/hello")));
}
END_TEST

START_TEST(hook_rows_are_sorted)
{
	ck_assert_uint_gt(mm_n_hook_rows, 0);
	for (size_t i = 0; i < mm_n_hook_rows; i++) {
		const struct mm_hook_row *row = &mm_hook_rows[i];
		ck_assert_str_eq(row->method + strlen("Plugin."), row->name);
		if (i > 0)
			ck_assert_int_lt(
			    strcmp(row[-1].method, row->method), 0);
	}
}
END_TEST

/* ---- all of them --------------------------------------------------------- */

static void visit(struct walk *w, const struct gob_type *type);

static size_t size_of_kind(enum gob_kind kind)
{
	switch (kind) {
	case GOB_BOOL:
		return sizeof(bool);
	case GOB_INT:
		return sizeof(int64_t);
	case GOB_UINT:
		return sizeof(uint64_t);
	case GOB_FLOAT:
		return sizeof(double);
	case GOB_INTERFACE:
		return sizeof(struct gob_any);
	case GOB_TIME:
		return sizeof(struct gob_time);
	case GOB_SLICE:
	case GOB_MAP:
		return sizeof(struct gob_slice);
	case GOB_BYTES:
	case GOB_STRING:
	case GOB_GOB_ENCODER:
	case GOB_BINARY_MARSHALER:
	case GOB_TEXT_MARSHALER:
		return sizeof(struct str);
	default:
		ck_abort_msg("kind %d occurs in no Go type here", (int)kind);
		return 0;
	}
}

static void visit_fields(struct walk *w, const struct gob_type *type)
{
	size_t end = 0;
	for (size_t i = 0; i < type->n_fields; i++) {
		const struct gob_field *f = &type->fields[i];
		ck_assert_ptr_nonnull(f->name);
		ck_assert_ptr_nonnull(f->type);
		ck_assert_msg(f->name[0] >= 'A' && f->name[0] <= 'Z',
		    "%s has a field '%s'", type->name, f->name);
		size_t size = f->pointer ? sizeof(void *) : f->type->size;
		ck_assert_msg(f->offset >= end,
		    "%s.%s overlaps the field before", type->name, f->name);
		ck_assert_msg(f->offset + size <= type->size,
		    "%s.%s ends behind the struct", type->name, f->name);
		end = f->offset + size;
		visit(w, f->type);
	}
}

static void visit_struct(struct walk *w, const struct gob_type *type)
{
	ck_assert_str_ne(type->name, "");
	ck_assert_int_eq(type->n_fields == 0, type->fields == NULL);
	ck_assert_int_eq(type->n_fields == 0, type->size == 0);
	ck_assert_ptr_null(type->elem);
	ck_assert_ptr_null(type->key);
	visit_fields(w, type);
}

static void visit_container(struct walk *w, const struct gob_type *type)
{
	ck_assert_str_ne(type->name, "");
	ck_assert_ptr_nonnull(type->elem);
	ck_assert_uint_gt(type->elem->size, 0);
	visit(w, type->elem);
	if (type->kind == GOB_SLICE) {
		ck_assert_ptr_null(type->key);
		return;
	}
	ck_assert_ptr_nonnull(type->key);
	ck_assert_uint_ge(type->elem_offset, type->key->size);
	ck_assert_uint_ge(
	    type->entry_size, type->elem_offset + type->elem->size);
	visit(w, type->key);
}

static void visit(struct walk *w, const struct gob_type *type)
{
	for (size_t i = 0; i < w->n_seen; i++) {
		if (w->seen[i] == type)
			return;
	}
	ck_assert_uint_lt(w->n_seen, MAX_SEEN);
	w->seen[w->n_seen++] = type;
	ck_assert_ptr_nonnull(type->name);
	if (type->kind == GOB_STRUCT) {
		visit_struct(w, type);
		return;
	}
	ck_assert_uint_eq(type->size, size_of_kind(type->kind));
	if (type->kind == GOB_INT || type->kind == GOB_UINT)
		ck_assert_msg(type->bits >= 8 && type->bits <= 64,
		    "%s has %u bits", type->name, type->bits);
	if (type->kind == GOB_SLICE || type->kind == GOB_MAP)
		visit_container(w, type);
}

START_TEST(every_descriptor)
{
	struct walk w = { .n_seen = 0 };
	for (size_t i = 0; i < MM_N_API; i++) {
		ck_assert_int_eq(
		    strncmp(mm_api_methods[i].name, "Plugin.", 7), 0);
		visit(&w, mm_api_methods[i].args);
		visit(&w, mm_api_methods[i].returns);
	}
	for (size_t i = 0; i < mm_n_hook_rows; i++) {
		visit(&w, mm_hook_rows[i].args);
		visit(&w, mm_hook_rows[i].returns);
	}
	visit(&w, &mm_type_hook_on_activate_args);
	visit(&w, &mm_type_hook_on_activate_returns);
	visit(&w, &mm_type_hook_serve_http_args);
	visit(&w, &mm_type_hook_serve_metrics_args);
	visit(&w, &mm_type_hook_file_will_be_uploaded_args);
	visit(&w, &mm_type_hook_file_will_be_uploaded_returns);
	ck_assert_uint_gt(w.n_seen, 2 * MM_N_API);
}
END_TEST

int main(void)
{
	TCase *by_hand = tcase_create("by hand");
	tcase_add_test(by_hand, post);
	tcase_add_test(by_hand, dialog_in_place);
	tcase_add_test(by_hand, named_containers);
	tcase_add_test(by_hand, map_of_structs);
	tcase_add_test(by_hand, types_that_marshal_themselves);
	tcase_add_test(by_hand, config_is_pointers);
	tcase_add_test(by_hand, calls);
	tcase_add_test(by_hand, streams);
	tcase_add_test(by_hand, hook_row);
	tcase_add_test(by_hand, hook_rows_are_sorted);

	TCase *all = tcase_create("all");
	tcase_add_test(all, every_descriptor);

	Suite *suite = suite_create("models");
	suite_add_tcase(suite, by_hand);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
