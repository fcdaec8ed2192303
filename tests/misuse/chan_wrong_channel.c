// A channel of something else.
// gcc: incompatible pointer type
// clang: incompatible pointer types
// flags: -Werror
#include <lifoguard/lifoguard.h>

void take(lg_chan(int) c);

void f(lg_chan(long) c)
{
    take(c);
}
