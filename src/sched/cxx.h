/* C++'s exception state: which exceptions are caught, and how many are on their way. The C++ runtime keeps it for each
 * thread; goroutines on one thread each have their own, so a switch changes what is there.
 *
 * The runtime may come with a plugin, by dlopen, at any time: whether anything has come is seen, on each switch, by one word
 * of the dynamic linker's list. When it has for the first time, the usual C++ runtime is loaded, if it is installed:
 * plugins that come later use that one. A plugin may also have a runtime of its own, linked into it: each that is loaded is looked
 * for, and stays loaded. What comes later than the first is found when a worker has slept. */
#ifndef LGI_SCHED_CXX_H
#define LGI_SCHED_CXX_H

#include <stdbool.h>

enum { LGI_CXX_MOST = 4 }; /* runtimes in one process */

/* As the ABI has it (__cxa_eh_globals). */
struct lgi_cxx_state {
    void *caught;
    unsigned uncaught;
};

/* A thread's. */
struct lgi_cxx {
    struct lgi_cxx_state *at[LGI_CXX_MOST];
    unsigned count;
    unsigned long long adds; /* objects ever loaded, when this was last looked at */
    bool has_looked;         /* since the first object was loaded by dlopen */
};

/* Where the last object that came with the program, which never goes, keeps the object that was loaded next; NULL: the
 * library itself came by dlopen, or there is no list. */
struct link_map;
extern struct link_map *const *lgi_cxx_next_object;

/* Something has been loaded by dlopen for the first time. */
static inline bool lgi_cxx_came(const struct lgi_cxx *cxx)
{
    return !cxx->has_looked && lgi_cxx_next_object &&
           __atomic_load_n(lgi_cxx_next_object, __ATOMIC_RELAXED) != (struct link_map *)0;
}

/* Finds the runtimes that there are, for the calling thread; on a large stack. */
void lgi_cxx_find(struct lgi_cxx *cxx);

#endif
