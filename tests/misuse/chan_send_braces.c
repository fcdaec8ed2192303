// A struct's members in braces, without its type.
// gcc: (of a struct: (struct type){...}, or a variable)
// clang: (of a struct: (struct type){...}, or a variable)
// gcc errors: 3
#include <lifoguard/lifoguard.h>

struct point {
    int x, y;
};

void f(lg_chan(struct point) c)
{
    lg_chan_send(c, {1, 2});
}
