// A receive with a limit instead of a case.
// gcc: a_case_is_lg_case_recv_or_lg_case_send_or_the_like
// clang: a_case_is_lg_case_recv_or_lg_case_send_or_the_like
// gcc lines: 22
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c, lg_until until)
{
    lg_select(lg_case_default, lg_chan_recv_until(c, NULL, until));
}
