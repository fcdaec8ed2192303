/* lg_return(5) sets the named result, the deferred block doubles it, and then it is returned (D7). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static int doubled(void)
{
    lg_func (int, x) {
        lg_defer_block {
            x *= 2;
        }
        lg_return(5);
    }
}

int main(void)
{
    printf("%d\n", doubled());
    return 0;
}
