/* Supervisors: members that are started again when they fail, as in Erlang.
 *
 *     lg_error *serve(const lg_context *caller)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_supervisor *web;
 *             lg_try(lg_supervisor_new(&web, caller, &(lg_supervisor_options){.name = "web"}));
 *             lg_defer(lg_supervisor_close, web, &err);         // ends the members, and waits for them
 *             lg_try(lg_supervisor_start(web, lg_until_timeout(5 * LG_SECOND), listen_on, 8080));
 *             lg_try(lg_supervisor_go(web, refresh, &cache));
 *             lg_return(lg_supervisor_wait(web));               // until one gives up, or `caller` is done
 *         }
 *     }
 *
 *     lg_error *listen_on(const lg_context *ctx, int port);     // a member; ctx is done when the member should end
 *
 * Members. A member is a function that runs in a goroutine. The first parameter of the function is a context, which the
 * supervisor makes for each start of the member as a child of the supervisor's context. A member fails when the function
 * returns an error or panics (U1). Then the supervisor starts the member again. With `all_for_one`, the supervisor first
 * cancels all other members, waits for them, and then starts all members again (U2). A member that returns without an error,
 * or calls lg_goexit, has ended for good, unless the member's options say otherwise.
 *
 * Limits. A member is started again at most `restarts` times `within` a time; with all_for_one the number counts for all
 * members together. A member that fails once more gives up (U3): the other members are cancelled, and the error of the
 * supervisor names the supervisor, the member, and the last error of the member:
 *
 *     web: refresh gave up after 5 restarts in 1m0s: connect: Connection refused
 *
 * lg_error_is finds &lg_error_gave_up in this error. A member of a supervisor may itself run another supervisor.
 *
 * Back-off. A member waits before a restart. The longest wait doubles with each restart of the member that is still counted,
 * from `backoff` to `backoff_max`. The actual wait is chosen at random between half of the longest wait and the longest wait,
 * so that the members of many processes do not restart at the same time (U4).
 *
 * Shutdown. When the supervisor's parent context is done (the parent may be lg_shutdown_context), the members' contexts are
 * done too, and no member is started again. lg_supervisor_wait then returns NULL, or the errors with which members have ended
 * since then; an error that only passes the cancellation on does not count (U5). To stop a supervisor at its place among the
 * stages of a shutdown, give the supervisor a parent context that is not the shutdown's context, and let the stop function
 * of the stage call lg_supervisor_close.
 *
 * The arguments of a member are used at each start, so they must live as long as the supervisor. lg_exit in a member ends
 * the process.
 *
 * Threads: any number of goroutines and threads of the program, also members, may call every function here at the same time;
 * lg_supervisor_close must be the last call. Deadlock: a member that waits for its own supervisor, or closes its own
 * supervisor, would wait for itself, so the call panics.
 */
#ifndef LIFOGUARD_SUPERVISOR_H
#define LIFOGUARD_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>

#include <lifoguard/context.h>
#include <lifoguard/error.h>
#include <lifoguard/group.h>
#include <lifoguard/time.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_supervisor lg_supervisor;

typedef struct lg_supervisor_options {
    const char *name;    /* in errors and reports; copied, at most 63 bytes. NULL: "supervisor" */
    bool all_for_one;    /* when one member fails, all are ended and started again */
    int restarts;        /* the most restarts … 0: 5; negative: no limit */
    lg_duration within;  /* … in this time. 0 or less: a minute */
    lg_duration backoff; /* the longest wait before the first restart. 0: 100 ms; negative: none */
    lg_duration backoff_max; /* the longest wait before any restart. 0: 30 s; negative: none */
} lg_supervisor_options;

typedef enum lg_restart_when {
    LG_RESTART_ON_FAILURE, /* the default */
    LG_RESTART_ALWAYS,     /* also when the member has ended without an error */
    LG_RESTART_NEVER       /* a failure is noted in the report, and the other members go on */
} lg_restart_when;

typedef struct lg_member_options {
    const char
        *name; /* in errors and reports; copied, at most 63 bytes. NULL: the function's name */
    lg_restart_when restart;
    const lg_until *until; /* for lg_supervisor_start_with: the limit. NULL: no limit */
    size_t stack_size;     /* as in lg_go_options */
    bool thread;           /* as in lg_go_options */
    bool spread;           /* as in lg_go_options; at each start */
} lg_member_options;

/* Found in the error of a supervisor of which a member has given up. */
extern LG_API lg_error lg_error_gave_up;

