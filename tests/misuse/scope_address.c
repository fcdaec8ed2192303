// The address of a scope, where lg_scope declares one.
// gcc: write lg_scope(name): a new name
// clang: write lg_scope(name): a new name
// gcc errors: 3
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_scope(&scope);
}
