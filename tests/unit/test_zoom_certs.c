#include "zoom/certs.h"

#include "tests/lib/https.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two CAs, and a folder with room for files of them. */
static struct https *first;
static struct https *second;
static char folder[64];
static char path[128];
static struct err err;

/* The environment of the running test. */
static char cert_file[128];
static char cert_dir[256];

static char *env(const char *name)
{
	if (strcmp(name, "SSL_CERT_FILE") == 0)
		return cert_file;
	return strcmp(name, "SSL_CERT_DIR") == 0 ? cert_dir : NULL;
}

static void set_up(void)
{
	err_clear(&err);
	first = https_start();
	second = https_start();
	strcpy(folder, "/tmp/test_zoom_certs.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	strcpy(cert_file, "/nonexistent");
	strcpy(cert_dir, "/nonexistent");
}

static void tear_down(void)
{
	char command[128];
	https_stop(first);
	https_stop(second);
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

/* The path of a file in the folder. */
static const char *in_folder(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(in_folder(name), "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

/* Append a CA's certificate to a file in the folder. */
static void add_ca(const char *name, const struct https *ca)
{
	char pem[4096];
	FILE *from = fopen(https_ca_file(ca), "r");
	FILE *to = fopen(in_folder(name), "a");
	ck_assert(from != NULL && to != NULL);
	fwrite(pem, 1, fread(pem, 1, sizeof(pem), from), to);
	fclose(from);
	fclose(to);
}

static int count(X509_STORE *store)
{
	return sk_X509_OBJECT_num(X509_STORE_get0_objects(store));
}

/* How many certificates the present environment gives; -1 for an error. */
static int found(void)
{
	struct zoom_certs *certs = zoom_certs_new(env, 0, &err);
	ck_assert_ptr_nonnull(certs);
	X509_STORE *store = zoom_certs_store(certs, &err);
	int n = store == NULL ? -1 : count(store);
	X509_STORE_free(store);
	zoom_certs_free(certs);
	return n;
}

START_TEST(a_file_is_read)
{
	add_ca("two.pem", first);
	add_ca("two.pem", second);
	strcpy(cert_file, in_folder("two.pem"));
	ck_assert_int_eq(found(), 2);
}
END_TEST

START_TEST(a_damaged_certificate_does_not_hide_the_next)
{
	write_file("some.pem",
	    "# a comment\n-----BEGIN CERTIFICATE-----\nAAAA\n"
	    "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n*\n"
	    "-----END CERTIFICATE-----\n");
	add_ca("some.pem", first);
	strcpy(cert_file, in_folder("some.pem"));
	ck_assert_int_eq(found(), 1);
}
END_TEST

START_TEST(all_files_of_all_directories_are_read)
{
	add_ca("one.pem", first);
	add_ca("two.pem", second);
	write_file("README", "no certificate");
	snprintf(cert_dir, sizeof(cert_dir), "/nonexistent:%s:", folder);
	ck_assert_int_eq(found(), 2);
}
END_TEST

START_TEST(file_and_directories_are_joined_without_doubles)
{
	char target[128];
	add_ca("one.pem", first);
	add_ca("again.pem", first);
	add_ca("two.pem", second);
	strcpy(target, "one.pem");
	ck_assert_int_eq(symlink(target, in_folder("0a1b2c3d.0")), 0);
	strcpy(cert_file, in_folder("one.pem"));
	strcpy(cert_dir, folder);
	ck_assert_int_eq(found(), 2);
}
END_TEST

START_TEST(a_pipe_in_a_directory_does_not_block)
{
	add_ca("one.pem", first);
	ck_assert_int_eq(mkfifo(in_folder("pipe"), 0600), 0);
	strcpy(cert_dir, folder);
	ck_assert_int_eq(found(), 1);
}
END_TEST

START_TEST(nothing_found_is_an_error_with_advice)
{
	ck_assert_int_eq(found(), -1);
	ck_assert_int_eq(err.code, ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "ca-certificates"));
	write_file("empty.pem", "");
	strcpy(cert_file, in_folder("empty.pem"));
	ck_assert_int_eq(found(), -1);
}
END_TEST

START_TEST(the_usual_places_are_used_where_nothing_is_set)
{
	cert_file[0] = '\0';
	cert_dir[0] = '\0';
	if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) == 0)
		ck_assert_int_gt(found(), 10);
}
END_TEST

START_TEST(the_set_is_read_once)
{
	strcpy(cert_file, https_ca_file(first));
	struct zoom_certs *certs = zoom_certs_new(env, 0, &err);
	X509_STORE *a = zoom_certs_store(certs, &err);
	X509_STORE *b = zoom_certs_store(certs, &err);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_eq(a, b);
	zoom_certs_free(certs);
	/* what was handed out lives on */
	ck_assert_int_eq(count(a), 1);
	X509_STORE_free(a);
	X509_STORE_free(b);
}
END_TEST

START_TEST(a_changed_file_is_read_again)
{
	add_ca("ca.pem", first);
	strcpy(cert_file, in_folder("ca.pem"));
	struct zoom_certs *certs = zoom_certs_new(env, 0, &err);
	X509_STORE *a = zoom_certs_store(certs, &err);
	add_ca("ca.pem", second);
	X509_STORE *b = zoom_certs_store(certs, &err);
	ck_assert_ptr_ne(a, b);
	ck_assert_int_eq(count(b), 2);
	X509_STORE_free(a);
	X509_STORE_free(b);
	zoom_certs_free(certs);
}
END_TEST

START_TEST(a_change_is_not_looked_for_too_often)
{
	add_ca("ca.pem", first);
	strcpy(cert_file, in_folder("ca.pem"));
	struct zoom_certs *certs = zoom_certs_new(env, 60000, &err);
	X509_STORE *a = zoom_certs_store(certs, &err);
	add_ca("ca.pem", second);
	X509_STORE *b = zoom_certs_store(certs, &err);
	ck_assert_ptr_eq(a, b);
	X509_STORE_free(a);
	X509_STORE_free(b);
	zoom_certs_free(certs);
}
END_TEST

START_TEST(a_set_that_vanishes_is_kept)
{
	add_ca("ca.pem", first);
	strcpy(cert_file, in_folder("ca.pem"));
	struct zoom_certs *certs = zoom_certs_new(env, 0, &err);
	X509_STORE *a = zoom_certs_store(certs, &err);
	ck_assert_int_eq(unlink(cert_file), 0);
	X509_STORE *b = zoom_certs_store(certs, &err);
	ck_assert_ptr_eq(a, b);
	ck_assert_int_eq(err.code, ERR_NONE);
	X509_STORE_free(a);
	X509_STORE_free(b);
	zoom_certs_free(certs);
}
END_TEST

static void *ask_often(void *object)
{
	struct err why = { .code = ERR_NONE };
	for (int i = 0; i < 200; i++) {
		X509_STORE *store = zoom_certs_store(object, &why);
		ck_assert_msg(store != NULL, "%s", why.text);
		X509_STORE_free(store);
	}
	return NULL;
}

START_TEST(threads_share_a_set_that_changes)
{
	pthread_t threads[4];
	add_ca("ca.pem", first);
	strcpy(cert_file, in_folder("ca.pem"));
	struct zoom_certs *certs = zoom_certs_new(env, 0, &err);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, ask_often, certs);
	add_ca("ca.pem", second);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	X509_STORE *store = zoom_certs_store(certs, &err);
	ck_assert_int_eq(count(store), 2);
	X509_STORE_free(store);
	zoom_certs_free(certs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoom_certs");
	TCase *tests = tcase_create("certs");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_file_is_read);
	tcase_add_test(tests, a_damaged_certificate_does_not_hide_the_next);
	tcase_add_test(tests, all_files_of_all_directories_are_read);
	tcase_add_test(tests, file_and_directories_are_joined_without_doubles);
	tcase_add_test(tests, a_pipe_in_a_directory_does_not_block);
	tcase_add_test(tests, nothing_found_is_an_error_with_advice);
	tcase_add_test(tests, the_usual_places_are_used_where_nothing_is_set);
	tcase_add_test(tests, the_set_is_read_once);
	tcase_add_test(tests, a_changed_file_is_read_again);
	tcase_add_test(tests, a_change_is_not_looked_for_too_often);
	tcase_add_test(tests, a_set_that_vanishes_is_kept);
	tcase_add_test(tests, threads_share_a_set_that_changes);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
