#include "thing.h"

int released_twice(int size)
{
    char *scratch = malloc(size);
    if (!scratch)
        return -1;
    tidy_up(scratch);
    free(scratch); // want: double-release
    return 0;
}

int used_afterwards(int size)
{
    char *scratch = malloc(size);
    if (!scratch)
        return -1;
    tidy_up(scratch);
    return scratch[0]; // want: use-after-release
}
