// A function that does not take the panic.
// gcc: too many arguments
// clang: too many arguments
// clang lines: 22
#include <lifoguard/lifoguard.h>

void take(void);

void f(lg_scope *scope)
{
    lg_defer_recover_in(scope, take);
}
