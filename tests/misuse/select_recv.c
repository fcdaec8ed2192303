// A receive instead of the case of a receive.
// gcc: a_case_is_lg_case_recv_or_lg_case_send_or_the_like
// clang: a_case_is_lg_case_recv_or_lg_case_send_or_the_like
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    int value;
    lg_select(lg_chan_recv(c, &value));
}
