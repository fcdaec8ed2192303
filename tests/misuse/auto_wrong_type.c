// A variable of another type than the one that was defined.
// gcc: incompatible type for argument 1 of ‘lg_auto_needs_a_variable_of_the_type_that_was_given_to_LG_DEFINE_AUTO_memory’
// clang: 'cleanup' function 'lg_auto_needs_a_variable_of_the_type_that_was_given_to_LG_DEFINE_AUTO_memory' parameter has type
#include <stdlib.h>

#include <lifoguard/lifoguard.h>

LG_DEFINE_AUTO(memory, char *, free)

void f(void)
{
    lg_auto(memory) int *number = NULL;
    (void)number;
}
