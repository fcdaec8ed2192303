// Two lg_func in one function.
// gcc: lg_return_goes_to_the_one_lg_func_of_its_function
// clang: lg_return_goes_to_the_one_lg_func_of_its_function
// clang lines: 28
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
