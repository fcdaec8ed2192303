/* The state of a thread, or of the goroutine that the thread runs. */
#ifndef LGI_DEFER_THREAD_H
#define LGI_DEFER_THREAD_H

#include "defer/unwinding.h"

/* The bounds of a stack that is not the thread's own. */
struct lgi_stack_bounds {
    uintptr_t low, high;
};

struct lgi_thread {
    const struct lgi_stack_bounds *bounds; /* NULL: the thread's own stack is in use */
    struct lgi_unwinding *unwinding;       /* innermost */
    struct lgi_catcher *catcher;           /* innermost */
    struct lgi_record fork_mark; /* in a forked child: the records behind it are the parent's */
    size_t skipped;              /* deferred calls, by a longjmp */
};

extern __thread struct lgi_thread lgi_thread __attribute__((tls_model("initial-exec")));

/* The innermost catcher around the caller: an unwinding that begins now ends there at the latest. */
struct lgi_catcher *lgi_live_catcher(const struct lgi_thread *thread);

#endif
