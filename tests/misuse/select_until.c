// A limit instead of the case of a limit.
// gcc: a_case_is_lg_case_recv_or_lg_case_send_or_the_like
// clang: a_case_is_lg_case_recv_or_lg_case_send_or_the_like
#include <lifoguard/lifoguard.h>

void f(lg_until until)
{
    lg_select(until);
}
