// A double for a member that is started until it is ready.
// gcc: argument 1 is neither a pointer, an integer of int width or more, nor the only lg_until
// clang: argument 1 is neither a pointer, an integer of int width or more, nor the only lg_until
// clang lines: 25
#include <lifoguard/lifoguard.h>

void serve(double rate);

lg_error *f(lg_group *group)
{
    return lg_group_start(group, lg_until_forever(), serve, 0.5);
}
