// The guard without a lock.
// gcc: write_the_name_of_a_guard_and_then_the_address_of_its_lock
// clang: too few arguments to function call
#include <lifoguard/lifoguard.h>

void f(lg_mutex *mutex)
{
    lg_scoped_guard(lg_mutex) {}
    lg_mutex_unlock(mutex);
}
