/* How long to wait. Every call that may wait has a form that takes an lg_until (C9):
 *
 *     err = lg_mutex_lock_until(&mutex, lg_until_timeout(2 * LG_SECOND));
 *     err = lg_mutex_lock_until(&mutex, lg_until_deadline(start + LG_MINUTE));
 *     err = lg_mutex_lock_until(&mutex, lg_until_context(context));             // context.h
 *     err = lg_mutex_lock_until(&mutex, lg_until_group(&group));        // group.h
 *     err = lg_mutex_lock_until(&mutex, lg_until_within(lg_until_context(context), 2 * LG_SECOND));
 *     err = lg_mutex_lock_until(&mutex, lg_until_forever());
 *
 * Such a call returns NULL when it has done what it is for, and otherwise has done nothing and returns a static
 * error, which may be wrapped, joined and freed as any other, and is found by lg_error_is:
 *
 *     &lg_error_deadline_exceeded    the time came first
 *     what the context or group says (lg_error_cancelled, …), if that was cancelled first
 *
 * What can be done at once is done, even if the time has come or the context is cancelled already.
 *
 * Threads: an lg_until is a value, without an owner. It must not outlive the context or group it was made of.
 */
#ifndef LIFOGUARD_UNTIL_H
#define LIFOGUARD_UNTIL_H

#include <lifoguard/error.h>
#include <lifoguard/impl/time.h>
#include <lifoguard/impl/wait.h>
#include <lifoguard/time.h>

LG_BEGIN_DECLS

typedef struct lg_until {
    lg_time lgi_deadline; /* on lg_now's clock */
    struct lgi_done *lgi_done;
} lg_until;

/* Its errno value is ETIMEDOUT. */
extern LG_API lg_error lg_error_deadline_exceeded;

/* Its errno value is ECANCELED. */
extern LG_API lg_error lg_error_cancelled;

/* Without end. */
static inline lg_until lg_until_forever(void)
{
    const lg_until until = {LG_DURATION_MAX, (struct lgi_done *)0};
    return until;
}

/* Not at all: what can be done at once is done. */
static inline lg_until lg_until_now(void)
{
    const lg_until until = {LG_DURATION_MIN, (struct lgi_done *)0};
    return until;
}

/* Until lg_now() returns `time`. */
static inline lg_until lg_until_deadline(lg_time time)
{
    const lg_until until = {time, (struct lgi_done *)0};
    return until;
}

/* For that long from now; not at all, if it is 0 or less. */
static inline lg_until lg_until_timeout(lg_duration duration)
{
    return lg_until_deadline(lgi_time_add(lg_now(), duration));
}

/* The same as `until`, but for no longer than `duration` from now: so a wait can end both when a context is
 * done and at a time limit of its own.
 *
 *     err = lg_read(fd, buffer, size, lg_until_within(lg_until_context(ctx), 5 * LG_SECOND), &count);
 */
static inline lg_until lg_until_within(lg_until until, lg_duration duration)
{
    lg_time limit = lg_until_timeout(duration).lgi_deadline;
    if (limit < until.lgi_deadline)
        until.lgi_deadline = limit;
    return until;
}

LG_END_DECLS

#endif
