/* What things that are waited for consist of. Nothing here is for users: names and layouts change freely. */
#ifndef LIFOGUARD_IMPL_WAIT_H
#define LIFOGUARD_IMPL_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include <lifoguard/base.h>
#include <lifoguard/error.h>
#include <lifoguard/time.h>

LG_BEGIN_DECLS

struct lgi_g;      /* a goroutine, or a thread of the program's own */
struct lgi_waiter; /* one that waits, on its stack */

/* Who waits for something, in order of arrival. All zero: nobody. */
struct lgi_waiters {
    struct lgi_waiter *first, *last;
};

/* Something that happens once and is then known to all who wait for it or ever will. All zero: not yet. */
struct lgi_done {
    uint32_t lock;
    uint32_t happened;
    struct lgi_waiters waiters;
    lg_error *error; /* static: what a wait that it ends returns */
    /* If it is counted: who watches it holds it, and lets go of it by this. NULL: it outlives all who watch it. */
    void (*release)(struct lgi_done *done);
    uint32_t holders; /* atomic */
};

/* The calling goroutine or thread; NULL: not yet known to the library. */
extern LG_API __thread struct lgi_g *lgi_current __attribute__((tls_model("initial-exec")));

/* Who that is: unlike its address, never used again (src/sched/identity.h). 0: not yet known. */
extern LG_API __thread uint64_t lgi_identity __attribute__((tls_model("initial-exec")));

LG_END_DECLS

#endif
