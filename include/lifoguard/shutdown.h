/* Ordered shutdown: stops the stages of a program in reverse order, within a bounded time.
 *
 *     static lg_error *serve(void)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_shutdown *down;
 *             err = lg_shutdown_new(&down, &(lg_shutdown_options){.budget = 20 * LG_SECOND});
 *             if (err)
 *                 lg_return(err);
 *             lg_defer(lg_shutdown_close, down, &err);          // stops the started stages on every exit
 *
 *             err = lg_shutdown_start(down, &(lg_stage){.name = "database", .start = open_database,
 *                                                       .stop = close_database, .argument = &database});
 *             if (err)
 *                 lg_return(err);                                // stops the stages started so far (S3)
 *             err = lg_shutdown_start(down, &(lg_stage){.name = "http", …, .limit = 10 * LG_SECOND});
 *             if (err)
 *                 lg_return(err);
 *
 *             err = lg_shutdown_ready(down);
 *             if (err)
 *                 lg_return(err);
 *             lg_shutdown_wait(down);                            // until SIGTERM, SIGINT, or lg_shutdown_request
 *             lg_return(NULL);
 *         }
 *     }
 *
 * Order. The stage that was added last is stopped first; each further stage is stopped when the previous stop has ended or
 * has run out of time (S1). A stage may instead name in `needs` the stages that the stage depends on. Such a stage is
 * stopped before the stages in its `needs`, and has no order relative to other stages. Stages without an order between
 * them are stopped one at a time, or up to `at_once` at a time.
 *
 * Time. All stops together have `budget`; each stop has its `limit` (S2). If the limits of the remaining stages do not fit
 * into the remaining budget, all these limits are cut in proportion, so a stage cannot use up the time of later stages. A
 * cut limit also pays for the extra time of a late stop, see below; and the shutdown itself takes a moment. So limits that
 * add up to exactly the budget are cut by up to a tenth, a quarter of a second at most: let the limits add up to less. A
 * stage without a limit may use the time that the other stages do not claim. At the limit, the context that was passed to
 * the stop is done. A stop that does not return soon afterwards (within a tenth of its limit, at most a quarter of a
 * second) is an overrun: the library leaves the stop running, names the stage in the error and the report, and begins the
 * next stop. A stop that returns after its limit, but is no overrun, has also failed: the outcome is LG_STAGE_TIMED_OUT, and
 * &lg_error_deadline_exceeded is found in the error, which states the limit. So a stop that first waits for work to end and
 * then cuts the work off should give that wait less time than the stage's limit. Each stop runs on a thread of its own, so a
 * stop may block; the threads of the stops have the signal mask of the caller of lg_shutdown_new. Do not free memory that an
 * overrunning stop uses: if lg_shutdown_overrun_count is not 0, end the process.
 *
 * Errors. The errors of all stops are joined. A panic in a stop becomes an error, and a stop that ends its thread becomes an
 * error too (S4). A panic elsewhere in the program unwinds as usual; if the panic passes a deferred lg_shutdown_close,
 * lg_shutdown_close stops the stages.
 *
 * Signals. From lg_shutdown_new on, SIGINT and SIGTERM (or the signals in the options) request the end of the program. A
 * second signal, at any time (but see repeat_window), writes the pending stages to the log, or to stderr, and ends the
 * process at once with status 128 + the number of the signal (S5). The signal handler only writes to a descriptor, and a
 * thread of the library reads the descriptor, so the second signal works whatever the other threads do. A signal that was
 * ignored before lg_shutdown_new (nohup) stays ignored. Signal masks are unchanged.
 *
 * A request, by signal or lg_shutdown_request, has these effects in order: readiness is turned off and the service manager is
 * informed; the drain delay passes, while the program continues to serve (only if the program was ready); then
 * lg_shutdown_is_requested returns true, the context is cancelled, the descriptor becomes readable, and lg_shutdown_wait
 * returns. A request does not stop stages: the program stops the stages by lg_shutdown_stop or lg_shutdown_close, because
 * only the program knows when the resources of the stages are no longer in use.
 *
 * Threads: goroutines and all other threads may call every function here; lg_shutdown_close must be the last call. An
 * lg_shutdown does not require goroutines: a program without goroutines gives the descriptor to poll(2), or calls
 * lg_shutdown_is_requested in a loop. A forked child must not use the lg_shutdown of its parent: stopping is refused in the
 * child.
 */
#ifndef LIFOGUARD_SHUTDOWN_H
#define LIFOGUARD_SHUTDOWN_H

#include <stdbool.h>
#include <stddef.h>

#include <lifoguard/context.h>
#include <lifoguard/error.h>
#include <lifoguard/service.h>
#include <lifoguard/time.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_shutdown lg_shutdown;

