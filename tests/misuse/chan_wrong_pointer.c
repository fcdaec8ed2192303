// The address of a variable of another type, sent through a channel of pointers. (Not a mere warning: the receiver would
// use it.)
// gcc: from incompatible pointer type
// clang: incompatible pointer types
#include <lifoguard/lifoguard.h>

void f(lg_chan(int *) c, long *number)
{
    if (lg_chan_try_send(c, number))
        *number = 1;
}
