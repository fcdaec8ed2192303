/* The published test vectors of SipHash-2-4. */
#define _GNU_SOURCE
#include "sign.h"

#include <stdlib.h>

#include "testing/suite.h"

START_TEST(it_is_siphash)
{
    const struct sign_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
    unsigned char data[15];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (unsigned char)i;
    ck_assert(sign(&key, data, 0) == 0x726fdb47dd0e0e31);
    ck_assert(sign(&key, data, 8) == 0x93f5f5799a932462);
    ck_assert(sign(&key, data, 15) == 0xa129ca6149be45e5);
}
END_TEST

RUN_TESTS("sign", it_is_siphash)
