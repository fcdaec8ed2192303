/* How many arguments a form has been given, and names that depend on it. Users must not use anything here. */
#ifndef LIFOGUARD_IMPL_COUNT_H
#define LIFOGUARD_IMPL_COUNT_H

#include <lifoguard/impl/block.h>

#if !defined(__clang__) /* as in call.h */
#pragma GCC system_header
#endif

/* The number of arguments after the function, 0 to 4; lgi_many for more, with which all but its message is as for 0;
 * lgi_nothing if the function is missing too, or anything between two commas or behind the last. */
LGI_PUSH
#if defined(__clang__)
LGI_QUIET("-Wpedantic")
#endif
#define LGI_COUNT(...)                                                                             \
    LGI_COUNT_(~, ##__VA_ARGS__, LGI_MANY, LGI_MANY, LGI_MANY, LGI_MANY, LGI_MANY, LGI_MANY,       \
               LGI_MANY, LGI_MANY, LGI_MANY, LGI_MANY, LGI_MANY, LGI_MANY, LGI_MANY, LGI_MANY,     \
               LGI_IS_4, LGI_IS_3, LGI_IS_2, LGI_IS_1, LGI_IS_0, LGI_NOTHING, ~)(__VA_ARGS__)
LGI_POP
#define LGI_COUNT_(none, f, a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, count, ...) count
#define LGI_MANY(...) lgi_many
#define LGI_NOTHING(...) lgi_nothing
#define LGI_IS_0(f) 0
#define LGI_IS_1(f, a) LGI_SIXTH(LGI_GIVEN(f) LGI_GIVEN(a), , , 1, LGI_NOTHINGS)
#define LGI_IS_2(f, a, b) LGI_SIXTH(LGI_GIVEN(f) LGI_GIVEN(a) LGI_GIVEN(b), , 2, LGI_NOTHINGS)
#define LGI_IS_3(f, a, b, c)                                                                       \
    LGI_SIXTH(LGI_GIVEN(f) LGI_GIVEN(a) LGI_GIVEN(b) LGI_GIVEN(c), 3, LGI_NOTHINGS)
#define LGI_IS_4(f, a, b, c, d)                                                                    \
    LGI_SIXTH(LGI_GIVEN(f) LGI_GIVEN(a) LGI_GIVEN(b) LGI_GIVEN(c) LGI_GIVEN(d) 4, LGI_NOTHINGS)
#define LGI_NOTHINGS lgi_nothing, lgi_nothing, lgi_nothing, lgi_nothing, lgi_nothing, ~
#define LGI_SIXTH(...) LGI_SIXTH_(__VA_ARGS__)
#define LGI_SIXTH_(a, b, c, d, e, sixth, ...) sixth
enum { lgi_many = 0, lgi_nothing = 0 };
#define lgi_call_lgi_many lgi_call_0
#define lgi_call_lgi_nothing lgi_call_0
#define lgi_leave_lgi_many lgi_leave_0
#define lgi_leave_lgi_nothing lgi_leave_0
#define lgi_kept_lgi_many lgi_kept_0
#define lgi_kept_lgi_nothing lgi_kept_0

#endif
