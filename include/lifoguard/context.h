/* Contexts: a context tells all code that works on one task when to stop and why, and carries the task's
 * deadline and values.
 *
 *     lg_error *answer(const lg_context *caller, int fd)
 *     {
 *         lg_auto_context lg_context *ctx =
 *             lg_context_with_timeout(caller, 2 * LG_SECOND, .name = "query");
 *         lg_error *err = lg_chan_recv_until(rows, &row, lg_until_context(ctx));
 *         …                                             // err may be &lg_error_deadline_exceeded
 *     }
 *
 * Contexts form a tree under lg_context_background(). Each lg_context_with_… function makes a child of its
 * first argument, the parent, and does not change the parent. A context is done when it is cancelled, when
 * its deadline has passed, or when its parent is done. A done context stays done and keeps its first reason
 * (C2). When lg_context_cancel returns, all descendants are done, parents before their children. A child
 * of a done context is done from the start (C3). Done is only a signal: no goroutine is stopped and no resource
 * is released by it, so resources need their own deferred calls (C6).
 *
 * Ownership: the maker of a context frees it once with lg_context_free, or lg_auto_context does so at the end
 * of the block. lg_context_free cancels a context that is not done, and gives up the caller's ownership. The
 * owner may free a context before its children are freed (the children are cancelled and stay usable), while
 * a wait with the context is under way, and while functions of lg_context_on_done run. Pass a context to other
 * functions as `const lg_context *`: such a pointer allows reading, waiting and making children, but neither
 * cancelling nor freeing. If a goroutine may outlive the owner's use of the context, create a child for the
 * goroutine before you start it; the goroutine frees the child itself:
 *
 *     lg_go_owned(watch, lg_context_with_cancel(ctx), lg_context_free);    // watch() frees the child
 *
 * Use after free: a library that was built for debugging (meson's -Ddebug=true, the default) keeps the memory
 * of the contexts freed last, and panics if such a context is used. Other use after free is undefined.
 *
 * For every function here:
 *   - Any thread may call the function, any number of threads at once for the same context (C10), but
 *     lg_context_free must be the owner's last use. Only the functions whose comments mention waiting block.
 *     No function may be called in a signal handler; use lg_context_with_signals.
 *   - A NULL context panics (a NULL parent would mean a child that is never cancelled); lg_context_free accepts
 *     NULL.
 *   - Out of memory or threads: the functions that make a context panic, because any other context that they
 *     could return would lose a cancellation. Arguments whose ownership was passed are freed before the panic.
 *     Cancelling needs no memory.
 *   - errno is preserved.
 */
#ifndef LIFOGUARD_CONTEXT_H
#define LIFOGUARD_CONTEXT_H

#include <stdbool.h>

#include <lifoguard/chan.h>
#include <lifoguard/defer.h>
#include <lifoguard/error.h>
#include <lifoguard/group.h>
#include <lifoguard/time.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_context lg_context;

/* ---- making contexts ----------------------------------------------------------------------------- */

/* The root of all contexts: never done, without deadline and values. Freeing the root does nothing. */
LG_API const lg_context *lg_context_background(void) __attribute__((__returns_nonnull__));

/* Makes a child that can be cancelled on its own, like Go's WithCancel and WithCancelCause. (Every other
 * context that is made here can be cancelled as well.) */
LG_API lg_context *lg_context_with_cancel(const lg_context *parent)
    __attribute__((__returns_nonnull__, __warn_unused_result__));

/* lg_context_with_deadline(parent, time [, .name = …] [, .cause = …])
 * lg_context_with_timeout(parent, timeout [, .name = …] [, .cause = …])
 *
 *     lg_context *ctx = lg_context_with_timeout(parent, 2 * LG_SECOND, .name = "query");
 *
 * Makes a child that is done when lg_now() reaches `time`, or when `timeout` nanoseconds have passed; at once
 * if that moment is not in the future. An earlier deadline of the parent still applies. When the deadline
 * passes, lg_context_error of the child is &lg_error_deadline_exceeded, and the cause is:
 *     without name and cause:  &lg_error_deadline_exceeded
 *     with .name (copied):     an error that reads `query, 2s: deadline exceeded`, in which lg_error_is finds
 *                              &lg_error_deadline_exceeded (C8)
 *     with .cause:             the given error; the context takes ownership of the error in every case. The
 *                              name does not appear then.
 * The first context with a deadline starts the program's worker threads (go.h), which run the timers. */
#ifndef __cplusplus
// clang-format off: the compilers show every line of a macro with an error
#define lg_context_with_deadline(parent, ...)                                                      \
    LGI_IF_GIVEN(LGI_WITH_DEADLINE, LGI_WITH_NOTHING, __VA_ARGS__)(parent, __VA_ARGS__)
