// A member whose result would be lost.
// gcc: a member of a group returns void, or an lg_error *
// clang: a member of a group returns void, or an lg_error *
#include <lifoguard/lifoguard.h>

int fetch(const char *url);

void f(lg_group *group)
{
    lg_group_go(group, fetch, "a");
}
