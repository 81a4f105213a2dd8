/* Another encryption key: what is kept, what is opened, what is told. */
#include "plugin/grant.h"
#include "plugin/keyring.h"
#include "plugin/vault.h"
#include "tests/lib/world.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PLACE "zoomSuperUserToken_"
#define THIRD "third-key-0123456789abcdefghijkl"

static struct world w;

static void set_up(void)
{
	world_start(&w);
}

static void tear_down(void)
{
	world_stop(&w);
}

/* What the server asks before it saves; "" when it may. */
static const char *saves(const char *name, const char *key)
{
	struct str value = str_from(key);
	struct gob_any_entry setting = { str_from(name),
		{ .type = &gob_type_string, .value = &value } };
	struct mm_string_any_map_entry plugin = { S("zoom"), { &setting, 1 } };
	struct mm_config config = { 0 };
	const struct mm_hook_configuration_will_be_saved_args args = {
		&config
	};
	struct mm_hook_configuration_will_be_saved_returns ret = { 0 };
	config.plugin_settings.plugins =
	    (struct mm_string_any_map_map){ &plugin, 1 };
	ck_assert_msg(host_calls(&w.host, "Plugin.ConfigurationWillBeSaved",
	                  &args, &ret, &w.err),
	    "%s", w.err.text);
	ck_assert_ptr_null(ret.result);
	if (ret.error.type == NULL)
		return "";
	return str_c(((struct mm_app_error *)ret.error.value)->message);
}

static const char *list_of(const char *key)
{
	struct str id;
	ck_assert(vault_key_id(&w.arena, str_from(key), &id, &w.err));
	return str_c(arena_printf(&w.arena, "z2_key_%.*s", STR_ARG(id)));
}

static bool has_list(const char *key)
{
	return host_key(&w.host, list_of(key)).len > 0;
}

/* The keys that are stored for a key. */
static const char *former_of(const char *key)
{
	struct str text;
	const char *place = list_of(key);
	ck_assert_msg(vault_open(&w.arena, str_from(key), str_from(place),
	                  host_key(&w.host, place), &text, &w.err),
	    "%s", w.err.text);
	return str_c(arena_str(&w.arena, text));
}

static struct str seal(const char *key, const char *text)
{
	struct str sealed;
	ck_assert(vault_seal(&w.arena, str_from(key), S(PLACE), str_from(text),
	    &sealed, &w.err));
	return sealed;
}

static bool opens(const char *key, bool *is_former)
{
	struct str text;
	struct ctx c = world_ctx(&w);
	err_clear(&w.err);
	bool done = keyring_open(
	    &c, S(PLACE), seal(key, "text"), &text, is_former, &w.err);
	if (done)
		ck_assert(str_eq(text, S("text")));
	ctx_end(&c);
	return done;
}

START_TEST(the_former_key_is_stored_sealed_under_the_new_one)
{
	ck_assert_str_eq(saves("EncryptionKey", OTHER_KEY), "");
	ck_assert_str_eq(former_of(OTHER_KEY), "[\"" ENCRYPTION_KEY "\"]");
	ck_assert(!has_list(ENCRYPTION_KEY));
	/* it was not saved after all: nothing has changed */
	bool is_former;
	ck_assert(opens(ENCRYPTION_KEY, &is_former));
	ck_assert(!is_former);
}
END_TEST

START_TEST(a_save_without_another_key_stores_nothing)
{
	ck_assert_str_eq(saves("EncryptionKey", ENCRYPTION_KEY), "");
	ck_assert_str_eq(saves("encryptionkey", " " ENCRYPTION_KEY " "), "");
	ck_assert_str_eq(
	    saves("EncryptionKey", "********************************"), "");
	ck_assert_str_eq(saves("ZoomURL", OTHER_KEY), "");
	ck_assert_uint_eq(
	    host_key(&w.host, list_of("********************************")).len,
	    0);
	ck_assert(!has_list(OTHER_KEY));
}
END_TEST

START_TEST(a_key_that_is_none_is_refused)
{
	ck_assert_ptr_nonnull(
	    strstr(saves("EncryptionKey", "short"), "32 characters"));
	ck_assert_ptr_nonnull(
	    strstr(saves("EncryptionKey", ""), "32 characters"));
	ck_assert(!has_list("short"));
	ck_assert(host_logged(&w.host, "Another encryption key was refused"));
}
END_TEST

