/* The arguments of a deferred call are evaluated where it is deferred: what happens to `x` later makes
 * no difference (D2). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static void print_deferred(int x)
{
    printf("deferred: %d\n", x);
}

int main(void)
{
    int x = 10;
    lg_defer(print_deferred, x);
    x = 99;
    printf("body: %d\n", x);
    return 0;
}
