// An argument that does not travel in a register.
// gcc: argument 1: only pointers and integers of int width or more can be passed
// clang: argument 1: only pointers and integers of int width or more can be passed
#include <lifoguard/lifoguard.h>

struct large {
    long word[4];
};
void take(struct large large);

void f(lg_group *group)
{
    struct large large = {{0}};
    lg_group_go(group, take, large);
}
