/* Arithmetic on times that saturates instead of overflowing. Users must not use anything here: names change freely. */
#ifndef LIFOGUARD_IMPL_TIME_H
#define LIFOGUARD_IMPL_TIME_H

#include <stdint.h>

#include <lifoguard/base.h>

LG_BEGIN_DECLS

/* The sum, or the largest or smallest int64_t if the sum is beyond it. */
static inline int64_t lgi_time_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

/* The difference, or the largest or smallest int64_t if the difference is beyond it. */
static inline int64_t lgi_time_sub(int64_t a, int64_t b)
{
    int64_t difference;
    if (!__builtin_sub_overflow(a, b, &difference))
        return difference;
    return b < 0 ? INT64_MAX : INT64_MIN;
}

LG_END_DECLS

#endif
