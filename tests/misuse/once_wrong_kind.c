// A once that keeps a value, where no value is kept.
// gcc: write the address of the once, the limit if the form takes one
// clang: write the address of the once, the limit if the form takes one
#include <lifoguard/lifoguard.h>

void work(void);

void f(lg_once_value *once)
{
    lg_once_do(once, work);
}
