// Whether the call was made before the limit is ignored.
// gcc: ignoring return value of
// clang: ignoring return value of
// flags: -Werror
#include <lifoguard/lifoguard.h>

void work(void);

void f(lg_once *once)
{
    lg_once_do_until(once, lg_until_now(), work);
}
