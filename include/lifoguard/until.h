/* Limits for waits: an lg_until says when a wait must end. Every call that may wait has a form that takes an lg_until
 * (C9):
 *
 *     err = lg_mutex_lock_until(&mutex, lg_until_timeout(2 * LG_SECOND));
 *     err = lg_mutex_lock_until(&mutex, lg_until_deadline(start + LG_MINUTE));
 *     err = lg_mutex_lock_until(&mutex, lg_until_context(context));     // context.h
 *     err = lg_mutex_lock_until(&mutex, lg_until_group(&group));        // group.h
 *     err = lg_mutex_lock_until(&mutex, lg_until_within(lg_until_context(context), 2 * LG_SECOND));
 *     err = lg_mutex_lock_until(&mutex, lg_until_forever());
 *
 * On success such a call returns NULL. Otherwise the call has had no effect and returns a static error, which may be
 * wrapped, joined and freed like any error, and which lg_error_is finds:
 *
 *     &lg_error_deadline_exceeded    the time came first
 *     &lg_error_cancelled, …         the context or group was cancelled first; the error is that of the context or group
 *
 * An operation that can be done without waiting is done, even if the time has come or the context is already cancelled.
 *
 * Threads: an lg_until is a plain value without an owner; copy it and pass it to other threads freely: also as an
 * argument of a goroutine or of a deferred call, where it counts as two of the four arguments:
 *
 *     lg_group_go(&group, fetch, url, lg_until_timeout(LG_MINUTE));    // lg_error *fetch(const char *url, lg_until until)
 *
 * An lg_until must not be used after the end of the context or group from which it was made.
 */
#ifndef LIFOGUARD_UNTIL_H
#define LIFOGUARD_UNTIL_H

#include <lifoguard/error.h>
#include <lifoguard/impl/time.h>
#include <lifoguard/impl/until.h>
#include <lifoguard/impl/wait.h>
#include <lifoguard/time.h>

LG_BEGIN_DECLS

/* The time limit came before the operation was done. Its errno value is ETIMEDOUT. */
extern LG_API lg_error lg_error_deadline_exceeded;

/* The operation was cancelled before it was done. Its errno value is ECANCELED. */
extern LG_API lg_error lg_error_cancelled;

/* No limit: the wait lasts until the operation is done. */
static inline lg_until lg_until_forever(void)
{
    const lg_until until = {LG_DURATION_MAX, (struct lgi_done *)0};
    return until;
}

/* No waiting: the operation is done only if it can be done at once. */
static inline lg_until lg_until_now(void)
{
    const lg_until until = {LG_DURATION_MIN, (struct lgi_done *)0};
    return until;
}

/* The wait ends when lg_now() reaches `time`. */
static inline lg_until lg_until_deadline(lg_time time)
{
    const lg_until until = {time, (struct lgi_done *)0};
    return until;
}

/* The wait ends `duration` nanoseconds from now; for 0 or less the operation does not wait. */
static inline lg_until lg_until_timeout(lg_duration duration)
{
    return lg_until_deadline(lgi_time_add(lg_now(), duration));
}

/* The limit of `until`, but at most `duration` from now: a wait can so end when a context is done, and also after a
 * time of its own.
 *
 *     err = lg_read(fd, buffer, size, lg_until_within(lg_until_context(ctx), 5 * LG_SECOND), &count); */
static inline lg_until lg_until_within(lg_until until, lg_duration duration)
{
    lg_time limit = lg_until_timeout(duration).lgi_deadline;
    if (limit < until.lgi_deadline)
        until.lgi_deadline = limit;
    return until;
}

LG_END_DECLS

#ifndef __cplusplus
/* A length of time that is a constant, in place of a point in time, does not compile. */
#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif
// clang-format off: the compilers show every line of a macro with an error
#define lg_until_deadline(time) (LGI_POINT_IN_TIME(time), lg_until_deadline(time))
#define LGI_CONSTANT(time) __builtin_choose_expr(__builtin_constant_p(time), (time), 0)
#define LGI_POINT_IN_TIME(time)                                                                    \
    ((void)sizeof(struct {                                                                         \
        int lgi_member;                                                                            \
        _Static_assert(!(LGI_CONSTANT(time) > LG_MICROSECOND && LGI_CONSTANT(time) < LG_TIME_MAX), "a length of time, where a point in time is wanted: write lg_now() + duration, or use the timeout form"); \
    }))
// clang-format on
#endif

#endif
