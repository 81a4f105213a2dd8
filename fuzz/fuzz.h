/* fuzz - what the targets share; see docs/reliability.md */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The one function of a target: take the bytes, return 0. A fault of ours is
 * a crash; FUZZ_CHECK makes one of a promise that is not kept. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition) ((condition) ? (void)0 : __builtin_trap())

#endif
