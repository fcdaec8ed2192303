#define _GNU_SOURCE
#include "sched/cxx.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "defer/before_main.h"
#include "error/keep_errno.h"

typedef void *get_state(void);

extern void *__cxa_get_globals(void) __attribute__((weak));

/* The last object that came with the program; what is loaded later follows it in the list, and it never goes. NULL: the
 * library itself came by dlopen, or there is no list. */
static const struct link_map *last_of_program;

__attribute__((constructor)) static void find_last(void)
{
    Dl_info info;
    struct link_map *map = NULL;
    if (!lgi_is_before_main() ||
        dladdr1(&last_of_program, &info, (void **)&map, RTLD_DL_LINKMAP) == 0)
        return;
    while (map && map->l_next)
        map = map->l_next;
    last_of_program = map;
}

bool lgi_cxx_came(const struct lgi_cxx *cxx)
{
    return !cxx->has_looked && last_of_program &&
           __atomic_load_n(&last_of_program->l_next, __ATOMIC_RELAXED) != NULL;
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

struct search {
    const char *name;
    bool found;
};

static int is_named(struct dl_phdr_info *info, size_t size, void *data)
{
    struct search *search = data;
    const char *slash = strrchr(info->dlpi_name, '/');
    (void)size;
    search->found = strcmp(slash ? slash + 1 : info->dlpi_name, search->name) == 0;
    return search->found;
}

/* (dlopen would look for it in files, even if it is not to load it.) */
static bool is_loaded(const char *name)
{
    struct search search = {.name = name};
    dl_iterate_phdr(is_named, &search);
    return search.found;
}

/* It stays loaded, since the state lies in it. */
static void note_of(struct lgi_cxx *cxx, const char *name, bool load)
{
    void *runtime = load || is_loaded(name) ? dlopen(name, RTLD_LAZY) : NULL;
    if (runtime)
        note(cxx, (get_state *)(uintptr_t)dlsym(runtime, "__cxa_get_globals"));
}

static int read_adds(struct dl_phdr_info *info, size_t size, void *adds)
{
    (void)size;
    *(unsigned long long *)adds = info->dlpi_adds;
    return 1;
}

void lgi_cxx_look(struct lgi_cxx *cxx)
{
    LGI_KEEP_ERRNO;
    unsigned long long adds = 0;
    bool came = lgi_cxx_came(cxx) || (!last_of_program && !cxx->has_looked);
    dl_iterate_phdr(read_adds, &adds);
    if (adds != cxx->adds || came) {
        note(cxx, __cxa_get_globals);
        note_of(cxx, "libstdc++.so.6", came);
        note_of(cxx, "libc++abi.so.1", false);
        cxx->has_looked |= came;
        dl_iterate_phdr(read_adds, &cxx->adds);
    }
}
