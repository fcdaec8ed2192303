// A once where its address is wanted.
// gcc: write the address of the once, the limit if the form takes one
// clang: write the address of the once, the limit if the form takes one
#include <lifoguard/lifoguard.h>

void work(void);

void f(void)
{
    static lg_once once;
    lg_once_do(once, work);
}
