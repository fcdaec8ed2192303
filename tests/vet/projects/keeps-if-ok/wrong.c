#include "queue.h"

int enter_copy(struct queue *queue, const char *name)
{
    char *copy = strdup(name);
    if (!copy)
        return -1;
    if (enter(queue, copy) < 0)
        return -1; // want: leak
    return 0;
}
