// A variable where its address is wanted.
// gcc: write the address of a variable of the element type, or NULL
// clang: write the address of a variable of the element type, or NULL
#include <lifoguard/lifoguard.h>

void f(lg_chan(void *) channel, int to)
{
    lg_chan_recv(channel, to);
}
