// A name that is no guard's.
// gcc: write_the_name_of_a_guard_and_then_the_address_of_its_lock’ undeclared
// clang: write_the_name_of_a_guard_and_then_the_address_of_its_lock
#include <lifoguard/lifoguard.h>

void f(lg_mutex *lock)
{
    lg_scoped_guard(no_such_lock, lock) {}
}
