#define _GNU_SOURCE
#include "defer/pin.h"

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "error/keep_errno.h"

static atomic_bool pinned;

static void pin(void)
{
#ifdef __GLIBC__
    Dl_info info;
    struct link_map *map = NULL;
    /* The program itself has no name there. */
    if (dladdr1(&pinned, &info, (void **)&map, RTLD_DL_LINKMAP) != 0 && map && map->l_name[0])
        (void)!dlopen(map->l_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
#endif /* else it is musl, whose dlclose unloads nothing */
}

/* Two threads may both do it: one that waited for the other could hold the loader's lock, in a constructor. */
void lgi_pin(void)
{
    if (atomic_load_explicit(&pinned, memory_order_relaxed))
        return;
    LGI_KEEP_ERRNO;
    pin();
    atomic_store_explicit(&pinned, true, memory_order_relaxed);
}
