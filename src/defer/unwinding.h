/* The state of unwindings, and the unwinder. */
#ifndef LGI_DEFER_UNWINDING_H
#define LGI_DEFER_UNWINDING_H

#include <stdbool.h>
#include <stdint.h>
#include <unwind.h>

#include "defer/jump.h"
#include "defer/panic.h"
#include "defer/record.h"
#include "defer/step.h"

enum lgi_leaving { LGI_NOT_LEAVING, LGI_GOEXIT, LGI_EXIT };

/* A frame of the library that makes a deferred call: an unwinding that begins in the call ends here. */
struct lgi_catcher {
    void *context[LGI_CONTEXT];
    struct lgi_catcher *outer;
    uintptr_t
        mark; /* its own address while the frame is alive: a longjmp may leave a dead catcher */
    bool of_parent; /* in a forked child: the frame is the parent's */
};

/* One run of the platform's unwinder. */
struct lgi_unwinding {
    struct _Unwind_Exception exception;
    struct lgi_unwinding
        *outer; /* suspended: this unwinding began in a cleanup that `outer` is running */
    struct lgi_catcher *calling; /* the frame in which this unwinding is making a deferred call */
    struct lgi_catcher
        *catcher;           /* ends this unwinding at the latest; NULL: the end of the stack does */
    lg_panic_info *panic;   /* NULL: a goexit or exit */
    lg_panic_info *aborted; /* panics that a goexit replaced: part of a later panic's chain */
    enum lgi_leaving leaving; /* a goexit or exit is under way beneath the panic, if any */
    int status;               /* LGI_EXIT: of the process */
    bool recovered; /* the panic is stopped: the unwinding goes on to the head of the function */
    uintptr_t pad;  /* the end of the frame whose cleanups are being run */
    uintptr_t seen; /* the end of the last frame noted for the report */
    uintptr_t left; /* where the cleanup of a frame went on by itself; 0: elsewhere by now */
    unsigned depth; /* 1 for the outermost */
    struct lgi_epoch epoch;
    uintptr_t platform_until; /* of a frame that the platform's unwinder has to deal with */
};

static inline struct lgi_record *lgi_tag(const struct lgi_unwinding *u,
                                         const struct lgi_record *record)
{
    uintptr_t tags = (uintptr_t)(u->depth & 3) << 1 | 1;
    return (struct lgi_record *)((uintptr_t)lgi_untag(record) | tags);
}

/* An unwinding, all zero. Needs no memory, as lgi_panic_new. */
struct lgi_unwinding *lgi_unwinding_new(void);
void lgi_unwinding_free(struct lgi_unwinding *unwinding);

void lgi_unwind_from(void *unwinding, const struct lgi_frame_state *here) __attribute__((noreturn));

/* Unwinds the calling thread. (Inline, so that the unwinding begins at the caller's frame.) */
static inline __attribute__((always_inline, noreturn)) void lgi_unwind(struct lgi_unwinding *u)
{
    lgi_with_frame(u, lgi_unwind_from);
    __builtin_unreachable();
}

/* Lets a goexit or exit go on that has been stopped. */
void lgi_resume_leaving(struct lgi_unwinding *stopped) __attribute__((noreturn));

/* `newer` has replaced `older` (P4). `to`, one of the two, goes on for both. */
void lgi_succeed(struct lgi_unwinding *to, struct lgi_unwinding *newer,
                 struct lgi_unwinding *older);

#endif