#define lg_context_with_timeout(parent, ...)                                                       \
    LGI_IF_GIVEN(LGI_WITH_TIMEOUT, LGI_WITH_NOTHING, __VA_ARGS__)(parent, __VA_ARGS__)

#define LGI_WITH_DEADLINE(parent, ...)                                                             \
    (LGI_POINT_IN_TIME(LGI_FIRST(__VA_ARGS__)),                                                    \
     lgi_context_with_deadline((parent), &(const lg_context_limit){.lgi_when = __VA_ARGS__}))
#define LGI_WITH_TIMEOUT(parent, ...)                                                              \
    lgi_context_with_timeout((parent), &(const lg_context_limit){.lgi_when = __VA_ARGS__})
#define LGI_WITH_NOTHING(parent, ...)                                                              \
    LGI_ASSERTED(lgi_demand_limit, 0, LGI_LIMIT_TEXT, (lg_context *)0)
#define LGI_LIMIT_TEXT "write the parent, which may be lg_context_background(), and then the time"
LGI_DEMANDED(lgi_demand_limit, LGI_LIMIT_TEXT)
// clang-format on
#endif

typedef struct lg_context_limit {
    int64_t lgi_when; /* an lg_time or an lg_duration */
    const char *name;
    lg_error *cause;
} lg_context_limit;

LG_API lg_context *lgi_context_with_deadline(const lg_context *parent,
                                             const lg_context_limit *limit)
    __attribute__((__returns_nonnull__, __warn_unused_result__));
LG_API lg_context *lgi_context_with_timeout(const lg_context *parent, const lg_context_limit *limit)
    __attribute__((__returns_nonnull__, __warn_unused_result__));

#ifdef __cplusplus
static inline lg_context *lg_context_with_deadline(const lg_context *parent, lg_time time)
{
    const lg_context_limit limit = {time, nullptr, nullptr};
    return lgi_context_with_deadline(parent, &limit);
}
static inline lg_context *lg_context_with_timeout(const lg_context *parent, lg_duration timeout)
{
    const lg_context_limit limit = {timeout, nullptr, nullptr};
    return lgi_context_with_timeout(parent, &limit);
}
#endif

/* A key for context values. The address of the key is its identity, so define each key once, as a static or
 * global constant. */
typedef struct lg_context_key {
    const char *name; /* appears in reports */
    /* Frees a value; may be NULL. Called for a value other than NULL, when the context that holds the value
     * and all descendants of the context have been freed. Any thread may make the call, including a thread of
     * the library, so `free` must not wait and must not panic. */
    void (*free)(void *value);
} lg_context_key;

/* Makes a child that holds a value for the key. If the key has a `free` function, the child owns the value. */
LG_API lg_context *lg_context_with_value(const lg_context *parent, const lg_context_key *key,
                                         void *value)
    __attribute__((__returns_nonnull__, __warn_unused_result__));

/* Makes a child that has the values of its parent, but neither the parent's cancellation nor its deadline: for
 * work that continues after a request has ended. */
LG_API lg_context *lg_context_without_cancel(const lg_context *parent)
    __attribute__((__returns_nonnull__, __warn_unused_result__));

/* Like lg_context_without_cancel, with a timeout: for cleanups that wait. When a deferred call runs, the
 * function's own context is often done already, so no wait with that context could flush data or send a
 * message (C7). The cause reads `cleanup, 5s: deadline exceeded`. */
LG_API lg_context *lg_context_for_cleanup(const lg_context *parent, lg_duration timeout)
    __attribute__((__returns_nonnull__, __warn_unused_result__));

/* Makes a child of two parents. The child is done when either parent is done, with the reason of that parent;
 * it has the earlier of the two deadlines and the values of both parents. A value of `first` hides the value
 * of `second` for the same key. */
LG_API lg_context *lg_context_merge(const lg_context *first, const lg_context *second)
    __attribute__((__returns_nonnull__, __warn_unused_result__));

/* lg_context_with_signals(parent, &ctx, SIGINT, SIGTERM, …): makes a child that is cancelled when the process
 * receives the first of these signals (<signal.h>). The cause names the signal ("signal SIGTERM"), and lg_error_signal
 * returns its number (C8).
 *
 * Until the context is freed, the signals have no other effect: a second signal does not end the process
 * either (free the context, or use shutdown.h, if it should). lg_context_free restores the earlier handlers.
 * Several such contexts may share a signal; the signal cancels each of them. A signal that the process ignores
 * when the first such context is made, as under nohup, stays ignored (S5). The handler writes to a descriptor
 * and does nothing else, is installed with SA_RESTART and SA_ONSTACK, and preserves errno. Signal masks are not
 * changed, so a signal that all threads block does not arrive. A signal that came before the context was made
 * does not cancel it. A forked child that has not called exec handles the signals by default.
 *
 * Returns NULL on success. On failure returns an error and sets *ctx to NULL: EINVAL for a number that is no
 * signal or cannot be caught; otherwise no descriptor or thread could be made. */
