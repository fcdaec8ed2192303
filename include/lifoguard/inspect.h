/* Inspection of goroutines: for tests, for a signal that asks what a server is doing, for the end of a program.
 *
 *     lg_goroutine_print(stderr);
 *     err = lg_goroutine_check_leaks(LG_SECOND);     // at the end of a test: reports goroutines that still live
 *
 * Threads: any thread or goroutine may call these functions, but not a signal handler. The functions inspect a goroutine
 * while the goroutine is not running. If a goroutine keeps its worker thread busy, the functions wait for a tenth of a
 * second; after that, they read the goroutines of that worker without synchronisation, and report no stacks for them. In a
 * forked child, the goroutines of the parent are not listed, since they do not exist there.
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
    LG_GOROUTINE_NOT_STARTED, /* the function has not begun */
    LG_GOROUTINE_READY,       /* ready to run, and waiting for its worker */
    LG_GOROUTINE_RUNNING,
    LG_GOROUTINE_WAITING,
} lg_goroutine_state;

typedef struct lg_goroutine_info {
    uint64_t id;      /* lg_goroutine_id */
    uint64_t starter; /* id of the starting goroutine; 0: main, or a thread of the program */
    const char *name; /* lg_goroutine_name; cut after 63 bytes */
    const char *file; /* where the goroutine was started: file, line and function */
    const char *caller;
    unsigned line;
    lg_goroutine_state state;
    const char *waits_for; /* "mutex", "sleep", …; NULL: not waiting */
    bool has_deadline;     /* the wait has a deadline */
    bool thread;           /* runs on a thread of its own (lg_go_thread) */
} lg_goroutine_info;

/* The number of goroutines, started or not, including the caller. A snapshot: the number may already have changed when
 * lg_goroutine_count returns. */
LG_API size_t lg_goroutine_count(void);

/* Takes a snapshot of all goroutines, then calls `visit` for each, oldest first, until `visit` returns false. `visit` runs
 * in the calling goroutine and may call any function. `info` is valid until lg_goroutine_visit returns. Returns an error
 * if no memory is left. */
LG_API lg_error *lg_goroutine_visit(bool (*visit)(const lg_goroutine_info *info, void *data),
                                    void *data) __attribute__((__warn_unused_result__));

/* Writes the state, the stack and the pending deferred calls (D12) of each goroutine and of main, in the format of the
 * deadlock report, and who holds the mutex that it waits for. Deadlock: do not let a thread other than the caller's hold
 * the lock of the stream (flockfile). */
LG_API void lg_goroutine_print(FILE *stream);

/* Waits until no goroutine but the caller is alive, at most for `grace`. Returns NULL if no other goroutine is alive.
 * Otherwise returns one error for each live goroutine, joined; the error names the goroutine, the place where the goroutine
 * was started, and the operation that the goroutine waits for. A goroutine that has not started yet counts as alive. */
LG_API lg_error *lg_goroutine_check_leaks(lg_duration grace)
    __attribute__((__warn_unused_result__));

/* Sets how long lg_exit waits, in total, for goroutines to end. The default is 10 seconds; 0: lg_exit does not wait. */
LG_API void lg_set_exit_timeout(lg_duration timeout);

LG_END_DECLS

#endif
