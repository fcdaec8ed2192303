// The lock alone.
// gcc: write_the_name_of_a_guard_and_then_the_address_of_its_lock’ undeclared
// clang: write_the_name_of_a_guard_and_then_the_address_of_its_lock
// clang lines: 22
#include <lifoguard/lifoguard.h>

void f(lg_mutex *mutex)
{
    lg_scoped_guard(mutex) {}
}