#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif
#define lg_context_with_signals(parent, ctx, ...)                                                  \
    lgi_with_signals((parent), (ctx), (const int[]){__VA_ARGS__}, LGI_SIGNAL_COUNT(__VA_ARGS__))
#define LGI_SIGNAL_COUNT(...)                                                                      \
    (sizeof((const int[]){__VA_ARGS__}) / sizeof(int) +                                            \
     0 * sizeof(struct {                                                                           \
         int lgi_member;                                                                           \
         _Static_assert(sizeof((const int[]){__VA_ARGS__}) > 0,                                    \
                        "no signal is given: write the signals after the context");                \
     }))
#endif
LG_API lg_error *lgi_with_signals(const lg_context *parent, lg_context **ctx, const int *signals,
                                  size_t count) __attribute__((__warn_unused_result__));

/* The number of the first signal that an error in the tree of `error` names, or 0. */
LG_API int lg_error_signal(const lg_error *error);

/* ---- cancelling and freeing ---------------------------------------------------------------------- */

/* Cancels the context: the context and all its descendants are done when lg_context_cancel returns. The error and
 * the cause of the context are &lg_error_cancelled. Does nothing if the context is done already. Frees nothing:
 * the owner must still call lg_context_free. */
LG_API void lg_context_cancel(lg_context *ctx);

/* Like lg_context_cancel, with a cause. The context takes ownership of `cause` in every case; if the context is
 * done already, `cause` is freed. A NULL cause means &lg_error_cancelled. */
LG_API void lg_context_cancel_cause(lg_context *ctx, lg_error *cause);

/* Cancels the context if it is not done, and gives up ownership: the caller must not use the context afterwards.
 * Does nothing for NULL. Freeing a context twice panics, as far as the library can detect it (see above). */
LG_API void lg_context_free(lg_context *ctx);

/* lg_auto_context lg_context *ctx = lg_context_with_…; calls lg_context_free(ctx) when the block is left, in the
 * same order as lg_defer(lg_context_free, ctx) would. lg_pending_visit does not list the call. */
#define lg_auto_context __attribute__((__cleanup__(lgi_context_end)))
static inline void lgi_context_end(lg_context **ctx)
{
    lg_context_free(*ctx);
}

/* ---- contexts and groups ------------------------------------------------------------------------- */

/* Gives a group without members (group.h) a context, a child of `parent`, like Go's errgroup.WithContext.
 * Cancelling the group makes the context done. The cause has the text and the errno value of the first failure, and
 * lg_error_is finds in the cause what it finds in that failure. When `parent` is done, the context is done and the
 * group is cancelled, so lg_until_group and lg_group_is_cancelled notice the end of `parent` too; if no member fails,
 * the wait for the group returns the cause of that end. The group owns the context, and frees it when the group's
 * block is left or the group is freed. Panics if the group already has members or a context.
 *
 *     lg_group_scope(group, &err);
 *     const lg_context *ctx = lg_group_context(&group, caller);
 *     lg_group_go(&group, fetch, ctx, url); */
LG_API const lg_context *lg_group_context(lg_group *group, const lg_context *parent)
    __attribute__((__returns_nonnull__));

/* ---- reading contexts ----------------------------------------------------------------------------- */

/* NULL while the context is not done; afterwards always &lg_error_cancelled or &lg_error_deadline_exceeded, which
 * are static errors. The call costs one load. */
LG_API lg_error *lg_context_error(const lg_context *ctx);

/* The reason why the context is done: the cause of the first cancel, the timeout or signal that fired, or the
 * cause of the parent; if none of these exists, the value of lg_context_error. NULL while the context is not
 * done. The context owns the cause, and the cause lives as long as the context. */
LG_API const lg_error *lg_context_cause(const lg_context *ctx);

/* A copy of the cause that the caller owns and that may outlive the context, for returning it as an error. The
 * copy has the text of the cause. lg_error_is finds in the copy the value of lg_context_error, and every error
 * that lg_error_is finds in the cause. */
LG_API lg_error *lg_context_cause_copy(const lg_context *ctx)
    __attribute__((__warn_unused_result__));

/* The deadline of the context, on the clock of lg_now. Returns false and leaves *when unchanged if neither the
 * context nor an ancestor has a deadline. */
LG_API bool lg_context_deadline(const lg_context *ctx, lg_time *when);

