/* Contexts: when to stop, told to everything that works on one thing, with the reason, a deadline and values.
 *
 *     lg_error *answer(const lg_context *caller, int fd)
 *     {
 *         lg_auto_context lg_context *ctx = lg_context_with_timeout_named(caller, 2 * LG_SECOND, "query");
 *         lg_error *err = lg_chan_recv_until(rows, &row, lg_until_context(ctx));   // or &lg_error_deadline_exceeded
 *         …
 *     }
 *
 * Contexts form a tree under lg_context_background(). Each lg_with_… makes a child of its first argument, on which alone it
 * acts. A context is done once it is cancelled, its deadline has passed, or its parent is done; it stays so, and the
 * first reason stays (C2). When lg_context_cancel returns, all descendants are done, parents before their children.
 * A child of a context that is done is born done (C3). Being done is a signal: nothing is stopped or released by
 * it, so resources need defers of their own (C6).
 *
 * Ownership: whoever makes a context ends it, once, with lg_context_free; lg_auto_context does it at the end of the
 * block. That cancels it, if it is not done, and lets go of it. It may come before children end (they are cancelled,
 * and stay usable), while a wait with it is under way, and while its functions (lg_context_on_done) run.
 * Hand it down as `const lg_context *`: so it can be looked at, waited with and derived from, but neither
 * cancelled nor ended. Who may still look at it after its owner has ended it, such as a goroutine that is not
 * waited for, is given a child of its own, made before it starts:
 *
 *     lg_go_owned(watch, lg_context_with_cancel(ctx), lg_context_free);    // watch() ends it
 *
 * What uses a context after its end panics, as far as this can be seen: a library built for debugging (meson's
 * -Ddebug=true, the default) keeps the memory of the last ones aside, so that it can.
 *
 * For every function here:
 *   - Any thread may call it, for one context any number at once (C10), but ending it is the last use. None blocks,
 *     but those that say so. Not in signal handlers: there is lg_context_with_signals.
 *   - A NULL context panics (a NULL parent would mean: never cancelled), but lg_context_free takes it.
 *   - Out of memory or threads: those that make something panic (there is no context that could be returned
 *     without cancellation being lost); what they were to take is freed then. Cancelling needs no memory.
 *   - errno is left as it was.
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

/* ---- making them --------------------------------------------------------------------------------- */

/* The root: never done, without deadline and values. Ending it does nothing. */
LG_API const lg_context *lg_context_background(void) __attribute__((__returns_nonnull__));

/* A child that can be cancelled by itself. (So can all others: Go's WithCancel and WithCancelCause.) */
LG_API lg_context *lg_context_with_cancel(const lg_context *parent)
    __attribute__((__returns_nonnull__, __warn_unused_result__));

/* lg_context_with_deadline(parent, time [, .name = …] [, .cause = …])
 * lg_context_with_timeout(parent, timeout [, .name = …] [, .cause = …])
 *
 *     lg_context *ctx = lg_context_with_timeout(parent, 2 * LG_SECOND, .name = "query");
 *
 * A child that is done when lg_now() returns `time`, or when `timeout` has passed; at once, if that is now or was
 * before. A deadline of the parent's that comes first is not put off. The child's lg_context_error is then
 * &lg_error_deadline_exceeded, and its cause is
 *     without name and cause:  the same
 *     with .name (copied):     an error that reads `query, 2s: deadline exceeded`, in which lg_error_is finds
 *                              &lg_error_deadline_exceeded (C8)
 *     with .cause:             that error; the context takes it, whatever happens. A name is then not used.
 * The first such context in a program starts the program's workers (go.h), which keep the time. */
#ifndef __cplusplus
#define lg_context_with_deadline(parent, ...)                                                      \
    lgi_context_with_deadline((parent), &(const lg_context_limit){.lgi_when = __VA_ARGS__})
#define lg_context_with_timeout(parent, ...)                                                       \
    lgi_context_with_timeout((parent), &(const lg_context_limit){.lgi_when = __VA_ARGS__})
#endif

