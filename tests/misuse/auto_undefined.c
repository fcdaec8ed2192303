// A type that was not defined.
// gcc: cleanup argument not a function
// clang: use of undeclared identifier 'lg_auto_needs_a_variable_of_the_type_that_was_given_to_LG_DEFINE_AUTO_memory'
#include <stdlib.h>

#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_auto(memory) char *text = NULL;
    (void)text;
}
