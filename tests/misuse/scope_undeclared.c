// A scope that is only a variable, without a value.
// gcc: ‘this_scope_was_not_declared_by_lg_scope_0’ may be used uninitialized
// clang: variable 'scope' is uninitialized when passed as a const pointer argument
// flags: -Wall -Werror
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void *at)
{
    lg_scope scope;
    lg_defer_in(&scope, work, at);
}
