/*
 * escape - text inside URLs, byte for byte as Go's net/url writes it
 *
 * Both keep letters, digits and - _ . ~ and write other bytes as %XX with
 * upper-case digits. What is stored under an escaped name by the Go plugin
 * is found again only if the rule is exactly the same.
 *
 * Source: Go net/url, shouldEscape, PathEscape, QueryEscape
 */
#ifndef ZOOM_ESCAPE_H
#define ZOOM_ESCAPE_H

#include "base/arena.h"

/* One segment of a path: $ & + = : @ stay too. {NULL, 0} without memory. */
struct str zoom_path_escape(struct arena *a, struct str text);

/* A value of a query or form: a space becomes +. {NULL, 0} likewise. */
struct str zoom_form_escape(struct arena *a, struct str text);

#endif