typedef struct lg_shutdown_options {
    /* For all stops together. 0: 25 seconds (Kubernetes kills after 30); negative: the time is over. */
    lg_duration budget;
    /* How long after the request the supervisor kills the program: terminationGracePeriodSeconds, TimeoutStopSec. 0:
     * unknown. The budget is cut to end within the grace period, and a warning is logged beforehand. */
    lg_duration grace_period;
    /* How long the program continues to serve after readiness is off, while clients stop sending new requests (S6). */
    lg_duration drain_delay;
    unsigned
        at_once; /* the number of stages without an order between them that may stop at the same time; 0: one */
    lg_readiness *readiness; /* borrowed; NULL: no readiness */
    lg_notify *notify;       /* borrowed; NULL: no service manager */
    const int *signals;      /* an array that ends with 0; NULL: SIGINT and SIGTERM */
    bool no_signals;
    /* If the first signal arrives again within this time, the repetition counts as part of the first (S7): timeout(1) signals
     * its child and then the group of the child, and some runners forward a SIGINT that the terminal has already sent to the
     * child. A different signal counts as the second signal at any time. 0: half a second; negative: every signal after the
     * first counts as the second signal. */
    lg_duration repeat_window;
    /* A descriptor for the log, borrowed. The library writes lines about: the stages and their limits when the program is ready,
     * the request, each stop, the report. A line that cannot be written within a tenth of a second is dropped. 0: no log. */
    int log;
} lg_shutdown_options;

typedef struct lg_stage {
    /* Required, and copied. If several stages have one name, a stage that needs the name is stopped before all of them. */
    const char *name;
    /* Starts the stage; may be NULL. `context` is the context of the lg_shutdown, which is cancelled when the end of the program
     * is requested during the start. */
    lg_error *(*start)(void *argument, const lg_context *context);
    /* Stops the stage; required. `context` belongs to this stop and is done at the limit of the stage, regardless of other
     * cancellations (C7). */
    lg_error *(*stop)(void *argument, const lg_context *context);
    void *argument;
    /* For the stop. 0: the time that other stages do not claim; negative: the time is over, so the context of the stop is
     * done at once. */
    lg_duration limit;
    /* The names of the stages that this stage depends on, ending with NULL; copied. A named stage may be added later; a name that no
     * stage has orders nothing, and lg_shutdown_ready logs a warning. NULL: all stages that were added before. LG_NEEDS_NONE:
     * no stage. */
    const char *const *needs;
} lg_stage;

extern LG_API const char *const lgi_needs_none[1];
#define LG_NEEDS_NONE lgi_needs_none
#ifndef __cplusplus
#define LG_NEEDS(...) ((const char *const[]){__VA_ARGS__, NULL}) /* LG_NEEDS("database", "cache") */
#endif

/* The error of a stage that was not started because the program is ending. */
extern LG_API lg_error lg_error_shutting_down;

/* The error of a stage that was not stopped because no time was left. */
extern LG_API lg_error lg_error_stage_not_stopped;

/* Makes an lg_shutdown, installs the signal handlers, and starts one thread for signals and timing and one thread for stops.
 * NULL options mean all zero. The caller owns *shutdown and frees it by lg_shutdown_close. On failure returns an error and
 * sets *shutdown to NULL; the causes of failure are an invalid signal number in the options, and that no memory, thread or
 * descriptor is left. */
LG_API lg_error *lg_shutdown_new(lg_shutdown **shutdown, const lg_shutdown_options *options)
    __attribute__((__warn_unused_result__));

/* Calls the stage's `start` on the calling thread, unless `start` is NULL, and adds the stage if the start succeeded (S3).
 * Returns NULL, or an error that names the stage, in which lg_error_is finds:
 *     the error of `start`       the stage was not added
 *     &lg_error_shutting_down    the end of the program was requested before: `start` was not called. Or the stages were
 *                                stopped while `start` ran: then this stage was stopped at once, as by lg_shutdown_add
 *     a cycle of `needs`         `start` was not called; the message names the stages of the cycle
 *     &lg_error_out_of_memory    `start` was not called
 * If `start` panics, the panic propagates and the stage is not added. A stage without a name or a `stop` panics. */
LG_API lg_error *lg_shutdown_start(lg_shutdown *shutdown, const lg_stage *stage)
    __attribute__((__warn_unused_result__));

/* Adds a stage that has already been started; does not call `start`. If the stage cannot be added (out of memory, a cycle,
 * the stages are already being stopped), lg_shutdown_add stops the stage at once on the calling thread, and returns the
 * error joined with the error of the stop. So no stage is left running, and the usual `return err` is right. A stage without a
 * name or a `stop` panics. */
LG_API lg_error *lg_shutdown_add(lg_shutdown *shutdown, const lg_stage *stage)
    __attribute__((__warn_unused_result__));

