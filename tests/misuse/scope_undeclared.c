// A scope that is only a variable, without a value.
// gcc: ‘this_scope_was_not_declared_by_lg_scope_0’ may be used uninitialized
// clang: default initialization of an object of type 'lg_scope'
// clang: member 'a_scope_is_declared_with_its_name_in_parentheses__write_lg_scope_of_the_name'
// flags: -Wall -Werror
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void *at)
{
    lg_scope scope;
    lg_defer_in(&scope, work, at);
}
