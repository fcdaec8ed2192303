/* A deferred call is written where it is thought of and made when the block is left: "cleanup" stands
 * second and is printed last. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

int main(void)
{
    puts("start");
    lg_defer(puts, "cleanup");
    puts("middle");
    return 0;
}
