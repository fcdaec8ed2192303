#include "work.h"

/* With the second program's function this is right. */
int work(const char *name)
{
    char *copy = strdup(name);
    if (!copy)
        return -1;
    return work_on(copy);
}
