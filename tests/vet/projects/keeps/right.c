#include "list.h"

int note(struct list *list, const char *name)
{
    char *copy = strdup(name);
    if (!copy)
        return -1;
    remember(list, copy);
    return 0;
}