START_TEST(a_key_that_cannot_be_made_ready_for_is_refused)
{
	host_fails(&w.host, MM_API_KV_SET_WITH_OPTIONS, 500);
	ck_assert_ptr_nonnull(
	    strstr(saves("EncryptionKey", OTHER_KEY), "try again"));
	host_obeys(&w.host, MM_API_KV_SET_WITH_OPTIONS);
	host_fails(&w.host, MM_API_KV_GET, 500);
	ck_assert_ptr_nonnull(
	    strstr(saves("EncryptionKey", OTHER_KEY), "try again"));
}
END_TEST

/* A page that hangs keeps what the change leaves from being worked off. */
static void changes(const char *key)
{
	host_fails(&w.host, MM_API_KV_LIST, 500);
	world_configures(
	    &w, "EncryptionKey", str_c(arena_printf(&w.arena, "\"%s\"", key)));
}

START_TEST(values_under_former_keys_are_opened)
{
	bool is_former;
	changes(OTHER_KEY);
	ck_assert(opens(OTHER_KEY, &is_former));
	ck_assert(!is_former);
	ck_assert(opens(ENCRYPTION_KEY, &is_former));
	ck_assert(is_former);
	changes(THIRD);
	ck_assert_str_eq(
	    former_of(THIRD), "[\"" OTHER_KEY "\",\"" ENCRYPTION_KEY "\"]");
	ck_assert(opens(ENCRYPTION_KEY, &is_former));
	ck_assert(opens(OTHER_KEY, &is_former));
}
END_TEST

START_TEST(a_key_that_is_put_back_opens_all_of_them)
{
	bool is_former;
	changes(OTHER_KEY);
	changes(THIRD);
	changes(OTHER_KEY);
	ck_assert(opens(ENCRYPTION_KEY, &is_former));
	ck_assert(opens(THIRD, &is_former));
	changes(ENCRYPTION_KEY);
	ck_assert_str_eq(
	    former_of(ENCRYPTION_KEY), "[\"" OTHER_KEY "\",\"" THIRD "\"]");
	ck_assert(opens(OTHER_KEY, &is_former));
	ck_assert(is_former);
}
END_TEST

START_TEST(the_oldest_of_many_keys_are_dropped)
{
	bool is_former;
	for (int i = 0; i < KEYRING_MAX + 2; i++)
		changes(str_c(arena_printf(
		    &w.arena, "key-number-%d-0123456789abcdefghi", i)));
	ck_assert(!opens(ENCRYPTION_KEY, &is_former));
	ck_assert(opens("key-number-8-0123456789abcdefghi", &is_former));
	ck_assert(opens("key-number-1-0123456789abcdefghi", &is_former));
	ck_assert(!opens("key-number-0-0123456789abcdefghi", &is_former));
}
END_TEST

START_TEST(an_unknown_key_and_one_to_come_are_told_apart)
{
	bool is_former;
	ck_assert(!opens(OTHER_KEY, &is_former));
	ck_assert_int_eq(w.err.code, ERR_DENIED);
	ck_assert_str_eq(saves("EncryptionKey", OTHER_KEY), "");
	ck_assert(!opens(OTHER_KEY, &is_former));
	ck_assert_int_eq(w.err.code, ERR_BUSY);
}
END_TEST

START_TEST(a_damaged_value_is_no_matter_of_keys)
{
	struct str text;
	bool is_former;
	changes(OTHER_KEY);
	struct ctx c = world_ctx(&w);
	struct str sealed = seal(ENCRYPTION_KEY, "text");
	((char *)(uintptr_t)sealed.data)[sealed.len - 1] ^= 1;
	ck_assert(
	    !keyring_open(&c, S(PLACE), sealed, &text, &is_former, &w.err));
	ck_assert_int_eq(w.err.code, ERR_INVALID);
	ctx_end(&c);
}
END_TEST

START_TEST(a_list_that_was_exchanged_opens_nothing)
{
	bool is_former;
	changes(OTHER_KEY);
	changes(THIRD);
	host_stores(
	    &w.host, list_of(THIRD), host_key(&w.host, list_of(OTHER_KEY)));
	ck_assert(!opens(ENCRYPTION_KEY, &is_former));
	ck_assert_int_eq(w.err.code, ERR_DENIED);
}
END_TEST

