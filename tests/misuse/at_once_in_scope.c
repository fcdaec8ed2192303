// An lg_scope makes its calls one after the other.
// gcc: write &scope, declared by lg_at_once
// clang: write &scope, declared by lg_at_once
#include <lifoguard/lifoguard.h>

void stop(void);

void f(lg_scope *scope)
{
    lg_defer_at_once(scope, stop);
}
