#define _GNU_SOURCE
#include "sched/cxx.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "defer/before_main.h"
#include "defer/pin.h"
#include "error/keep_errno.h"

typedef void *get_state(void);

extern void *__cxa_get_globals(void) __attribute__((weak));

struct link_map *const *lgi_cxx_next_object;

static size_t of_program; /* how many came with it: those stand first in the list */

static int count_object(struct dl_phdr_info *info, size_t size, void *count)
{
    (void)info;
    (void)size;
    ++*(size_t *)count;
    return 0;
}

/* The library's own place in the list of objects; NULL if there is no such list. */
static const struct link_map *own_object(void)
{
    struct link_map *map = NULL;
#ifdef __GLIBC__
    Dl_info info;
    if (dladdr1(&lgi_cxx_next_object, &info, (void **)&map, RTLD_DL_LINKMAP) == 0)
        return NULL;
#endif
    return map;
}

__attribute__((constructor)) static void find_last(void)
{
    const struct link_map *map = lgi_is_before_main() ? own_object() : NULL;
    if (!map)
        return;
    while (map->l_next)
        map = map->l_next;
    lgi_cxx_next_object = &map->l_next;
    dl_iterate_phdr(count_object, &of_program);
}

static void note(struct lgi_cxx *cxx, get_state *get)
{
    struct lgi_cxx_state *state = get ? get() : NULL;
    for (unsigned i = 0; i < cxx->count; i++)
        if (cxx->at[i] == state)
            return;
    if (state && cxx->count < LGI_CXX_MOST)
        cxx->at[cxx->count++] = state;
}

/* ---- every object that came by dlopen ---- */

struct names {
    char **at;
    size_t count, capacity, skipped;
};

static int add_name(struct dl_phdr_info *info, size_t size, void *data)
{
    enum { FIRST = 32 };
    struct names *names = data;
    (void)size;
    if (names->skipped++ < of_program || !*info->dlpi_name)
        return 0; /* its runtime is the library's */
    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? names->capacity * 2 : FIRST;
        char **more = realloc(names->at, capacity * sizeof(*more));
        if (!more)
            return 1;
        names->at = more;
        names->capacity = capacity;
    }
    char *copy = strdup(info->dlpi_name);
    if (copy)
        names->at[names->count++] = copy;
    return copy == NULL;
}

/* If it is a runtime, or has one linked into it, it stays loaded, since the state lies in it. */
static void note_of(struct lgi_cxx *cxx, const char *name, int flags)
{
    void *object = dlopen(name, RTLD_LAZY | flags);
    if (!object)
        return;
    unsigned before = cxx->count;
    note(cxx, (get_state *)(uintptr_t)dlsym(object, "__cxa_get_globals"));
    if (cxx->count == before && flags)
        dlclose(object);
}

static void note_all(struct lgi_cxx *cxx)
{
    struct names names = {.at = NULL};
    dl_iterate_phdr(add_name, &names);
    for (size_t i = 0; i < names.count; i++) {
        note_of(cxx, names.at[i], RTLD_NOLOAD);
        free(names.at[i]);
    }
    free(names.at);
}

static int read_adds(struct dl_phdr_info *info, size_t size, void *adds)
{
    (void)size;
    *(unsigned long long *)adds = info->dlpi_adds;
    return 1;
}

void lgi_cxx_find(struct lgi_cxx *cxx)
{
    LGI_KEEP_ERRNO;
    unsigned long long adds = 0;
    bool came = lgi_cxx_came(cxx) || (!lgi_cxx_next_object && !cxx->has_looked);
    dl_iterate_phdr(read_adds, &adds);
    if (adds != cxx->adds || came) {
        bool loads = lgi_has_loader();
        note(cxx, __cxa_get_globals);
        if (came && loads)
            note_of(cxx, "libstdc++.so.6", 0);
        if (loads)
            note_all(cxx);
        cxx->has_looked |= came;
        dl_iterate_phdr(read_adds, &cxx->adds);
    }
}
