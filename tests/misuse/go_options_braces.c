// Options in braces, whose comma ends the first argument.
// gcc: options in braces stand in parentheses of their own
// clang: options in braces stand in parentheses of their own
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void *at)
{
    lg_go_with((lg_go_options){.name = "worker", .thread = true}, work, at);
}
