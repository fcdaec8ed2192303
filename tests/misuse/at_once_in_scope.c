// An lg_scope makes its calls one after the other.
// gcc: incompatible pointer type
// clang: incompatible pointer types
// flags: -Werror=incompatible-pointer-types
#include <lifoguard/lifoguard.h>

void stop(void);

void f(lg_scope *scope)
{
    lg_defer_at_once(scope, stop);
}