/* The value for the key from the nearest context that holds one, searching from `ctx` to the root; NULL if no
 * context holds a value. */
LG_API void *lg_context_value(const lg_context *ctx, const lg_context_key *key);

/* Describes how the context was made: "background, with value user, with signals SIGINT, SIGTERM, with deadline
 * query, 2s". Works like snprintf. Control characters in names are escaped. For reports. */
LG_API size_t lg_context_describe(const lg_context *ctx, char *buffer, size_t size);

/* ---- waiting -------------------------------------------------------------------------------------- */

/* A limit for a wait: every wait of this library that takes the lg_until ends when the context is done (C9),
 * and returns the lg_context_error of the context. */
LG_API lg_until lg_until_context(const lg_context *ctx);

/* A case of lg_select that is chosen when the context is done. */
static inline lg_case lg_case_context(const lg_context *ctx)
{
    return lgi_case_done(lg_until_context(ctx).lgi_done);
}

/* Waits until the context is done. Waits for ever if the context is never done, such as the background. The
 * second form returns an error if `until` comes first (until.h). */
LG_API void lg_context_wait(const lg_context *ctx);
LG_API lg_error *lg_context_wait_until(const lg_context *ctx, lg_until until)
    __attribute__((__warn_unused_result__));

/* For a poll, epoll or select loop of the program: sets *fd to a descriptor that becomes readable when the context
 * is done. The first call makes the descriptor; the context owns it, and lg_context_free closes it. Never read
 * or close the descriptor. If no descriptor is left, returns an error and sets *fd to -1. */
LG_API lg_error *lg_context_fd(const lg_context *ctx, int *fd)
    __attribute__((__warn_unused_result__));

/* ---- functions that are called when a context is done ----------------------------------------------- */

/* Identifies a function that was registered by lg_context_on_done. An lg_context_func is a plain value: copy and
 * keep it without restriction; it needs no release. All zero: no function. */
typedef struct lg_context_func {
    struct lgi_after *lgi_after;
    uint64_t lgi_number;
} lg_context_func;

/* lg_context_on_done(ctx, fn, args…): calls fn(args…) once, in a new goroutine, when the context is done, which
 * includes the moment when the context is freed. If the context is done already, the call is made at once (C5).
 * Returns an lg_context_func, which may be ignored. The function and its arguments are evaluated now, by the rules
 * of lg_defer (defer.h). fn may use the context even if the owner has freed the context meanwhile. */
#ifndef __cplusplus
// clang-format off: the compilers show every line of a macro with an error
#define lg_context_on_done(ctx, ...)                                                               \
    LGI_EXPRESSION(LGI_CONTEXT_AFTER, LGI_ID, LGI_COUNT(__VA_ARGS__), ctx, #__VA_ARGS__, __VA_ARGS__)
#define LGI_CONTEXT_AFTER(id, n, ctx, text, ...)                                                   \
    __extension__({                                                                                \
        enum { lgi_right_##id = _Generic((ctx), lg_context *: 1, const lg_context *: 1, void *: 1, default: 0) }; \
        _Static_assert(!!lgi_right_##id, "write the context, the function, and its arguments"); \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_GO, __VA_ARGS__)                 \
        LGI_HANDED(id, n, text)                                                                    \
        lgi_context_after(__builtin_choose_expr(lgi_right_##id, ctx, (lg_context *)0), LGI_HANDED_ARGS(id)); \
    })
// clang-format on
#endif
LG_API lg_context_func lgi_context_after(const lg_context *ctx, const struct lgi_site *site,
                                         lgi_function function, const uintptr_t *words);

/* Prevents the call of the function. Returns true if this call of lg_context_func_stop has prevented it; false if
 * it was prevented earlier, or if the function has begun or is about to begin. Does not wait for a running
 * function, so keep alive everything that the function uses (or call lg_context_func_stop_and_wait). May be called
 * any number of times. Returns false for NULL or an all-zero value. */
LG_API bool lg_context_func_stop(lg_context_func *func);

/* Like lg_context_func_stop, but waits for a running function to return: afterwards the function neither runs nor
 * will run, and everything that it uses may be released. lg_exit does not end the wait. Deadlock: called by
 * the function itself, it panics instead of waiting for itself; if the function waits for the caller, the call
 * never returns. */
LG_API bool lg_context_func_stop_and_wait(lg_context_func *func);

/* Like lg_context_func_stop_and_wait, but the wait ends when `until` comes (until.h). Sets *prevented in every
 * case, unless `prevented` is NULL. A NULL result means that the function is not running any more. */
LG_API lg_error *lg_context_func_stop_and_wait_until(lg_context_func *func, lg_until until,
                                                     bool *prevented)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#endif
