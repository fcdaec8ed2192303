// A length of time where a point in time is wanted.
// gcc: a length of time, where a point in time is wanted
// clang: a length of time, where a point in time is wanted
#include <lifoguard/lifoguard.h>

lg_until f(void)
{
    return lg_until_deadline(5 * LG_SECOND);
}
