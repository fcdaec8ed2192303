// lg_defer_contained where the result is no lg_error *.
// gcc: s result: write lg_func (lg_error *, err)
// clang: s result: write lg_func (lg_error *, err)
#include <lifoguard/lifoguard.h>

void take(void);

int f(void)
{
    lg_func (int, result) {
        lg_defer_contained(take);
        lg_return(1);
    }
}
