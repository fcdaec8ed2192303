// A value received into something of another type.
// gcc: write the address of a variable of the element type, or NULL
// clang: write the address of a variable of the element type, or NULL
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    long value;
    lg_chan_recv(c, &value);
}