typedef struct lg_context_limit {
    int64_t lgi_when; /* the lg_time or lg_duration */
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

/* The address of a key is its identity, so define each once, as a static or global constant. */
typedef struct lg_context_key {
    const char *name; /* for reports */
    /* May be NULL. Called for a value that is not NULL, when the context that holds it and all its descendants have
     * ended, by whichever thread that is, perhaps one of the library's: it must not wait or panic. */
    void (*destroy)(void *value);
} lg_context_key;

/* A child with a value, which it owns if the key has a `destroy`. */
LG_API lg_context *lg_context_with_value(const lg_context *parent, const lg_context_key *key,
                                         void *value)
    __attribute__((__returns_nonnull__, __warn_unused_result__));

/* A child with the values of its parent, that is not done when the parent is, and has no deadline: for what must be
 * carried on after a request ends. */
LG_API lg_context *lg_context_without_cancel(const lg_context *parent)
    __attribute__((__returns_nonnull__, __warn_unused_result__));

/* The same, but bounded: for cleanups that wait. In a deferred call the context of the function is often done already;
 * with it nothing could be flushed or told any more (C7). Its cause reads `cleanup, 5s: deadline exceeded`. */
LG_API lg_context *lg_context_for_cleanup(const lg_context *parent, lg_duration timeout)
    __attribute__((__returns_nonnull__, __warn_unused_result__));

/* A child of two: done when either is, with that one's reason; with the earlier deadline; with the values of both, those
 * of `first` before those of `second`. */
LG_API lg_context *lg_context_merge(const lg_context *first, const lg_context *second)
    __attribute__((__returns_nonnull__, __warn_unused_result__));

/* lg_context_with_signals(parent, &ctx, SIGINT, SIGTERM, …): a child that is cancelled by the first of these signals that the
 * process gets. Its cause tells which: "signal SIGTERM", and lg_error_signal returns the number (C8).
 *
 * From here until the context is ended, the signals do nothing else: a second one neither ends the process (for
 * that, end the context or see shutdown.h). Then the handlers come back that were there before. Several such
 * contexts may share a signal: each is cancelled by it. A signal that the process ignores when the first of them is
 * made, as under nohup, stays ignored (S5). The handler only writes to a descriptor, with SA_RESTART and
 * SA_ONSTACK, and keeps errno; signal masks stay as they are, so a signal that all threads block does not arrive.
 * A forked child that has not called exec gets them as by default.
 *
 * Returns NULL, or an error and leaves *ctx NULL: a number that is no signal or cannot be caught (EINVAL), no
 * descriptors or threads left. */
#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif
#define lg_context_with_signals(parent, ctx, ...)                                                  \
    lgi_with_signals((parent), (ctx), (const int[]){__VA_ARGS__},                                  \
                     sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
#endif
LG_API lg_error *lgi_with_signals(const lg_context *parent, lg_context **ctx, const int *signals,
                                  size_t count) __attribute__((__warn_unused_result__));

/* The first signal that the tree of an error tells of, or 0. */
LG_API int lg_error_signal(const lg_error *error);

/* ---- cancelling and ending ----------------------------------------------------------------------- */

/* The context is done from here on, and so are all its descendants. Its lg_context_error and cause are &lg_error_cancelled.
 * Does nothing if it is done already. It frees nothing: the context must be ended all the same. */
LG_API void lg_context_cancel(lg_context *ctx);

/* The same, with a cause of its own; NULL: &lg_error_cancelled. The cause is taken in any case: if the context is done
 * already, it is freed. */
LG_API void lg_context_cancel_cause(lg_context *ctx, lg_error *cause);

/* Cancels it, if it is not done, and lets go of it: the caller's last use. NULL: does nothing. Ending one twice panics. */
LG_API void lg_context_free(lg_context *ctx);

/* lg_auto_context lg_context *ctx = lg_with_…; ends it when the block is left, as lg_defer(lg_context_free, ctx) does,
 * but lg_pending_visit does not list it. */
#define lg_auto_context __attribute__((__cleanup__(lgi_context_end)))
static inline void lgi_context_end(lg_context **ctx)
{
    lg_context_free(*ctx);
}

/* ---- contexts and groups ------------------------------------------------------------------------- */

/* Gives a group that has no members yet (group.h) a context of its own below `parent`, as Go's errgroup.WithContext: it is
 * done when the group is cancelled, with the text of the first failure as its cause, and the group is cancelled when it is
 * done, since `parent` is: lg_until_group and lg_group_is_cancelled see that too. It is the group's, which ends it when its
 * block is left or it is destroyed. A group that has one, or members, panics.
 *
 *     lg_group_scope(group, &err);
 *     const lg_context *ctx = lg_group_context(&group, caller);
 *     lg_group_go(&group, fetch, ctx, url);
 */
LG_API const lg_context *lg_group_context(lg_group *group, const lg_context *parent)
    __attribute__((__returns_nonnull__));

/* ---- looking at them ------------------------------------------------------------------------------ */

/* NULL while it is not done, then always &lg_error_cancelled or &lg_error_deadline_exceeded: static errors. Costs a load. */
LG_API lg_error *lg_context_error(const lg_context *ctx);

/* Why it is done: what the first cancel was given, the timeout or signal that fired, or the parent's cause; without
 * any of these, lg_context_error's value. NULL while it is not done. It belongs to the context, and lives as long. */
LG_API const lg_error *lg_context_cause(const lg_context *ctx);

/* The cause as an error of the caller's own, which may outlive the context: for returning it. It reads as the cause does,
 * and lg_error_is finds in it lg_context_error's value and what it would find in the cause. */
LG_API lg_error *lg_context_cause_copy(const lg_context *ctx)
    __attribute__((__warn_unused_result__));

/* When it will be done at the latest, on lg_now's clock; false, and *when is left alone, if no deadline was set. */
LG_API bool lg_context_deadline(const lg_context *ctx, lg_time *when);

/* The value for a key: of the nearest context, from this one upwards, that was given one; or NULL. */
LG_API void *lg_context_value(const lg_context *ctx, const lg_context_key *key);

/* Where it comes from, as snprintf: "background, with value user, with signals SIGINT, SIGTERM,
 * with deadline query, 2s". Control characters in names are escaped. For reports. */
LG_API size_t lg_context_describe(const lg_context *ctx, char *buffer, size_t size);

/* ---- waiting -------------------------------------------------------------------------------------- */

/* With it every wait of this library ends when the context is done (C9), and returns its lg_context_error. */
LG_API lg_until lg_until_context(const lg_context *ctx);

/* A case of lg_select: chosen when the context is done. */
static inline lg_case lg_case_context(const lg_context *ctx)
{
    return lgi_case_done(lg_until_context(ctx).lgi_done);
}

/* Waits until it is done. For one that never will be: for ever. */
LG_API void lg_context_wait(const lg_context *ctx);
LG_API lg_error *lg_context_wait_until(const lg_context *ctx, lg_until until)
    __attribute__((__warn_unused_result__));

/* For loops of the program's own: *fd is a descriptor that can be read (poll, epoll, select) from when the context is done.
 * It is made when this is first called, belongs to the context, and is closed when that is ended. Never read or close it.
 * An error, with *fd -1: no descriptors left. */
LG_API lg_error *lg_context_fd(const lg_context *ctx, int *fd)
    __attribute__((__warn_unused_result__));

/* ---- functions that are called when it is done ------------------------------------------------------ */

/* Names such a function. A value that may be copied and kept as long as one likes, and needs no release. All zero: none. */
typedef struct lg_context_func {
    struct lgi_after *lgi_after;
    uint64_t lgi_number;
} lg_context_func;

/* lg_context_on_done(ctx, fn, args…): calls fn(args…) once, in a goroutine of its own, when the context is done, and so
 * also when it is ended; at once, if it is done already (C5). Its value is an lg_context_func, which may be ignored.
 * Function and arguments are evaluated now, by the rules of lg_defer (defer.h). The function may use the context,
 * even if its owner has ended it meanwhile. */
#ifndef __cplusplus
#define lg_context_on_done(ctx, ...)                                                               \
    LGI_NUMBER(LGI_CONTEXT_AFTER, LGI_COUNT(__VA_ARGS__), ctx, #__VA_ARGS__, __VA_ARGS__)
#define LGI_CONTEXT_AFTER(id, n, ctx, text, ...) LGI_CONTEXT_AFTER_(id, n, ctx, text, __VA_ARGS__)
#define LGI_CONTEXT_AFTER_(id, n, ctx, text, ...)                                                  \
    __extension__({                                                                                \
        LGI_HANDED(id, n, text, __VA_ARGS__)                                                       \
        lgi_context_after((ctx), LGI_HANDED_ARGS(id));                                             \
    })
#endif
LG_API lg_context_func lgi_context_after(const lg_context *ctx, const struct lgi_site *site,
                                         lgi_function function, const uintptr_t *words);

/* True if it has prevented the call. False if it was prevented before, or has begun or will begin in a moment; this does not
 * wait for its end: what the function uses must stay (the other form is for that). May be called any number of
 * times. NULL or all zero: false. */
LG_API bool lg_context_func_stop(lg_context_func *func);

/* The same, but when it returns, the function is not running and will not run: so what it uses may be released. It waits,
 * even if lg_exit unwinds the caller. In the function itself it would wait for itself: it panics and says so.
 * Likewise it never returns if the function waits for the caller. */
LG_API bool lg_context_func_stop_and_wait(lg_context_func *func);

/* The same, but not longer than `until`. *prevented (if not NULL) is set in any case. NULL: it is not running any
 * more. */
LG_API lg_error *lg_context_func_stop_and_wait_until(lg_context_func *func, lg_until until,
                                                     bool *prevented)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#endif
