/* Which goroutines there are: for tests, for a signal that asks what a server is doing, for the end of a program.
 *
 *     lg_goroutine_print(stderr);
 *     err = lg_goroutine_check_leaks(LG_SECOND);     // at the end of a test: what it has started should have ended
 *
 * Threads: any may call these functions. A goroutine is looked at between two turns of its worker. A worker that one
 * goroutine keeps busy is waited for a tenth of a second; after that, what it runs is listed as it seems to be, and
 * without stacks. Nothing here is for a signal handler.
 */
#ifndef LIFOGUARD_INSPECT_H
#define LIFOGUARD_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <lifoguard/error.h>
#include <lifoguard/time.h>

LG_BEGIN_DECLS

typedef enum lg_goroutine_state {
    LG_GOROUTINE_NOT_STARTED, /* nothing of it has run yet */
    LG_GOROUTINE_READY,       /* could go on, and will when it is its turn */
    LG_GOROUTINE_RUNNING,
    LG_GOROUTINE_WAITING,
} lg_goroutine_state;

typedef struct lg_goroutine_info {
    uint64_t id;      /* lg_goroutine_id */
    uint64_t starter; /* the goroutine that started it; 0: main, or a thread of the program */
    const char *name; /* lg_goroutine_name; cut after 63 bytes */
    const char *file; /* where it was started: file, line and function */
    const char *caller;
    unsigned line;
    lg_goroutine_state state;
    const char *waits_for; /* "mutex", "sleep", …; NULL: it does not wait */
    bool has_deadline;     /* its wait has one */
    bool thread;           /* it has a thread of its own (lg_go_thread) */
} lg_goroutine_info;

/* How many goroutines there are, started or not, the caller included. Whatever else is under way makes it only roughly
 * right. */
LG_API size_t lg_goroutine_count(void);

/* Calls visit for each of them, the oldest first, until it returns false. It is done afterwards, on the caller: visit may do
 * anything. What info points to lasts until it returns. Returns NULL, or an error if there is no memory. */
LG_API lg_error *lg_goroutine_visit(bool (*visit)(const lg_goroutine_info *info, void *data),
                                    void *data) __attribute__((__warn_unused_result__));

/* Writes for each goroutine, and for main, what it is doing, its stack, and its pending deferred calls (D12): as a deadlock
 * is reported. Whoever has to wait for a lock of the stream's own has to be the caller: do not hold it (flockfile). */
LG_API void lg_goroutine_print(FILE *stream);

/* NULL if no goroutine is alive but the caller, within `grace` from now; else an error that names each of them, where it was
 * started and what it waits for (a join, if there are several). Not started yet is alive too. */
LG_API lg_error *lg_goroutine_check_leaks(lg_duration grace)
    __attribute__((__warn_unused_result__));

/* How long lg_exit waits for goroutines to end, in all; 10 s if never set. 0: not at all. */
LG_API void lg_set_exit_timeout(lg_duration patience);

LG_END_DECLS

#endif
