/* What is deferred in an inner block runs when that block is left, before the function goes on. Go
 * needs a function for that. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

int main(void)
{
    lg_defer(puts, "1");
    {
        lg_defer(puts, "2");
        lg_defer(puts, "3");
        puts("4");
    }
    lg_defer(puts, "5");
    puts("6");
    return 0;
}
