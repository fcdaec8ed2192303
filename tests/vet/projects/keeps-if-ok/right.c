#include "queue.h"

int enter_copy_or_free(struct queue *queue, const char *name)
{
    char *copy = strdup(name);
    if (!copy)
        return -1;
    if (enter(queue, copy) < 0) {
        free(copy);
        return -1;
    }
    return 0;
}

void enter_if_possible(struct queue *queue, const char *name)
{
    char *copy = strdup(name);
    if (copy)
        enter(queue, copy);
}
