// A compound literal of many values.
// gcc: at most four arguments can be passed, and a compound literal in parentheses
// clang: at most four arguments can be passed, and a compound literal in parentheses
#include <lifoguard/lifoguard.h>

void work(void *at);

void f(void)
{
    lg_defer(work, (int[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
}