/* The error of a member that was not started because its supervisor is ending or has ended. */
extern LG_API lg_error lg_error_supervisor_ended;

/* Makes a supervisor without members, and starts a goroutine for it. NULL options mean all zero. The caller owns *supervisor
 * and ends it by lg_supervisor_close. If no memory is left, returns an error and sets *supervisor to NULL. */
LG_API lg_error *lg_supervisor_new(lg_supervisor **supervisor, const lg_context *parent,
                                   const lg_supervisor_options *options)
    __attribute__((__warn_unused_result__));

/* Waits until all members have ended for good, a member has given up, or the parent context is done; and in every case until
 * no member runs any more. Returns the error that names the member that gave up, or the errors with which members have
 * ended while they were being stopped (U5), or NULL. If several callers wait, one caller gets the errors; the other callers,
 * and all later waits, get &lg_error_group_failed. After the wait no member can be added.
 *
 * lg_supervisor_wait_until returns an error if `until` comes first (until.h); then the members still run. */
LG_API lg_error *lg_supervisor_wait(lg_supervisor *supervisor)
    __attribute__((__warn_unused_result__));
LG_API lg_error *lg_supervisor_wait_until(lg_supervisor *supervisor, lg_until until)
    __attribute__((__warn_unused_result__));

/* Cancels all members, waits until they have ended, joins the errors that no wait has returned to *result (drops them if
 * `result` is NULL), and frees the supervisor. Made for lg_defer. Does nothing for NULL. */
LG_API void lg_supervisor_close(lg_supervisor *supervisor, lg_error **result);

/* ---- who was restarted, and why (U6) ---------------------------------------------------------------------- */

typedef enum lg_member_state {
    LG_MEMBER_RUNNING,
    LG_MEMBER_WAITING, /* for its restart */
    LG_MEMBER_ENDED,   /* without an error */
    LG_MEMBER_FAILED,  /* and is not started again, because of LG_RESTART_NEVER */
    LG_MEMBER_GAVE_UP,
    LG_MEMBER_STOPPED /* because the supervisor is ending */
} lg_member_state;

typedef struct lg_member_report {
    char name[64];
    lg_member_state state;
    unsigned starts;
    char error[128]; /* the text of its last failure, cut; "" without a failure */
} lg_member_report;

typedef enum lg_restart_cause {
    LG_RESTART_FAILED,   /* the member returned an error */
    LG_RESTART_PANICKED, /* the member panicked */
    LG_RESTART_ENDED     /* the member ended without an error, and is LG_RESTART_ALWAYS */
} lg_restart_cause;

typedef struct lg_restart_report {
    char member[64]; /* whose end was the cause */
    lg_restart_cause cause;
    bool all;          /* all members were started again */
    unsigned count;    /* the restarts that counted, with this one */
    lg_duration at;    /* since the supervisor was made */
    lg_duration delay; /* how long the restart waits */
    char error[128];   /* the text of the error, cut */
} lg_restart_report;

/* Sets *report for member number `index`, in the order in which the members were added. Returns false if there is no such
 * member. Of the members that have ended for good, the supervisor keeps the last 64; so a supervisor that starts a member for
 * each connection does not grow. */
LG_API bool lg_supervisor_member(lg_supervisor *supervisor, size_t index, lg_member_report *report);

/* Sets *report for restart number `index`, the oldest first. The supervisor keeps the last 64 restarts. Returns false if there
 * is no such restart. */
LG_API bool lg_supervisor_restart(lg_supervisor *supervisor, size_t index,
                                  lg_restart_report *report);

/* The number of all restarts so far. */
LG_API size_t lg_supervisor_restart_count(lg_supervisor *supervisor);

/* Writes both tables as text, one line for each member and for each restart. Works like snprintf. Allocates no memory. */
LG_API size_t lg_supervisor_report_text(lg_supervisor *supervisor, char *buffer, size_t size);

/* The names of a state and of a cause: "running", "waiting", "ended", "failed", "gave up", "stopped"; "failed", "panicked",
 * "ended". */
LG_API const char *lg_member_state_name(lg_member_state state);
LG_API const char *lg_restart_cause_name(lg_restart_cause cause);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

// clang-format off: it takes the parts of these macros for statements, and moves them at each run

/* lg_supervisor_go(supervisor, fn, args…): adds a member and starts it: fn(const lg_context *ctx, args…), with at most four
 * arguments after the context, which follow the rules of lg_defer. The function returns either void or an lg_error *.
 * Returns an lg_error *, and then has added nothing: &lg_error_supervisor_ended, or &lg_error_out_of_memory.
 *
 * lg_supervisor_go_with(supervisor, options, fn, args…): the same with an lg_member_options. */
