#include "thing.h"

struct thing {
    int size;
};

struct thing *thing_make(int size)
{
    struct thing *thing = malloc(sizeof *thing);
    if (thing)
        thing->size = size;
    return thing;
}

static void dispose(struct thing *thing)
{
    free(thing);
}

void tidy_up(struct thing *thing)
{
    dispose(thing);
}

int thing_size(struct thing *thing)
{
    return thing->size;
}
