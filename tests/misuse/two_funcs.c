// Two lg_func in one function.
// gcc: there_can_be_only_one_lg_func_in_a_function
// clang: there_can_be_only_one_lg_func_in_a_function
#include <lifoguard/lifoguard.h>

int f(int n)
{
    if (n) {
        lg_func (int, a) {
            lg_return(1);
        }
    }
    lg_func (int, b) {
        lg_return(2);
    }
}
