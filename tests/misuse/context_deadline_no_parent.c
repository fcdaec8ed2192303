// A context with a limit, but without a parent.
// gcc: write the parent, which may be lg_context_background(), and then the time
// clang: write the parent, which may be lg_context_background(), and then the time
#include <lifoguard/lifoguard.h>

lg_context *f(void)
{
    return lg_context_with_deadline(lg_now() + LG_SECOND);
}
