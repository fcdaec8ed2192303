// More than three arguments behind the release function.
// gcc: at most three arguments can follow the release function: acquire the value, then write lg_defer_block { release(value); }
// clang: at most three arguments can follow the release function: acquire the value, then write lg_defer_block { release(value); }
#include <lifoguard/lifoguard.h>

void end(int thing, int a, int b, int c, int d);

void f(int thing)
{
    lg_scope(s);
    lg_adopt(&s, thing, end, 1, 2, 3, 4);
}
