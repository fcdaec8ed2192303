#include "queue.h"

int enter(struct queue *queue, char *text)
{
    if (queue->count == queue->room)
        return -1;
    queue->items[queue->count++] = text;
    return 0;
}
