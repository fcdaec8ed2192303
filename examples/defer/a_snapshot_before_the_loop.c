/* The loop counts `i` to 3, but the deferred call took its argument before the loop began (D2). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static void print_i(int i)
{
    printf("i = %d\n", i);
}

int main(void)
{
    int i = 0;
    lg_defer(print_i, i);
    while (i < 3)
        i++;
    return 0;
}
