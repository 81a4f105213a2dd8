/*
 * The set of trusted certificates. zoom_certs_store hands out references to
 * one X509_STORE. Whoever finds that it is time looks at the places (stat),
 * and only if something changed reads them; meanwhile the others get the old
 * store, and wait only when there is none yet. Nothing is read or parsed
 * under the lock.
 *
 * A directory counts as changed when its own entry does, that is when a file
 * is added, removed or replaced in it.
 */
#include "zoom/certs.h"

#include "base/clock.h"
#include "base/str.h"

#include <dirent.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only the first one that can be read is used.
 * Source: Go crypto/x509, root_linux.go, certFiles */
static const char default_files[] =
    "/etc/ssl/certs/ca-certificates.crt\n"                /* Debian, Ubuntu */
    "/etc/pki/tls/certs/ca-bundle.crt\n"                  /* Fedora, RHEL 6 */
    "/etc/ssl/ca-bundle.pem\n"                            /* openSUSE */
    "/etc/pki/tls/cacert.pem\n"                           /* OpenELEC */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem\n" /* RHEL 7 and up */
    "/etc/ssl/cert.pem";                                  /* Alpine */

/* All of them are used. Source: the same, certDirectories */
static const char default_dirs[] = "/etc/ssl/certs:"     /* SLES */
                                   "/etc/pki/tls/certs"; /* Fedora, RHEL */

/* Longest path that is taken from the environment, with its NUL. */
#define PATH_ROOM 1024

struct zoom_certs {
	char *files; /* owned, one path or a list joined by "\n" */
	char *dirs;  /* owned, the same */
	int64_t check_ms;

	pthread_mutex_t set;    /* guards what follows */
	pthread_cond_t settled; /* `loading` became false */
	bool loading;           /* one thread looks at the places */
	X509_STORE *store;      /* owned, NULL before the first use */
	uint64_t state;         /* of the places when store was read */
	int64_t checked_ms;     /* when they were last looked at */
};

/* The next path of a list; false at its end. */
static bool next_path(
    const char **list, const char *separator, char path[PATH_ROOM])
{
	while (**list != '\0') {
		size_t n = strcspn(*list, separator);
		const char *start = *list;
		*list += n + (start[n] != '\0');
		if (n == 0 || n >= PATH_ROOM)
			continue;
		memcpy(path, start, n);
		path[n] = '\0';
		return true;
	}
	return false;
}

/* FNV-1a, to notice that something is not what it was. */
static uint64_t mix(uint64_t state, uint64_t value)
{
	for (int i = 0; i < 64; i += 8)
		state = (state ^ ((value >> i) & 0xff)) * 0x100000001b3;
	return state;
}

static uint64_t state_of(
    const char *list, const char *separator, uint64_t state)
{
	char path[PATH_ROOM];
	while (next_path(&list, separator, path)) {
		struct stat s;
		if (stat(path, &s) != 0)
			s = (struct stat){ 0 };
		state = mix(state, s.st_ino);
		state = mix(state, (uint64_t)s.st_size);
		state = mix(state, (uint64_t)s.st_mtim.tv_sec);
		state = mix(state, (uint64_t)s.st_mtim.tv_nsec);
	}
	return state;
}

/* Number of certificates in a PEM file that went into the store. */
static int add_file(X509_STORE *store, const char *path)
{
	struct stat s;
	/* a pipe would block */
	if (stat(path, &s) != 0 || !S_ISREG(s.st_mode))
		return 0;
	BIO *file = BIO_new_file(path, "r");
	if (file == NULL)
		return 0;
	int n = 0;
	for (;;) {
		X509 *cert = PEM_read_bio_X509(file, NULL, NULL, NULL);
		if (cert != NULL) {
			/* one that is there already is no error */
			n += X509_STORE_add_cert(store, cert);
			X509_free(cert);
		} else if (ERR_GET_REASON(ERR_peek_last_error()) ==
		               PEM_R_NO_START_LINE ||
		           BIO_eof(file)) {
			break;
		}
		ERR_clear_error();
	}
	ERR_clear_error();
	BIO_free(file);
	return n;
}

