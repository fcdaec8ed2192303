/* Random bytes. */
#ifndef LIFOGUARD_BASE_RANDOM_H
#define LIFOGUARD_BASE_RANDOM_H

#include <lifoguard/error.h>
#include <stddef.h>

/* As getrandom(2), also where a sandbox refuses that. At most 256 bytes. */
lg_error *random_fill(void *bytes, size_t size) __attribute__((__warn_unused_result__));

#endif
