// A case that receives, without a place for whether the channel is open.
// gcc: write lg_case_recv(channel, &variable, &open)
// clang: too few arguments provided to function-like macro invocation
// clang: macro 'lg_case_recv' defined here
// clang errors: 3
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    int value;
    lg_select(lg_case_recv(c, &value));
}
