// A text for a limit.
// gcc: the limit is a duration
// clang: the limit is a duration
#include <lifoguard/lifoguard.h>

lg_error *work(void *at);

void f(void *at)
{
    lg_error *err = NULL;
    lg_defer_within("5s", &err, work, at);
}
