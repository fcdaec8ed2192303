// A case that would send from memory of another type.
// gcc: write the address of a variable of the element type
// clang: write the address of a variable of the element type
#include <lifoguard/lifoguard.h>

void f(lg_chan(long) c, const int *number, lg_case *cases)
{
    cases[0] = lg_case_send_from(c, number);
}
