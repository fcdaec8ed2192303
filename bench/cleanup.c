#include "cleanup.h"

void bench_open(struct resource *resource)
{
    resource->open++;
}

void bench_release(struct resource *resource)
{
    resource->open--;
}

int bench_work(struct resource *resource)
{
    return resource->uses++ < 0 ? -1 : 0;
}
