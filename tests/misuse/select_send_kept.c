// A case that is kept, with a value that ends with the branch.
// gcc: lg_case_send_stands_only_in_lg_select__else_write_lg_case_send_from
// clang: lg_case_send_stands_only_in_lg_select__else_write_lg_case_send_from
#include <lifoguard/lifoguard.h>

void f(lg_chan(int) c, bool send, lg_case *cases)
{
    if (send)
        cases[0] = lg_case_send(c, 1);
}
