// A pointer sent where a number is wanted.
// gcc: without a cast
// clang: incompatible pointer to integer conversion
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    lg_chan_send(c, "seven");
}
