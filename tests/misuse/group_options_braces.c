// Options in braces, whose comma ends an argument.
// gcc: options in braces stand in parentheses of their own
// clang: options in braces stand in parentheses of their own
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(lg_group *group, void *at)
{
    lg_group_go_with(group, (lg_go_options){.name = "worker", .thread = true}, work, at);
}
