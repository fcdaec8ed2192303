// A once that keeps no value, where the value is wanted.
// gcc: write the address of the once, the limit if the form takes one
// clang: write the address of the once, the limit if the form takes one
#include <lifoguard/lifoguard.h>

void *work(void);

void *f(lg_once *once)
{
    return lg_once_get(once, work);
}
