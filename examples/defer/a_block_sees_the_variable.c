/* A deferred block has no arguments: it reads the variable itself, when it runs. This is what a closure
 * does in Go. Compare arguments_are_taken_at_the_defer.c. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

int main(void)
{
    int x = 10;
    lg_defer_block {
        printf("deferred: %d\n", x);
    }
    x = 99;
    printf("body: %d\n", x);
    return 0;
}
