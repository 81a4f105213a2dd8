/*
 * wire - the numbers of gob: what every other part is made of
 *
 * Layout: see gob.h. Readers take a cursor and an end and never read past
 * it; they return false for bytes that are not a number.
 *
 * Source: encoding/gob (Go 1.26) encode.go encodeUint, decode.go decodeUint
 */
#ifndef GOB_WIRE_H
#define GOB_WIRE_H

#include "base/buf.h"

/* Longest uint: the count byte and eight more. */
#define WIRE_MAX_UINT 9

/* Encode into out[9]; returns the number of bytes. */
size_t wire_uint_bytes(uint8_t out[WIRE_MAX_UINT], uint64_t u);

void wire_put_uint(struct buf *b, uint64_t u);
void wire_put_int(struct buf *b, int64_t i);
void wire_put_float(struct buf *b, double f);
void wire_put_str(struct buf *b, struct str s);

bool wire_get_uint(const uint8_t **p, const uint8_t *end, uint64_t *u);
bool wire_get_int(const uint8_t **p, const uint8_t *end, int64_t *i);
bool wire_get_float(const uint8_t **p, const uint8_t *end, double *f);

/* A view into the input. */
bool wire_get_str(const uint8_t **p, const uint8_t *end, struct str *s);

#endif
