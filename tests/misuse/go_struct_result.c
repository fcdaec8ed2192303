// A result that cannot be dropped.
// gcc: the function returns a struct or a long double: write
// clang: the function returns a struct or a long double: write
#include <lifoguard/lifoguard.h>

struct large {
    long word[4];
};
struct large take(void);

void f(void)
{
    lg_go(take);
}
