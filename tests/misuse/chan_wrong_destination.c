// A value received into something of another type.
// gcc: pointer type mismatch in conditional expression
// clang: pointer type mismatch
// flags: -Werror
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    long value;
    lg_chan_recv(c, &value);
}
