#define _GNU_SOURCE
#include "defer/find_object.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef DLFO_STRUCT_HAS_EH_DBASE /* glibc 2.35 */

enum lgi_code_stays lgi_code_stays(uintptr_t address)
{
    struct dl_find_object found, own;
    if (_dl_find_object((void *)address, &found) != 0)
        return LGI_NOT_IN_AN_OBJECT;
    bool for_ever = found.dlfo_link_map == _r_debug.r_map || /* the program */
                    (_dl_find_object((void *)(uintptr_t)lgi_code_stays, &own) == 0 &&
                     own.dlfo_link_map == found.dlfo_link_map);
    return for_ever ? LGI_FOR_EVER : LGI_UNTIL_UNLOADED;
}

#else

struct search {
    uintptr_t address;
    const void *eh_frame; /* the object's PT_GNU_EH_FRAME; NULL if it has none */
};

static int holds(struct dl_phdr_info *object, size_t size, void *data)
{
    struct search *search = data;
    bool found = false;
    (void)size;
    search->eh_frame = NULL;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && search->address - start < segment->p_memsz)
            found = true;
        if (segment->p_type == PT_GNU_EH_FRAME)
            search->eh_frame = (const void *)start;
    }
    return found;
}

enum lgi_code_stays lgi_code_stays(uintptr_t address)
{
    struct search search = {.address = address};
    return dl_iterate_phdr(holds, &search) != 0 ? LGI_UNTIL_UNLOADED : LGI_NOT_IN_AN_OBJECT;
}

#ifndef __GLIBC__
/* A compiler that was made for glibc, as musl-gcc's is, has an unwinder that finds frames through this function of glibc
 * alone. The unwinder reads nothing of the result but the table. */
struct dl_find_object {
    unsigned long long flags;
    void *map_start, *map_end, *link_map;
    const void *eh_frame;
    unsigned long long reserved[7];
};

int _dl_find_object(void *address, struct dl_find_object *result);
__attribute__((weak)) int _dl_find_object(void *address, struct dl_find_object *result)
{
    struct search search = {.address = (uintptr_t)address};
    if (dl_iterate_phdr(holds, &search) == 0 || !search.eh_frame)
        return -1;
    *result = (struct dl_find_object){.eh_frame = search.eh_frame};
    return 0;
}
#endif

#endif
