/* The parts of objects that goroutines wait for. Users must not use anything here: names and layouts change freely. */
#ifndef LIFOGUARD_IMPL_WAIT_H
#define LIFOGUARD_IMPL_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include <lifoguard/base.h>
#include <lifoguard/error.h>
#include <lifoguard/time.h>

LG_BEGIN_DECLS

struct lgi_g;      /* a goroutine, or a thread of the program */
struct lgi_waiter; /* a waiting goroutine or thread; on its stack */

/* The waiting goroutines and threads, in order of arrival. All zero: none. */
struct lgi_waiters {
    struct lgi_waiter *first, *last;
};

/* An event that happens once: it wakes all waiters, and later waits end at once. All zero: it has not happened. */
struct lgi_done {
    uint32_t lock;
    uint32_t happened; /* 0: no; else 1, more after each fork */
    struct lgi_waiters waiters;
    lg_error *error; /* static; the result of a wait that the event ends */
    /* Gives back a reference, for an event that is reference-counted: each waiter holds a reference. NULL: the event outlives
     * its waiters. */
    void (*release)(struct lgi_done *done);
    uint32_t holders; /* atomic */
};

/* The calling goroutine or thread; NULL: the library does not know the thread yet. */
extern LG_API __thread struct lgi_g *lgi_current __attribute__((tls_model("initial-exec")));

/* The number of the calling goroutine or thread, which, unlike the address, is never used again (src/sched/identity.h). 0:
 * the library does not know the thread yet. */
extern LG_API __thread uint64_t lgi_identity __attribute__((tls_model("initial-exec")));

LG_END_DECLS

#endif
