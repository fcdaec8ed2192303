// A once with a limit, without the limit.
// gcc: write the address of the once, the limit if the form takes one
// clang: write the address of the once, the limit if the form takes one
#include <lifoguard/lifoguard.h>

void work(void *at);

lg_error *f(lg_once *once, void *at)
{
    return lg_once_do_until(once, work, at);
}
