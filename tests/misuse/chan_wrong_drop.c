// A drop function of another type than the elements: it gets the pointers themselves.
// gcc: incompatible pointer type
// clang: incompatible pointer types
// flags: -Werror
#include <lifoguard/lifoguard.h>

void drop(int **number);

void f(void)
{
    lg_chan(int *) c = lg_chan_make_owned(int *, 1, drop);
    lg_chan_unref(c);
}
