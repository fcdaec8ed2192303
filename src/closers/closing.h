/* What a room above does when a descriptor is closed: the one that waits for descriptors wakes those who wait for
 * this one. */
#ifndef LGI_CLOSERS_CLOSING_H
#define LGI_CLOSERS_CLOSING_H

#include <stddef.h>

/* Called right before and right after close(2). They do not block, allocate or panic, and leave errno alone. */
struct lgi_closing {
    void (*before)(int fd);
    void (*after)(int fd);
};

/* NULL until there is something to do. Set atomically, once. */
extern const struct lgi_closing *lgi_closing;

static inline void lgi_before_close(int fd)
{
    const struct lgi_closing *closing = __atomic_load_n(&lgi_closing, __ATOMIC_ACQUIRE);
    if (closing && fd >= 0)
        closing->before(fd);
}

static inline void lgi_after_close(int fd)
{
    const struct lgi_closing *closing = __atomic_load_n(&lgi_closing, __ATOMIC_ACQUIRE);
    if (closing && fd >= 0)
        closing->after(fd);
}

#endif
