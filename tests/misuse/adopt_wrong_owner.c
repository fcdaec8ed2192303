// What is no scope.
// gcc: what holds the calls is given by its address, as &scope: an lg_scope or an lg_cleanups
// clang: what holds the calls is given by its address, as &scope: an lg_scope or an lg_cleanups
#include <stdlib.h>

#include <lifoguard/lifoguard.h>

void f(lg_group *group)
{
    lg_adopt(group, malloc(1), free);
}
