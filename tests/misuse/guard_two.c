// The lock inside the first parentheses.
// gcc: write lg_guard(name)(&lock)
// clang: too many arguments provided to function-like macro invocation
// clang: macro 'lg_guard' defined here
#include <lifoguard/lifoguard.h>

void f(lg_mutex *m)
{
    lg_guard(lg_mutex, m);
}
