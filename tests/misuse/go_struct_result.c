// A result that cannot be dropped.
// gcc: only functions that return void or a scalar can be called
// clang: only functions that return void or a scalar can be called
#include <lifoguard/lifoguard.h>

struct large {
    long word[4];
};
struct large take(void);

void f(void)
{
    lg_go(take);
}
