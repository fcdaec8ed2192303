// A pointer without the type of the elements.
// gcc: write the channel itself, not its address
// clang: write the channel itself, not its address
#include <lifoguard/lifoguard.h>

void f(void *c)
{
    lg_chan_send(c, 1);
}