#define lg_supervisor_go(supervisor, ...)                                                          \
    LGI_LINED(LGI_SUPERVISE, __LINE__, LGI_COUNT(__VA_ARGS__), lgi_supervisor_go, supervisor, 1, ((lg_member_options){0}), #__VA_ARGS__, __VA_ARGS__)
#define lg_supervisor_go_with(supervisor, options, ...)                                            \
    LGI_LINED(LGI_FORM(LGI_PARENTHESES options)(LGI_SUPERVISE, LGI_LOOSE), __LINE__, LGI_COUNT(__VA_ARGS__), lgi_supervisor_go, supervisor, LGI_IS_A(lg_member_options, options), LGI_A(lg_member_options, options), #__VA_ARGS__, __VA_ARGS__)

/* lg_supervisor_start(supervisor, until, fn, args…): adds a member, starts it, and waits until it is ready, as lg_group_start
 * does (group.h), with the same results: if the member ends before it calls lg_member_ready(), or `until` comes first, the
 * member has ended and is not added to the supervisor. A member that is ready is a member like any other. When the
 * supervisor starts the member again later, no call waits until the member is ready.
 *
 * lg_supervisor_start_with(supervisor, options, fn, args…): the same with an lg_member_options, whose .until is the limit. */
#define lg_supervisor_start(supervisor, until_, ...)                                               \
    LGI_LINED(LGI_SUPERVISE, __LINE__, LGI_COUNT(__VA_ARGS__), lgi_supervisor_start, supervisor, LGI_IS_A(lg_until, until_), ((lg_member_options){.until = (const lg_until[]){LGI_A(lg_until, until_)}}), #__VA_ARGS__, __VA_ARGS__)
#define lg_supervisor_start_with(supervisor, options, ...)                                         \
    LGI_LINED(LGI_FORM(LGI_PARENTHESES options)(LGI_SUPERVISE, LGI_LOOSE), __LINE__, LGI_COUNT(__VA_ARGS__), lgi_supervisor_start, supervisor, LGI_IS_A(lg_member_options, options), LGI_A(lg_member_options, options), #__VA_ARGS__, __VA_ARGS__)

#define LGI_FIRST_CONTEXT (const lg_context *)0 LGI_COMMA

/* The site is that of the goroutine, whose one argument is the member. */
#define LGI_SUPERVISE(id, n, how, supervisor, right, options, text, ...)                           \
    LGI_USED(__extension__({                                                                                \
        enum { lgi_right_##id = LGI_IS_AT(lg_supervisor, supervisor) && right }; \
        _Static_assert(!!lgi_right_##id, "write the supervisor, then the options or the limit if the form takes them, then the function and its arguments"); \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, LGI_FIRST_CONTEXT, LGI_ADVICE_GO, __VA_ARGS__) \
        LGI_REFUSE_UNTIL(id, n)                                                                    \
        LGI_SITE(id, 1, LGI_ENTRY, text, 0, 1)                                                     \
        uintptr_t LGI_WORDS(id)[n + 1];                                                            \
        LGI_WORDS(id)[n] = 0;                                                                      \
        LGI_STORE_##n(id, LGI_WORDS(id))                                                           \
        _Static_assert(!LGI_NO_MEMBER(id, n), LGI_NO_MEMBER_TEXT);                                 \
        const struct lgi_supervised lgi_supervised_##id = {                                        \
            options, (lgi_function)LGI_FN(id), n, !LGI_IS_VOID(LGI_RESULT(id))};                   \
        how(LGI_ADDRESS_OF(lg_supervisor, supervisor), &LGI_SITE_OF(id), LGI_WORDS(id), &lgi_supervised_##id);                  \
    }))

// clang-format on

#endif /* !__cplusplus */

/* ---- internal: used by the macros ---- */

LG_BEGIN_DECLS

struct lgi_supervised {
    lg_member_options options;
    lgi_function function;
    unsigned count; /* of arguments after the context */
    bool reports;   /* returns an error, or NULL */
};

LG_API lg_error *lgi_supervisor_go(lg_supervisor *supervisor, const struct lgi_site *site,
                                   const uintptr_t *words, const struct lgi_supervised *member)
    __attribute__((__warn_unused_result__));
LG_API lg_error *lgi_supervisor_start(lg_supervisor *supervisor, const struct lgi_site *site,
                                      const uintptr_t *words, const struct lgi_supervised *member)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#endif
