/* Ending a program in order: what was started is stopped in reverse, in a bounded time.
 *
 *     static lg_error *serve(void)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_shutdown *down;
 *             err = lg_shutdown_new(&down, &(lg_shutdown_options){.budget = 20 * LG_SECOND});
 *             if (err)
 *                 lg_return(err);
 *             lg_defer(lg_shutdown_close, down, &err);          // stops what was started, however we leave
 *
 *             err = lg_shutdown_start(down, &(lg_stage){.name = "database", .start = open_database,
 *                                                       .stop = close_database, .argument = &database});
 *             if (err)
 *                 lg_return(err);                                // a start that fails half-way unwinds (S3)
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
 * Order. The stage that was added last is stopped first; the next one's turn comes when it has ended or is out of time
 * (S1). A stage may instead say which stages it comes after: then it is stopped before these, and has no order to
 * others. Stages without order to each other are stopped one at a time, or `at_once` many together.
 *
 * Time. All stops together have `budget`, each has its `limit` (S2). If the limits of what is still to be stopped
 * do not fit in what is left, they are cut in proportion: a stage cannot use up the time of those that come after it.
 * A stage without a limit may use what the others do not claim. When the limit comes, the context that the stop was
 * given is done; a stop that does not return then within a moment (a tenth of its limit, a quarter of a second at the
 * most) is left running, named in the error and the report, and the next one begins. Each stop is called on a thread
 * of its own, so it may block; the threads have the signal mask of lg_shutdown_new's caller. What an overrunning stop
 * uses must not be freed: lg_shutdown_overrun_count tells how many there are; end the process then.
 *
 * Errors of stops are joined, panics in them become errors, and so does a stop that ends its thread (S4). A panic of the
 * program itself unwinds, and so stops the stages if lg_shutdown_close is deferred where it passes.
 *
 * Signals. SIGINT and SIGTERM (or others) are requests to end, from lg_shutdown_new on, and a second one, at whatever
 * time (but see repeat_window), ends the process at once with status 128 + its number, after saying in the log, or on stderr, what is pending
 * (S5). The handler only writes to a descriptor; signals that are ignored (nohup) stay ignored; the masks stay as they
 * are. A thread of the library's reads the descriptor, so the second one works whatever the program does.
 *
 * A request, by signal or lg_shutdown_request, does this, in order: readiness off, the service manager is told;
 * the drain delay passes, during which the program goes on serving (if it was ready at all); then
 * lg_shutdown_is_requested becomes true, the context is cancelled, the descriptor can be read, waits end. Stages are
 * stopped when the program calls lg_shutdown_stop or lg_shutdown_close: the thread that acquired things decides that it
 * has stopped using them.
 *
 * Threads: any may call any of these, goroutines or others, but lg_shutdown_close must be the last call. Programs without
 * goroutines need none of them: there is a descriptor for poll(2), and a function to ask in a loop. A forked child must
 * not use its parent's lg_shutdown: stopping is refused there.
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
    lg_duration budget; /* for all stops together; 0: 25 seconds (Kubernetes kills after 30) */
    /* When whoever asks us to end loses patience and kills: terminationGracePeriodSeconds, TimeoutStopSec. 0: not known.
     * It counts from the request. The budget is cut so that it ends by then, and a warning is logged beforehand. */
    lg_duration grace_period;
    /* How long to go on serving after readiness is off, until nobody sends any more (S6). */
    lg_duration drain_delay;
    unsigned at_once; /* how many stages without order to each other may stop together; 0: one */
    lg_readiness *readiness; /* borrowed; NULL: none */
    lg_notify *notify;       /* borrowed; NULL: none */
    const int *signals;      /* ends with 0; NULL: SIGINT and SIGTERM */
    bool no_signals;
    /* The same signal once more within this time after the first is a part of the first (S7): timeout(1) signals its child
     * and then the child's group, and some runners pass on the SIGINT that a terminal has sent to their child already.
     * Another signal is a second one at any time. 0: half a second; less than 0: every signal after the first is a second
     * one. */
    lg_duration repeat_window;
    /* A descriptor to which is written, line by line: the stages and their limits once the program is ready, the request,
     * each stop, the report. What cannot be written within a tenth of a second is dropped. 0: nothing is written. */
    int log;
} lg_shutdown_options;

typedef struct lg_stage {
    const char *name; /* copied */
    /* May be NULL. Gets the lg_shutdown's context: cancelled when the program is asked to end meanwhile. */
    lg_error *(*start)(void *argument, const lg_context *context);
    /* Gets a context of its own that is done at the stage's limit, whatever else was cancelled (C7). */
    lg_error *(*stop)(void *argument, const lg_context *context);
    void *argument;
    lg_duration limit; /* for the stop; 0: what the others do not claim */
    /* The names of those that it comes after, ending with NULL; copied. They may be added later. NULL: all that were
     * added before. LG_NEEDS_NONE: none. */
    const char *const *after;
} lg_stage;

extern LG_API const char *const lgi_after_none[1];
#define LG_NEEDS_NONE lgi_after_none
#ifndef __cplusplus
#define LG_NEEDS(...) ((const char *const[]){__VA_ARGS__, NULL}) /* LG_NEEDS("database", "cache") */
#endif

/* Says in an error that the program is ending, and so something was not started. */
extern LG_API lg_error lg_error_shutting_down;

