/* A higher room sets this hook, which runs when a descriptor is closed: the room poll wakes the goroutines that wait for the
 * descriptor. */
#ifndef LGI_CLOSERS_HOOKS_H
#define LGI_CLOSERS_HOOKS_H

#include <stddef.h>

/* Called right before and right after close(2). They do not block, allocate or panic, and leave errno alone. */
struct lgi_closers_hooks {
    void (*before)(int fd);
    void (*after)(int fd);
};

/* NULL until there is something to do. Set atomically, once. */
extern const struct lgi_closers_hooks *lgi_closers_hooks;

static inline void lgi_before_close(int fd)
{
    const struct lgi_closers_hooks *hooks = __atomic_load_n(&lgi_closers_hooks, __ATOMIC_ACQUIRE);
    if (hooks && fd >= 0)
        hooks->before(fd);
}

static inline void lgi_after_close(int fd)
{
    const struct lgi_closers_hooks *hooks = __atomic_load_n(&lgi_closers_hooks, __ATOMIC_ACQUIRE);
    if (hooks && fd >= 0)
        hooks->after(fd);
}

#endif
