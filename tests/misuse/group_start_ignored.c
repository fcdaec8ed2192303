// The error of a start is ignored.
// gcc: ignoring return value of
// clang: ignoring return value of
// flags: -Werror
#include <lifoguard/lifoguard.h>

lg_error *work(int number);

void f(lg_group *group)
{
    lg_group_start(group, lg_until_forever(), work, 1);
}
