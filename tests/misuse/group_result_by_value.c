// The error itself, where the group needs its address.
// gcc: the result is the address of an lg_error *, as &err, or NULL
// clang: the result is the address of an lg_error *, as &err, or NULL
#include <lifoguard/lifoguard.h>

void f(lg_error *err)
{
    lg_group_scope(group, err);
}
