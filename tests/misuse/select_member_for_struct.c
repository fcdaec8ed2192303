// The same in a select.
// gcc: invalid initializer
// clang: with an expression of incompatible type 'int'
// gcc lines: 27
#include <lifoguard/lifoguard.h>

struct pair {
    int a, b;
};

void f(lg_chan(struct pair) c)
{
    lg_select(lg_case_send(c, 1));
}
