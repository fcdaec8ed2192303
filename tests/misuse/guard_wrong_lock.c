// The lock itself, and not its address.
// gcc: incompatible type for argument 1 of ‘lgi_guard_lg_mutex’
// clang: passing 'lg_mutex'
#include <lifoguard/lifoguard.h>

void f(lg_mutex mutex)
{
    lg_guard(lg_mutex)(mutex);
}
