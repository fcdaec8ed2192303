// The result before the name.
// gcc: write lg_group_scope(name, &err)
// clang: write lg_group_scope(name, &err)
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_error *err = NULL;
    lg_group_scope(&err, group);
}
