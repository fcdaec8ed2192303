/* Arithmetic on times, which does not overflow. Nothing here is for users: names change freely. */
#ifndef LIFOGUARD_IMPL_TIME_H
#define LIFOGUARD_IMPL_TIME_H

#include <stdint.h>

#include <lifoguard/base.h>

LG_BEGIN_DECLS

/* The sum; the largest or the smallest number where the sum would be beyond it. */
static inline int64_t lgi_time_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

/* The difference, likewise. */
static inline int64_t lgi_time_sub(int64_t a, int64_t b)
{
    int64_t difference;
    if (!__builtin_sub_overflow(a, b, &difference))
        return difference;
    return b < 0 ? INT64_MAX : INT64_MIN;
}

LG_END_DECLS

#endif
