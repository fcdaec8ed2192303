// The lock itself, and not its address.
// gcc: incompatible type for argument 1 of ‘lg_mutex_guard__write_the_name_of_a_guard_and_then_the_address_of_its_lock’
// clang: passing 'lg_mutex'
#include <lifoguard/lifoguard.h>

void f(lg_mutex mutex)
{
    lg_guard(lg_mutex)(mutex);
}
