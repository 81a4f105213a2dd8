/* Tokens at rest: they open for the right key and place, and not otherwise. */
#include "plugin/vault.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TEXT "{\"access_token\":\"secret\"}"

static const struct str key = STR("0123456789abcdef0123456789abcdef");
static const struct str place = STR("zoomSuperUserToken_");

static struct arena arena;
static struct err err;
static struct str sealed;

static void set_up(void)
{
	arena_init(&arena, 16 * 1024 * 1024);
	err_clear(&err);
	ck_assert(vault_seal(&arena, key, place, S(TEXT), &sealed, &err));
}

static void tear_down(void)
{
	arena_fini(&arena);
}

/* The code of the failure, ERR_NONE when it opens. */
static enum err_code open(struct str with, struct str at, struct str bytes)
{
	struct str text = { NULL, 0 };
	err_clear(&err);
	if (!vault_open(&arena, with, at, bytes, &text, &err))
		return err.code;
	ck_assert(str_eq(text, S(TEXT)));
	return ERR_NONE;
}

START_TEST(what_was_sealed_opens)
{
	ck_assert_int_eq(open(key, place, sealed), ERR_NONE);
	ck_assert_uint_eq(sealed.len, 1 + 4 + 12 + strlen(TEXT) + 16);
	ck_assert_int_eq(sealed.data[0], 2);
	ck_assert_ptr_null(memmem(sealed.data, sealed.len, "secret", 6));
}
END_TEST

START_TEST(keys_of_every_length_work)
{
	for (size_t n = 1; n <= key.len; n++) {
		struct str k = str_sub(key, 0, n);
		ck_assert(vault_seal(&arena, k, place, S(TEXT), &sealed, &err));
		ck_assert_int_eq(open(k, place, sealed), ERR_NONE);
	}
}
END_TEST

START_TEST(texts_of_every_length_work)
{
	char text[300];
	memset(text, 'x', sizeof(text));
	for (size_t n = 0; n <= sizeof(text); n++) {
		struct str opened;
		struct str in = str_n(text, n);
		ck_assert(vault_seal(&arena, key, place, in, &sealed, &err));
		ck_assert(
		    vault_open(&arena, key, place, sealed, &opened, &err));
		ck_assert(str_eq(opened, in));
	}
}
END_TEST

START_TEST(nothing_is_sealed_the_same_way_twice)
{
	struct str again;
	ck_assert(vault_seal(&arena, key, place, S(TEXT), &again, &err));
	ck_assert(!str_eq(str_sub(sealed, 5, 12), str_sub(again, 5, 12)));
	ck_assert(!str_eq(str_sub(sealed, 17, 99), str_sub(again, 17, 99)));
	/* the key's id is the same */
	ck_assert(str_eq(str_sub(sealed, 0, 5), str_sub(again, 0, 5)));
}
END_TEST

START_TEST(another_key_is_known_before_it_is_tried)
{
	struct str other = S("0123456789abcdef0123456789abcdeF");
	ck_assert_int_eq(open(other, place, sealed), ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(err.text, "another encryption key"));
	ck_assert_int_eq(open(S("x"), place, sealed), ERR_DENIED);
}
END_TEST

START_TEST(a_value_cannot_be_moved_to_another_place)
{
	ck_assert_int_eq(open(key, S("zoomtoken_ada"), sealed), ERR_INVALID);
	ck_assert_int_eq(open(key, S(""), sealed), ERR_INVALID);
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
	for (size_t i = 0; i < sealed.len * 8; i++) {
		struct str copy = arena_str(&arena, sealed);
		char *bytes = (char *)(uintptr_t)copy.data;
		bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
		enum err_code code = open(key, place, copy);
		bool in_key_id = i >= 8 && i < 40;
		ck_assert_int_eq(code, in_key_id ? ERR_DENIED : ERR_INVALID);
	}
}
END_TEST

START_TEST(every_cut_and_every_addition_is_noticed)
{
	for (size_t n = 0; n < sealed.len; n++) {
		char *copy = malloc(n + 1); /* so that ASan sees the end */
		memcpy(copy, sealed.data, n);
		ck_assert_int_eq(open(key, place, str_n(copy, n)), ERR_INVALID);
		free(copy);
	}
	char *longer = arena_alloc(&arena, sealed.len + 1);
	memcpy(longer, sealed.data, sealed.len);
	ck_assert_int_eq(
	    open(key, place, str_n(longer, sealed.len + 1)), ERR_INVALID);
}
END_TEST

START_TEST(json_is_not_sealed)
{
	ck_assert(!vault_is_sealed(S("{\"access_token\":\"x\"}")));
	ck_assert(!vault_is_sealed(S("")));
	ck_assert(vault_is_sealed(sealed));
	ck_assert_int_eq(open(key, place, S(TEXT)), ERR_INVALID);
}
END_TEST

START_TEST(a_value_of_an_earlier_version_still_opens)
{
	/* made from the description in vault.h by another program */
	static const unsigned char kept[] = { 0x02, 0xcd, 0x6b, 0xe4, 0xc1,
		0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
		0x0a, 0x0b, 0x2f, 0xf9, 0x83, 0x49, 0xbb, 0xfb, 0xad, 0x82,
		0xb9, 0xbd, 0x5d, 0x5b, 0x1f, 0x62, 0x8c, 0x96, 0xfd, 0xd1,
		0x34, 0x84, 0xbf, 0x7d, 0x62, 0x5c, 0x12, 0xe4, 0x4c, 0x9d,
		0x29, 0x07, 0x3d, 0x46, 0x1e, 0x1e, 0x06, 0x2e, 0x69, 0xa3,
		0x42, 0xeb, 0x21 };
	ck_assert_int_eq(
	    open(key, place, str_n((const char *)kept, sizeof(kept))),
	    ERR_NONE);
}
END_TEST

