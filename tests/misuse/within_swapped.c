// The result before the limit.
// gcc: the limit is a duration
// clang: the limit is a duration
#include <lifoguard/lifoguard.h>

lg_error *work(void *at);

void f(void *at)
{
    lg_error *err = NULL;
    lg_defer_within(&err, LG_SECOND, work, at);
}
