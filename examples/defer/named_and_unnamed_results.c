/* A deferred block can change a named result after lg_return. A plain `return` has fixed its value
 * before the block runs: what it changes then is only the variable. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static int named(void)
{
    lg_func (int, n) {
        lg_defer_block {
            n++;
        }
        lg_return(10);
    }
}

static int unnamed(void)
{
    int n = 10;
    lg_defer_block {
        n++;
    }
    return n;
}

int main(void)
{
    printf("%d %d\n", named(), unnamed());
    return 0;
}