START_TEST(without_memory_there_is_an_error)
{
	struct arena none;
	struct str out;
	arena_init(&none, 0);
	ck_assert(!vault_seal(&none, key, place, S(TEXT), &out, &err));
	err_clear(&err);
	arena_fini(&none);
	arena_init(&none, 0);
	ck_assert(!vault_open(&none, key, place, sealed, &out, &err));
	arena_fini(&none);
}
END_TEST

/* ---- what the Go predecessor encrypted -------------------------------------------- */

/* So many letters t under the first bytes of OLD_KEY, by Go's crypto/cipher. */
#define OLD_KEY "encryption-key-0123456789abcdefg"
static const struct {
	size_t key, letters;
	const char *stored;
} old[] = {
	{ 16, 1, "MDEyMzQ1Njc4OWFiY2RlZhQB8b2VSMBvWzPGpFZfTfo=" },
	{ 16, 15, "MDEyMzQ1Njc4OWFiY2RlZhR6isbuM7sUIEi93y0kNvQ=" },
	{ 16, 16,
	    "MDEyMzQ1Njc4OWFiY2RlZhR6isbuM7sUIEi93y0kNoHKtCZXRdVG5Gx64aGfH5G"
	    "P" },
	{ 16, 17,
	    "MDEyMzQ1Njc4OWFiY2RlZhR6isbuM7sUIEi93y0kNoGuqzlIWspZ-3Nl_"
	    "r6AAI6Q" },
	{ 24, 1, "MDEyMzQ1Njc4OWFiY2RlZiLneutaV4Na1VQZB8KuAGg=" },
	{ 24, 15, "MDEyMzQ1Njc4OWFiY2RlZiKcAZAhLPghri9ifLnVe2Y=" },
	{ 24, 16,
	    "MDEyMzQ1Njc4OWFiY2RlZiKcAZAhLPghri9ifLnVexMUwaOg6ou97pZ2oo5H8j4"
	    "G" },
	{ 24, 17,
	    "MDEyMzQ1Njc4OWFiY2RlZiKcAZAhLPghri9ifLnVexNw3ry_"
	    "9ZSi8YlpvZFY7SEZ" },
	{ 32, 1, "MDEyMzQ1Njc4OWFiY2RlZiHQK_mBvsYiVl8fJmV4lts=" },
	{ 32, 15, "MDEyMzQ1Njc4OWFiY2RlZiGrUIL6xb1ZLSRkXR4D7dU=" },
	{ 32, 16,
	    "MDEyMzQ1Njc4OWFiY2RlZiGrUIL6xb1ZLSRkXR4D7aA5MQVXmwUsCX7wdSeGYpM"
	    "w" },
	{ 32, 17,
	    "MDEyMzQ1Njc4OWFiY2RlZiGrUIL6xb1ZLSRkXR4D7aBdLhpIhBozFmHvajiZfYw"
	    "v" },
};
#define N_OLD ((int)(sizeof(old) / sizeof(old[0])))

static enum err_code open_old(struct str with, const char *stored)
{
	struct str text = { NULL, 0 };
	err_clear(&err);
	if (!vault_open_old(&arena, with, str_from(stored), &text, &err))
		return err.code;
	ck_assert_uint_eq(strspn(str_c(text), "t"), text.len);
	ck_assert_uint_gt(text.len, 0);
	return ERR_NONE;
}

START_TEST(what_go_encrypted_opens)
{
	struct str text;
	struct str with = str_n(OLD_KEY, old[_i].key);
	ck_assert(vault_open_old(
	    &arena, with, str_from(old[_i].stored), &text, &err));
	ck_assert_uint_eq(text.len, old[_i].letters);
	ck_assert_int_eq(open_old(with, old[_i].stored), ERR_NONE);
}
END_TEST

START_TEST(another_key_does_not_open_what_go_encrypted)
{
	ck_assert_int_eq(
	    open_old(S("0123456789abcdef"), old[0].stored), ERR_DENIED);
	ck_assert_int_eq(open_old(S("short"), old[0].stored), ERR_IO);
}
END_TEST

START_TEST(what_go_encrypted_and_was_damaged_is_told)
{
	static const char *const bad[] = { "", "A", "AAAA", "====", "!!!!",
		"MDEyMzQ1Njc4OWFiY2RlZg==",
		"MDEyMzQ1Njc4OWFiY2RlZjqzQNvv0g==" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(open_old(S(OLD_KEY), bad[i]), ERR_INVALID);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin vault");
	TCase *tc = tcase_create("sealed");
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_was_sealed_opens);
	tcase_add_test(tc, keys_of_every_length_work);
	tcase_add_test(tc, texts_of_every_length_work);
	tcase_add_test(tc, nothing_is_sealed_the_same_way_twice);
	tcase_add_test(tc, another_key_is_known_before_it_is_tried);
	tcase_add_test(tc, a_value_cannot_be_moved_to_another_place);
	tcase_add_test(tc, every_flipped_bit_is_noticed);
	tcase_add_test(tc, every_cut_and_every_addition_is_noticed);
	tcase_add_test(tc, json_is_not_sealed);
	tcase_add_test(tc, a_value_of_an_earlier_version_still_opens);
	tcase_add_test(tc, without_memory_there_is_an_error);
	tcase_add_loop_test(tc, what_go_encrypted_opens, 0, N_OLD);
	tcase_add_test(tc, another_key_does_not_open_what_go_encrypted);
	tcase_add_test(tc, what_go_encrypted_and_was_damaged_is_told);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