static bool same_file(const char *a, const char *b)
{
	struct stat sa;
	struct stat sb;
	return stat(a, &sa) == 0 && stat(b, &sb) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* A link to a neighbour: its target is read anyway (c_rehash makes many). */
static bool is_second_name(const char *path)
{
	char target[PATH_ROOM];
	ssize_t n = readlink(path, target, sizeof(target));
	return n > 0 && memchr(target, '/', (size_t)n) == NULL;
}

/* All files of a directory but the one that was read before. */
static int add_dir(X509_STORE *store, const char *dir, const char *but)
{
	DIR *d = opendir(dir);
	if (d == NULL)
		return 0;
	int n = 0;
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		char path[PATH_ROOM + NAME_MAX + 2];
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (!is_second_name(path) && !same_file(path, but))
			n += add_file(store, path);
	}
	closedir(d);
	return n;
}

static X509_STORE *load(const struct zoom_certs *certs, struct err *err)
{
	X509_STORE *store = X509_STORE_new();
	if (store == NULL) {
		err_set(err, ERR_NO_MEMORY, "reading the CA certificates");
		return NULL;
	}
	/* A root is whatever the admin put there, also an intermediate, as Go
	 * sees it. */
	X509_STORE_set_flags(
	    store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
	char file[PATH_ROOM] = "";
	char dir[PATH_ROOM];
	int n = 0;
	for (const char *list = certs->files; next_path(&list, "\n", file);) {
		if (access(file, R_OK) == 0) {
			n += add_file(store, file);
			break;
		}
	}
	for (const char *list = certs->dirs; next_path(&list, ":", dir);)
		n += add_dir(store, dir, file);
	if (n > 0)
		return store;
	X509_STORE_free(store);
	err_set(err, ERR_INVALID,
	    "no CA certificates found; install the package "
	    "ca-certificates or set SSL_CERT_FILE");
	return NULL;
}

/* The lock is held on entry and on return, but not while files are read. */
static void refresh(struct zoom_certs *certs, struct err *err)
{
	uint64_t before = certs->store == NULL ? 0 : certs->state;
	certs->loading = true;
	pthread_mutex_unlock(&certs->set);

	/* first the state, then the files: a change in between is seen later */
	uint64_t state =
	    state_of(certs->dirs, ":", state_of(certs->files, "\n", 1));
	X509_STORE *store = state == before ? NULL : load(certs, err);

	pthread_mutex_lock(&certs->set);
	if (store != NULL) {
		X509_STORE_free(certs->store);
		certs->store = store;
		certs->state = state;
	}
	certs->checked_ms = clock_now_ms();
	certs->loading = false;
	pthread_cond_broadcast(&certs->settled);
}

X509_STORE *zoom_certs_store(struct zoom_certs *certs, struct err *err)
{
	struct err why = { .code = ERR_NONE };
	pthread_mutex_lock(&certs->set);
	while (certs->store == NULL && certs->loading)
		pthread_cond_wait(&certs->settled, &certs->set);
	bool due = certs->store == NULL ||
	           clock_now_ms() - certs->checked_ms >= certs->check_ms;
	if (due && !certs->loading)
		refresh(certs, &why);
	X509_STORE *store = certs->store;
	if (store != NULL)
		X509_STORE_up_ref(store);
	else
		err_set(err, why.code, "%s", why.text);
	pthread_mutex_unlock(&certs->set);
	return store;
}

/* A copy of the variable's value, or of the default when it is not set. */
static char *copy_list(
    zoom_getenv *env, const char *name, const char *otherwise)
{
	const char *value = env(name);
	return strdup(value == NULL || value[0] == '\0' ? otherwise : value);
}

struct zoom_certs *zoom_certs_new(
    zoom_getenv *env, int64_t check_ms, struct err *err)
{
	struct zoom_certs *certs = calloc(1, sizeof(*certs));
	if (certs == NULL)
		goto no_memory;
	pthread_mutex_init(&certs->set, NULL);
	pthread_cond_init(&certs->settled, NULL);
	certs->check_ms = check_ms;
	certs->files = copy_list(env, "SSL_CERT_FILE", default_files);
	certs->dirs = copy_list(env, "SSL_CERT_DIR", default_dirs);
	if (certs->files != NULL && certs->dirs != NULL)
		return certs;
	zoom_certs_free(certs);
no_memory:
	err_set(err, ERR_NO_MEMORY, "preparing the CA certificates");
	return NULL;
}

void zoom_certs_free(struct zoom_certs *certs)
{
	if (certs == NULL)
		return;
	X509_STORE_free(certs->store);
	pthread_cond_destroy(&certs->settled);
	pthread_mutex_destroy(&certs->set);
	free(certs->files);
	free(certs->dirs);
	free(certs);
}
