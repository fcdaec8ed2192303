// A block in braces in place of a goroutine's function.
// gcc: a block is no function: write
// clang: a block is no function: write
#include <lifoguard/lifoguard.h>

void f(lg_group *group)
{
    lg_group_go(group, { return NULL; });
}
