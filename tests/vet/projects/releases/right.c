#include "thing.h"

int released_by_the_callee(int size)
{
    char *scratch = malloc(size);
    if (!scratch)
        return -1;
    fill(scratch, size);
    tidy_up(scratch);
    return 0;
}
