// A name that is no guard's, in the form without a block.
// gcc: write_the_name_of_a_guard_and_then_the_address_of_its_lock’ undeclared
// clang: write_the_name_of_a_guard_and_then_the_address_of_its_lock
#include <lifoguard/lifoguard.h>

void f(lg_mutex *mutex)
{
    lg_guard(mutex)(mutex);
}
