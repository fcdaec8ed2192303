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

static int note_loader(struct dl_phdr_info *program, size_t size, void *loader)
{
    (void)size;
    for (int i = 0; i < program->dlpi_phnum; i++)
        *(bool *)loader |= program->dlpi_phdr[i].p_type == PT_INTERP;
    return 1; /* the program comes first */
}

bool lgi_has_loader(void)
{
    bool loader = false;
    dl_iterate_phdr(note_loader, &loader);
    return loader;
}
