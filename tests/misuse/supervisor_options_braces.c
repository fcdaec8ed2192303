// Options in braces, whose comma ends an argument.
// gcc: options in braces stand in parentheses of their own
// clang: options in braces stand in parentheses of their own
#include <lifoguard/lifoguard.h>

void work(const lg_context *ctx);

lg_error *f(lg_supervisor *all)
{
    return lg_supervisor_go_with(all, (lg_member_options){.restart = LG_RESTART_ALWAYS, .name = "worker"}, work);
}
