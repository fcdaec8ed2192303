/* The functions of higher rooms that this room calls. */
#ifndef LGI_DEFER_HOOKS_H
#define LGI_DEFER_HOOKS_H

#include <stdbool.h>

#include "defer/exit.h"
#include "defer/unwinding.h"

struct lgi_defer_hooks {
    /* ---- report: set from the start, in src/reports.c ---- */

    /* Reports a panic that nothing stopped, and ends the process with status 2 (P5). */
    void (*report_and_exit)(const struct lgi_unwinding *unwinding) __attribute__((noreturn));
    /* LIFOGUARD_PANIC=core: reports before anything is unwound, and aborts (P12). */
    void (*report_and_abort)(const struct lgi_unwinding *unwinding) __attribute__((noreturn));
    /* Reports that the library cannot go on, with what to do; ends the process with status 2. */
    void (*fatal)(const struct lgi_unwinding *unwinding, const char *why) __attribute__((noreturn));
    /* Has a report begun? The process will end with it. */
    bool (*report_has_begun)(void);

    /* ---- inspect: NULL until goroutines are used ---- */

    /* A goexit has reached the end of a stack that is not the thread's own, or an exit the end of any stack. NULL, or if
     * the function returns: the thread ends, or the process. */
    void (*stack_ended)(enum lgi_leaving leaving, int status);
    /* What exit.c keeps for the goroutine that calls; NULL: the caller has the thread for itself. */
    struct lgi_exit_part *(*exit_part)(void);
    /* In exit: lets a millisecond pass. Other goroutines run on the thread meanwhile. */
    void (*exit_pause)(void);
};

extern struct lgi_defer_hooks lgi_defer_hooks;

/* `unwinding` may be NULL. */
static inline __attribute__((noreturn)) void lgi_fatal(const struct lgi_unwinding *unwinding,
                                                       const char *why)
{
    lgi_defer_hooks.fatal(unwinding, why);
}

#endif
