// A received value instead of a case.
// gcc: a_case_is_lg_case_recv_or_lg_case_send_or_the_like
// clang: a_case_is_lg_case_recv_or_lg_case_send_or_the_like
// gcc lines: 28
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c)
{
    lg_select(lg_chan_recv_value(c));
}
