/*
 * certs - the CA certificates, read once and shared by all connections
 *
 * Found where Go programs find them: the files of SSL_CERT_FILE and
 * SSL_CERT_DIR (colon separated), each with the usual places of the
 * distributions as its default. Read at the first use; looked at again when
 * check_ms have passed, and read again when a file or directory differs in
 * time, size or inode. A change that cannot be read keeps the old set.
 *
 * Source: Go crypto/x509, root_unix.go, root_linux.go
 */
#ifndef ZOOM_CERTS_H
#define ZOOM_CERTS_H

#include "base/err.h"

#include "zoom/env.h"

#include <openssl/x509.h>
#include <stdint.h>

struct zoom_certs;

/* Reads the environment only. NULL, and err set, when memory is out. */
struct zoom_certs *zoom_certs_new(
    zoom_getenv *env, int64_t check_ms, struct err *err);

/* Accepts NULL. Stores that were handed out stay valid. */
void zoom_certs_free(struct zoom_certs *certs);

/*
 * zoom_certs_store - the certificates as they are now
 *
 * Owned: release it with X509_STORE_free. NULL, and err set, when no
 * certificate is found (ERR_INVALID) or memory is out.
 *
 * Threads  any thread; one reads the files, others go on with the old set
 */
X509_STORE *zoom_certs_store(struct zoom_certs *certs, struct err *err);

#endif
