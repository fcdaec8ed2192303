// Too many arguments beside the one that is owned.
// gcc: at most four arguments can be passed
// clang: at most four arguments can be passed
// clang lines: 25
#include <lifoguard/lifoguard.h>

void serve(void *a, int b, int c, int d, int e);
void drop(void *a);

void f(void *a)
{
    lg_go_owned(serve, a, 1, 2, 3, 4, drop);
}
