/* Deferred calls between others: the body's own lines come first, in their order, then the deferred
 * ones in reverse. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

int main(void)
{
    puts("a");
    lg_defer(puts, "b");
    puts("c");
    lg_defer(puts, "d");
    puts("e");
    return 0;
}
