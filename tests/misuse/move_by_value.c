// A scope given by value.
// gcc: what holds the calls is given by its address, as &scope: an lg_scope or an lg_cleanups
// clang: what holds the calls is given by its address, as &scope: an lg_scope or an lg_cleanups
#include <lifoguard/lifoguard.h>

void f(lg_cleanups *to)
{
    lg_scope(s);
    lg_move(s, to);
}