/* Says in an error that a stage was not stopped, as no time was left. */
extern LG_API lg_error lg_error_stage_not_stopped;

/* Makes one, handles the signals, and starts a thread to look after it and one for stops. NULL options: all zero. An error,
 * and *shutdown NULL: a number that is no signal, or no memory, threads or descriptors are left. */
LG_API lg_error *lg_shutdown_new(lg_shutdown **shutdown, const lg_shutdown_options *options)
    __attribute__((__warn_unused_result__));

/* Calls the stage's start, if it has one, and adds the stage if that succeeded (S3). An error:
 *     start's own                nothing was added
 *     &lg_error_shutting_down          the program was asked to end: start was not called
 *     a cycle of `after`         likewise; the message names the stages in it
 *     &lg_error_out_of_memory    likewise
 * A panic of start goes on; nothing was added then. */
LG_API lg_error *lg_shutdown_start(lg_shutdown *shutdown, const lg_stage *stage)
    __attribute__((__warn_unused_result__));

/* Adds a stage that has been started already; `start` is not called. If it cannot be added (out of memory, a cycle, the
 * stages are being stopped already), it is stopped at once, on the calling thread, and the error is returned, with the
 * stop's own joined to it: so nothing is lost, and the usual `return err` is right. */
LG_API lg_error *lg_shutdown_add(lg_shutdown *shutdown, const lg_stage *stage)
    __attribute__((__warn_unused_result__));

/* The start is complete: readiness on, READY=1, and the stages are logged. If the program has been asked to end
 * meanwhile, nothing happens. An error: the readiness file could not be made. */
LG_API lg_error *lg_shutdown_ready(lg_shutdown *shutdown) __attribute__((__warn_unused_result__));

/* ---- being asked to end -------------------------------------------------------------------------- */

/* Asks the program to end, as a signal would; `reason` is copied. A second request changes nothing, and forces
 * nothing. */
LG_API void lg_shutdown_request(lg_shutdown *shutdown, const char *reason);

/* Whether it was asked to end, and the drain delay is over. Costs a load. */
LG_API bool lg_shutdown_is_requested(const lg_shutdown *shutdown);

/* Can be read (poll, epoll) from then on. Never read or close it. */
LG_API int lg_shutdown_fd(const lg_shutdown *shutdown);

/* Cancelled then, with a cause that names the signal or reason. Borrowed. */
LG_API const lg_context *lg_shutdown_context(const lg_shutdown *shutdown);

/* Waits until then. The second form: an error if `until` came first. */
LG_API void lg_shutdown_wait(lg_shutdown *shutdown);
LG_API lg_error *lg_shutdown_wait_until(lg_shutdown *shutdown, lg_until until)
    __attribute__((__warn_unused_result__));

/* The signal that asked, or 0. */
LG_API int lg_shutdown_signal(const lg_shutdown *shutdown);

/* ---- stopping ----------------------------------------------------------------------------------- */

/* Stops all stages, and waits until they have ended or are out of time. Returns their errors, joined in the order in
 * which they ended, to the first caller; NULL to others. Asked to end or not: the drain delay is not waited for.
 * lg_exit does not end the wait. Called by a stop it would wait for itself: it panics. */
LG_API lg_error *lg_shutdown_stop(lg_shutdown *shutdown) __attribute__((__warn_unused_result__));

/* The form for lg_defer: stops, joins the errors to *result after what is there (or drops them, if result is NULL), puts
 * the signal handlers back and frees everything. NULL: nothing happens. */
LG_API void lg_shutdown_close(lg_shutdown *shutdown, lg_error **result);

/* How many stops are still running that were out of time. */
LG_API size_t lg_shutdown_overrun_count(const lg_shutdown *shutdown);

/* ---- the report --------------------------------------------------------------------------------- */

typedef enum lg_stage_outcome {
    LG_STAGE_NOT_STOPPED, /* its turn has not come, or no time was left */
    LG_STAGE_STOPPING,
    LG_STAGE_DONE,
    LG_STAGE_FAILED, /* with an error */
    LG_STAGE_TIMED_OUT,
    LG_STAGE_PANICKED, /* or ended its thread */
} lg_stage_outcome;

typedef struct lg_stage_report {
    const char *name;
    lg_stage_outcome outcome;
    lg_duration began; /* after the beginning of the stops; 0 if it was not stopped */
    lg_duration took;  /* until it ended, or was left running */
    lg_duration limit; /* what it was given; before that: its own, or 0 */
    const char *error; /* text, cut after some 250 bytes; "" */
} lg_stage_report;

/* Stage number `index`, in the order in which the stops began, then those that did not begin; false: there is none. At any
 * time. The strings live as long as the lg_shutdown. */
LG_API bool lg_shutdown_stage(const lg_shutdown *shutdown, size_t index, lg_stage_report *report);

/* The same as text for people, a line each, or as one line of JSON. As snprintf. No memory is needed. */
LG_API size_t lg_shutdown_report_text(const lg_shutdown *shutdown, char *buffer, size_t size);
LG_API size_t lg_shutdown_report_json(const lg_shutdown *shutdown, char *buffer, size_t size);

/* "done", "failed", "timed out", "panicked", "not stopped", "stopping". */
LG_API const char *lg_stage_outcome_name(lg_stage_outcome outcome);

LG_END_DECLS

#endif