/* Declares the start complete: turns readiness on, sends READY=1, and logs the stages. Does nothing if the end of the program
 * has been requested. Returns an error if the readiness file cannot be made. */
LG_API lg_error *lg_shutdown_ready(lg_shutdown *shutdown) __attribute__((__warn_unused_result__));

/* ---- requests to end --------------------------------------------------------------------------------- */

/* Requests the end of the program, as a signal does. `reason` is copied, and appears in the log and in the cause of the context;
 * NULL means "requested". Does not wait. A second request has no effect, and never ends the process. */
LG_API void lg_shutdown_request(lg_shutdown *shutdown, const char *reason);

/* Whether the end of the program was requested and the drain delay is over. The call costs one load. */
LG_API bool lg_shutdown_is_requested(const lg_shutdown *shutdown);

/* A descriptor that becomes readable when lg_shutdown_is_requested becomes true, for poll or epoll. Borrowed: never read or
 * close the descriptor. */
LG_API int lg_shutdown_fd(const lg_shutdown *shutdown);

/* A context that is cancelled when lg_shutdown_is_requested becomes true; the cause names the signal or the reason.
 * Borrowed. */
LG_API const lg_context *lg_shutdown_context(const lg_shutdown *shutdown);

/* Waits until lg_shutdown_is_requested becomes true. lg_shutdown_wait_until returns an error if `until` comes first
 * (until.h). */
LG_API void lg_shutdown_wait(lg_shutdown *shutdown);
LG_API lg_error *lg_shutdown_wait_until(lg_shutdown *shutdown, lg_until until)
    __attribute__((__warn_unused_result__));

/* The signal that requested the end, or 0. */
LG_API int lg_shutdown_signal(const lg_shutdown *shutdown);

/* ---- stopping ----------------------------------------------------------------------------------- */

/* Stops all stages and waits until each stop has ended or has run out of time. lg_shutdown_stop works with and without a
 * request, and does not wait for the drain delay. The first caller gets and owns the errors of the stops, joined in the
 * order in which the stops ended; other callers get NULL. lg_exit does not end the wait. Deadlock: a stop that calls
 * lg_shutdown_stop would wait for itself, so the call panics. */
LG_API lg_error *lg_shutdown_stop(lg_shutdown *shutdown) __attribute__((__warn_unused_result__));

/* Stops all stages like lg_shutdown_stop, joins the errors to *result after the errors that *result already holds (drops
 * the errors if `result` is NULL), restores the signal handlers and frees the lg_shutdown. Made for lg_defer. Does nothing
 * if `shutdown` is NULL. */
LG_API void lg_shutdown_close(lg_shutdown *shutdown, lg_error **result);

/* The number of stops that have run out of time and are still running. */
LG_API size_t lg_shutdown_overrun_count(const lg_shutdown *shutdown);

/* ---- the report --------------------------------------------------------------------------------- */

typedef enum lg_stage_outcome {
    LG_STAGE_NOT_STOPPED, /* the stop has not begun, or no time was left for it */
    LG_STAGE_STOPPING,
    LG_STAGE_DONE,
    LG_STAGE_FAILED,    /* the stop returned an error */
    LG_STAGE_TIMED_OUT, /* the stop returned after its limit, or is still running */
    LG_STAGE_PANICKED,  /* the stop panicked or ended its thread */
} lg_stage_outcome;

typedef struct lg_stage_report {
    const char *name;
    lg_stage_outcome outcome;
    lg_duration
        began;        /* since the first stop of the shutdown began; 0 if this stop has not begun */
    lg_duration took; /* until the stop ended, or was left running */
    lg_duration
        limit; /* the limit of the stop; before the stop begins, the stage's own limit, or 0 */
    const char *error; /* the text of the error, cut after some 250 bytes; "" without an error */
} lg_stage_report;

/* Sets *report for stage number `index`, counted from 0. The stages whose stop has begun come first, in the order in which
 * the stops began; the other stages follow. Returns false if there is no stage with this number. May be called at any time.
 * The strings in *report live as long as the lg_shutdown. */
LG_API bool lg_shutdown_stage(const lg_shutdown *shutdown, size_t index, lg_stage_report *report);

/* lg_shutdown_report_text writes the report of all stages as text, one line for each stage; lg_shutdown_report_json writes
 * the report as one line of JSON. Both work like snprintf: they write at most `size` bytes, including the final NUL, and
 * return the length of the whole report. Neither function allocates memory. */
LG_API size_t lg_shutdown_report_text(const lg_shutdown *shutdown, char *buffer, size_t size);
LG_API size_t lg_shutdown_report_json(const lg_shutdown *shutdown, char *buffer, size_t size);

/* The name of an outcome: "done", "failed", "timed out", "panicked", "not stopped", "stopping". */
LG_API const char *lg_stage_outcome_name(lg_stage_outcome outcome);

LG_END_DECLS

#endif
