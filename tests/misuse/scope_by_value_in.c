// A scope given by value.
// gcc: what holds the calls is given by its address, as &scope: an lg_scope or an lg_cleanups
// clang: what holds the calls is given by its address, as &scope: an lg_scope or an lg_cleanups
#include <lifoguard/lifoguard.h>

void take(void);

void f(void)
{
    lg_scope(s);
    lg_defer_in(s, take);
}
