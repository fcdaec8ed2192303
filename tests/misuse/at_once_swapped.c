// The result before the name.
// gcc: write lg_at_once(name, &err)
// clang: write lg_at_once(name, &err)
#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_error *err = NULL;
    lg_at_once(&err, calls);
}
