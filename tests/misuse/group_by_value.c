// A group where its address is wanted.
// gcc: ‘lg_group *’ using type ‘struct lg_group’
// clang: take the address with &
#include <lifoguard/lifoguard.h>

lg_error *work(int x);

void f(void)
{
    lg_error *err = NULL;
    lg_group_scope(group, &err);
    lg_group_go(group, work, 1);
}
