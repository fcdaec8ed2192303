// A length of time where a point in time is wanted.
// gcc: a length of time, where a point in time is wanted
// clang: a length of time, where a point in time is wanted
// clang lines: 22
#include <lifoguard/lifoguard.h>

lg_context *f(const lg_context *parent)
{
    return lg_context_with_deadline(parent, 5 * LG_SECOND, .name = "query");
}
