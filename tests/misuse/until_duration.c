// A length of time where a limit is wanted.
// gcc: incompatible type for argument 2
// clang: to parameter of incompatible type 'lg_until'
#include <lifoguard/lifoguard.h>

lg_error *f(lg_mutex *mutex)
{
    return lg_mutex_lock_until(mutex, 5 * LG_SECOND);
}
