// A receive where a case is wanted.
// gcc: missing braces
// gcc: write lg_case_recv(…) or another lg_case_…
// clang: suggest braces
// clang: write lg_case_recv(…) or another lg_case_…
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    int x;
    lg_select(lg_chan_recv(c, &x));
}
