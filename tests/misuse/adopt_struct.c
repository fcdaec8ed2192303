// A value that is neither a pointer nor an integer.
// gcc: argument 1 is neither a pointer nor an integer of int width or more: acquire the value, then write lg_defer_block { release(value); }
// clang: argument 1 is neither a pointer nor an integer of int width or more: acquire the value, then write lg_defer_block { release(value); }
#include <lifoguard/lifoguard.h>

struct thing {
    int a, b;
};
struct thing make(void);
void end(struct thing thing);

void f(void)
{
    lg_scope(s);
    lg_adopt(&s, make(), end);
}
