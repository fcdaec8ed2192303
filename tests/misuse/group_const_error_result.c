// A member that returns an error which it does not own.
// gcc: a member of a group returns void, or an lg_error *
// clang: a member of a group returns void, or an lg_error *
#include <lifoguard/lifoguard.h>

const lg_error *look(void);

void f(lg_group *group)
{
    (void)!lg_group_go_with(group, ((lg_go_options){.until = (const lg_until[]){lg_until_now()}}), look);
}
