// A stretch without the wrong kind of mutex.
// flags: -Werror=incompatible-pointer-types
// gcc: incompatible pointer type
// clang: incompatible pointer types
#include <lifoguard/lifoguard.h>

void f(lg_rwmutex *mutex)
{
    lg_mutex_scoped_unlock(mutex);
}
