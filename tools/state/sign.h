/* SipHash-2-4, a keyed hash: without the key, nobody can make the signature of a changed record. */
#ifndef LIFOGUARD_STATE_SIGN_H
#define LIFOGUARD_STATE_SIGN_H

#include <stddef.h>
#include <stdint.h>

struct sign_key {
    uint64_t words[2];
};

uint64_t sign(const struct sign_key *key, const void *data, size_t size);

#endif