START_TEST(no_key_is_stored_under_an_empty_one)
{
	world_configures(&w, "EncryptionKey", "\"\"");
	ck_assert(!has_list(""));
	world_configures(&w, "EncryptionKey", "\"" OTHER_KEY "\"");
	ck_assert(!has_list(OTHER_KEY));
}
END_TEST

static size_t n_told(void)
{
	size_t n = 0;
	for (size_t i = 0; i < host_n_posts(&w.host); i++)
		n += strstr(str_c(host_post(&w.host, i)->message),
		         "put the former key back") != NULL;
	return n;
}

START_TEST(the_admins_are_told_once_of_a_wrong_key)
{
	world_connects(&w);
	world_loses_key(&w);
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_nonnull(strstr(
		    world_types(&w, ADA, "/zoom start"), "encryption key"));
	ck_assert_uint_eq(n_told(), 1);
	/* and with the right one all is well */
	world_configures(&w, "EncryptionKey", "\"" ENCRYPTION_KEY "\"");
	https_answers(w.zoom, 200, "", WORLD_USER);
	https_answers(w.zoom, 201, "", world_meeting(&w));
	ck_assert_str_eq(world_types(&w, ADA, "/zoom start"), "");
	ck_assert_uint_eq(n_told(), 1);
}
END_TEST

START_TEST(a_wrong_key_of_which_no_admin_heard_is_told_later)
{
	static const enum mm_api_method methods[] = { MM_API_CREATE_POST,
		MM_API_GET_USERS };
	struct err denied = { 0 };
	struct ctx c = world_ctx(&w);
	err_set(&denied, ERR_DENIED, "under another key");
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		host_fails(&w.host, methods[i], 500);
		keyring_tell(&c, &denied);
		host_obeys(&w.host, methods[i]);
		keyring_tell(&c, &denied);
		ck_assert_uint_eq(n_told(), 0);
		pthread_mutex_lock(&w.host.lock);
		w.host.clock_off_ms += 61000;
		pthread_mutex_unlock(&w.host.lock);
	}
	for (int i = 0; i < 2; i++)
		keyring_tell(&c, &denied);
	ck_assert_uint_eq(n_told(), 1);
	ck_assert_int_eq(host_expires_s(&w.host, "z2_told_key"), 0);
	ctx_end(&c);
}
END_TEST

/* Somebody who works under the former configuration is late. */
START_TEST(an_empty_key_is_not_a_wrong_one)
{
	struct err denied = { 0 };
	struct ctx late = world_ctx(&w);
	err_set(&denied, ERR_DENIED, "under another key");
	world_configures(&w, "EncryptionKey", "\"\"");
	keyring_tell(&late, &denied);
	ck_assert_uint_eq(n_told(), 0);
	world_configures(&w, "EncryptionKey", "\"" OTHER_KEY "\"");
	keyring_tell(&late, &denied);
	ck_assert_uint_eq(n_told(), 1);
	ctx_end(&late);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin keyring");
	TCase *tc = tcase_create("keys");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_former_key_is_stored_sealed_under_the_new_one);
	tcase_add_test(tc, a_save_without_another_key_stores_nothing);
	tcase_add_test(tc, a_key_that_is_none_is_refused);
	tcase_add_test(tc, a_key_that_cannot_be_made_ready_for_is_refused);
	tcase_add_test(tc, values_under_former_keys_are_opened);
	tcase_add_test(tc, a_key_that_is_put_back_opens_all_of_them);
	tcase_add_test(tc, the_oldest_of_many_keys_are_dropped);
	tcase_add_test(tc, an_unknown_key_and_one_to_come_are_told_apart);
	tcase_add_test(tc, a_damaged_value_is_no_matter_of_keys);
	tcase_add_test(tc, a_list_that_was_exchanged_opens_nothing);
	tcase_add_test(tc, no_key_is_stored_under_an_empty_one);
	tcase_add_test(tc, the_admins_are_told_once_of_a_wrong_key);
	tcase_add_test(tc, a_wrong_key_of_which_no_admin_heard_is_told_later);
	tcase_add_test(tc, an_empty_key_is_not_a_wrong_one);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
