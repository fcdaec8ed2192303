/* The value of a plain `return` is taken before what is deferred runs, so the caller gets 0. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static int tricky(void)
{
    int n = 0;
    lg_defer_block {
        n++;
    }
    return n;
}

int main(void)
{
    printf("%d\n", tricky());
    return 0;
}
